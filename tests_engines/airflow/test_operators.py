"""Operators and the sensor, run in this process against the emulator."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred

from drs_sdk.airflow import (
    DrsJobCompletedTrigger,
    DrsJobLink,
    DrsJobSensor,
    DrsRecoveryOperator,
    DrsRecoveryTrigger,
    DrsStartRecoveryOperator,
)
from drs_sdk.errors import InstanceInTheWayError
from drs_sdk.recovery import Runbook, Wave
from drs_sdk.testing import JobDurations

if TYPE_CHECKING:
    from airflow.sdk import Context
    from conftest import TaskInstance

    from drs_sdk.testing import DRSEmulator


def launches(emulator: DRSEmulator) -> int:
    return sum(r.operation == "StartRecovery" and r.handled for r in emulator.requests)


def slowly(emulator: DRSEmulator) -> None:
    """Let jobs take as long as real ones."""
    emulator.job_durations = JobDurations()


def sent(emulator: DRSEmulator, operation: str, member: str) -> list[dict[str, str]]:
    return [r.params[member] for r in emulator.requests if r.operation == operation]


def start(servers: list[str], **options: object) -> DrsStartRecoveryOperator:
    options = {"task_id": "launch", "mode": "drill", "waiter_delay": 0.1, **options}
    return DrsStartRecoveryOperator(source_server_ids=servers, **options)


def test_a_job_is_started_and_waited_for(
    aws_default: DRSEmulator, context: Context, ti: TaskInstance
) -> None:
    servers = aws_default.add_source_servers(2)
    outcome = start(servers).execute(context)
    assert outcome["state"] == "succeeded"
    assert sorted(outcome["succeeded"]) == sorted(servers)
    assert json.loads(json.dumps(outcome)) == outcome
    (tags,) = sent(aws_default, "StartRecovery", "tags")
    assert tags["drs-sdk:run"] == "dr/manual__2026-11-26T08:00:00+00:00/launch"
    assert ti.pushed["drs_job"]["job_id"] == outcome["job_id"]


@pytest.mark.parametrize("deferrable", [True, False])
def test_tries_launch_once(
    aws_default: DRSEmulator, context: Context, ti: TaskInstance, *, deferrable: bool
) -> None:
    servers = aws_default.add_source_servers(2)
    for ti.try_number in (1, 2, 3):
        operator = start(servers, deferrable=deferrable, wait_for_completion=False)
        operator.execute(context)
    assert launches(aws_default) == 1


def test_an_answer_that_is_lost_launches_once(aws_default: DRSEmulator, context: Context) -> None:
    from drs_sdk.testing import Fault

    servers = aws_default.add_source_servers(2)
    aws_default.inject("StartRecovery", Fault.drop_after(), times=1)
    assert start(servers).execute(context)["state"] == "succeeded"
    assert launches(aws_default) == 1


def test_what_errors_advise_can_be_said(aws_default: DRSEmulator, context: Context) -> None:
    servers = aws_default.add_source_servers(1)
    start(servers, mode="recovery", key="others").execute(context)
    with pytest.raises(InstanceInTheWayError, match="replace_instances_of"):
        start(servers, mode="recovery").execute(context)
    assert launches(aws_default) == 1
    start(servers, mode="recovery", replace_instances_of=servers).execute(context)
    assert launches(aws_default) == 2


def test_mapped_tasks_launch_each(
    aws_default: DRSEmulator, context: Context, ti: TaskInstance
) -> None:
    for ti.map_index in (0, 1):
        start(aws_default.add_source_servers(1)).execute(context)
    assert launches(aws_default) == 2


def test_it_defers_to_a_trigger(
    aws_default: DRSEmulator, context: Context, ti: TaskInstance
) -> None:
    servers = aws_default.add_source_servers(1)
    with pytest.raises(TaskDeferred) as deferred:
        start(servers, deferrable=True).execute(context)
    trigger = deferred.value.trigger
    assert isinstance(trigger, DrsJobCompletedTrigger)
    assert deferred.value.method_name == "execute_complete"
    assert trigger.job_id == ti.pushed["drs_job"]["job_id"]
    assert trigger.region_name == "us-east-1"


def test_the_event_ends_it() -> None:
    operator = start(["s-1"])
    job = {"job_id": "drsjob-1", "state": "succeeded", "succeeded": ["s-1"]}
    done = operator.execute_complete({}, {"status": "succeeded", "job": job})
    assert done == {**job, "reasons": {}}
    failed = {**job, "state": "failed", "succeeded": [], "reasons": {"s-1": "no capacity"}}
    with pytest.raises(AirflowException, match="s-1: no capacity"):
        operator.execute_complete({}, {"status": "failed", "job": failed})
    for status in ("error", "timeout"):
        with pytest.raises(AirflowException, match="how it went"):
            operator.execute_complete({}, {"status": status, "message": "how it went"})


def test_a_server_that_fails_fails_the_task(aws_default: DRSEmulator, context: Context) -> None:
    good, bad = aws_default.add_source_servers(2)
    aws_default.fail_launch(bad)
    with pytest.raises(AirflowException, match=bad):
        start([good, bad]).execute(context)


@pytest.mark.parametrize(
    "wrong",
    [{"mode": "rehearsal"}, {"key": "no/tag/ä|"}, {"source_server_ids": []}],
)
def test_what_no_retry_can_mend_fails_at_once(
    aws_default: DRSEmulator, context: Context, wrong: dict[str, object]
) -> None:
    options = {"source_server_ids": aws_default.add_source_servers(1), **wrong}
    operator = DrsStartRecoveryOperator(task_id="launch", **{"mode": "drill", **options})
    with pytest.raises(AirflowFailException):
        operator.execute(context)
    assert launches(aws_default) == 0


def test_the_same_key_for_others_fails_at_once(aws_default: DRSEmulator, context: Context) -> None:
    first, second = aws_default.add_source_servers(2)
    start([first], key="k", wait_for_completion=False).execute(context)
    with pytest.raises(AirflowFailException, match="RunMismatchError"):
        start([second], key="k").execute(context)
    assert launches(aws_default) == 1


def test_on_kill_says_that_the_job_goes_on(aws_default: DRSEmulator, context: Context) -> None:
    operator = start(aws_default.add_source_servers(1), wait_for_completion=False)
    job = operator.execute(context)
    before = len(aws_default.requests)
    said: list[str] = []
    operator.log.warning = lambda message, *args: said.append(message % args)  # type: ignore[method-assign]
    operator.on_kill()
    assert job["job_id"] in said[0]
    assert "cannot be cancelled" in said[0]
    assert len(aws_default.requests) == before


def test_the_link_leads_to_the_regions_console() -> None:
    link = DrsJobLink()
    text = link.format_link(
        region_name="cn-north-1", aws_domain=link.get_aws_domain("aws-cn"), job_id="drsjob-1"
    )
    assert text == "https://console.amazonaws.cn/drs/home?region=cn-north-1#/jobs/drsjob-1"


# -- the sensor ----------------------------------------------------------------------------------


def running_job(emulator: DRSEmulator, context: Context) -> str:
    servers = emulator.add_source_servers(1)
    return str(start(servers, wait_for_completion=False).execute(context)["job_id"])


def test_a_sensor_waits_for_a_job(aws_default: DRSEmulator, context: Context) -> None:
    job_id = running_job(aws_default, context)
    sensor = DrsJobSensor(task_id="wait", job_id=job_id, poke_interval=0.1, timeout=20)
    assert sensor.execute({**context, "ti": context["ti"]})["state"] == "succeeded"


def test_a_deferrable_sensor_defers(aws_default: DRSEmulator, context: Context) -> None:
    slowly(aws_default)
    job_id = running_job(aws_default, context)
    sensor = DrsJobSensor(task_id="wait", job_id=job_id, deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context)
    assert deferred.value.trigger.job_id == job_id


def test_a_sensor_may_start_from_the_trigger() -> None:
    one = DrsJobSensor(
        task_id="wait", job_id="drsjob-1", deferrable=True, start_from_trigger=True, timeout=600
    )
    other = DrsJobSensor(task_id="other", job_id="drsjob-2", deferrable=True)
    arguments = one.start_trigger_args
    assert one.start_from_trigger
    assert arguments.next_method == "execute_complete"
    made = DrsJobCompletedTrigger(**arguments.trigger_kwargs)
    assert made.job_id == "drsjob-1"
    assert made.waiter_max_attempts == 10
    assert not other.start_from_trigger
    assert DrsJobSensor.start_trigger_args.trigger_kwargs == {}


def test_a_sensor_on_no_job_says_so(aws_default: DRSEmulator, context: Context) -> None:
    from drs_sdk.errors import RecoveryError

    sensor = DrsJobSensor(task_id="wait", job_id="drsjob-00000000000000000")
    with pytest.raises(RecoveryError, match="there is no job"):
        sensor.execute(context)
    assert launches(aws_default) == 0


# -- runbooks ------------------------------------------------------------------------------------


def three_waves(emulator: DRSEmulator, *, pauses: tuple[str, ...] = ()) -> Runbook:
    names = ("database", "application", "web")
    return Runbook(
        name="erp",
        waves=[
            Wave(
                name=name,
                servers={"source_server_ids": list(emulator.add_source_servers(2))},
                pause_before=name in pauses,
            )
            for name in names
        ],
    )


def recover(runbook: Runbook, **options: object) -> DrsRecoveryOperator:
    options = {"task_id": "recover", "mode": "drill", "waiter_delay": 0.1, **options}
    return DrsRecoveryOperator(runbook=runbook, **options)


def deferred_by(call: object) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        call()  # type: ignore[operator]
    return deferred.value


async def fired(trigger: DrsRecoveryTrigger) -> dict[str, object]:
    kind, kwargs = trigger.serialize()
    assert kind.endswith("DrsRecoveryTrigger")
    again = DrsRecoveryTrigger(**json.loads(json.dumps(kwargs)))
    async for event in again.run():
        return json.loads(json.dumps(event.payload))
    raise AssertionError("it fired nothing")


def run_to_the_end(runbook: Runbook, context: Context, **options: object) -> dict[str, object]:
    """Do what Airflow does: each step in an operator of its own, all in between as JSON."""
    import asyncio

    step = lambda: recover(runbook, **options).execute(context)  # noqa: E731
    for _ in range(20):
        try:
            return step()
        except TaskDeferred as deferral:
            event = asyncio.run(fired(deferral.trigger))
            kwargs = json.loads(json.dumps(deferral.kwargs))
            step = lambda event=event, kwargs=kwargs: recover(runbook, **options).resume(  # noqa: E731
                context, event, **kwargs
            )
    raise AssertionError("it does not end")


def test_three_waves(aws_default: DRSEmulator, context: Context, ti: TaskInstance) -> None:
    runbook = three_waves(aws_default)
    report = run_to_the_end(runbook, context)
    assert report["state"] == "succeeded"
    assert [wave["state"] for wave in report["waves"]] == ["up"] * 3
    assert launches(aws_default) == 3
    assert json.loads(json.dumps(report)) == report
    assert ti.pushed["run_status"]["state"] == "succeeded"


def test_a_cleared_task_launches_nothing_again(aws_default: DRSEmulator, context: Context) -> None:
    runbook = three_waves(aws_default)
    run_to_the_end(runbook, context)
    assert run_to_the_end(runbook, context)["state"] == "succeeded"
    assert launches(aws_default) == 3


def test_a_try_that_dies_anywhere_goes_on(aws_default: DRSEmulator, context: Context) -> None:
    runbook = three_waves(aws_default)
    for _ in range(3):  # killed after each first step
        with contextlib.suppress(TaskDeferred):
            recover(runbook).execute(context)
    run_to_the_end(runbook, context)
    assert launches(aws_default) == 3


def test_a_wave_that_fails_fails_the_task_for_good(
    aws_default: DRSEmulator, context: Context
) -> None:
    runbook = three_waves(aws_default)
    bad = runbook.waves[1].servers.source_server_ids[0]
    aws_default.fail_launch(bad)
    with pytest.raises(AirflowFailException, match="LAUNCH_FAILED"):
        run_to_the_end(runbook, context)
    assert launches(aws_default) == 2


def test_a_runbook_in_a_file(aws_default: DRSEmulator, context: Context, tmp_path: object) -> None:
    runbook = three_waves(aws_default)
    file = tmp_path / "erp.json"  # type: ignore[operator]
    file.write_text(runbook.to_json() if hasattr(runbook, "to_json") else runbook.model_dump_json())
    assert run_to_the_end(str(file), context)["runbook"] == "erp"
    with pytest.raises(AirflowFailException, match="RunbookError"):
        recover(str(file) + "x").execute(context)


def test_a_run_has_a_time_limit(aws_default: DRSEmulator, context: Context) -> None:
    from datetime import timedelta

    runbook = three_waves(aws_default)
    with pytest.raises(AirflowException, match="its time is up"):
        recover(runbook, run_timeout=timedelta()).execute(context)


def test_an_error_of_the_trigger_is_the_tasks() -> None:
    runbook = Runbook(name="erp", waves=[Wave(name="all", servers={"all": True})])
    with pytest.raises(AirflowException, match="AccessDenied"):
        recover(runbook).resume(
            {},
            {"status": "error", "message": "AccessDenied"},
            deadline=None,
            approvals={},
            asked=False,
        )


# -- approvals -----------------------------------------------------------------------------------


class Questions:
    """What Airflow keeps of questions to people."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[dict[str, object]] = []
        monkeypatch.setattr(
            "drs_sdk.airflow.approvals.upsert_hitl_detail", lambda **asked: self.asked.append(asked)
        )


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> Questions:
    return Questions(monkeypatch)


