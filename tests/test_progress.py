from __future__ import annotations

import asyncio
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from drs_sdk.errors import ConnectionFailedError, WaiterTimeoutError
from drs_sdk.models import (
    EC2InstanceState,
    FailbackState,
    Job,
    JobStatus,
    RecoveryInstance,
    RecoveryInstanceFailback,
    RecoveryPlanExecution,
    RecoveryPlanExecutionMode,
    RecoveryPlanExecutionStatus,
    ReplicationStatus,
    SourceNetwork,
    SourceServer,
)
from drs_sdk.progress import JobProgress, WaitProgress
from drs_sdk.testing import DRSEmulator, Fault
from drs_sdk.waiters import WaitUpdate

if TYPE_CHECKING:
    from drs_sdk._core.base import Shape


def console() -> Console:
    return Console(file=StringIO(), width=120)


def text_of(screen: Console) -> str:
    assert isinstance(screen.file, StringIO)
    return screen.file.getvalue()


def update(subjects: dict[str, Shape | None], **changes: object) -> WaitUpdate[Shape]:
    told: dict[str, object] = {
        "condition": "all is well",
        "elapsed": timedelta(hours=1, minutes=2, seconds=3),
        "polls": 7,
        "subjects": subjects,
        "changes": (),
        "done": frozenset(),
        "last_error": None,
        "next_poll_at": None,
    }
    return WaitUpdate(**{**told, **changes})


def shown(subjects: dict[str, Shape | None], **changes: object) -> str:
    screen = console()
    with WaitProgress(console=screen) as progress:
        progress(update(subjects, **changes))
    return text_of(screen)


async def test_a_wait_for_servers_shows_each_server_and_how_far_it_is() -> None:
    screen = console()
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(3, state="INITIATING")
        with WaitProgress(console=screen) as progress:
            await drs.wait_until_source_servers_launchable(ids, on_update=progress)
    text = text_of(screen)
    assert "Waiting until the servers can be launched" in text
    assert all(name in text for name in ids)
    assert "CONTINUOUS" in text
    assert "lag 0:00" in text


async def test_a_job_is_shown_with_the_phases_of_its_log() -> None:
    screen = console()
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(2)
        emulator.fail_launch(ids[1], stage="CONVERSION", error="no capacity")
        started = await drs.start_recovery([{"source_server_id": name} for name in ids])
        progress = JobProgress(drs, started, clock=emulator.clock, console=screen, title="Drill")
        async with progress:
            await drs.wait_until_job_completed(started, raise_on_failure=False, on_update=progress)
    text = text_of(screen)
    assert "Drill" in text
    assert "LAUNCHED" in text
    assert "FAILED" in text
    assert "conversion failed" in text
    assert "conversion 3:" in text


async def test_a_log_that_cannot_be_read_is_said_and_does_not_end_the_wait() -> None:
    screen = console()
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(1)
        started = await drs.start_recovery([{"source_server_id": ids[0]}])
        emulator.inject(
            "DescribeJobLogItems", Fault.error("AccessDeniedException", "no"), probability=1.0
        )
        async with JobProgress(drs, started, clock=emulator.clock, console=screen) as progress:
            job = await drs.wait_until_job_completed(started, on_update=progress)
    assert job.succeeded
    assert "job log: AccessDeniedException" in text_of(screen)


async def test_the_footer_tells_only_of_the_last_reading_of_the_log() -> None:
    screen = Console(file=StringIO(), width=120, force_terminal=True)
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(1)
        started = await drs.start_recovery([{"source_server_id": ids[0]}])
        emulator.inject("DescribeJobLogItems", Fault.error("AccessDeniedException", "no"), times=6)
        async with JobProgress(drs, started, clock=emulator.clock, console=screen) as progress:
            waiting = asyncio.create_task(drs.wait_until_job_completed(started, on_update=progress))
            await emulator.clock.sleep(80)
            assert "(job log: AccessDeniedException)" in last_frame(screen)
            assert text_of(screen).count("\n") < 200
            await emulator.clock.sleep(80)
            assert "job log:" not in last_frame(screen)
            await waiting
    frames = text_of(screen).split("asked")
    assert max(frame.count("job log:") for frame in frames) == 1


def last_frame(screen: Console) -> str:
    """What was drawn last."""
    return text_of(screen).rpartition("asked")[2]


async def test_the_display_ends_when_it_is_cancelled_on_its_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Console(file=StringIO(), width=120, force_terminal=True)
    reading = asyncio.Event()

    async def hang(*_: object) -> list[object]:
        reading.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("drs_sdk.progress.events_of", hang)
    async with DRSEmulator() as emulator, emulator.client() as drs:

        async def show() -> None:
            async with JobProgress(drs, "drsjob-1", clock=emulator.clock, console=screen):
                pass

        task = asyncio.create_task(show())
        await reading.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert "\x1b[?25h" in text_of(screen)  # the cursor is shown again
    with WaitProgress(console=screen) as progress:
        progress(update({}))


