"""The way back of a runbook whose machines are in EC2 and on premises: one order for both."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ways import KEY, a_world, stages

from drs_sdk.recovery import Recovery, Runbook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ways import Sides

    from drs_sdk.recovery import HookContext, WaveGate


@asynccontextmanager
async def a_mixed_run(**app: Any) -> AsyncIterator[tuple[Sides, Recovery]]:  # noqa: ANN401
    """Open a run that is ready to come home: web in EC2, db on premises, and app in both."""
    async with a_world(servers=2) as sides:
        plant = sides.there.add_source_servers(2, origin="ON_PREMISES")
        runbook = Runbook(
            name="plant",
            waves=[
                {"name": "db", "servers": {"source_server_ids": plant[:1]}},
                {
                    "name": "app",
                    "servers": {"source_server_ids": [plant[1], sides.b1s[0]]},
                    **app,
                },
                {"name": "web", "servers": {"source_server_ids": sides.b1s[1:]}},
            ],
        )
        recovery = Recovery(sides.drs, runbook, key=KEY, mode="recovery", origin=sides.at_home)
        (await recovery.launch(approved=["app"])).raise_if_failed()
        waiting = await recovery.reprotect(timeout=timedelta(hours=5))
        assert sorted(stages(waiting)) == ["ready", "ready", *["waiting for a person"] * 2]
        for b2 in await sides.b2s():
            if b2.source_server_id in plant:
                sides.there.pair_failback_client(b2.recovery_instance_id)
        (await recovery.reprotect()).raise_if_failed()
        yield sides, recovery


def launches(sides: Sides) -> list[str]:
    """The waves that were launched home, in order."""
    found = [one for place in {sides.there, sides.home} for one in place.requests]
    return [
        one.params["tags"]["drs-sdk:wave"]
        for one in sorted(found, key=lambda one: one.received_at)
        if one.operation in {"StartRecovery", "StartFailbackLaunch"}
        and one.params["tags"]["drs-sdk:step"] == "launch-back"
    ]


async def test_the_waves_come_home_in_one_order_and_the_caller_is_asked_once_a_wave() -> None:
    async with a_mixed_run(pause_before=True) as (sides, recovery):
        told: list[tuple[str, str, int]] = []

        def approve(gate: WaveGate) -> bool:
            told.append(("approve", gate.wave.name, len(gate.source_server_ids)))
            return True

        def before(context: HookContext) -> None:
            assert context.deadline is not None
            told.append(("before", context.wave.name, len(context.instances)))

        def after(context: HookContext) -> None:
            told.append(("after", context.wave.name, len(context.instances)))

        report = await recovery.fail_back(approve=approve, before_wave=before, after_wave=after)
        report.raise_if_failed()
        assert launches(sides) == ["web", "app", "app", "db"]
        assert told == [
            ("before", "web", 0),
            ("after", "web", 1),
            ("approve", "app", 2),
            ("before", "app", 1),
            ("after", "app", 2),
            ("before", "db", 2),
            ("after", "db", 1),
        ]


async def test_only_true_approves() -> None:
    async with a_mixed_run(pause_before=True) as (sides, recovery):
        answer: Any = "no"
        report = await recovery.fail_back(approve=lambda _: answer)
        assert launches(sides) == ["web"]
        reasons = {one.wave: one.reason or "" for one in report.behind}
        assert "'no'" in reasons["app"]
        assert reasons["db"] == "comes after app"
        (await recovery.fail_back(approved=["app"])).raise_if_failed()
        assert launches(sides) == ["web", "app", "app", "db"]


async def test_a_launch_that_fails_in_ec2_holds_up_what_is_on_premises() -> None:
    async with a_mixed_run() as (sides, recovery):
        for a2 in await sides.a2s():
            sides.home.fail_launch(a2.source_server_id)
        report = await recovery.fail_back()
        assert launches(sides) == ["web"]
        reasons = {one.wave: one.reason or "" for one in report.behind}
        assert reasons["app"] == "comes after web"
        assert reasons["db"] == "comes after app"
        sides.home.clear_faults()
        (await recovery.fail_back(attempts=3)).raise_if_failed()


async def test_a_check_that_fails_after_a_wave_holds_up_the_next() -> None:
    async with a_mixed_run() as (sides, recovery):

        def check(context: HookContext) -> None:
            if context.wave.name == "app":
                raise RuntimeError("the queue is not empty")

        report = await recovery.fail_back(after_wave=check)
        assert launches(sides) == ["web", "app", "app"]
        (behind,) = report.behind
        assert (behind.wave, behind.reason) == ("db", "comes after app")
        again: list[str] = []
        report = await recovery.fail_back(after_wave=lambda it: again.append(it.wave.name))
        report.raise_if_failed()
        assert again[-2:] == ["app", "db"]
