"""Histories replay: those of a run now, and those that were recorded with earlier releases."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import House, request_of
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from drs_sdk.temporal import Approval, DRSPlugin, RecoveryWorkflow

RECORDED = sorted((Path(__file__).parent / "histories").glob("*.json"))


async def test_the_history_of_a_run_replays(house: House) -> None:
    first, second, third = house.emulator.add_source_servers(3)
    house.emulator.fail_launch(third)
    request = request_of([first], [second, third], pause_before=2, attempts=2)
    async with house.worker() as client:
        handle = await client.start_workflow(
            RecoveryWorkflow.run, request, id=house.queue, task_queue=house.queue
        )
        await handle.signal(RecoveryWorkflow.approve, Approval(wave="wave-2", by="ann"))
        assert (await handle.result()).state == "succeeded"
        history = await handle.fetch_history()
    replayer = Replayer(workflows=[], plugins=[DRSPlugin()])
    result = await replayer.replay_workflow(history)
    assert result.replay_failure is None


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    """One that fails here breaks the runs of those who upgrade: use `workflow.patched`."""
    history = WorkflowHistory.from_json("recorded", file.read_text())
    result = await Replayer(workflows=[], plugins=[DRSPlugin()]).replay_workflow(history)
    assert result.replay_failure is None


def test_a_history_was_recorded() -> None:
    assert RECORDED
