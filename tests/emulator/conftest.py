# ruff: noqa: ANN401 - aiobotocore clients have no types
from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import pytest
import pytest_asyncio
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from drs_sdk.testing import DRSEmulator
from drs_sdk.testing.service.model import data_loader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

SERVICE_MODEL = Path(botocore.__file__).parent / "data" / "drs"


@asynccontextmanager
async def raw_client(
    emulator: DRSEmulator, *, session: AioSession | None = None, **config: Any
) -> AsyncIterator[Any]:
    """An aiobotocore client without checks or retries: it shows what is on the wire.

    Making one costs a tenth of a second, or little when it is not the first of its session.
    """
    if session is None:
        session = AioSession()
        session.register_component("data_loader", data_loader())
    settings: dict[str, Any] = {
        "parameter_validation": False,
        "retries": {"mode": "standard", "total_max_attempts": 1},
        "proxies": {},
        **config,
    }
    async with session.create_client(
        "drs",
        region_name=emulator.region,
        endpoint_url=emulator.url,
        aws_access_key_id=emulator.access_key_id,
        aws_secret_access_key=emulator.secret_access_key,
        config=AioConfig(**settings),
    ) as client:
        yield client


@pytest_asyncio.fixture
async def emulator() -> AsyncIterator[DRSEmulator]:
    """An emulator whose answers are held to the service model."""
    async with DRSEmulator(check_answers=True) as running:
        yield running
        assert running.defects == []


@pytest_asyncio.fixture
async def raw(emulator: DRSEmulator) -> AsyncIterator[Any]:
    async with raw_client(emulator) as client:
        yield client


@pytest.fixture
def raw_of() -> Callable[..., AbstractAsyncContextManager[Any]]:
    """The maker of raw clients, for tests with more than one emulator or with settings."""
    return raw_client


@pytest.fixture
def model_folder(tmp_path: Path) -> str:
    """The service model of the installed botocore: that of the CLI lags behind it by months."""
    shutil.copytree(SERVICE_MODEL, tmp_path / "drs")
    return str(tmp_path)
