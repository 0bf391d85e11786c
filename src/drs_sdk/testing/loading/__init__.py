"""Taking over resources from foreign JSON."""
