"""A job that ended is judged server by server, and its log says why it failed."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from scripted import (
    ScriptedService,
    broken,
    denied,
    event,
    instance,
    instance_id,
    is_idle,
    job,
    job_id,
    run_of,
    server_id,
)

from drs_sdk.errors import ResourceNotFoundException, WaiterFailedError
from drs_sdk.models import Job, StartRecoveryResponse

if TYPE_CHECKING:
    from scripted import Call

WEB, DB = server_id(1), server_id(2)
LOG = [
    event("JOB_START", 0),
    event("SNAPSHOT_START", 10, WEB),
    event("SNAPSHOT_START", 10, DB),
    event("SNAPSHOT_END", 11, WEB),
    event("SNAPSHOT_END", 11, DB),
    event("CONVERSION_START", 52, WEB),
    event("CONVERSION_START", 52, DB),
    event("CONVERSION_END", 247, WEB, conversionServerID="i-0c0ffee0"),
    event("CONVERSION_END", 250, DB),
    event("LAUNCH_START", 260, WEB),
    event("LAUNCH_START", 261, DB),
    event("LAUNCH_END", 540, WEB, targetInstanceID="i-0123456789abcdef0"),
    event("LAUNCH_FAILED", 400, DB, rawError="InsufficientInstanceCapacity"),
    event("JOB_END", 541),
]


@pytest.fixture
def failed(service: ScriptedService) -> ScriptedService:
    """A service with one job: one of its two servers fails to launch."""
    service.put(
        job_id(),
        (0, job("STARTED", ["PENDING", "PENDING"])),
        (300, job("COMPLETED", ["LAUNCHED", "FAILED"])),
    )
    service.logs[job_id()] = LOG
    return service


async def test_a_failure_names_the_server_and_its_last_log_events(failed: ScriptedService) -> None:
    with pytest.raises(WaiterFailedError) as raised:
        await failed.wait_until_job_completed(job_id())
    error = raised.value
    assert DB in str(error)
    assert WEB not in str(error)
    assert "LAUNCH_FAILED (InsufficientInstanceCapacity)" in str(error)
    assert list(error.reasons) == [DB]
    assert error.reasons[DB].startswith("launch status FAILED; ")
    assert [each.event for each in error.events[DB]] == [
        "CONVERSION_END",
        "LAUNCH_START",
        "LAUNCH_FAILED",
    ]
    assert isinstance(error.last, Job)
    assert [each.source_server_id for each in error.last.failed_servers] == [DB]
    assert error.operation == "DescribeJobs"


async def test_the_error_of_a_failed_job_pickles(failed: ScriptedService) -> None:
    with pytest.raises(WaiterFailedError) as raised:
        await failed.wait_until_job_completed(job_id())
    copy = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own bytes
    assert (str(copy), copy.reasons, copy.events, copy.last) == (
        str(raised.value),
        raised.value.reasons,
        raised.value.events,
        raised.value.last,
    )


async def test_without_raise_on_failure_the_job_tells(failed: ScriptedService) -> None:
    ended = await failed.wait_until_job_completed(job_id(), raise_on_failure=False)
    assert ended.is_completed
    assert not ended.succeeded
    assert [each.source_server_id for each in ended.failed_servers] == [DB]
    assert {call.operation for call in failed.calls} == {"DescribeJobs"}


@pytest.mark.parametrize(
    "wait", ["wait_until_job_completed", "wait_until_launch_actions_completed"]
)
async def test_a_job_that_is_not_there_raises_in_any_case(
    wait: str, service: ScriptedService
) -> None:
    with pytest.raises(WaiterFailedError, match=f"there is no job {job_id()}") as raised:
        await getattr(service, wait)(job_id(), raise_on_failure=False)
    assert raised.value.last is None


@pytest.mark.parametrize("error", [denied(), broken()], ids=["denied", "broken"])
async def test_a_log_that_cannot_be_read_takes_nothing_from_the_error(
    error: Exception, failed: ScriptedService
) -> None:
    def fails(call: Call) -> Exception | None:
        return error if call.operation == "DescribeJobLogItems" else None

    failed.fails = fails
    with pytest.raises(WaiterFailedError) as raised:
        await failed.wait_until_job_completed(job_id())
    assert raised.value.reasons == {DB: "launch status FAILED"}
    assert raised.value.events == {}
    assert isinstance(raised.value.last, Job)
    (note,) = raised.value.__notes__
    assert note.startswith("The job log could not be read: ")


async def test_a_log_that_hangs_takes_nothing_from_the_error(failed: ScriptedService) -> None:
    def fails(call: Call) -> Exception | None:
        failed.latency = 1e6 if call.operation == "DescribeJobs" and failed.elapsed >= 300 else 0
        return None

    failed.fails = fails
    with pytest.raises(WaiterFailedError) as raised:
        await failed.wait_until_job_completed(job_id())
    assert raised.value.reasons == {DB: "launch status FAILED"}
    (note,) = raised.value.__notes__
    assert note == "The job log could not be read: no answer within 0:00:30"
    assert failed.elapsed <= 300 + 30 + 30
    assert is_idle(failed)


async def test_servers_that_stay_pending_are_named_beside_those_that_failed(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, job("COMPLETED", ["FAILED", "PENDING", "LAUNCHED"])))
    with pytest.raises(WaiterFailedError) as raised:
        await service.wait_until_job_completed(job_id())
    assert raised.value.reasons == {
        server_id(1): "launch status FAILED",
        server_id(2): "still PENDING",
    }


async def test_a_completed_job_waits_for_a_pending_server_to_settle(
    service: ScriptedService,
) -> None:
    service.put(
        job_id(),
        (0, job("COMPLETED", ["PENDING"])),
        (100, job("COMPLETED", ["LAUNCHED"])),
    )
    ended = await service.wait_until_job_completed(job_id())
    assert ended.succeeded
    assert service.elapsed >= 100


@pytest.mark.parametrize("kind", ["LAUNCH", "TERMINATE"])
@pytest.mark.parametrize(
    "wait", ["wait_until_job_completed", "wait_until_launch_actions_completed"]
)
async def test_a_job_that_names_no_server_fails_when_that_lasts(
    wait: str, kind: str, service: ScriptedService
) -> None:
    """An answer that lost its servers is no success."""
    service.put(job_id(), (0, job("COMPLETED", [], type=kind)))
    with pytest.raises(WaiterFailedError) as raised:
        await getattr(service, wait)(job_id())
    assert raised.value.reasons == {job_id(): "the job names no server"}
    assert 120 <= service.elapsed <= 180
    assert {call.operation for call in service.calls} == {"DescribeJobs"}


async def test_a_job_that_names_its_servers_late_is_waited_for(service: ScriptedService) -> None:
    service.put(job_id(), (0, job("COMPLETED", [])), (60, job("COMPLETED", ["LAUNCHED"])))
    assert (await service.wait_until_job_completed(job_id())).succeeded


async def test_a_job_on_networks_and_one_of_another_type_need_no_servers(
    service: ScriptedService,
) -> None:
    for shown in (
        job("COMPLETED", [], resources=["LAUNCHED"]),
        job("COMPLETED", [], type="CREATE_CONVERTED_SNAPSHOT"),
    ):
        service.put(job_id(), (0, shown))
        assert (await service.wait_until_job_completed(job_id())).succeeded
        assert service.elapsed == 0


async def test_servers_without_an_id_are_each_named(service: ScriptedService) -> None:
    failed: dict[str, str] = {"launchStatus": "FAILED"}
    servers = [{**failed, "recoveryInstanceID": instance_id(7)}, failed, failed]
    service.put(
        job_id(),
        (0, Job.model_validate({**_COMPLETED, "participatingServers": servers})),
    )
    with pytest.raises(WaiterFailedError) as raised:
        await service.wait_until_job_completed(job_id())
    assert raised.value.reasons == dict.fromkeys(
        (instance_id(7), "server 1", "server 2"), "launch status FAILED"
    )


async def test_every_reason_of_a_server_is_told(service: ScriptedService) -> None:
    runs = [[run_of("FAILED", name="patch", reason="disk full"), run_of("FAILED", name="dns")]]
    service.put(job_id(), (0, job("COMPLETED", ["FAILED"], runs=runs)))
    with pytest.raises(WaiterFailedError) as raised:
        await service.wait_until_launch_actions_completed(job_id())
    told = "launch status FAILED; patch failed: disk full; dns failed"
    assert raised.value.reasons == {server_id(): told}
    twice = {"sourceServerID": server_id(), "launchStatus": "PENDING"}
    servers = [{**twice, "launchStatus": "FAILED"}, twice]
    service.put(job_id(), (0, Job.model_validate({**_COMPLETED, "participatingServers": servers})))
    with pytest.raises(WaiterFailedError) as raised:
        await service.wait_until_job_completed(job_id())
    assert raised.value.reasons == {server_id(): "still PENDING; launch status FAILED"}


async def test_networks_without_an_id_are_each_named(service: ScriptedService) -> None:
    resources = [{"launchStatus": "FAILED"}, {}]
    service.put(
        job_id(), (0, Job.model_validate({**_COMPLETED, "participatingResources": resources}))
    )
    with pytest.raises(WaiterFailedError) as raised:
        await service.wait_until_job_completed(job_id())
    assert raised.value.reasons == {
        "resource 0": "launch status FAILED",
        "resource 1": "still without a status",
    }


_COMPLETED = {"jobID": job_id(), "type": "LAUNCH", "status": "COMPLETED"}


async def test_a_failed_action_is_named_with_its_reason(service: ScriptedService) -> None:
    runs = [[run_of("SUCCEEDED")], [run_of("FAILED", name="join-domain", reason="exit 3")]]
    service.put(job_id(), (0, job("COMPLETED", ["LAUNCHED", "LAUNCHED"], runs=runs)))
    with pytest.raises(WaiterFailedError, match="join-domain failed: exit 3") as raised:
        await service.wait_until_launch_actions_completed(job_id())
    assert list(raised.value.reasons) == [DB]
    ended = await service.wait_until_launch_actions_completed(job_id(), raise_on_failure=False)
    assert ended.participating_servers[1].launch_actions_status is not None


async def test_a_launch_without_actions_is_given_five_minutes_to_show_some(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, job("COMPLETED", ["LAUNCHED"])))
    await service.wait_until_launch_actions_completed(job_id())
    assert 300 <= service.elapsed <= 360


async def test_actions_that_show_up_late_are_waited_for(service: ScriptedService) -> None:
    service.put(
        job_id(),
        (0, job("COMPLETED", ["LAUNCHED"])),
        (200, job("COMPLETED", ["LAUNCHED"], runs=[[run_of("IN_PROGRESS")]])),
        (900, job("COMPLETED", ["LAUNCHED"], runs=[[run_of("SUCCEEDED")]])),
    )
    ended = await service.wait_until_launch_actions_completed(job_id())
    assert service.elapsed >= 900
    assert ended.participating_servers[0].launch_actions_status is not None


async def test_explain_job_reports_on_every_server(failed: ScriptedService) -> None:
    failed.put(
        instance_id(7),
        (0, instance(number=7, sourceServerID=WEB, jobID=job_id(), ec2InstanceID="i-0aaaaaaa")),
    )
    failed.put(
        instance_id(8), (0, instance(number=8, sourceServerID=DB, jobID=job_id(99)))
    )  # of an earlier job
    await failed.clock.sleep(600)
    report = await failed.explain_job(job_id())
    web, db = report.servers
    assert report.job.job_id == job_id()
    assert [each.event for each in report.events] == ["JOB_START", "JOB_END"]
    assert report.failed_servers == (db,)
    assert (web.outcome, db.outcome) == ("launched", "failed")
    assert (web.recovery_instance_id, web.ec2_instance_id) == (instance_id(7), "i-0aaaaaaa")
    assert (db.recovery_instance_id, db.ec2_instance_id) == (None, None)
    assert [(phase.name, phase.duration, phase.failed) for phase in web.phases] == [
        ("snapshot", timedelta(seconds=1), False),
        ("conversion", timedelta(seconds=195), False),
        ("launch", timedelta(seconds=280), False),
    ]
    assert [(phase.name, phase.duration, phase.failed) for phase in db.phases][-1] == (
        "launch",
        timedelta(seconds=139),
        True,
    )
    assert web.failing_event is None
    assert db.failing_event is not None
    assert db.failing_event.event == "LAUNCH_FAILED"
    assert db.raw_error == "InsufficientInstanceCapacity"
    assert all(each.event_data and each.event_data.source_server_id == DB for each in db.events)
    text = str(report)
    assert text.splitlines()[0].startswith(f"{job_id()} LAUNCH COMPLETED")
    assert f"{DB} failed: LAUNCH_FAILED (InsufficientInstanceCapacity)" in text
    assert f"{WEB} launched as {instance_id(7)}" in text
    assert "launch failed after 0:02:19" in text


async def test_explain_job_does_without_raw_error_dates_and_instances(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, job("COMPLETED", ["FAILED"])))
    undated = event("CONVERSION_FAIL", 0, WEB).model_copy(update={"log_date_time": None})
    service.logs[job_id()] = [event("SNAPSHOT_START", 5, WEB), undated]
    (web,) = (await service.explain_job(job_id())).servers
    assert web.raw_error is None
    assert web.failing_event == undated
    snapshot, conversion = web.phases
    assert (snapshot.ended_at, snapshot.duration) == (None, None)
    assert (conversion.started_at, conversion.duration, conversion.failed) == (None, None, True)
    assert f"{WEB} failed: CONVERSION_FAIL [" in str(web)


async def test_explain_job_tells_of_a_failure_only_where_there_is_one(
    service: ScriptedService,
) -> None:
    """A conversion that failed and went well the second time."""
    service.put(job_id(), (0, job("COMPLETED", ["LAUNCHED"])))
    service.logs[job_id()] = [
        event("CONVERSION_START", 50, WEB),
        event("CONVERSION_FAIL", 60, WEB, rawError="no capacity"),
        event("CONVERSION_START", 70, WEB),
        event("CONVERSION_END", 250, WEB),
    ]
    (web,) = (await service.explain_job(job_id())).servers
    assert (web.outcome, web.failing_event, web.raw_error) == ("launched", None, None)
    assert "no capacity" not in str(web)


async def test_a_phase_that_began_again_is_not_over(service: ScriptedService) -> None:
    service.put(job_id(), (0, job("STARTED", ["IN_PROGRESS"])))
    service.logs[job_id()] = [
        event("CONVERSION_START", 50, WEB),
        event("CONVERSION_FAIL", 60, WEB),
        event("CONVERSION_START", 70, WEB),
    ]
    (web,) = (await service.explain_job(job_id())).servers
    (conversion,) = web.phases
    assert (conversion.ended_at, conversion.failed) == (None, False)


async def test_explain_job_finds_the_instance_in_the_log_when_nothing_else_has_it(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, job("COMPLETED", ["LAUNCHED", "LAUNCHED"])))
    service.logs[job_id()] = LOG
    web, _ = (await service.explain_job(job_id())).servers
    assert web.ec2_instance_id == "i-0123456789abcdef0"
    assert web.recovery_instance_id is None


async def test_explain_job_tells_of_a_job_under_way(service: ScriptedService) -> None:
    service.put(job_id(), (0, job("STARTED", ["LAUNCHED", "IN_PROGRESS", None])))
    report = await service.explain_job(job_id())
    assert [each.outcome for each in report.servers] == ["launched", "pending", "pending"]
    assert str(report).startswith(f"{job_id()} LAUNCH STARTED")


async def test_explain_job_judges_a_termination_by_its_own_good_end(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, job("COMPLETED", ["TERMINATED", "FAILED"], type="TERMINATE")))
    report = await service.explain_job(job_id())
    assert [each.outcome for each in report.servers] == ["terminated", "failed"]
    assert "DescribeRecoveryInstances" not in {call.operation for call in service.calls}


async def test_explain_job_asks_for_many_instances_in_filters_of_200(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, job("COMPLETED", ["LAUNCHED"] * 450)))
    report = await service.explain_job(job_id())
    assert len(report.servers) == 450
    asked = [call for call in service.calls if call.operation == "DescribeRecoveryInstances"]
    assert [len(call.ids) for call in asked] == [200, 200, 50]


async def test_explain_job_takes_what_operations_return(service: ScriptedService) -> None:
    service.put(job_id(), (0, job()))
    for given in (job_id(), job(), StartRecoveryResponse(job=job())):
        assert (await service.explain_job(given)).job == job()


async def test_explain_job_knows_no_such_job(service: ScriptedService) -> None:
    with pytest.raises(ResourceNotFoundException) as raised:
        await service.explain_job(job_id())
    assert (raised.value.resource_id, raised.value.http_status) == (job_id(), 404)
    with pytest.raises(ValueError, match="a job id is wanted"):
        await service.explain_job(StartRecoveryResponse())
