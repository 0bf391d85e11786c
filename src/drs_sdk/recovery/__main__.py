"""`python -m drs_sdk.recovery`: runs from the command line; see the room `command`."""

import sys

from drs_sdk.recovery.command.main import main

if __name__ == "__main__":
    sys.exit(main())
