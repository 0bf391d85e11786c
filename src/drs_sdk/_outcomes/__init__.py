"""Looking for what a request made whose answer was lost."""
