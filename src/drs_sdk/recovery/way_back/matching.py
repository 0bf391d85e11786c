"""What belongs together on the way back: B1 and B2 there, A2 and A3 at home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.record import RUN
from drs_sdk.recovery.standing import is_standing
from drs_sdk.recovery.way_back.journey import machine_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance, SourceServer
    from drs_sdk.recovery.look import Identity, Part, PlaceLook
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing
    from drs_sdk.recovery.way_back.journey import Journey


def put_together(
    run: Run,
    standing: Standing,
    journeys: Sequence[Journey],
    origins: Mapping[Target, PlaceLook],
    home: Identity,
) -> None:
    """Find A2 and A3 of every server, and its part in the launch home."""
    for journey in journeys:
        if journey.is_on_premises:
            look = standing.survey.looks[journey.member.target]
            _take_part(journey, look.parts(home).get(journey.member.server_id), look)
        elif journey.origin is not None:
            _find(run, journey, origins[journey.origin], home)
    for target, look in origins.items():
        _find_who_came_home(journeys, target, look.parts(home), _launched_by_anyone(look))


def _find(run: Run, journey: Journey, look: PlaceLook, home: Identity) -> None:
    parts = look.parts(home)
    journey.a2 = next(
        (
            one
            for name, one in look.servers.items()
            if _is_a2(run, journey, one, name in parts)
            or (journey.is_same_place and _has_come_home(journey, one, look))
        ),
        None,
    )
    if journey.a2 is None:
        return
    name = journey.a2.source_server_id or ""
    instances = (look.instances or {}).get(name, ())
    _take_part(journey, parts.get(name), look)
    journey.a3 = _a3(run, journey, instances)
    if journey.a3 is not None and journey.part_standing != "launching":
        journey.part_standing = "launched"  # whoever did it


def _take_part(journey: Journey, part: Part | None, look: PlaceLook) -> None:
    if part is not None:
        journey.part, journey.part_standing = part, part.standing(look.at)


def _a3(run: Run, journey: Journey, found: Sequence[RecoveryInstance]) -> RecoveryInstance | None:
    """Choose the instance at home: the run's own, else one that somebody else launched home.

    A drill's instance is never the live one, and a drill takes nothing but its own.
    """
    standing = [
        one
        for one in found
        if is_standing(str(one.ec2_instance_state)) and bool(one.is_drill) == run.is_drill
    ]
    job_id = journey.part.job.job_id if journey.part is not None else None
    own = next((one for one in standing if one.job_id == job_id and job_id is not None), None)
    if own is not None or run.is_drill:
        return own
    b2 = journey.b2.recovery_instance_id if journey.b2 is not None else None
    if journey.is_same_place:  # there B2 is an instance of the same server
        launch = journey.member.part.job.job_id if journey.member.part is not None else None
        machine = machine_of(journey.b1) if journey.b1 is not None else None
        standing = [
            one
            for one in standing
            if one.ec2_instance_id == machine
            or (b2 is not None and one.job_id not in {launch, None})
        ]
    return next((one for one in standing if one.recovery_instance_id != b2), None)


def _is_a2(run: Run, journey: Journey, server: SourceServer, is_in_our_jobs: bool) -> bool:  # noqa: FBT001
    """Whether a server of the origin side replicates the instance of a journey home.

    The server that it names as its opposite goes stale over cycles, so that counts only where B2
    is gone, and a job or a tag of this run says that the server is of it.
    """
    if journey.is_same_place:
        is_itself = server.source_server_id == journey.member.server_id
        return is_itself and (server.replication_direction == "FAILBACK" or is_in_our_jobs)
    if server.replication_direction != "FAILBACK":
        return False
    if journey.b2 is not None:
        return machine_of(server) == journey.b2.ec2_instance_id
    opposite, b1 = server.reversed_direction_source_server_arn, journey.b1
    is_ours = is_in_our_jobs or server.tags.get(RUN) == run.name
    return is_ours and b1 is not None and opposite is not None and opposite == b1.arn


def _has_come_home(journey: Journey, server: SourceServer, look: PlaceLook) -> bool:
    """Whether B1 goes on with an instance of its own that is not B2: within one Region, A3."""
    if server.source_server_id != journey.member.server_id:
        return False
    b2 = journey.b2.recovery_instance_id if journey.b2 is not None else None
    return any(
        one.ec2_instance_id == machine_of(server)
        and one.recovery_instance_id != b2
        and is_standing(str(one.ec2_instance_state))
        for one in (look.instances or {}).get(journey.member.server_id, ())
    )


def _find_who_came_home(
    journeys: Sequence[Journey], target: Target, parts: Mapping[str, Part], anyones: set[str]
) -> None:
    """Tell who came home and is through with it: A2 is gone, and only the jobs tell of it.

    They name A2. B1 names its first A2; in later cycles that is stale, so there it counts whether
    the jobs have launched as many as the wave has servers.
    """
    came = {name: part for name, part in parts.items() if part.server.launch_status == "LAUNCHED"}
    waves: dict[str, list[Journey]] = {}
    for journey in journeys:
        if journey.origin == target and not journey.is_same_place and _was_launched(journey):
            waves.setdefault(journey.member.wave.name, []).append(journey)
    for wave, members in waves.items():
        all_came = sum(part.record.wave == wave for part in came.values()) >= len(members)
        for journey in members:
            if journey.a2 is not None or journey.b2 is not None or journey.b1 is None:
                continue
            first = (journey.b1.reversed_direction_source_server_arn or "").rpartition("/")[2]
            if first in came:
                _take_part_of(journey, came[first])
            elif all_came or first in anyones:
                journey.came_home = True


def _launched_by_anyone(look: PlaceLook) -> set[str]:
    """The servers that a recovery has launched, whoever asked for it."""
    return {
        server.source_server_id
        for job in look.jobs.values()
        if job.type == "LAUNCH" and job.initiated_by != "START_DRILL"
        for server in job.participating_servers
        if server.source_server_id is not None and server.launch_status == "LAUNCHED"
    }


def _take_part_of(journey: Journey, part: Part) -> None:
    journey.part, journey.part_standing, journey.came_home = part, "launched", True


def _was_launched(journey: Journey) -> bool:
    return journey.member.part is not None and journey.member.state in {"launched", "gone"}
