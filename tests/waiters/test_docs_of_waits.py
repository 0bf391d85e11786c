"""What docs/waiters.md says of the waits is so, and its example runs."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import sys
from datetime import timedelta
from pathlib import Path

from test_table_of_waits import CONDITIONS, ROWS

from drs_sdk import DRSClient

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "waiters.md").read_text(encoding="utf-8")
UNITS = {"s": 1, "min": 60, "h": 3600}


def rows(title: str) -> list[list[str]]:
    """The cells of the first table below a title."""
    _, _, below = PAGE.partition(f"## {title}\n")
    lines = [line for line in below.split("\n## ")[0].splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def duration(text: str) -> timedelta:
    number, unit = text.split()
    return timedelta(seconds=int(number) * UNITS[unit])


def test_the_table_has_every_wait_with_its_defaults() -> None:
    table = {cells[0].strip("`"): cells[-2:] for cells in rows("Which wait for what")}
    assert set(table) == {row.wait for row in ROWS}
    for name, (deadline, delays) in table.items():
        parameters = inspect.signature(getattr(DRSClient, name)).parameters
        shown = {"timeout": deadline}
        shown["min_delay"], shown["max_delay"] = delays.split(" to ")
        assert {each: duration(text) for each, text in shown.items()} == {
            "timeout": parameters["timeout"].default,
            "min_delay": CONDITIONS[name].min_delay,
            "max_delay": CONDITIONS[name].max_delay,
        }


def test_the_docstring_of_every_wait_tells_its_defaults() -> None:
    for row in ROWS:
        for name in (row.wait, row.watch):
            method = getattr(DRSClient, name)
            told = inspect.getdoc(method) or ""
            found = re.findall(r"(\d+ \w+) unless given", told)
            parameters = inspect.signature(method).parameters
            condition = CONDITIONS[row.wait]
            assert parameters["min_delay"].default is parameters["max_delay"].default is None
            expected = [parameters["timeout"].default, condition.min_delay, condition.max_delay]
            words = {"hour": "h", "hours": "h", "minutes": "min", "seconds": "s"}
            read = [
                duration(f"{number} {words.get(unit, unit)}")
                for number, unit in (text.split() for text in found)
            ]
            assert read == expected, name


def test_the_table_of_watches_has_every_twin() -> None:
    table = {
        cells[0].strip("`"): cells[1].strip("`") for cells in rows("Watching") if len(cells) == 2
    }
    twins = {name: watch for name, watch in table.items() if name.startswith("wait_until_")}
    assert twins == {row.wait: row.watch for row in ROWS}


async def test_the_drill_in_waves_runs_on_the_emulator() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "examples" / "orchestrate_failover.py"),
        "--emulator",
        env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    text = printed.decode()
    assert process.returncode == 1, text
    assert text.count(" runs as i-") == 4
    assert "LAUNCH_FAILED (InsufficientInstanceCapacity)" in text
    assert text.rstrip().endswith("stopped after wave 3 of 3")
