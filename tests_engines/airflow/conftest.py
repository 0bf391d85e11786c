"""An Airflow of its own, and an emulator to recover on; everything on loopback."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

# Before Airflow is imported: it reads its home then.
_HOME = Path(tempfile.mkdtemp(prefix="drs-airflow-"))
os.environ["AIRFLOW_HOME"] = str(_HOME)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = str(_HOME / "aws-config")
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(_HOME / "aws-credentials")

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from drs_sdk.testing import DRSEmulator

SHORT = {
    "snapshot": 0.05,
    "until_conversion": 0.1,
    "conversion": 0.2,
    "launch": 0.3,
    "jitter": 0.0,
}
"""How long a job's steps take where time is real."""


@dataclass
class TaskInstance:
    """What operators use of a task instance."""

    dag_id: str = "dr"
    run_id: str = "manual__2026-11-26T08:00:00+00:00"
    task_id: str = "launch"
    map_index: int = -1
    try_number: int = 1
    id: object = field(default_factory=uuid4)
    pushed: dict[str, object] = field(default_factory=dict)

    def xcom_push(self, key: str, value: object) -> None:
        self.pushed[key] = value


@pytest.fixture
def ti() -> TaskInstance:
    return TaskInstance()


@pytest.fixture
def context(ti: TaskInstance) -> dict[str, object]:
    return {"ti": ti, "task_instance": ti}


class EmulatorThread:
    """An emulator on a loop of its own, for code that blocks."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def do(self, work: Coroutine[object, object, object]) -> object:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def call(self, function: Callable[[], object]) -> object:
        async def calling() -> object:
            return function()

        return self.do(calling())

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def emulator() -> Iterator[DRSEmulator]:
    """An emulator whose time runs twenty times as fast, and whose jobs take half a second."""
    from drs_sdk.testing import DRSEmulator, EmulatorClock, JobDurations

    thread = EmulatorThread()
    one = DRSEmulator(clock=EmulatorClock.scaled(20), job_durations=JobDurations(**SHORT))
    thread.do(one.__aenter__())
    try:
        yield one
    finally:
        thread.do(one.__aexit__(None, None, None))
        thread.stop()


def connection_to(emulator: DRSEmulator, **extra: object) -> str:
    """Write an AWS connection as Airflow's environment variables have it."""
    import json

    return json.dumps(
        {
            "conn_type": "aws",
            "login": emulator.access_key_id,
            "password": emulator.secret_access_key,
            "extra": {
                "region_name": emulator.region,
                "endpoint_url": emulator.url,
                **extra,
            },
        }
    )


@pytest.fixture
def aws_default(emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch) -> DRSEmulator:
    """The emulator behind the connection ``aws_default``."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection_to(emulator))
    return emulator
