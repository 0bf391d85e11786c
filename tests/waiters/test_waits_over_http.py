# ruff: noqa: ANN401 - literals come from parameters
"""Every wait and watch against the emulator: real calls on real sockets, on virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from drs_sdk.errors import ClientClosedError, WaiterFailedError, WaiterTimeoutError
from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault, Quotas

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.models import Job, RecoveryInstance
    from drs_sdk.waiters import WaitUpdate

ACTION = "11111111-1111-4111-8111-111111111111"
MANY = Quotas(concurrent_jobs=1000, servers_in_all_jobs=5000, replicating_servers=5000)


async def start_drill(drs: DRSClient, *servers: str) -> Job:
    chosen = [{"source_server_id": each} for each in servers]
    response = await drs.start_recovery(chosen, is_drill=True)  # type: ignore[arg-type]
    assert response.job is not None
    return response.job


async def launched(drs: DRSClient, *servers: str, is_drill: bool = True) -> list[RecoveryInstance]:
    """Launch servers and return their instances."""
    chosen = [{"source_server_id": each} for each in servers]
    response = await drs.start_recovery(chosen, is_drill=is_drill)  # type: ignore[arg-type]
    await drs.wait_until_job_completed(response)
    pager = drs.describe_recovery_instances(filters={"source_server_ids": servers})
    return await pager.collect()


def polls(emulator: DRSEmulator, operation: str) -> Counter[object]:
    """How many requests of an operation arrived at each moment."""
    return Counter(
        request.received_at for request in emulator.requests if request.operation == operation
    )


# -- jobs ----------------------------------------------------------------------------------------


async def test_a_drill_is_waited_for_and_watched(drs_emulator: DRSEmulator, drs: DRSClient) -> None:
    servers = drs_emulator.add_source_servers(3)
    began = drs_emulator.clock.now()
    response = await drs.start_recovery([{"source_server_id": each} for each in servers])

    async def watch() -> list[str]:
        return [str(each.status) async for each in drs.watch_job(response)]

    watching = asyncio.create_task(watch())
    updates: list[WaitUpdate[Job]] = []
    job = await drs.wait_until_job_completed(response, on_update=updates.append)
    assert job.succeeded
    assert {each.source_server_id for each in job.launched_servers} == set(servers)
    assert timedelta(minutes=8) < drs_emulator.clock.now() - began < timedelta(minutes=11)
    seen = await watching
    assert (seen[0], seen[-1]) == ("PENDING", "COMPLETED")
    assert len(updates) >= 3
    assert set(polls(drs_emulator, "DescribeJobs").values()) == {1}


@pytest.mark.parametrize("stage", ["SNAPSHOT", "CONVERSION", "LAUNCH"])
@pytest.mark.parametrize("error", ["no such subnet", ""], ids=["told", "untold"])
async def test_a_server_that_fails_is_named_with_its_log(
    stage: str, error: str, drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    good, bad = drs_emulator.add_source_servers(2)
    drs_emulator.fail_launch(bad, stage=stage, error=error)
    job = await start_drill(drs, good, bad)
    with pytest.raises(WaiterFailedError) as raised:
        await drs.wait_until_job_completed(job)
    assert list(raised.value.reasons) == [bad]
    assert f"{bad}: launch status FAILED; " in str(raised.value)
    assert error in str(raised.value)
    last = raised.value.events[bad][-1]
    assert str(last.event).startswith(stage)
    ended = await drs.wait_until_job_completed(job, raise_on_failure=False)
    assert ended == raised.value.last
    assert [each.source_server_id for each in ended.failed_servers] == [bad]
    seen = [each async for each in drs.watch_job(ended)]
    assert seen == [ended]
    report = await drs.explain_job(job)
    ours, theirs = (
        each for name in (good, bad) for each in report.servers if each.source_server_id == name
    )
    assert (ours.outcome, theirs.outcome) == ("launched", "failed")
    assert ours.recovery_instance_id is not None
    assert ours.ec2_instance_id is not None
    assert [phase.name for phase in ours.phases] == ["snapshot", "conversion", "launch"]
    assert all(phase.duration is not None for phase in ours.phases)
    assert theirs.recovery_instance_id is None
    assert theirs.failing_event == last
    assert theirs.raw_error == (error or None)
    assert theirs.phases[-1].failed


async def test_a_server_that_reads_pending_in_a_completed_job_is_waited_for(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    late, never = drs_emulator.add_source_servers(2)
    drs_emulator.delay_launch_status(late, timedelta(seconds=60))
    job = await drs.wait_until_job_completed(await start_drill(drs, late))
    assert job.succeeded
    drs_emulator.delay_launch_status(never, timedelta(minutes=10))
    with pytest.raises(WaiterFailedError, match=f"{never}: still PENDING"):
        await drs.wait_until_job_completed(await start_drill(drs, never))


async def test_a_termination_is_judged_by_its_own_good_end(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    instances = await launched(drs, *drs_emulator.add_source_servers(2))
    ids = [str(each.recovery_instance_id) for each in instances]
    response = await drs.terminate_recovery_instances(ids)
    job = await drs.wait_until_job_completed(response)
    assert len(job.terminated_servers) == 2
    assert not job.failed_servers
    report = await drs.explain_job(job)
    assert {each.outcome for each in report.servers} == {"terminated"}
    with pytest.raises(WaiterFailedError, match="there is no recovery instance"):
        await drs.wait_until_recovery_instances_running(instances)


async def test_a_server_that_was_terminated_in_a_launch_has_failed(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (job_id,) = drs_emulator.load(
        {
            "jobID": "drsjob-0123456789abcdef0",
            "type": "LAUNCH",
            "status": "COMPLETED",
            "initiatedBy": "START_DRILL",
            "creationDateTime": "2022-12-07T19:15:38.846723+00:00",
            "participatingServers": [
                {"sourceServerID": "s-0123456789abcdef0", "launchStatus": "TERMINATED"}
            ],
        }
    )
    with pytest.raises(WaiterFailedError, match="launch status TERMINATED"):
        await drs.wait_until_job_completed(job_id)


async def test_a_log_that_cannot_be_read_is_noted(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (bad,) = drs_emulator.add_source_servers(1)
    drs_emulator.fail_launch(bad)
    drs_emulator.inject("DescribeJobLogItems", Fault.error("AccessDeniedException", "not yours"))
    with pytest.raises(WaiterFailedError, match="launch status FAILED") as raised:
        await drs.wait_until_job_completed(await start_drill(drs, bad))
    assert "not yours" in raised.value.__notes__[0]


@pytest.mark.parametrize("outcome", ["good", "failed", "optional", "none"])
async def test_launch_actions_are_waited_for(
    outcome: str, drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    await drs.update_launch_configuration(server, post_launch_enabled=outcome != "none")
    await drs.put_launch_action(
        resource_id=server,
        action_id=ACTION,
        action_code="AWS-RunShellScript",
        action_version="1",
        name="join domain",
        order=10,
        active=True,
        optional=outcome == "optional",
        category="VALIDATION",
        description="",
        parameters={},
    )
    if outcome in {"failed", "optional"}:
        drs_emulator.fail_launch_action(server, reason="exit status 3")
    job = await start_drill(drs, server)
    seen = [each async for each in drs.watch_launch_actions(job)]
    assert (seen[0].status, seen[-1].status) == ("PENDING", "COMPLETED")
    if outcome == "failed":
        with pytest.raises(WaiterFailedError, match="join domain failed: exit status 3"):
            await drs.wait_until_launch_actions_completed(job)
    ended = await drs.wait_until_launch_actions_completed(job, raise_on_failure=False)
    status = ended.participating_servers[0].launch_actions_status
    runs = [str(run.status) for run in status.runs] if status else []
    assert runs == {"good": ["SUCCEEDED"], "none": []}.get(outcome, ["FAILED"])


# -- source servers ------------------------------------------------------------------------------


async def test_servers_sync_become_launchable_and_replicate(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    servers = drs_emulator.add_source_servers(3, state="INITIATING")
    states: Counter[str] = Counter()

    async def watch() -> None:
        async for each in drs.watch_source_servers_replicating(servers):
            states[str(each.replication_state)] += 1

    watching = asyncio.create_task(watch())
    launchable = await drs.wait_until_source_servers_launchable(servers)
    assert [each.source_server_id for each in launchable] == servers
    replicating = await drs.wait_until_source_servers_replicating(launchable, max_lag=0)
    assert all(each.is_replicating for each in replicating)
    await watching
    assert {"INITIATING", "INITIAL_SYNC", "CONTINUOUS"} <= set(states)
    assert states["CONTINUOUS"] >= 3  # while one syncs, the others go on to change


async def test_a_stalled_server_is_waited_for_until_the_deadline(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.stall_replication(server)
    began = drs_emulator.clock.now()
    with pytest.raises(WaiterTimeoutError) as raised:
        await drs.wait_until_source_servers_replicating(server, timeout=timedelta(hours=2))
    assert drs_emulator.clock.now() - began == timedelta(hours=2)
    (last,) = raised.value.last  # type: ignore[misc, attr-defined]
    assert last.replication_state == "STALLED"
    (still,) = await drs.wait_until_source_servers_launchable(server)
    assert still.replication_state == "STALLED"  # a stall does not stand in a launch's way


async def test_a_lag_is_caught_up(drs_emulator: DRSEmulator, drs: DRSClient) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.set_lag(server, timedelta(minutes=30), growth=-1.0)
    (found,) = await drs.wait_until_source_servers_replicating(server, max_lag=timedelta(minutes=1))
    assert found.lag is not None
    assert found.lag <= timedelta(minutes=1)


@pytest.mark.parametrize(
    "wait", ["wait_until_source_servers_replicating", "wait_until_source_servers_launchable"]
)
@pytest.mark.parametrize("state", ["STOPPED", "DISCONNECTED"])
async def test_servers_that_do_not_replicate_fail_the_wait(
    wait: str, state: Any, drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (lost,) = drs_emulator.add_source_servers(1, state=state)
    with pytest.raises(WaiterFailedError, match=f"{lost}: replication is {state}"):
        await getattr(drs, wait)([*drs_emulator.add_source_servers(2, state="INITIAL_SYNC"), lost])


async def test_servers_are_disconnected_and_deleted(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    servers = drs_emulator.add_source_servers(2)
    waiting = asyncio.create_task(drs.wait_until_source_servers_disconnected(servers))
    for each in servers:
        await drs_emulator.clock.sleep(60)
        await drs.disconnect_source_server(each)
    gone = await waiting
    for each in gone:
        await drs.delete_source_server(str(each.source_server_id))
    with pytest.raises(WaiterFailedError, match="there is no source server"):
        await drs.wait_until_source_servers_disconnected(servers)


# -- recovery instances --------------------------------------------------------------------------


async def test_instances_are_waited_for_until_they_run(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (instance,) = await launched(drs, *drs_emulator.add_source_servers(1))
    name = str(instance.recovery_instance_id)
    assert await drs.wait_until_recovery_instances_running(instance)
    drs_emulator.set_instance_state(name, "STOPPED")
    watching = asyncio.create_task(anext(drs.watch_recovery_instances_running(name)))
    assert (await watching).ec2_instance_state == "STOPPED"
    waiting = asyncio.create_task(drs.wait_until_recovery_instances_running([name]))
    await drs_emulator.clock.sleep(120)
    assert not waiting.done()
    drs_emulator.set_instance_state(name, "RUNNING")
    assert [each.ec2_instance_state for each in await waiting] == ["RUNNING"]


@pytest.mark.parametrize("state", ["TERMINATED", "SHUTTING-DOWN", "NOT_FOUND"])
async def test_an_instance_that_is_gone_fails_the_wait(
    state: Any, drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (instance,) = await launched(drs, *drs_emulator.add_source_servers(1))
    drs_emulator.set_instance_state(str(instance.recovery_instance_id), state)
    with pytest.raises(WaiterFailedError, match=f"the EC2 instance is {state}"):
        await drs.wait_until_recovery_instances_running(instance)
    seen = [each async for each in drs.watch_recovery_instances_running(instance)]
    assert [each.ec2_instance_state for each in seen] == [state]


async def test_a_failback_becomes_ready_and_is_over_once_it_was_launched(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (instance,) = await launched(drs, *drs_emulator.add_source_servers(1), is_drill=False)
    name = str(instance.recovery_instance_id)
    with pytest.raises(WaiterTimeoutError):
        await drs.wait_until_failback_ready(instance, timeout=600)
    drs_emulator.pair_failback_client(name)
    watching = drs.watch_failback_ready(name)
    states = [str(each.failback.state) async for each in watching if each.failback]
    assert states[-1] == "FAILBACK_READY_FOR_LAUNCH"
    assert set(states[:-1]) == {"FAILBACK_IN_PROGRESS"}
    (ready,) = await drs.wait_until_failback_ready(instance)
    assert ready.is_ready_for_failback
    await drs.wait_until_job_completed(await drs.start_failback_launch([name]))
    with pytest.raises(WaiterFailedError, match="the failback is FAILBACK_COMPLETED"):
        await drs.wait_until_failback_ready(instance)


# -- networks and plans --------------------------------------------------------------------------


async def test_networks_are_waited_for_until_they_are_protected(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    names = [drs_emulator.add_source_network(status="IN_PROGRESS") for _ in range(2)]
    seen = [
        str(each.replication_status) async for each in drs.watch_source_network_protected(names)
    ]
    assert Counter(seen) == {"IN_PROGRESS": 2, "PROTECTED": 2}
    networks = await drs.wait_until_source_network_protected(names)
    assert [each.source_network_id for each in networks] == names


async def test_a_network_that_fails_or_stays_stopped_fails_the_wait(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    failing = drs_emulator.add_source_network(status="IN_PROGRESS")
    drs_emulator.fail_network_replication(failing, details="no permission")
    with pytest.raises(WaiterFailedError, match="is ERROR: no permission"):
        await drs.wait_until_source_network_protected(failing)
    stopped = drs_emulator.add_source_network(status="STOPPED")
    with pytest.raises(WaiterFailedError, match="is STOPPED"):
        await drs.wait_until_source_network_protected(stopped)
    await drs.start_source_network_replication(stopped)
    assert await drs.wait_until_source_network_protected(stopped)


async def run_plan(emulator: DRSEmulator, drs: DRSClient, server: str) -> str:
    """Execute a plan of one server and of a wait of five minutes; return the ARN."""
    plan = (await drs.create_recovery_plan("plan")).recovery_plan
    assert plan is not None
    arn = str(plan.recovery_plan_arn)
    server_arn = f"arn:aws:drs:{emulator.region}:111122223333:source-server/{server}"
    await drs.create_recovery_plan_step(
        recovery_plan_arn=arn,
        step_name="launch",
        configuration={"server_step_configuration": {"servers": [{"server_arn": server_arn}]}},
    )
    await drs.create_recovery_plan_step(
        recovery_plan_arn=arn,
        step_name="breathe",
        configuration={"wait_step_configuration": {"wait_duration_minutes": 5}},
    )
    response = await drs.start_recovery_plan_execution(recovery_plan_arn=arn, mode="DRILL")
    assert response.recovery_plan_execution is not None
    return str(response.recovery_plan_execution.recovery_plan_execution_arn)


@pytest.mark.parametrize("ends", ["COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"])
async def test_an_execution_of_a_plan_is_waited_for_and_watched(
    ends: str, drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    if ends == "FAILED":
        drs_emulator.fail_launch(server)
    arn = await run_plan(drs_emulator, drs, server)

    async def watch() -> list[str]:
        return [str(each.status) async for each in drs.watch_recovery_plan_execution(arn)]

    watching = asyncio.create_task(watch())
    waiting = asyncio.create_task(drs.wait_until_recovery_plan_execution_completed(arn))
    await drs_emulator.clock.sleep(120)
    if ends == "CANCELLED":
        await drs.cancel_recovery_plan_execution(arn)
    if ends == "TIMED_OUT":
        drs_emulator.time_out_recovery_plan_execution(arn)
    if ends == "COMPLETED":
        assert (await waiting).is_finished
    else:
        with pytest.raises(WaiterFailedError, match=f"the execution is {ends}"):
            await waiting
    states = await watching
    assert states[-1] == ends
    assert "IN_PROGRESS" in states


async def test_an_execution_that_failed_is_waited_for_again_after_a_retry(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.fail_launch(server)
    arn = await run_plan(drs_emulator, drs, server)
    with pytest.raises(WaiterFailedError):
        await drs.wait_until_recovery_plan_execution_completed(arn)
    steps = await drs.list_recovery_plan_execution_steps(arn).collect()
    await drs.retry_recovery_plan_execution_step(str(steps[0].recovery_plan_execution_step_arn))
    ended = await drs.wait_until_recovery_plan_execution_completed(arn)
    assert ended.status == "COMPLETED"


async def test_what_is_not_there_fails_every_wait(drs: DRSClient) -> None:
    arn = "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/exec-0123456789abcdef0"
    waits = [
        drs.wait_until_job_completed("drsjob-0123456789abcdef0"),
        drs.wait_until_launch_actions_completed("drsjob-0123456789abcdef0"),
        drs.wait_until_source_servers_replicating("s-0123456789abcdef0"),
        drs.wait_until_source_servers_launchable("s-0123456789abcdef0"),
        drs.wait_until_source_servers_disconnected("s-0123456789abcdef0"),
        drs.wait_until_recovery_instances_running("i-0123456789abcdef0"),
        drs.wait_until_failback_ready("i-0123456789abcdef0"),
        drs.wait_until_source_network_protected("sn-0123456789abcdef0"),
        drs.wait_until_recovery_plan_execution_completed(arn),
    ]
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes} == {WaiterFailedError}
    assert all("there is no " in str(each) for each in outcomes)


# -- many at once --------------------------------------------------------------------------------


async def test_500_job_waits_cost_one_request_a_tick() -> None:
    async with DRSEmulator(quotas=MANY, page_size=1000) as emulator, emulator.client() as drs:
        with emulator.clock.busy():  # all begin in the same moment
            jobs = [await start_drill(drs, each) for each in emulator.add_source_servers(500)]
        emulator.requests.clear()
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(drs.wait_until_job_completed(each)) for each in jobs]
        assert [each.result().job_id for each in waits] == [each.job_id for each in jobs]
        ticks = polls(emulator, "DescribeJobs")
    assert set(ticks.values()) == {1}
    assert len(ticks) < 60
    assert {request.operation for request in emulator.requests} == {"DescribeJobs"}


async def test_450_server_waits_cost_three_requests_a_tick() -> None:
    async with DRSEmulator(quotas=MANY) as emulator, emulator.client() as drs:
        servers = emulator.add_source_servers(450)
        for each in servers:
            emulator.set_lag(each, timedelta(minutes=5), growth=-1.0)
        async with asyncio.TaskGroup() as group:
            for each in servers:
                group.create_task(drs.wait_until_source_servers_replicating(each, max_lag=0))
        ticks = polls(emulator, "DescribeSourceServers")
    assert set(ticks.values()) == {3}
    assert len(ticks) < 20


async def test_500_waits_in_scaled_real_time() -> None:
    clock = EmulatorClock.scaled(600)
    async with DRSEmulator(quotas=MANY, clock=clock) as emulator, emulator.client() as drs:
        servers = emulator.add_source_servers(500)
        for each in servers:
            emulator.set_lag(each, timedelta(minutes=3), growth=-1.0)
        waits = [
            drs.wait_until_source_servers_replicating(
                each, max_lag=0, min_delay=60, max_delay=120, timeout=timedelta(days=1)
            )
            for each in servers
        ]
        found = await asyncio.gather(*waits)
        requests = len(emulator.requests)
    assert [each.source_server_id for (each,) in found] == servers
    assert requests < 150


async def test_closing_the_client_ends_every_wait(drs_emulator: DRSEmulator) -> None:
    servers = drs_emulator.add_source_servers(20, state="STALLED")
    async with drs_emulator.client() as drs:
        job = await start_drill(drs, *drs_emulator.add_source_servers(1))
        waits: list[asyncio.Task[Any]] = [
            asyncio.create_task(drs.wait_until_source_servers_replicating(each, timeout=None))
            for each in servers
        ]
        waits.append(asyncio.create_task(drs.wait_until_job_completed(job)))
        await drs_emulator.clock.sleep(60)
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes} == {ClientClosedError}
    assert drs_emulator.clock.sleepers == 0
    assert len(asyncio.all_tasks()) <= 3  # the test and the emulator's own
    with pytest.raises(ClientClosedError):
        await drs.wait_until_job_completed(job)


async def test_views_of_a_client_share_its_polls(drs_emulator: DRSEmulator, drs: DRSClient) -> None:
    job = await start_drill(drs, *drs_emulator.add_source_servers(1))
    view = drs.with_options(read_timeout=5)
    await asyncio.gather(drs.wait_until_job_completed(job), view.wait_until_job_completed(job))
    assert set(polls(drs_emulator, "DescribeJobs").values()) == {1}
