"""Where everything stands: accounts, their resources and their future."""
