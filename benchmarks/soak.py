"""Chaos on loopback for some minutes, and what it came to, as Markdown.

Usage: python benchmarks/soak.py [--minutes 3] [--tasks 300] [--seed 1]

It ends with an error if a call was doubled, lost or left without an end.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests" / "reliability"))

from chaos import Soak

_STEPS = 6
_LEAST_ROUNDS = 3


async def soak(minutes: float, tasks: int, seed: int) -> bool:
    """Run rounds until the time is up, and print the figures, but three rounds at least."""
    end = time.monotonic() + 60 * minutes
    figures = await Soak(tasks=tasks, steps=_STEPS, seed=seed).run(
        lambda rounds: rounds < _LEAST_ROUNDS or time.monotonic() < end
    )
    print(figures.markdown())
    for trouble in (*figures.doubled, *figures.lost):
        print(f"- {trouble}")
    return not figures.doubled and not figures.lost and figures.calls == figures.ended


def main() -> int:
    """Read the options, run, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return 0 if asyncio.run(soak(options.minutes, options.tasks, options.seed)) else 1


if __name__ == "__main__":
    sys.exit(main())
