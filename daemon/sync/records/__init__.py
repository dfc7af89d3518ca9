"""What the ERP holds, record by record, in our words: readers of an ERP make these, the rules read them."""
