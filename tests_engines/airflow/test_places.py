"""Several accounts and Regions: a task for each, and none that takes half for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException
from conftest import SHORT, EmulatorThread, connection_to
from test_operators import run_to_the_end

from drs_sdk.recovery import Runbook, Wave
from drs_sdk.testing import DRSEmulator, EmulatorClock, JobDurations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context
    from conftest import TaskInstance

REGIONS = ("eu-central-1", "eu-west-1")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[DRSEmulator]:
    thread = EmulatorThread()
    one = DRSEmulator(
        clock=EmulatorClock.scaled(20), job_durations=JobDurations(**SHORT), regions=REGIONS
    )
    thread.do(one.__aenter__())
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection_to(one))
    try:
        yield one
    finally:
        thread.do(one.__aexit__(None, None, None))
        thread.stop()


def launches(world: DRSEmulator) -> list[int]:
    return [
        sum(r.operation == "StartRecovery" for r in world.at(region=region).requests)
        for region in REGIONS
    ]


def test_a_task_a_place(world: DRSEmulator, context: Context, ti: TaskInstance) -> None:
    """Both tasks of one DAG run, and each again: two launches, each in its own Region."""
    for region in REGIONS:
        world.at(region=region).add_source_servers(2, tags={"app": "erp"})
    for _ in range(2):
        for region in REGIONS:
            ti.task_id = f"recover_{region}"
            runbook = Runbook(name="erp", waves=[Wave(name="all", servers={"all": True})])
            report = run_to_the_end(runbook, context, region_name=region)
            assert report["state"] == "succeeded"
            assert {server["region_name"] for server in report["servers"]} == {region}
            assert ti.pushed["drs_job"]["region_name"] == region
    assert launches(world) == [1, 1]


def test_a_wave_of_another_region_is_refused(world: DRSEmulator, context: Context) -> None:
    for region in REGIONS:
        world.at(region=region).add_source_servers(1)
    runbook = Runbook(
        name="erp",
        waves=[
            Wave(name=region, servers={"all": True, "targets": [{"region_name": region}]})
            for region in REGIONS
        ],
    )
    with pytest.raises(AirflowFailException, match="eu-west-1 select no server"):
        run_to_the_end(runbook, context, region_name=REGIONS[0])
    assert launches(world) == [0, 0]
