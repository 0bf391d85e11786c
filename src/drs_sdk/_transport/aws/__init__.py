"""What is taken from aiobotocore before a call is made: sessions, configuration, roles."""
