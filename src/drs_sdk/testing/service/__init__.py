"""The service by its own description: its model, its refusals, how it writes things."""
