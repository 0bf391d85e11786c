"""Counts what no load of a machine changes, and fails when it has grown by a twentieth.

    python benchmarks/quick.py

Instructions against raw aiobotocore's, in the same run, so that neither another Python nor another
release of a library makes it fail. Without valgrind or openssl it says so and counts nothing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

import peers
from parts import instructions
from processes import loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from processes import Service
    from tables import Table

WORST = 1.05
"""How much more than last time is a regression."""

MEASURED: dict[Callable[[Service, bool], Table], float] = {
    instructions.start: 1.15,
    instructions.small_calls: 0.71,
}
"""What was measured last, against raw aiobotocore. Lower it when it has become less."""


def main() -> int:
    """Count, print, judge."""
    missing = [tool for tool in ("valgrind", "openssl") if shutil.which(tool) is None]
    if missing:
        print(f"speed: not counted, {' and '.join(missing)} missing")
        return 0
    worse = 0
    with loopback() as service:
        for measure, before in MEASURED.items():
            table = measure(service, True)  # noqa: FBT003 - what every part takes
            now = table.rows[peers.OURS]["raw"]
            fails = now > before * WORST
            worse += fails
            verdict = "FAIL" if fails else "ok"
            print(f"{table.title}: {now:.3f} of aiobotocore's, {before} before: {verdict}")
    return min(worse, 1)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()  # it takes none
    sys.exit(main())
