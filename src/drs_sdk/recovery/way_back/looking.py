"""Both sides of the way back are read, and what they say is put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.guards import require_our_own
from drs_sdk.recovery.instances import instance_of
from drs_sdk.recovery.judging import stand
from drs_sdk.recovery.look import PlaceLook, Stamp, instances_of, jobs_since, service_time
from drs_sdk.recovery.standing import is_standing
from drs_sdk.recovery.survey import Scope, survey
from drs_sdk.recovery.way_back.journey import Journey, machine_of
from drs_sdk.recovery.way_back.origins import Origins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance, SourceServer
    from drs_sdk.recovery.look import Identity
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Member, Standing


@dataclass(slots=True)
class BothSides:
    """The way back of a run, as it was seen.

    Attributes:
        run: The run.
        standing: Where its launch stands.
        journeys: Its servers.
        origins: The looks at the places of origin.
        sides: Which side has each place of origin.
    """

    run: Run
    standing: Standing
    journeys: list[Journey]
    origins: dict[Target, PlaceLook] = field(default_factory=dict["Target", PlaceLook])
    sides: dict[Target, Places] = field(default_factory=dict["Target", "Places"])


class Looking:
    """Reads both sides of a run."""

    def __init__(
        self, run: Run, origin: Places | None, instances: Mapping[str, str] | None = None
    ) -> None:
        """Read nothing yet.

        Args:
            run: The run.
            origin: The origin side, where it was given.
            instances: B2 by B1, where the record is gone and a person knows.
        """
        self._run = run
        self._origins = Origins(run.places, origin)
        self._named = dict(instances or {})
        self._home = run.homewards(run.places, {}).identity

    async def look(self) -> BothSides:
        """Look at both sides.

        Raises:
            OriginNeededError: A place of origin cannot be reached.
            RunMismatchError: The key stands for another run.
            RecoveryError: Whose an instance is cannot be told.
            DRSError: A place cannot be read.
        """
        standing = await self._recovery_side()
        both = BothSides(self._run, standing, [])
        for member in standing.members:
            journey = self._journey(member, standing, both.sides)
            journey.is_drill = self._run.is_drill
            both.journeys.append(journey)
        for target, side in both.sides.items():
            both.origins[target] = await self._origin_side(target, side, standing)
        for journey in both.journeys:
            if journey.origin is not None:
                _put_together(journey, both.origins[journey.origin], self._home)
        return both

    async def _recovery_side(self) -> Standing:
        found = await survey(self._run, Scope(instances=True))
        for error in found.failures.values():
            raise error
        lost = {name for look in found.looks.values() for name in look.lost}
        if unknown := lost - self._named.keys():
            raise RecoveryError(
                "whether this run launched them cannot be told, as their jobs are gone: "
                f"{', '.join(sorted(unknown))}. Name their instances: "
                "fail_back(instances={source server: recovery instance})"
            )
        for target, look in found.looks.items():
            wanted = [name for name in self._named if name in look.servers]
            look.instances = {
                **(look.instances or {}),
                **await self._instances(self._run.places, target, wanted),
            }
        standing = stand(self._run, found, attempts=lambda wave: wave.attempts)
        require_our_own(standing, ())
        return standing

    @staticmethod
    async def _instances(
        side: Places, target: Target, server_ids: list[str]
    ) -> dict[str, list[RecoveryInstance]]:
        async def ask(drs: DRSClient, _: Target) -> dict[str, list[RecoveryInstance]]:
            return await instances_of(drs, server_ids)

        if not server_ids:
            return {}
        outcomes = await side.run(ask, [target])
        for error in outcomes.failures.values():
            raise error
        return outcomes.results[target]

    def _journey(self, member: Member, standing: Standing, sides: dict[Target, Places]) -> Journey:
        b2 = self._b2(member, standing)
        is_from_ec2 = b2 is None or b2.origin_environment != "ON_PREMISES"
        if member.server is None or not is_from_ec2:
            return Journey(member, b2, None, is_same_place=False)
        target, side, same = self._origins.find(member.server, member.target)
        sides[target] = side
        return Journey(member, b2, target, is_same_place=same)

    def _b2(self, member: Member, standing: Standing) -> RecoveryInstance | None:
        named = self._named.get(member.server_id)
        if named is None:
            b2 = instance_of(member, standing)
        else:
            look = standing.survey.looks[member.target]
            found = (look.instances or {}).get(member.server_id, ())
            b2 = next((one for one in found if one.recovery_instance_id == named), None)
            if b2 is None:
                raise RecoveryError(f"{named} is no recovery instance of {member.server_id}")
        return b2 if b2 is not None and is_standing(str(b2.ec2_instance_state)) else None

    async def _origin_side(self, target: Target, side: Places, standing: Standing) -> PlaceLook:
        run = self._run

        async def read(drs: DRSClient, _: Target) -> PlaceLook:
            look = PlaceLook(run.clock.now(), Stamp.now(run.clock), {})
            async for page in drs.describe_source_servers().pages():
                look.at = service_time(page, run.clock)
                look.servers.update(
                    {one.source_server_id: one for one in page.items if one.source_server_id}
                )
            began = standing.started or look.at - run.horizon
            look.jobs = await jobs_since(drs, began)
            parts = look.parts(self._home)
            back = [
                name
                for name, server in look.servers.items()
                if server.replication_direction == "FAILBACK" or name in parts
            ]
            look.instances = await instances_of(drs, back)
            return look

        outcomes = await side.run(read, [target])
        for error in outcomes.failures.values():
            raise error
        if target in outcomes.results:
            return outcomes.results[target]
        # DRS was never initialised there, so nothing is there.
        return PlaceLook(run.clock.now(), Stamp.now(run.clock), {})


def _put_together(journey: Journey, look: PlaceLook, home: Identity) -> None:
    """Find A2 and A3 of a server, and its part in the launch home."""
    parts = look.parts(home)
    journey.has_launches_home = bool(parts)
    journey.a2 = next(
        (server for name, server in look.servers.items() if _is_a2(journey, server, name in parts)),
        None,
    )
    if journey.a2 is None:
        return
    name = journey.a2.source_server_id or ""
    part = parts.get(name)
    instances = [
        one
        for one in (look.instances or {}).get(name, ())
        if is_standing(str(one.ec2_instance_state))
    ]
    if part is not None:
        journey.part, journey.part_standing = part, part.standing(look.at)
        instances = [one for one in instances if one.job_id == part.job.job_id]
    elif journey.is_same_place:
        instances = []  # B2 is the one that stands there
    journey.a3 = next(iter(instances), None)


def _is_a2(journey: Journey, server: SourceServer, is_in_our_jobs: bool) -> bool:  # noqa: FBT001
    """Whether a server of the origin side replicates the instance of a journey home.

    The server that it names as its opposite goes stale over cycles, so that counts only where a
    job of this run has launched the server home.
    """
    if journey.is_same_place:
        is_itself = server.source_server_id == journey.member.server_id
        return is_itself and (server.replication_direction == "FAILBACK" or is_in_our_jobs)
    if server.replication_direction != "FAILBACK":
        return False
    if journey.b2 is not None:
        return machine_of(server) == journey.b2.ec2_instance_id
    opposite = server.reversed_direction_source_server_arn
    b1 = journey.b1
    return is_in_our_jobs and b1 is not None and opposite is not None and opposite == b1.arn
