"""The operators' pages: forms and tables that work without a script."""
