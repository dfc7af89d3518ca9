"""What the connector moves between the two systems: the entities and how their events are read. Pure rules."""
