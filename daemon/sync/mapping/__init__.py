"""Pure mappings: what the ERP holds and a settings snapshot in, what the shop is to hold out; one module an entity."""
