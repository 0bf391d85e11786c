"""The pytest plugin: fixtures `drs_emulator` and `drs`.

pytest loads it wherever drs-sdk is installed, so it imports nothing until a fixture is used.
The fixtures are asynchronous and work under pytest-asyncio in both of its modes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from drs_sdk.client import DRSClient
    from drs_sdk.testing.emulator import DRSEmulator

try:
    from pytest_asyncio import fixture as _fixture  # pyright: ignore[reportAssignmentType]
except ImportError:
    # Only the form in which it is used below.
    def _fixture(function: Callable[..., object]) -> object:
        def missing() -> None:
            pytest.fail(
                "the fixtures of drs_sdk.testing are asynchronous: install pytest-asyncio, "
                "or use DRSEmulator yourself with 'async with'",
                pytrace=False,
            )

        return pytest.fixture(name=function.__name__)(missing)


@_fixture
async def drs_emulator() -> AsyncIterator[DRSEmulator]:
    """Run a fresh, empty emulator on virtual time for one test."""
    from drs_sdk.testing.emulator import DRSEmulator

    async with DRSEmulator() as emulator:
        yield emulator


@_fixture
async def drs(drs_emulator: DRSEmulator) -> AsyncIterator[DRSClient]:
    """Open an SDK client on the test's emulator."""
    async with drs_emulator.client() as client:
        yield client
