"""Tags on what a run has made: they help whoever comes next, and prove nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from drs_sdk._core.errors import DRSError
from drs_sdk.recovery.instances import instance_of
from drs_sdk.recovery.record import PLAN, RUN, STEP, WAVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance, SourceServer
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.record import Step
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing
    from drs_sdk.recovery.way_back.looking import BothSides

logger: logging.Logger = logging.getLogger("drs_sdk")


async def tag_launched(run: Run, standing: Standing) -> None:
    """Tag the instances that a recovery has launched."""
    if run.is_drill:
        return
    tagger = Tagger(run)
    for member in standing.members:
        instance = instance_of(member, standing) if member.state == "launched" else None
        if instance is not None:
            tagger.want(run.places, member.target, instance, member.wave.name, "launch")
    await tagger.send()


class Tagger:
    """Tags what is seen for the first time, best effort."""

    def __init__(self, run: Run) -> None:
        """Tag nothing yet."""
        self._run = run
        self._known: set[str] = set()
        self._wanted: list[tuple[Places, Target, str, dict[str, str]]] = []

    def want(
        self,
        side: Places,
        target: Target,
        resource: RecoveryInstance | SourceServer,
        wave: str,
        step: Step,
    ) -> None:
        """Note what is to be tagged, unless it is."""
        if resource.arn is None or resource.arn in self._known:
            return
        self._known.add(resource.arn)
        tags = {RUN: self._run.name, STEP: step, WAVE: wave, PLAN: self._run.plan}
        if not tags.items() <= resource.tags.items():
            self._wanted.append((side, target, resource.arn, tags))

    async def tag(self, both: BothSides) -> None:
        """Tag the instances on the recovery side, and servers and instances on the origin side."""
        for side, target, resource, wave, step in _resources(self._run, both):
            self.want(side, target, resource, wave, step)
        await self.send()

    async def send(self) -> None:
        """Send what is wanted; what the service refuses is left."""
        wanted, self._wanted = self._wanted, []
        places: dict[tuple[Places, Target], list[tuple[str, dict[str, str]]]] = {}
        for side, target, arn, tags in wanted:
            places.setdefault((side, target), []).append((arn, tags))
        for (side, target), resources in places.items():

            async def send(
                drs: DRSClient,
                _: Target,
                resources: list[tuple[str, dict[str, str]]] = resources,
            ) -> None:
                for arn, tags in resources:
                    await drs.tag_resource(resource_arn=arn, tags=tags)

            try:
                outcomes = await side.run(send, [target])
            except DRSError as error:
                logger.info("what was launched in %s could not be tagged: %s", target, error)
                continue
            for error in outcomes.failures.values():
                logger.info("what was launched in %s could not be tagged: %s", target, error)


def _resources(
    run: Run, both: BothSides
) -> Iterator[tuple[Places, Target, RecoveryInstance | SourceServer, str, Step]]:
    for one in both.journeys:
        wave = one.member.wave.name
        if one.b2 is not None and not run.is_drill:
            yield run.places, one.member.target, one.b2, wave, "launch"
        if one.origin is None:
            continue
        side = both.sides[one.origin]
        if one.a2 is not None and not one.is_same_place:
            yield side, one.origin, one.a2, wave, "launch-back"
        if one.a3 is not None and not run.is_drill:
            yield side, one.origin, one.a3, wave, "launch-back"
