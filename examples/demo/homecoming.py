"""The way back: a real recovery in the other Region, traffic there, and home again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from world import HOME, REFUGE, SPEED

from drs_sdk.fleet import Fleet, Target
from drs_sdk.recovery import HookContext, Recovery, Runbook, Wave
from drs_sdk.testing import EmulatorClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing import DRSEmulator

KEY = "storm"
_SHOP = ("shop-1", "shop-2")


async def go_there_and_back(emulator: DRSEmulator, say: Callable[[str, str], None]) -> None:
    """Recover servers of one Region in the other, and bring them home.

    Args:
        emulator: Where it happens.
        say: Shows a line of code, and what came of it.
    """
    ids = emulator.at(region=REFUGE).add_source_servers(
        len(_SHOP), origin_region=HOME, tags={"app": "home"}
    )
    runbook = Runbook(name="home", waves=[Wave(name="shop", servers={"source_server_ids": ids})])
    traffic: list[str] = []

    def move_traffic(context: HookContext) -> None:
        traffic.extend(name for one in context.instances for name in one.addresses[:1])

    # Against AWS, leave out endpoint, keys and clock: they are the emulator's.
    fleet = Fleet(
        [Target(REFUGE), Target(HOME)],
        endpoint_url=emulator.url,
        aws_access_key_id="demo",
        aws_secret_access_key="demo",  # noqa: S106 - the emulator takes any
        clock=EmulatorClock.scaled(SPEED / 4),
    )
    async with fleet:
        recovery = Recovery(fleet, runbook, key=KEY, mode="recovery")
        report = await recovery.launch(after_wave=move_traffic)
        report.raise_if_failed()
        say("await recovery.launch(after_wave=move_traffic)", f"traffic goes to {_listed(traffic)}")
        (await recovery.reprotect()).raise_if_failed()
        say("await recovery.reprotect()", f"all data is back in {HOME}")
        traffic.clear()
        home = await recovery.fail_back(after_wave=move_traffic)
        home.raise_if_failed()
        say(
            "await recovery.fail_back(after_wave=move_traffic)",
            f"traffic goes to {_listed(traffic)}, protected again, nothing left over",
        )
    names = ", ".join(server.name or server.source_server_id for server in home.servers)
    say("home.for_people", f"{names}: {next(iter(home.for_people.values()), 'nothing')}")


def _listed(addresses: list[str]) -> str:
    return ", ".join(addresses) or "nobody"