async def test_the_display_ends_with_a_wait_that_fails() -> None:
    screen = console()
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(1)
        started = await drs.start_recovery([{"source_server_id": ids[0]}])
        with pytest.raises(WaiterTimeoutError):
            async with JobProgress(drs, started, clock=emulator.clock, console=screen) as progress:
                await drs.wait_until_job_completed(started, timeout=60, on_update=progress)
    assert ids[0] in text_of(screen)


def test_every_kind_of_subject_has_a_row() -> None:
    instance = RecoveryInstance(
        ec2_instance_state=EC2InstanceState.RUNNING,
        failback=RecoveryInstanceFailback(state=FailbackState.FAILBACK_IN_PROGRESS),
    )
    execution = RecoveryPlanExecution(
        status=RecoveryPlanExecutionStatus.IN_PROGRESS, mode=RecoveryPlanExecutionMode.DRILL
    )
    text = shown(
        {
            "i-1": instance,
            "i-2": RecoveryInstance(),
            "sn-1": SourceNetwork(replication_status=ReplicationStatus.PROTECTED),
            "arn:plan/execution-1": execution,
            "s-9": None,
            "drsjob-1": Job(job_id="drsjob-1", status=JobStatus.COMPLETED),
        }
    )
    for word in (
        "RUNNING",
        "FAILBACK_IN_PROGRESS",
        "PROTECTED",
        "execution-1",
        "DRILL",
        "not seen yet",
        "drsjob-1",
        "COMPLETED",
    ):
        assert word in text


def test_the_footer_tells_the_time_the_polls_and_the_last_error() -> None:
    text = shown({}, last_error=ConnectionFailedError("gone"))
    assert "1:02:03 in, asked 7 times" in text
    assert "last poll failed: ConnectionFailedError" in text


# What fits


def many(launched: int, pending: int, failed: int) -> dict[str, Shape | None]:
    statuses = ["LAUNCHED"] * launched + ["PENDING"] * pending + ["FAILED"] * failed
    servers = [
        {"sourceServerID": f"s-{number:017}", "launchStatus": status}
        for number, status in enumerate(statuses)
    ]
    return {"drsjob-1": Job.model_validate({"participatingServers": servers})}


@pytest.mark.parametrize("height", [10, 24, 60])
@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("count", [2, 30, 500])
def test_a_table_fits_its_terminal(count: int, width: int, height: int) -> None:
    screen = Console(file=StringIO(), width=width, height=height, force_terminal=True)
    picture = WaitProgress(console=screen)
    with picture as progress:
        progress(update(many(count - 2, 1, 1)))
        lines = screen.render_lines(progress._picture, screen.options, pad=False)
    assert len(lines) <= height
    text = ["".join(segment.text for segment in line).rstrip() for line in lines]
    assert max(len(line) for line in text) <= width
    states = [line.split()[1] for line in text if line.startswith("s-")]
    if count > height:  # those that somebody has to look at come first
        assert states[:3] == ["FAILED", "PENDING", "LAUNCHED"]
        assert f"and {count - len(states)} more" in text
    else:
        assert len(states) == count
    launched = [f"{count - 2} LAUNCHED"] * (count > 2)
    assert ", ".join(["1 FAILED", "1 PENDING", *launched]) in text


def test_bars_give_way_to_what_happens() -> None:
    screen = Console(file=StringIO(), width=80, height=24, force_terminal=True)
    server = SourceServer.model_validate(
        {
            "sourceServerID": "s-1",
            "tags": {"Name": "a-name-of-forty-characters-that-is-a-lot"},
            "dataReplicationInfo": {
                "dataReplicationState": "INITIAL_SYNC",
                "lagDuration": "PT2H",
            },
        }
    )
    with WaitProgress(console=screen) as progress:
        progress(update({"s-1": server}))
    assert "lag 2:00:00" in text_of(screen)
    assert "━" not in text_of(screen)


def test_what_is_piped_is_plain_and_whole() -> None:
    screen = Console(file=StringIO(), width=40)
    with WaitProgress(console=screen) as progress:
        progress(update(many(0, 500, 0)))
        progress(update(many(0, 500, 0)))
        progress(update(many(0, 500, 0), last_error=ConnectionFailedError("gone")))
        progress(update(many(493, 0, 7)))
    lines = text_of(screen).splitlines()
    assert lines[:4] == [
        "1:02:03 in, asked 7 times: 500 PENDING",
        "1:02:03 in, asked 7 times: 500 PENDING  last poll failed: ConnectionFailedError",
        "1:02:03 in, asked 7 times: 7 FAILED, 493 LAUNCHED",
        "Waiting until all is well",
    ]
    assert lines[4] == "s-00000000000000000  LAUNCHED"
    assert lines[503] == "s-00000000000000499  FAILED"
    assert lines[504:] == ["7 FAILED, 493 LAUNCHED", "1:02:03 in, asked 7 times"]
    assert "\x1b" not in text_of(screen)
