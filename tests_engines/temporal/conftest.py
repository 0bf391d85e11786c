"""Temporal's own servers, from PyPI, and an emulator that lives sixty times as fast as we do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from drs_sdk.recovery import Runbook, Wave
from drs_sdk.temporal import DRSActivities, DRSPlugin, RunRequest
from drs_sdk.testing import DRSEmulator, EmulatorClock, JobDurations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from drs_sdk import DRSClient

BIN = Path(sys.executable).parent
HERE = Path(__file__).parent
SPEED = 60
SHORT = JobDurations(until_conversion=10, conversion=40, launch=70)
"""Jobs of two minutes: two seconds of ours."""


async def dev_server(*arguments: str) -> WorkflowEnvironment:
    """Start Temporal's dev server, on loopback."""
    return await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(BIN / "temporal"), dev_server_extra_args=arguments
    )


@pytest_asyncio.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    async with await dev_server() as env:
        yield env


@dataclass
class House:
    """An emulator, and Temporal with a task queue of its own."""

    emulator: DRSEmulator
    drs: DRSClient
    address: str
    queue: str = field(default_factory=lambda: f"recovery-{uuid.uuid4().hex[:8]}")

    def count(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.emulator.requests)

    @property
    def launches(self) -> int:
        """Launches that the service has taken: not requests."""
        return sum(
            request.operation == "StartRecovery" and (request.status or 202) < 300
            for request in self.emulator.requests
        )

    async def client(self, activities: DRSActivities | None = None) -> Client:
        return await Client.connect(self.address, plugins=[DRSPlugin(activities)])

    @asynccontextmanager
    async def worker(
        self, activities: DRSActivities | None = None, **options: object
    ) -> AsyncIterator[Client]:
        """A worker in this process."""
        client = await self.client(activities or DRSActivities(self.drs))
        async with Worker(client, task_queue=self.queue, **options):
            yield client

    @asynccontextmanager
    async def process(self) -> AsyncIterator[subprocess.Popen[bytes]]:
        """A worker in a process of its own, to be killed."""
        process = subprocess.Popen(
            [sys.executable, HERE / "worker_process.py", self.address, self.queue],
            env={
                "PYTHONPATH": ":".join(sys.path),
                "AWS_ENDPOINT_URL_DRS": self.emulator.url,
                "AWS_ACCESS_KEY_ID": self.emulator.access_key_id,
                "AWS_SECRET_ACCESS_KEY": self.emulator.secret_access_key,
                "AWS_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest_asyncio.fixture
async def house(temporal: WorkflowEnvironment) -> AsyncIterator[House]:
    emulator = DRSEmulator(clock=EmulatorClock.scaled(SPEED), job_durations=SHORT)
    async with emulator, emulator.client() as drs:
        yield House(emulator, drs, temporal.client.service_client.config.target_host)


async def until(holds: Callable[[], object], *, within: float = 60.0) -> float:
    """Wait until something holds; give the seconds that it took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise AssertionError(f"not within {within} s")
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def request_of(
    *waves: list[str], pause_before: int | None = None, key: str = "2026-q4", **more: object
) -> RunRequest:
    """A drill of waves, named by number; one of them may wait for an approval."""
    runbook = Runbook(
        name="erp",
        waves=[
            Wave(
                name=f"wave-{number}",
                servers={"source_server_ids": ids},
                pause_before=number == pause_before,
            )
            for number, ids in enumerate(waves, 1)
        ],
    )
    return RunRequest(runbook=runbook, key=key, mode="drill", **more)
