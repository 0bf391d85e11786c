"""What stands in the way of a run, found by reading alone.

- `findings`: what a preflight tells
- `reading`: what it reads
- `run_checks`, `place_checks`, `server_checks`, `setting_checks`: what it looks for
- `checking`: all of it
"""
