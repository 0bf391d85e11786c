"""Rule 13: a launch that fails at once, and a second runner that had looked before it.

The one hole that the service leaves: it holds a server no longer than its job runs, so the look
that a launch stands on shows nothing of a job that begins and fails after it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from runs import Freeze, a_run, client_with, jobs, launched, states

from drs_sdk.errors import RecoveryError
from drs_sdk.recovery import ensure_recovery
from drs_sdk.recovery.look import ARRIVAL, FRESH

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.testing import DRSEmulator

GUIDE = Path(__file__).parents[2] / "docs" / "recovery.md"
NUMBERS = {1: "a minute", 5: "five more", 6: "six minutes"}


@pytest.mark.parametrize(
    ("fails", "frozen_for", "launches"),
    [
        (True, 30, 2),  # the hole
        (True, 90, 1),  # its look has grown old, and the new one shows the failed job
        (False, 30, 1),  # the job holds the server
        (False, 90, 1),
    ],
)
async def test_13_a_launch_that_fails_at_once_and_a_second_runner(
    drs: DRSClient, drs_emulator: DRSEmulator, *, fails: bool, frozen_for: float, launches: int
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    if fails:
        drs_emulator.fail_launch(server, stage="SNAPSHOT")

    async def another_launches() -> None:
        await a_run(drs, [server]).advance()
        await drs_emulator.clock.sleep(15)

    freeze = Freeze(drs_emulator.clock, frozen_for, another_launches)
    async with client_with(drs_emulator, freeze) as frozen:
        report = await a_run(frozen, [server]).launch()
    assert freeze.has_happened
    assert await launched(drs) == {(server, "w0", "1"): launches}
    # Whichever it was, all go by the last one from here on.
    comes_up = launches == 2 or not fails
    for found in (report, await a_run(drs, [server]).launch()):
        assert states(found) == {server: "launched" if comes_up else "failed"}
        assert found.servers[0].attempt == 1
    assert [job.launched for job in report.jobs][-1] == ((server,) if comes_up else ())
    assert len(await jobs(drs)) == launches


async def test_13_both_launches_of_an_attempt_count_as_one(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.fail_launch(server, stage="SNAPSHOT", times=2)

    async def another_launches() -> None:
        await a_run(drs, [server]).advance()
        await drs_emulator.clock.sleep(15)

    async with client_with(drs_emulator, Freeze(drs_emulator.clock, 30, another_launches)) as slow:
        report = await a_run(slow, [server]).launch(attempts=2)
    assert report.succeeded
    assert await launched(drs) == {(server, "w0", "1"): 2, (server, "w0", "2"): 1}


async def test_13_ensure_recovery_goes_by_the_last_job_of_an_attempt(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    for server in ids:
        drs_emulator.fail_launch(server, stage="SNAPSHOT")

    async def another_launches() -> None:
        await ensure_recovery(drs, "k", ids, is_drill=True)
        await drs_emulator.clock.sleep(15)

    async with client_with(drs_emulator, Freeze(drs_emulator.clock, 30, another_launches)) as slow:
        ensured = await ensure_recovery(slow, "k", ids, is_drill=True)
    failed, last = await jobs(drs)
    assert ensured.started_here
    assert ensured.job.job_id == last.job_id
    again = await ensure_recovery(drs, "k", ids[::-1], is_drill=True)
    assert (again.job.job_id, again.started_here) == (last.job_id, False)
    with pytest.raises(RecoveryError, match="refused"):
        await ensure_recovery(drs, "k", ids, is_drill=True, attempt=2)  # the last one runs
    assert len(await jobs(drs)) == 2
    assert failed.failed_servers


def test_13_the_guide_tells_of_it_with_the_times_that_hold() -> None:
    (told,) = [
        " ".join(part.split())
        for part in GUIDE.read_text("utf-8").split("\n- ")
        if part.startswith("**A launch that fails within")
    ]
    signature = ARRIVAL - FRESH
    for span in (FRESH, signature, ARRIVAL):
        assert NUMBERS[int(span.total_seconds()) // 60] in told
    assert "under the same attempt" in told
    assert "second runner" in told
