"""drs-sdk."""
