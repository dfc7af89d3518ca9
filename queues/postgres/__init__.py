"""PostgreSQL: the ledger, the schedule, the dead letters and all else that must survive (DESIGN.md, section 6)."""
