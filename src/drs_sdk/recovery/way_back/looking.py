"""Both sides of the way back are read, and what they say is put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.guards import require_our_own
from drs_sdk.recovery.instances import instance_of, is_replicated
from drs_sdk.recovery.judging import stand
from drs_sdk.recovery.look import PlaceLook, Stamp, last_job_id
from drs_sdk.recovery.reads import instances_of, jobs_by_id, jobs_since, service_time
from drs_sdk.recovery.record import RUN, STEP
from drs_sdk.recovery.standing import Member, is_standing
from drs_sdk.recovery.survey import Scope, survey
from drs_sdk.recovery.way_back.journey import Journey, machine_of
from drs_sdk.recovery.way_back.matching import put_together
from drs_sdk.recovery.way_back.origins import Origins, is_on_premises, require_the_account
from drs_sdk.recovery.whereabouts import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance, SourceServer
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing


@dataclass(slots=True)
class BothSides:
    """The way back of a run, as it was seen.

    Attributes:
        run: The run.
        standing: Where its launch stands.
        journeys: Its servers.
        origins: The looks at the places of origin.
        sides: Which side has each place of origin.
        absent: The places of origin where DRS was never initialised.
    """

    run: Run
    standing: Standing
    journeys: list[Journey]
    origins: dict[Target, PlaceLook] = field(default_factory=dict["Target", PlaceLook])
    sides: dict[Target, Places] = field(default_factory=dict["Target", "Places"])
    absent: set[Target] = field(default_factory=set["Target"])


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
        self._launched_into: dict[str, str | None] = {}
        self._protected: set[str] = set()

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
            await self._origin_side(target, side, both)
        put_together(self._run, standing, both.journeys, both.origins, self._home)
        for journey in both.journeys:
            await self._look_into(journey, both)
            self._remember(journey)
        return both

    def _remember(self, journey: Journey) -> None:
        """Keep who was protected at home: once all that it came by is gone, nothing tells."""
        if journey.stage == "protected" or (journey.stage == "retiring" and journey.is_reprotected):
            self._protected.add(journey.member.server_id)
        elif journey.member.server_id in self._protected:
            journey.came_home = True

    async def _recovery_side(self) -> Standing:
        found = await survey(self._run, Scope(instances=True))
        for error in found.failures.values():
            raise error
        lost = {name for look in found.looks.values() for name in look.lost}
        wanted = {*self._named, *lost}
        for target, look in found.looks.items():
            here = [name for name in wanted if name in look.servers]
            look.instances = {
                **(look.instances or {}),
                **await self._instances(self._run.places, target, here),
            }
        if unknown := sorted(lost - self._named.keys()):
            found_here = {n: one for look in found.looks.values() for n, one in self._tagged(look)}
            told = ", ".join(
                f"{name}: {found_here.get(name, 'its instance')!r}" for name in unknown
            )
            raise RecoveryError(
                "whether this run launched them cannot be told, as their jobs are gone: "
                f"{', '.join(unknown)}. Look at their recovery instances, and name those that "
                f"are to come home: fail_back(instances={{{told}}}), reprotect takes it, too. "
                "Nothing was changed."
            )
        standing = stand(self._run, found, attempts=lambda wave: wave.attempts)
        require_our_own(standing, ())
        self._take_in_named(standing)
        return standing

    def _tagged(self, look: PlaceLook) -> list[tuple[str, str]]:
        """Name instances whose tags say that they are of the run: a hint, and no proof."""
        return [
            (name, one.recovery_instance_id or "")
            for name, instances in (look.instances or {}).items()
            for one in instances
            if one.tags.get(RUN) == self._run.name and one.tags.get(STEP) == "launch"
        ]

    def _take_in_named(self, standing: Standing) -> None:
        """Let servers take part that a person has named, and that nothing else tells of.

        Within one Region B1 has turned round by then, and no wave selects a reversed server.
        """
        known = {member.server_id for member in standing.members}
        for name in sorted(self._named.keys() - known):
            for target, look in standing.survey.looks.items():
                server = look.servers.get(name)
                chosen = [] if server is None else self._run.selected_by(server, target)
                if server is not None and chosen:
                    member = Member(
                        name, target, chosen[0], server, None, "launched", is_selected=True
                    )
                    standing.waves[chosen[0].name].members.append(member)
                    break
            else:
                raise RecoveryError(f"{name} is no source server of this runbook")

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
        record = self._b2(member, standing)
        state = str(record.ec2_instance_state) if record is not None else ""
        b2, going = (
            record if record is not None and is_standing(state) else None,
            state == "SHUTTING-DOWN",
        )
        at_home = is_on_premises(member.server, record)
        concerns = record is not None or member.part is not None
        if member.server is None or at_home or not concerns:
            return Journey(
                member,
                b2,
                None,
                is_same_place=False,
                is_on_premises=at_home,
                is_b2_going=going,
            )
        target, side, same = self._origins.find(member.server, member.target)
        sides[target] = side
        return Journey(member, b2, target, is_same_place=same, is_b2_going=going)

    def _b2(self, member: Member, standing: Standing) -> RecoveryInstance | None:
        named = self._named.get(member.server_id)
        b2 = instance_of(member, standing)
        if named is not None:
            own = b2.recovery_instance_id if b2 is not None else named
            if own != named:
                raise RecoveryError(f"{member.server_id} stands as {own}, and not as {named}")
            look = standing.survey.looks[member.target]
            found = (look.instances or {}).get(member.server_id, ())
            b2 = next((one for one in found if one.recovery_instance_id == named), None)
            if b2 is not None and bool(b2.is_drill) != self._run.is_drill:
                kind = "a drill" if b2.is_drill else "a recovery"
                raise RecoveryError(f"{named} was launched by {kind}, and this run is none")
            if b2 is None and member.part is None and not is_over(member):
                raise RecoveryError(f"{named} is no recovery instance of {member.server_id}")
        return b2

    async def _origin_side(self, target: Target, side: Places, both: BothSides) -> None:
        run, started = self._run, both.standing.started

        async def read(drs: DRSClient, _: Target) -> PlaceLook:
            look = PlaceLook(run.clock.now(), Stamp.now(run.clock), {})
            async for page in drs.describe_source_servers().pages():
                look.at = service_time(page, run.clock)
                look.servers.update(
                    {one.source_server_id: one for one in page.items if one.source_server_id}
                )
            look.jobs = await jobs_since(drs, started or look.at - run.horizon)
            named = {last_job_id(one) for one in look.servers.values() if _is_reversed(one)}
            wanted = {name for name in named if name is not None} - look.jobs.keys()
            look.jobs.update((await jobs_by_id(drs, wanted)).jobs)  # a listing can lag behind
            parts = look.parts(self._home)
            back = [
                name
                for name, server in look.servers.items()
                if _is_reversed(server) or name in parts or name in self._named
            ]
            look.instances = await instances_of(drs, back)
            return look

        outcomes = await side.run(read, [target])
        for error in outcomes.failures.values():
            raise error
        if target not in outcomes.results:
            both.absent.add(target)
            both.origins[target] = PlaceLook(run.clock.now(), Stamp.now(run.clock), {})
            return
        both.origins[target] = outcomes.results[target]
        if target.account_id is None:
            for journey in both.journeys:
                if journey.origin == target and journey.b1 is not None:
                    servers = both.origins[target].servers.values()
                    require_the_account(origin_of(journey.b1), servers)

    async def _look_into(self, journey: Journey, both: BothSides) -> None:
        """Find out whether A3 was launched into A1, where B1 names it and A3 shows no replica."""
        a2, a3, b1 = journey.a2, journey.a3, journey.b1
        if a2 is None or a3 is None or b1 is None or journey.origin is None:
            return
        name = a2.source_server_id or ""
        if is_replicated(a3) or machine_of(b1) != a3.ec2_instance_id or journey.is_same_place:
            return
        if name not in self._launched_into:

            async def ask(drs: DRSClient, _: Target) -> str | None:
                settings = await drs.get_launch_configuration(name)
                into = settings.launch_into_instance_properties
                return into.launch_into_ec2_instance_id if into is not None else None

            outcomes = await both.sides[journey.origin].run(ask, [journey.origin])
            for error in outcomes.failures.values():
                raise error
            self._launched_into.update(dict.fromkeys([name], *outcomes.results.values()))
        journey.is_launched_into = self._launched_into.get(name) == a3.ec2_instance_id


def is_over(member: Member) -> bool:
    """Whether a server that a person has named goes on with a machine at home already."""
    return member.server is not None and member.server.is_replicating


def _is_reversed(server: SourceServer) -> bool:
    return server.replication_direction == "FAILBACK"
