"""The emulator worked from outside: an admin endpoint on loopback, for tests in any language."""
