"""The sync log: what of it is kept, for how long, and what becomes of it then."""
