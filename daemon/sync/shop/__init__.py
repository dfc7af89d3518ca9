"""What the shop is to hold, record by record, in our words: rules make the records, a shop's writers deliver them."""
