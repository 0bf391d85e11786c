"""On a real scheduler and triggerer: what is killed goes on, and nothing is launched twice."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from conftest import EmulatorThread, connection_to
from engine import Airflow, until
from figures import short_jobs, two_hundred

from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def world() -> Iterator[DRSEmulator]:
    thread = EmulatorThread()
    one = DRSEmulator(clock=EmulatorClock.real(), job_durations=short_jobs())
    thread.do(one.__aenter__())
    try:
        yield one
    finally:
        thread.do(one.__aexit__(None, None, None))
        thread.stop()


@pytest.fixture(scope="module")
def airflow(world: DRSEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    home = tmp_path_factory.mktemp("airflow")
    (home / "pids").mkdir()
    variables = {
        "AIRFLOW_CONN_AWS_DR": connection_to(world),
        "DRS_PIDS": str(home / "pids"),
        "DRS_JOBS": str(home / "jobs"),
    }
    with Airflow(home, variables) as one:
        yield one


@pytest.fixture(autouse=True)
def forget(world: DRSEmulator) -> None:
    world.requests.clear()


def launches(world: DRSEmulator) -> int:
    return sum(r.operation == "StartRecovery" and r.handled for r in world.requests)


def pid_of(home: Path, name: str) -> int:
    file = home / "pids" / name
    return int(until(lambda: file.exists() and file.read_text(), f"process {name}"))


@pytest.mark.parametrize("dag_id", ["start_deferrable", "start_here"])
def test_a_task_killed_after_the_launch_before_it_is_recorded(
    airflow: Airflow, world: DRSEmulator, dag_id: str
) -> None:
    servers = world.add_source_servers(2)
    world.inject("StartRecovery", Fault.late(30, after=True), times=1)
    run_id = airflow.trigger(dag_id, {"servers": servers})
    until(lambda: launches(world), "launch")
    os.kill(pid_of(airflow.home, f"{dag_id}.launch.1"), signal.SIGKILL)
    last = "wait" if dag_id == "start_deferrable" else "launch"
    state = airflow.await_state(dag_id, run_id, last, "success", "failed", "upstream_failed")
    assert state == "success"
    assert launches(world) == 1
    outcome = json.loads(str(airflow.xcom(dag_id, run_id, "launch")).replace("'", '"'))
    assert sorted(outcome["succeeded"]) == sorted(servers)


def test_a_triggerer_killed_while_a_run_waits(airflow: Airflow, world: DRSEmulator) -> None:
    for tier in ("db", "app", "web"):
        world.add_source_servers(2, tags={"app": "erp", "tier": tier})
    run_id = airflow.trigger("erp_drill")
    until(lambda: launches(world), "launch")
    airflow.await_state("erp_drill", run_id, "recover", "deferred")
    airflow.kill("triggerer")
    airflow.start_triggerer()
    until(
        lambda: airflow.is_asking("erp_drill", run_id, "recover"),
        f"question; {airflow.tail('triggerer')}",
        every=1,
    )
    assert launches(world) == 1
    airflow.await_state("erp_drill", run_id, "recover", "deferred")

    def ended() -> str | None:
        # Airflow takes a task that is asked and answered within a turn of its scheduler for a
        # failed one, and the next attempt asks again.
        if airflow.is_asking("erp_drill", run_id, "recover"):
            airflow.answer("erp_drill", run_id, "recover", "Approve application")
        state = airflow.states("erp_drill", run_id).get("recover")
        return state if state in {"success", "failed"} else None

    state = until(ended, f"end; {airflow.tail('scheduler')}", seconds=240, every=1)
    assert state == "success"
    assert launches(world) == 3


def test_a_run_killed_after_a_launch_before_it_is_recorded(
    airflow: Airflow, world: DRSEmulator
) -> None:
    for tier in ("db", "app", "web"):
        world.add_source_servers(2, tags={"app": "shop", "tier": tier})
    world.inject("StartRecovery", Fault.late(30, after=True), times=1)
    run_id = airflow.trigger("three_waves")
    until(lambda: launches(world), "launch")
    os.kill(pid_of(airflow.home, "three_waves.recover.1"), signal.SIGKILL)
    state = airflow.await_state("three_waves", run_id, "recover", "success", "failed", seconds=240)
    assert state == "success"
    assert launches(world) == 3
    assert "succeeded" in str(airflow.xcom("three_waves", run_id, "recover"))


def test_two_hundred_sensors_cost_one_poll_a_tick(airflow: Airflow, world: DRSEmulator) -> None:
    figures = two_hundred(airflow, world)
    assert figures.waiting == 200
    assert figures.calls_until_steady <= 10
    assert figures.calls_a_tick <= 1
