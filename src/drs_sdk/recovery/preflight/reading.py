"""What a preflight reads: where the run stands, settings, points in time. It changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk._core.errors import DRSError
from drs_sdk.recovery.points_in_time import SnapshotFinder
from drs_sdk.recovery.reads import instances_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import LaunchConfiguration
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.points_in_time import PointInTime
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Member, Standing

_AT_A_TIME = 8


@dataclass(slots=True)
class Facts:
    """What was read.

    Attributes:
        run: The run.
        standing: Where it stands.
        origin: Where the machines came from, if the caller gave it.
        settings: The launch configuration of servers.
        points: The point in time of servers that are not launched from the latest; None where
            there is none so old.
        unread: Why something could not be read, by what.
    """

    run: Run
    standing: Standing
    origin: Places | None
    settings: dict[str, LaunchConfiguration] = field(
        default_factory=dict[str, "LaunchConfiguration"]
    )
    points: dict[str, PointInTime | None] = field(default_factory=dict[str, "PointInTime | None"])
    unread: dict[str, str] = field(default_factory=dict[str, str])

    def members(self, target: Target | None = None) -> list[Member]:
        """List the servers that are still to be launched, everywhere or in a place."""
        return [
            member
            for member in self.standing.members
            if member.state in {"not launched", "failed"}
            and member.is_selected
            and (target is None or member.target == target)
        ]


async def read(run: Run, standing: Standing, origin: Places | None) -> Facts:
    """Read what the checks need."""
    facts = Facts(run, standing, origin)

    async def read_place(drs: DRSClient, target: Target) -> None:
        members = facts.members(target)
        look = standing.survey.looks[target]
        look.instances = {
            **(look.instances or {}),
            **await instances_of(drs, [member.server_id for member in members]),
        }
        gate = asyncio.Semaphore(_AT_A_TIME)
        await asyncio.gather(
            *(_guarded(gate, facts, m.server_id, _settings(drs, facts)) for m in members),
            *(
                _guarded(gate, facts, m.server_id, _point(drs, facts, m))
                for m in members
                if m.wave.point_in_time != "latest"
            ),
        )

    outcomes = await run.places.run(read_place, list(standing.survey.looks))
    facts.unread.update({str(target): str(error) for target, error in outcomes.failures.items()})
    return facts


def _settings(drs: DRSClient, facts: Facts) -> Callable[[str], Awaitable[None]]:
    async def ask(server_id: str) -> None:
        facts.settings[server_id] = await drs.get_launch_configuration(server_id)

    return ask


def _point(drs: DRSClient, facts: Facts, member: Member) -> Callable[[str], Awaitable[None]]:
    async def ask(server_id: str) -> None:
        moment = member.wave.point_in_time
        if moment != "latest":
            facts.points[server_id] = await SnapshotFinder().find(drs, server_id, moment)

    return ask


async def _guarded(
    gate: asyncio.Semaphore,
    facts: Facts,
    server_id: str,
    ask: Callable[[str], Awaitable[None]],
) -> None:
    async with gate:
        try:
            await ask(server_id)
        except DRSError as error:
            facts.unread[server_id] = str(error)
