"""What people start by hand under benchmarks/ says what it takes, and refuses what it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOR_PEOPLE = (
    "emulator_scale",
    "fleets",
    "quick",
    "recovery",
    "run",
    "shared_polls",
    "soak",
    "stalls_of_waits",
    "way_back",
)
"""The others are started by these, with a server's address and the like."""


def start(name: str, *given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own
        [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *given],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_help_is_given_and_nothing_measured(name: str) -> None:
    asked = start(name, "--help")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout.startswith("usage: ")


@pytest.mark.parametrize("name", ["recovery", "way_back", "run", "quick"])
def test_what_it_does_not_know_is_refused(name: str) -> None:
    asked = start(name, "--only" if name == "run" else "nonsense", "nonsense")
    assert asked.returncode == 2
    assert "nonsense" in asked.stderr
    assert "Traceback" not in asked.stderr