def answer(*chosen: str) -> dict[str, object]:
    return {
        "chosen_options": list(chosen),
        "params_input": {},
        "responded_by_user": {"id": "7", "name": "ada"},
        "timedout": False,
    }


def test_a_pause_asks_in_airflow(
    aws_default: DRSEmulator, context: Context, questions: Questions, ti: TaskInstance
) -> None:
    runbook = three_waves(aws_default, pauses=("database", "web"))
    operator = recover(runbook, assigned_users=[{"id": "7", "name": "ada"}])
    deferral = deferred_by(lambda: operator.execute(context))
    assert launches(aws_default) == 0
    (asked,) = questions.asked
    assert asked["ti_id"] == ti.id
    assert asked["params"] == {}  # the API server takes no null
    assert asked["options"] == ["Approve database", "Approve web", "Reject"]
    assert asked["assigned_users"] == [{"id": "7", "name": "ada"}]
    assert deferral.trigger.asked_ti_id == str(ti.id)
    assert deferral.kwargs["asked"] is True
    # Another wave's approval is kept, and this one's asked for again.
    deferral = deferred_by(
        lambda: recover(runbook).resume(context, answer("Approve web"), **deferral.kwargs)
    )
    assert launches(aws_default) == 0
    assert len(questions.asked) == 2
    deferral = deferred_by(
        lambda: recover(runbook).resume(context, answer("Approve database"), **deferral.kwargs)
    )
    assert launches(aws_default) == 1
    assert len(questions.asked) == 2
    assert {"drs-sdk:approved-2": "ada"} in sent(aws_default, "TagResource", "tags")


