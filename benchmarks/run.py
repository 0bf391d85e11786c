"""Measures drs-sdk and its peers, prints the figures, and fails when a bar does not hold.

python benchmarks/run.py [--quick] [--only PART ...] [--write docs/performance.md]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import bars
import machine
import page
from parts import PARTS
from processes import loopback

if TYPE_CHECKING:
    from tables import Table


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: a first impression")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page to put the figures in")
    options = parser.parse_args()
    if options.write and (options.quick or options.only):
        parser.error("--write takes a full run, without --quick and --only")
    return options


def main() -> int:
    """Measure, print, judge."""
    options = arguments()
    tables: dict[str, Table] = {}
    with loopback() as service:
        for name in options.only or PARTS:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            tables[name] = PARTS[name](service, options.quick)
    verdict, hold = bars.judge(tables)
    parts = [f"### Bars\n\n{verdict}", *(table.markdown() for table in tables.values())]
    figures = "\n\n".join([machine.describe(), *parts])
    print(figures)
    if options.write:
        page.refresh(options.write, figures)
    return 0 if hold else 1


if __name__ == "__main__":
    sys.exit(main())
