"""Names of runs, what to wait for, and Airflow's own conventions."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from airflow.sdk import DAG
from conftest import TaskInstance

from drs_sdk.airflow import DrsJobSensor, DrsRecoveryOperator, DrsStartRecoveryOperator
from drs_sdk.airflow.keys import run_key
from drs_sdk.airflow.standing import awaited_waves, may_start_more, running_jobs
from drs_sdk.recovery import Runbook, RunStatus, Wave
from drs_sdk.recovery.record import require_fitting


def test_a_key_tells_dag_run_task_and_map_index_but_no_try() -> None:
    keys = {
        run_key(TaskInstance(**change))
        for change in (
            {},
            {"dag_id": "other"},
            {"run_id": "other"},
            {"task_id": "other"},
            {"map_index": 0},
            {"map_index": 1},
        )
    }
    assert len(keys) == 6
    assert run_key(TaskInstance(try_number=1)) == run_key(TaskInstance(try_number=9))


@pytest.mark.parametrize("longest", [256, 60])
def test_a_key_always_fits_a_tag(longest: int) -> None:
    odd = [
        TaskInstance(run_id="manual~1"),
        TaskInstance(run_id="manual-1"),
        TaskInstance(run_id="é" * 300),
        TaskInstance(run_id="é" * 299),
        TaskInstance(dag_id="d" * 250, task_id="t" * 250),
        TaskInstance(dag_id="d" * 250, task_id="t" * 249),
    ]
    keys = [run_key(ti, longest=longest) for ti in odd]
    for key in keys:
        require_fitting("key", key)
        assert len(key) <= longest
    assert len(set(keys)) == len(odd)


RUNBOOK = Runbook(
    name="erp",
    waves=[
        Wave(name="a", servers={"names": ["a*"]}),
        Wave(name="b", servers={"names": ["b*"]}, attempts=2, pause_before=True),
        Wave(name="c", servers={"names": ["c*"]}, after=[]),
    ],
)


def status(**waves: list[tuple[str, int]] | str) -> RunStatus:
    """Make a status of waves: a state, or servers with their state and attempt."""
    made = []
    for name in "abc":
        given = waves.get(name, "up")
        state, servers = given if isinstance(given, tuple) else (given, [])
        made.append(
            {
                "name": name,
                "state": state,
                "servers": [
                    {
                        "source_server_id": f"s-{name}{number}",
                        "name": None,
                        "wave": name,
                        "region_name": None,
                        "account_id": None,
                        "state": its_state,
                        "attempt": attempt,
                        "job_id": f"drsjob-{name}" if attempt else None,
                    }
                    for number, (its_state, attempt) in enumerate(servers)
                ],
            }
        )
    return RunStatus.model_validate(
        {"run": "erp/k", "mode": "drill", "state": "running", "started": None, "at": None}
        | {"waves": made}
    )


@pytest.mark.parametrize(
    ("waves", "expected"),
    [
        ({"a": ("launching", [("launching", 1)]), "b": "waiting"}, False),
        ({"a": ("launching", [("launching", 1), ("not launched", 0)]), "b": "waiting"}, True),
        ({"b": ("launching", [("launching", 1), ("failed", 1)])}, True),
        ({"b": ("launching", [("launching", 2), ("failed", 2)])}, False),
        ({"a": ("launching", [("launching", 1)]), "b": "waiting", "c": "waiting"}, True),
        ({"b": "waiting"}, True),
        ({"b": "waiting for approval"}, False),
        ({"a": "failed", "b": "waiting"}, False),
        ({"a": "unknown", "b": "waiting"}, True),
    ],
)
def test_what_may_start_before_a_job_has_ended(waves: dict, *, expected: bool) -> None:
    assert may_start_more(RUNBOOK, status(**waves)) is expected


def test_what_is_waited_for() -> None:
    seen = status(a=("launching", [("launching", 1), ("launched", 1)]), b="waiting for approval")
    assert running_jobs(seen) == ["drsjob-a"]
    assert awaited_waves(RUNBOOK, seen) == [1]


def test_operators_take_default_arguments_and_are_mapped() -> None:
    with DAG("mapped", schedule=None, default_args={"aws_conn_id": "aws_dr", "retries": 4}):
        one = DrsRecoveryOperator(task_id="recover", runbook=RUNBOOK, mode="drill")
        mapped = DrsStartRecoveryOperator.partial(task_id="launch", mode="drill").expand(
            source_server_ids=[["s-1"], ["s-2"]]
        )
        sensor = DrsJobSensor(task_id="wait", job_id="{{ params.job }}")
    assert (one.aws_conn_id, one.retries) == ("aws_dr", 4)
    assert sensor.aws_conn_id == "aws_dr"
    each = mapped.unmap({"source_server_ids": ["s-1"]})
    assert (each.source_server_ids, each.mode, each.aws_conn_id) == (["s-1"], "drill", "aws_dr")


def test_operators_survive_airflows_serialization() -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    with DAG("kept", schedule=None) as dag:
        DrsRecoveryOperator(task_id="recover", runbook=RUNBOOK, mode="drill")
        DrsStartRecoveryOperator(task_id="launch", source_server_ids=["s-1"], mode="drill")
        DrsJobSensor(task_id="wait", job_id="drsjob-1", deferrable=True, start_from_trigger=True)
    kept = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert set(kept.task_dict) == {"recover", "launch", "wait"}
    assert kept.task_dict["wait"].start_from_trigger
    assert list(kept.task_dict["launch"].operator_extra_link_dict) == [
        "AWS Elastic Disaster Recovery job"
    ]


def test_deferrable_is_as_the_configuration_says() -> None:
    program = (
        "from drs_sdk.airflow import DrsJobSensor, DrsStartRecoveryOperator\n"
        "print(DrsJobSensor(task_id='w', job_id='drsjob-1').deferrable,"
        " DrsStartRecoveryOperator(task_id='l', source_server_ids=[], mode='drill').deferrable)"
    )
    for said, expected in (("True", "True True"), ("False", "False False")):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": said},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip().endswith(expected)
