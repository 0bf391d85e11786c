"""`RecoveryWorkflow` on Temporal's dev server."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import pytest
from conftest import House, dev_server, request_of, until
from flows import DrillWorkflow
from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ActivityError, ApplicationError

from drs_sdk.recovery import Recovery, RunStatus
from drs_sdk.temporal import Approval, RecoveryWorkflow, RunRequest
from drs_sdk.testing import Fault

Handle: TypeAlias = WorkflowHandle[RecoveryWorkflow, RunStatus]


async def start(client: Client, house: House, request: RunRequest) -> Handle:
    return await client.start_workflow(
        RecoveryWorkflow.run, request, id=f"erp-{house.queue}", task_queue=house.queue
    )


async def waits_for_approval(handle: Handle) -> None:
    while True:
        progress = await handle.query(RecoveryWorkflow.status)
        if progress.status is not None and progress.status.state == "waiting for approval":
            return
        await asyncio.sleep(0.05)


async def test_waves_come_up_one_after_the_other(house: House) -> None:
    first, second, third = house.emulator.add_source_servers(3)
    async with house.worker() as client:
        handle = await start(client, house, request_of([first], [second, third]))
        status = await handle.result()
    assert status.state == "succeeded"
    assert [wave.state for wave in status.waves] == ["up", "up"]
    assert house.launches == 2


async def test_a_wave_waits_for_a_signal(house: House) -> None:
    first, second = house.emulator.add_source_servers(2)
    async with house.worker() as client:
        handle = await start(client, house, request_of([first], [second], pause_before=2))
        await waits_for_approval(handle)
        assert house.launches == 1
        await handle.signal(RecoveryWorkflow.approve, Approval(wave="wave-2", by="ann"))
        status = await handle.result()
        progress = await handle.query(RecoveryWorkflow.status)
    assert status.state == "succeeded"
    assert progress.approvals == (Approval(wave="wave-2", by="ann"),)
    assert progress.status == status
    assert progress.trouble is None


async def test_the_first_wave_can_wait_too(house: House) -> None:
    ids = house.emulator.add_source_servers(1)
    async with house.worker() as client:
        handle = await start(client, house, request_of(ids, pause_before=1))
        await waits_for_approval(handle)
        assert house.launches == 0
        await handle.execute_update(
            RecoveryWorkflow.approve_wave, Approval(wave="wave-1", by="ann")
        )
        assert (await handle.result()).state == "succeeded"


async def test_an_approval_from_elsewhere_counts(house: House) -> None:
    first, second = house.emulator.add_source_servers(2)
    request = request_of([first], [second], pause_before=2)
    async with house.worker() as client:
        handle = await start(client, house, request)
        await waits_for_approval(handle)
        recovery = Recovery(house.drs, request.runbook, key=request.key, mode=request.mode)
        await recovery.approve("wave-2", by="somebody at a terminal")
        assert (await handle.result()).state == "succeeded"


async def test_an_approval_that_comes_early_is_kept(house: House) -> None:
    first, second = house.emulator.add_source_servers(2)
    async with house.worker() as client:
        handle = await start(client, house, request_of([first], [second], pause_before=2))
        await handle.signal(RecoveryWorkflow.approve, Approval(wave="wave-2", by="ann"))
        assert (await handle.result()).state == "succeeded"


async def test_the_name_of_no_wave_is_refused_by_the_update_and_ignored_by_the_signal(
    house: House,
) -> None:
    ids = house.emulator.add_source_servers(1)
    async with house.worker() as client:
        handle = await start(client, house, request_of(ids, pause_before=1))
        await waits_for_approval(handle)
        wrong = Approval(wave="wave-9", by="ann")
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(RecoveryWorkflow.approve_wave, wrong)
        assert "there are wave-1" in str(refused.value.cause)
        await handle.signal(RecoveryWorkflow.approve, wrong)
        await handle.signal(RecoveryWorkflow.approve, Approval(wave="wave-1", by="ann"))
        assert (await handle.result()).state == "succeeded"
        assert len((await handle.query(RecoveryWorkflow.status)).approvals) == 1


async def test_a_run_that_is_refused_fails_with_the_name_of_the_error(house: House) -> None:
    ids = house.emulator.add_source_servers(1)
    request = request_of(ids)
    async with house.worker() as client:
        assert (await (await start(client, house, request)).result()).state == "succeeded"
        other = request.model_copy(update={"mode": "recovery"})
        handle = await start(client, house, other)
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
    activity = failed.value.cause
    assert isinstance(activity, ActivityError)
    assert isinstance(activity.cause, ApplicationError)
    assert activity.cause.type == "RunMismatchError"
    assert house.launches == 1


async def test_a_failed_server_is_told_with_its_reason(house: House) -> None:
    first, second = house.emulator.add_source_servers(2)
    house.emulator.fail_launch(first, error="InsufficientInstanceCapacity")
    async with house.worker() as client:
        status = await (await start(client, house, request_of([first], [second]))).result()
    assert status.state == "failed"
    assert house.launches == 1


async def test_a_failed_server_is_launched_again_where_the_run_says_so(house: House) -> None:
    ids = house.emulator.add_source_servers(1)
    house.emulator.fail_launch(ids[0])
    async with house.worker() as client:
        status = await (await start(client, house, request_of(ids, attempts=2))).result()
    assert status.state == "succeeded"
    assert house.launches == 2


async def test_an_answer_that_is_lost_launches_once(house: House) -> None:
    ids = house.emulator.add_source_servers(1)
    house.emulator.inject("StartRecovery", Fault.drop_after(), times=1)
    async with house.worker() as client:
        status = await (await start(client, house, request_of(ids))).result()
    assert status.state == "succeeded"
    assert len(await house.drs.describe_jobs().collect()) == 1


async def test_trouble_that_passes_is_waited_out(house: House) -> None:
    ids = house.emulator.add_source_servers(1)
    house.emulator.inject("*", Fault.server_error(), times=16)
    async with house.worker() as client:
        status = await (await start(client, house, request_of(ids))).result()
    assert status.state == "succeeded"
    assert house.launches == 1


async def test_a_second_workflow_under_the_key_joins(house: House) -> None:
    ids = house.emulator.add_source_servers(2)
    request = request_of(ids)
    async with house.worker() as client:
        handles = [
            await client.start_workflow(
                RecoveryWorkflow.run, request, id=f"{house.queue}-{n}", task_queue=house.queue
            )
            for n in range(3)
        ]
        states = [(await handle.result()).state for handle in handles]
    assert states == ["succeeded"] * 3
    assert len(await house.drs.describe_jobs().collect()) == 1


async def test_a_cancelled_workflow_leaves_the_job_alone_and_another_goes_on(house: House) -> None:
    ids = house.emulator.add_source_servers(1)
    async with house.worker() as client:
        handle = await start(client, house, request_of(ids))
        await until(lambda: house.launches)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        assert (await (await start(client, house, request_of(ids))).result()).state == "succeeded"
    assert house.launches == 1
    assert house.count("TerminateRecoveryInstances") == 0


async def test_a_drill_from_preflight_to_clean_up(house: House) -> None:
    first, second = house.emulator.add_source_servers(2)
    async with house.worker(workflows=[DrillWorkflow]) as client:
        told = await client.execute_workflow(
            DrillWorkflow.run,
            request_of([first], [second]),
            id=f"drill-{house.queue}",
            task_queue=house.queue,
        )
    assert told["state"] == "succeeded"
    assert told["gone"] == 2
    assert told["is_clear"] is True
    assert str(told["job"]).startswith("drsjob-")


async def test_a_long_history_is_continued_as_new_with_its_approvals(house: House) -> None:
    servers = house.emulator.add_source_servers(4)
    request = request_of(*[[one] for one in servers], pause_before=4)
    suggest = "limit.historyCount.suggestContinueAsNew=12"
    async with await dev_server("--dynamic-config-value", suggest) as env:
        house.address = env.client.service_client.config.target_host
        async with house.worker() as client:
            handle = await start(client, house, request)
            await handle.signal(RecoveryWorkflow.approve, Approval(wave="wave-4", by="ann"))
            status = await handle.result()
            first_run = client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
            assert (await first_run.describe()).status is not None
            last = await client.get_workflow_handle(handle.id).describe()
    assert status.state == "succeeded"
    assert last.run_id != handle.first_execution_run_id
    assert house.launches == 4
