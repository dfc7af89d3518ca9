"""Schema management: what the ERP tells of its fields, laid beside what operators chose."""
