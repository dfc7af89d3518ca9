"""A simulated Acumatica: the contract API of one site, with the habits its users meet."""
