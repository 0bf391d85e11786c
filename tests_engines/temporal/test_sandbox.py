"""Workflows import the SDK's models, with the plugin's sandbox and with the bare one."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import House
from flows import OneJobWorkflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from drs_sdk.temporal import DRSActivities, DRSPlugin, EnsureRecovery


@pytest.mark.parametrize("plugins", [[], [DRSPlugin()]], ids=["bare", "plugin"])
async def test_a_workflow_with_models_runs(house: House, plugins: list[DRSPlugin]) -> None:
    servers = tuple(house.emulator.add_source_servers(1))
    client = await Client.connect(
        house.address, data_converter=pydantic_data_converter, plugins=plugins
    )
    async with Worker(
        client,
        task_queue=house.queue,
        workflows=[OneJobWorkflow],
        activities=DRSActivities(house.drs).all,
    ):
        look = await client.execute_workflow(
            OneJobWorkflow.run,
            args=[EnsureRecovery(key="k", servers=servers, is_drill=True), 10.0],
            id=house.queue,
            task_queue=house.queue,
        )
    assert look.state == "succeeded"
    assert look.succeeded == servers


def test_the_requests_load_no_engine_but_temporal() -> None:
    code = "import sys, drs_sdk.temporal.requests; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


async def test_a_worker_has_room_for_many_waits_unless_told_otherwise(house: House) -> None:
    client = await house.client(DRSActivities(house.drs))
    many = Worker(client, task_queue=house.queue)
    few = Worker(client, task_queue=f"{house.queue}-few", max_concurrent_activities=3)
    assert many.config(active_config=True)["max_concurrent_activities"] == 1000
    assert few.config(active_config=True)["max_concurrent_activities"] == 3
