"""Files of change events, read as streams: JSON Lines, JSON, CSV."""
