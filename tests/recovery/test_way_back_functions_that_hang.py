"""Functions of the caller's on the way back: none holds it up beyond its timeout, or ends it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from ways import KEY, a_world, stages

from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PATIENCE = 20
"""Real seconds after which a test that hangs is a failed one."""


async def _hang(_: object) -> bool:
    return await asyncio.Event().wait()


def _refuse(_: object) -> bool:
    raise asyncio.CancelledError("a pool was closed")


async def _refuse_later(_: object) -> bool:
    await asyncio.sleep(0)
    raise RuntimeError("a pool was closed")


def _say_no(_: object) -> Any:  # noqa: ANN401 - what people answer
    return "no"


@asynccontextmanager
async def ready_on_premises() -> AsyncIterator[tuple[DRSEmulator, Recovery]]:
    """A machine that is no EC2 instance, its failback client booted: ready to be launched home."""
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(1, origin="ON_PREMISES")
        waves = [{"name": "db", "servers": {"source_server_ids": ids}, "pause_before": True}]
        recovery = Recovery(drs, Runbook(name="plant", waves=waves), key=KEY, mode="recovery")
        (await recovery.launch(approved=["db"])).raise_if_failed()
        await recovery.reprotect(timeout=60)
        async for b2 in drs.describe_recovery_instances():
            emulator.pair_failback_client(b2.recovery_instance_id)
        (await recovery.reprotect()).raise_if_failed()
        async with asyncio.timeout(PATIENCE):
            yield emulator, recovery


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (_hang, "had not come back"),
        (_refuse, "CancelledError: a pool was closed"),
        (_refuse_later, "RuntimeError: a pool was closed"),
    ],
)
@pytest.mark.parametrize("name", ["approve", "before_wave"])
async def test_a_wave_home_does_not_start_where_the_word_before_it_fails(
    name: str, function: Callable[[object], Any], why: str
) -> None:
    async with ready_on_premises() as (emulator, recovery):
        began = emulator.clock.now()
        options: dict[str, Any] = {name: function, "timeout": 1800}
        if name != "approve":
            options["approved"] = ["db"]
        report = await recovery.fail_back(**options)
        taken = (emulator.clock.now() - began).total_seconds()
        assert taken <= 1800 + 60
        (behind,) = report.behind
        assert why in (behind.reason or "")
        assert not [one for one in emulator.requests if one.operation == "StartFailbackLaunch"]


async def test_only_true_approves_a_wave_home() -> None:
    async with ready_on_premises() as (emulator, recovery):
        report = await recovery.fail_back(approve=_say_no)
        assert report.behind
        assert not [one for one in emulator.requests if one.operation == "StartFailbackLaunch"]


@pytest.mark.parametrize("function", [_hang, _refuse, _refuse_later])
async def test_who_is_told_neither_ends_the_way_back_nor_holds_it_up(
    function: Callable[[object], Any],
) -> None:
    async with a_world() as sides:
        recovery = sides.recovery()
        (await recovery.launch()).raise_if_failed()
        async with asyncio.timeout(PATIENCE):
            (await recovery.reprotect(on_update=function)).raise_if_failed()
            home = await recovery.fail_back(on_update=function)
        home.raise_if_failed()
        assert stages(home) == ["done"] * 4
        await sides.require_home()
