"""DAGs as users write them: they parse, and run by ``airflow dags test``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import connection_to
from engine import Airflow

if TYPE_CHECKING:
    from drs_sdk.testing import DRSEmulator

ROOT = Path(__file__).parents[2]
DRILL = Path(__file__).parent / "dags" / "erp_drill.py"
LONGEST = 40


@pytest.fixture
def airflow(emulator: DRSEmulator, tmp_path: Path) -> Airflow:
    """An Airflow that no component runs of."""
    (tmp_path / "pids").mkdir()
    one = Airflow(
        tmp_path,
        {
            "AIRFLOW_CONN_AWS_DR": connection_to(emulator),
            "DRS_PIDS": str(tmp_path / "pids"),
            "DRS_JOBS": str(tmp_path / "jobs"),
        },
    )
    one.run("db", "migrate")
    return one


def launches(emulator: DRSEmulator) -> int:
    return sum(r.operation == "StartRecovery" and r.handled for r in emulator.requests)


def test_dags_test_of_one_job(airflow: Airflow, emulator: DRSEmulator) -> None:
    servers = emulator.add_source_servers(2)
    told = airflow.run("dags", "test", "start_here", "-c", json.dumps({"servers": servers}))
    assert "state=success" in told
    assert launches(emulator) == 1


def test_dags_test_of_a_runbook(airflow: Airflow, emulator: DRSEmulator) -> None:
    for tier in ("db", "app", "web"):
        emulator.add_source_servers(2, tags={"app": "shop", "tier": tier})
    told = airflow.run("dags", "test", "three_waves")
    assert "state=success" in told
    assert launches(emulator) == 3


def test_dags_test_of_two_places(airflow: Airflow, emulator: DRSEmulator) -> None:
    for tier in ("database", "application"):
        emulator.add_source_servers(2, tags={"tier": tier})
    told = airflow.run("dags", "test", "two_places")
    assert "state=success" in told
    assert launches(emulator) == 2


def test_the_example_is_short_and_on_the_page() -> None:
    assert len(DRILL.read_text().splitlines()) <= LONGEST
    page = (ROOT / "docs" / "engines" / "airflow.md").read_text()
    assert f'--8<-- "{DRILL.relative_to(ROOT).as_posix()}"' in page


def test_without_airflow_the_package_loads_no_engine() -> None:
    import subprocess
    import sys

    program = (
        "import sys, drs_sdk, drs_sdk.recovery, drs_sdk.testing\n"
        "drs_sdk.DRSClient, drs_sdk.recovery.Recovery\n"
        "assert not [m for m in sys.modules if m.partition('.')[0] in ('airflow', 'temporalio')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
