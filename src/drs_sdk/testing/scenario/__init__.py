"""What a test does to the emulated account from behind the service's back."""
