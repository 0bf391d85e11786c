"""Triggers in one event loop, as in a triggerer, on virtual time."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from drs_sdk.airflow import DrsHook, DrsJobCompletedTrigger, DrsRecoveryTrigger, clients
from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from drs_sdk import DRSClient


class Hooks:
    """Has hooks make clients of the emulator, and counts them."""

    def __init__(self, emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.emulator = emulator
        self.made: list[DRSClient] = []

        async def make(_: DrsHook) -> DRSClient:
            await asyncio.sleep(0)
            self.made.append(self.factory())
            return self.made[-1]

        self.factory: Callable[[], DRSClient] = emulator.client
        monkeypatch.setattr(DrsHook, "async_drs_client", make)

    def polls(self) -> int:
        return sum(r.operation == "DescribeJobs" for r in self.emulator.requests)


@pytest.fixture
async def hooks(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hooks]:
    monkeypatch.setattr(clients, "_IDLE", 0.05)
    async with DRSEmulator() as emulator:
        yield Hooks(emulator, monkeypatch)
        await asyncio.sleep(0.2)  # idle clients close


async def fired(trigger: DrsJobCompletedTrigger | DrsRecoveryTrigger) -> dict[str, object]:
    kind, kwargs = trigger.serialize()
    assert kind == f"drs_sdk.airflow.triggers.{type(trigger).__name__}"
    again = type(trigger)(**json.loads(json.dumps(kwargs)))
    try:
        async for event in again.run():
            assert json.loads(json.dumps(event.payload)) == event.payload
            return dict(event.payload)
    finally:
        await again.cleanup()
    raise AssertionError("it fired nothing")


def start_jobs(emulator: DRSEmulator, count: int) -> list[str]:
    servers = emulator.add_source_servers(count)
    emulator.quotas = type(emulator.quotas)(concurrent_jobs=count)
    return [emulator.start_foreign_launch([server]) for server in servers]


async def test_it_tells_of_a_good_end(hooks: Hooks) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    event = await fired(DrsJobCompletedTrigger(job_id=job_id))
    assert event["status"] == "succeeded"
    assert event["job"]["job_id"] == job_id


async def test_it_tells_of_a_bad_end(hooks: Hooks) -> None:
    (server,) = hooks.emulator.add_source_servers(1)
    hooks.emulator.fail_launch(server)
    event = await fired(
        DrsJobCompletedTrigger(job_id=hooks.emulator.start_foreign_launch([server]))
    )
    assert event["status"] == "failed"
    assert server in event["job"]["reasons"]


async def test_it_gives_up_in_time(hooks: Hooks) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    began = hooks.emulator.clock.now()
    event = await fired(
        DrsJobCompletedTrigger(job_id=job_id, waiter_delay=10, waiter_max_attempts=3)
    )
    assert event["status"] == "timeout"
    assert (hooks.emulator.clock.now() - began).total_seconds() <= 50


@pytest.mark.usefixtures("hooks")
async def test_a_job_that_is_not_there_ends_it() -> None:
    event = await fired(DrsJobCompletedTrigger(job_id="drsjob-00000000000000000"))
    assert event["status"] == "error"
    assert "drsjob-00000000000000000" in event["message"]


async def test_bad_weather_does_not(hooks: Hooks) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    hooks.emulator.inject("DescribeJobs", Fault.server_error(), times=12)
    hooks.emulator.inject("DescribeJobs", Fault.drop_before(), times=3)
    assert (await fired(DrsJobCompletedTrigger(job_id=job_id)))["status"] == "succeeded"


async def test_two_hundred_wait_with_one_poll_a_tick(hooks: Hooks) -> None:
    jobs = start_jobs(hooks.emulator, 200)
    began = hooks.emulator.clock.now()
    triggers = [DrsJobCompletedTrigger(job_id=job_id, waiter_delay=30) for job_id in jobs]
    events = await asyncio.gather(*map(fired, triggers))
    ticks = (hooks.emulator.clock.now() - began).total_seconds() / 30 + 2
    assert {event["status"] for event in events} == {"succeeded"}
    assert len(hooks.made) == 1
    assert hooks.polls() <= ticks


async def test_those_that_come_one_by_one_fall_into_step(hooks: Hooks) -> None:
    jobs = start_jobs(hooks.emulator, 200)
    began = hooks.emulator.clock.now()
    waiting: list[asyncio.Task[dict[str, object]]] = []
    for job_id in jobs:  # two a second
        waiting.append(
            asyncio.create_task(fired(DrsJobCompletedTrigger(job_id=job_id, waiter_delay=30)))
        )
        await hooks.emulator.clock.sleep(0.5)
    assert hooks.polls() <= 10
    await asyncio.gather(*waiting)
    ticks = (hooks.emulator.clock.now() - began).total_seconds() / 30 + 2
    assert hooks.polls() <= ticks


async def test_each_connection_has_a_client(hooks: Hooks) -> None:
    jobs = start_jobs(hooks.emulator, 4)
    await asyncio.gather(
        *(
            fired(DrsJobCompletedTrigger(job_id=job_id, aws_conn_id=name, region_name=region))
            for job_id, name, region in zip(
                jobs, ["a", "a", "b", "b"], [None, None, None, "eu-west-1"], strict=True
            )
        )
    )
    assert len(hooks.made) == 3


async def test_the_client_closes_when_it_is_idle(hooks: Hooks) -> None:
    jobs = start_jobs(hooks.emulator, 2)
    await fired(DrsJobCompletedTrigger(job_id=jobs[0]))
    await fired(DrsJobCompletedTrigger(job_id=jobs[1]))
    assert len(hooks.made) == 1
    await asyncio.sleep(0.2)
    assert not hooks.made[0]._link.is_open
    await fired(DrsJobCompletedTrigger(job_id=jobs[0]))
    assert len(hooks.made) == 2


async def test_one_that_is_cancelled_takes_nothing_from_others(hooks: Hooks) -> None:
    jobs = start_jobs(hooks.emulator, 2)
    leaving = asyncio.create_task(fired(DrsJobCompletedTrigger(job_id=jobs[0])))
    staying = asyncio.create_task(fired(DrsJobCompletedTrigger(job_id=jobs[1])))
    await asyncio.sleep(0.01)
    leaving.cancel()
    assert (await staying)["status"] == "succeeded"
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert len(hooks.made) == 1


async def test_nothing_is_changed_by_cleanup_and_kill(hooks: Hooks) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    for trigger in (
        DrsJobCompletedTrigger(job_id=job_id),
        DrsRecoveryTrigger(job_ids=[job_id]),
    ):
        said: list[str] = []
        trigger.log.warning = lambda message, *args, said=said: said.append(message % args)
        await trigger.cleanup()
        await trigger.on_kill()
        assert job_id in said[0]
        assert "cannot be cancelled" in said[0]
    assert not hooks.emulator.requests


async def test_keys_that_were_changed_are_read_again(hooks: Hooks) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    hooks.emulator.inject(
        "DescribeJobs", Fault.error("AccessDeniedException", "The keys are old."), times=1
    )
    assert (await fired(DrsJobCompletedTrigger(job_id=job_id)))["status"] == "succeeded"
    assert len(hooks.made) == 2


async def test_keys_that_stay_wrong_end_it(hooks: Hooks) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    hooks.emulator.inject("DescribeJobs", Fault.error("AccessDeniedException", "No."), times=2)
    event = await fired(DrsJobCompletedTrigger(job_id=job_id))
    assert event["status"] == "error"
    assert "AccessDeniedException" in event["message"]


async def test_a_client_that_cannot_open_ends_it(hooks: Hooks) -> None:
    from drs_sdk import DRSClient

    hooks.factory = lambda: DRSClient(region_name=None, profile_name="missing")
    event = await fired(DrsJobCompletedTrigger(job_id="drsjob-00000000000000000"))
    assert event["status"] == "error"
    assert "missing" in event["message"]


# -- runs ----------------------------------------------------------------------------------------


async def test_a_run_goes_on_when_any_job_has_ended(hooks: Hooks) -> None:
    jobs = start_jobs(hooks.emulator, 2)
    event = await fired(DrsRecoveryTrigger(job_ids=jobs))
    assert event["status"] == "look"
    assert "has ended" in event["because"]


async def test_a_run_is_looked_at_when_it_is_time(hooks: Hooks) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    began = hooks.emulator.clock.now()
    event = await fired(DrsRecoveryTrigger(job_ids=[job_id], look_in=20))
    assert event == {"status": "look", "because": "it is time"}
    assert (hooks.emulator.clock.now() - began).total_seconds() <= 31


async def test_a_mark_on_a_job_is_seen(hooks: Hooks) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    waiting = asyncio.create_task(
        fired(DrsRecoveryTrigger(marked_jobs=[job_id], awaited_waves=[1], look_in=None))
    )
    async with hooks.emulator.client() as drs:
        page = await drs.describe_jobs(filters={"job_ids": [job_id]})
        arn = page.items[0].arn or ""
        await drs.tag_resource(resource_arn=arn, tags={"drs-sdk:approved-0": "ada"})
        await drs.clock.sleep(100)
        assert not waiting.done()
        await drs.tag_resource(resource_arn=arn, tags={"drs-sdk:approved-1": "ada"})
        assert "approved" in str((await waiting)["because"])


async def test_an_answer_in_airflow_is_told(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    (job_id,) = start_jobs(hooks.emulator, 1)
    asked: list[str] = []

    async def response_to(ti_id: str) -> dict[str, object] | None:
        asked.append(ti_id)
        return {"chosen_options": ["Approve web"]} if len(asked) == 3 else None

    monkeypatch.setattr("drs_sdk.airflow.triggers.response_to", response_to)
    event = await fired(DrsRecoveryTrigger(job_ids=[job_id], asked_ti_id="7"))
    assert event == {"status": "answer", "chosen_options": ["Approve web"]}
    assert asked == ["7"] * 3


async def test_connections_are_read_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading
    import time

    threads: list[threading.Thread] = []
    steps: list[int] = []

    @asynccontextmanager
    async def ticking() -> AsyncIterator[None]:
        async def tick() -> None:
            while True:
                steps.append(1)
                await asyncio.sleep(0.01)

        task = asyncio.create_task(tick())
        yield
        task.cancel()

    def slow(self: DrsHook, name: str) -> object:  # noqa: ARG001
        from airflow.sdk import Connection

        threads.append(threading.current_thread())
        time.sleep(0.3)
        return Connection(conn_id=name, conn_type="aws", extra='{"region_name": "eu-west-1"}')

    monkeypatch.setattr(DrsHook, "get_connection", slow)
    async with ticking():
        client = await DrsHook("dr").async_drs_client()
    assert client.region_name == "eu-west-1"
    assert threading.main_thread() not in threads
    assert len(steps) > 10
