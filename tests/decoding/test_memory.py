"""What a fleet takes in memory, against raw aiobotocore in the same run, on a fleet that varies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PAGE = 0.65
REFRESHES = 1.0


@pytest.fixture(scope="module")
def ratios() -> tuple[float, float]:
    """Measure in processes of their own: this one is full of other tests' objects."""
    script = str(BENCHMARKS / "memory_ratios.py")
    ran = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True)  # noqa: S603
    page, refreshes = map(float, ran.stdout.split())
    return page, refreshes


def test_a_page_of_200_is_smaller_than_dicts(ratios: tuple[float, float]) -> None:
    assert 0.1 < ratios[0] <= PAGE


def test_refreshes_kept_in_cycles_peak_no_higher_than_dicts(ratios: tuple[float, float]) -> None:
    assert 0.1 < ratios[1] <= REFRESHES


def test_the_fleet_that_is_weighed_varies() -> None:
    """Equal servers would flatter whoever shares what is equal."""
    code = (
        "import fleet, json; "
        "print(json.dumps([fleet.source_server(number) for number in range(200)]))"
    )
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], check=True, capture_output=True, cwd=BENCHMARKS
    )
    servers = json.loads(ran.stdout)
    properties = [server["sourceProperties"] for server in servers]
    for parts, least in (
        ([each["disks"] for each in properties], 150),
        ([each["os"] for each in properties], 60),
        ([each["cpus"] for each in properties], 40),
        ([each["networkInterfaces"] for each in properties], 200),
        ([server["lifeCycle"] for server in servers], 200),
        ([server["tags"] for server in servers], 200),
        ([server["dataReplicationInfo"] for server in servers], 200),
        ([len(each["disks"]) for each in properties], 4),
    ):
        assert len({json.dumps(part) for part in parts}) >= least
