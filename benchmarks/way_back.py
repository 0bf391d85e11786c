"""What the way back is held to: kills survived, wrong orders refused, lines of a drill.

Everything goes through real HTTP to the emulator; the kills are SIGKILL, in processes of their own.
Prints tables in Markdown, and ends with 1 where a bar is missed:
``python benchmarks/way_back.py [--changes] [--every N] [--part K/N] [kills|orders|lines]...``.
All boundaries of 12 servers take hours on a small machine. ``--changes`` tries those at which the
answer of a request that changes something comes: between two of them the record in DRS stays the
same. ``--every 10`` tries each tenth, ``--part 1/4`` the first quarter of those.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from machine import describe

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "recovery"))
from way_back_crashes import Counts, WayBackCrashes
from wrong_orders import WRONG, is_refused

_ROOT = Path(__file__).parents[1]
_MOST_LINES = 15


def measure_kills(given: argparse.Namespace) -> bool:
    """Go there and back with 12 servers in 2 waves, killed at request boundaries, and run again."""
    with WayBackCrashes(waves=2, servers=6) as world:
        whole = world.run()
        assert whole["succeeded"], whole["told"]
        world.restart()
        all_of_them = whole["changes"] if given.changes else range(whole["boundaries"])
        every = all_of_them[:: given.every]
        part, parts = given.part
        tried = every[len(every) * (part - 1) // parts : len(every) * part // parts]
        found: list[Counts] = []
        for at in tried:
            found.append(world.survive(at))
            print(f"{at} of {whole['boundaries']}: {found[-1]}", file=sys.stderr, flush=True)
    print(
        f"| killed at {len(tried)} of {whole['boundaries']} boundaries, run again | count | bar |"
    )
    print("|---|---|---|")
    for what, name in (
        ("second launches", "launches"),
        ("second reversals", "reversals"),
        ("terminations of what was live", "live"),
        ("instances and servers left", "left"),
        ("servers that do not protect", "unprotected"),
    ):
        print(f"| {what} | {sum(abs(getattr(one, name)) for one in found)} | 0 |")
    return bool(found) and all(one.is_none for one in found)


def measure_orders(_: argparse.Namespace) -> bool:
    """Try each step where it is not its turn."""
    refused = sum(asyncio.run(is_refused(*wrong)) for wrong in WRONG)
    print("| wrong orders | refused before a change, with letter and first step | bar |")
    print("|---|---|---|")
    print(f"| {len(WRONG)} | {refused} | {len(WRONG)} |")
    return refused == len(WRONG)


def measure_lines(_: argparse.Namespace) -> bool:
    """Count the lines of the drill there and back in the documentation."""
    page = (_ROOT / "docs" / "way-back.md").read_text()
    block = (
        page.split("## A drill there and back")[1]
        .split("```python\n")[1]
        .split("async def test_")[0]
    )
    lines = sum(bool(line.strip()) for line in block.splitlines())
    print("| a drill there and back in user's code | lines | bar |")
    print("|---|---|---|")
    print(f"| docs/way-back.md | {lines} | {_MOST_LINES} |")
    return lines <= _MOST_LINES


_MEASURES: dict[str, Callable[[argparse.Namespace], bool]] = {
    "kills": measure_kills,
    "orders": measure_orders,
    "lines": measure_lines,
}


def _above_zero(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be above zero")
    return number


def _part(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not 1 <= int(part) <= int(parts):
        raise argparse.ArgumentTypeError("must be K/N with K from 1 to N")
    return int(part), int(parts)


def main() -> None:
    """Measure what is asked for, all unless told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--changes", action="store_true", help="only boundaries at which the record has changed"
    )
    parser.add_argument("--every", type=_above_zero, default=1, help="try each N-th boundary")
    parser.add_argument(
        "--part", type=_part, default=(1, 1), metavar="K/N", help="the K-th of N parts of those"
    )
    parser.add_argument("measures", nargs="*", help=", ".join(_MEASURES))
    given = parser.parse_args()
    if unknown := set(given.measures) - _MEASURES.keys():
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    print(f"{describe()}\n")
    held = True
    for name in given.measures or _MEASURES:
        held = _MEASURES[name](given) and held
        print()
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
