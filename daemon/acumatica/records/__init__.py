"""Records of the ERP made of what its contract API answers, one module for each kind."""
