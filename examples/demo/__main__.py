"""A recovery drill from start to end, on the emulator: no AWS account, no cost, some seconds.

    make demo                    # a shop of eight servers, in three waves over two Regions
    make demo FLEET=file.json    # your own: what `aws drs describe-source-servers` prints

One server fails and is launched again. The process that carries the drill out is killed in the
middle, and another one goes on. Everything goes through the SDK over real HTTP; only the service
behind it is emulated, and minutes of launching pass in seconds.

- `world`: the servers, and the runbook that launches them
- `orchestrator`: the process that is killed: a program of its own
- `story`: what happens, chapter by chapter
- `picture`: the report's timeline as a file
"""

from __future__ import annotations

import argparse
import asyncio

from rich.console import Console
from story import tell


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="A recovery drill on the emulator.")
    parser.add_argument("--fleet", help="a JSON file in which source servers stand")
    parser.add_argument("--picture", help="write the timeline of the drill to this SVG file")
    arguments = parser.parse_args()
    asyncio.run(tell(Console(), fleet=arguments.fleet, picture=arguments.picture))


if __name__ == "__main__":
    main()