def test_a_rejection_ends_the_task_for_good(
    aws_default: DRSEmulator, context: Context, questions: Questions
) -> None:
    runbook = three_waves(aws_default, pauses=("database",))
    deferral = deferred_by(lambda: recover(runbook).execute(context))
    with pytest.raises(AirflowFailException, match="ada has rejected"):
        recover(runbook).resume(context, answer("Reject"), **deferral.kwargs)
    assert launches(aws_default) == 0
    assert questions.asked


def test_a_wave_that_is_approved_beforehand_asks_nobody(
    aws_default: DRSEmulator, context: Context, questions: Questions
) -> None:
    runbook = three_waves(aws_default, pauses=("database",))
    deferred_by(lambda: recover(runbook, approved=["database"]).execute(context))
    assert launches(aws_default) == 1
    assert not questions.asked


def test_a_first_pause_that_nobody_can_approve_is_refused(
    aws_default: DRSEmulator, context: Context
) -> None:
    runbook = three_waves(aws_default, pauses=("database",))
    with pytest.raises(AirflowFailException, match="approved="):
        recover(runbook, ask_in_airflow=False).execute(context)


def test_an_approval_from_elsewhere_counts(aws_default: DRSEmulator, context: Context) -> None:
    import asyncio
    import threading

    from drs_sdk.airflow import DrsHook
    from drs_sdk.recovery import Recovery

    runbook = three_waves(aws_default, pauses=("application",))
    elsewhere: list[threading.Thread] = []

    def approve() -> None:
        async def approving(drs: object) -> None:
            recovery = Recovery(
                drs, runbook, key="dr/manual__2026-11-26T08:00:00+00:00/launch", mode="drill"
            )
            await asyncio.sleep(2)
            await recovery.approve("application", by="on call")

        DrsHook().run(approving)

    deferral = deferred_by(lambda: recover(runbook, ask_in_airflow=False).execute(context))
    elsewhere.append(threading.Thread(target=approve))
    elsewhere[0].start()
    assert deferral.trigger.awaited_waves == []
    report = run_to_the_end(runbook, context, ask_in_airflow=False)
    elsewhere[0].join()
    assert report["state"] == "succeeded"
    assert launches(aws_default) == 3
