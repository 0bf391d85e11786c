"""What 200 workflows of one worker cost: the bars of the figures in docs/engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from two_hundred import COUNT, two_hundred

if TYPE_CHECKING:
    from temporalio.testing import WorkflowEnvironment
    from two_hundred import Scenario

LAUNCHES = {"jobs that stand": 0, "jobs of their own": COUNT, "runs": COUNT}


@pytest.mark.parametrize(
    ("scenario", "bar"), [("jobs that stand", 60), ("jobs of their own", 60), ("runs", 75)]
)
async def test_two_hundred_workflows_share_looks_and_polls(
    temporal: WorkflowEnvironment, scenario: Scenario, bar: int
) -> None:
    told = await two_hundred(temporal.client.service_client.config.target_host, scenario)
    assert told.states == {"succeeded": COUNT}
    assert told.jobs == COUNT
    assert told.calls["StartRecovery"] == LAUNCHES[scenario]
    assert told.describe_jobs <= bar
