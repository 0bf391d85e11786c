"""Looks at all places of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from drs_sdk.recovery.look import Question, look_at
from drs_sdk.recovery.reads import instances_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from drs_sdk._core.errors import DRSError
    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.look import PlaceLook
    from drs_sdk.recovery.run import Run


@dataclass(slots=True)
class Survey:
    """What was seen in the places of a run.

    Attributes:
        looks: The looks, by place.
        failures: The places that could not be read.
        absent: The places where DRS was never initialised: no server is there.
    """

    APPEARING: ClassVar[timedelta] = timedelta(minutes=5)
    """How long after a launch its instance may be missing from listings."""

    looks: dict[Target, PlaceLook] = field(default_factory=dict["Target", "PlaceLook"])
    failures: dict[Target, DRSError] = field(default_factory=dict["Target", "DRSError"])
    absent: frozenset[Target] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How far a survey goes.

    Attributes:
        started: When the run began, where it is known.
        not_launched: Servers that a person says this run has not launched.
        known_jobs: Jobs of the run that are known, by place.
        lists_jobs: Whether to list the jobs that run, whoever started them.
        instances: Whether to ask for the instances of servers that the run has launched.
    """

    started: datetime | None = None
    not_launched: frozenset[str] = frozenset()
    known_jobs: Mapping[Target, Collection[str]] = field(
        default_factory=dict["Target", "Collection[str]"]
    )
    lists_jobs: bool = False
    instances: bool = False


async def survey(run: Run, scope: Scope) -> Survey:
    """Look at every place of a run."""

    async def look(drs: DRSClient, target: Target) -> PlaceLook:
        found = await look_at(drs, question_for(run, target, scope), clock=run.clock)
        if scope.instances:
            parts = found.parts(run.identity)
            launched = [name for name, part in parts.items() if part.job.is_completed]
            found.instances = await instances_of(drs, launched)
        return found

    outcomes = await run.places.run(look)
    return Survey(dict(outcomes.results), dict(outcomes.failures), outcomes.absent)


def question_for(
    run: Run, target: Target, scope: Scope, server_ids: Collection[str] | None = None
) -> Question:
    """Say what to look for in a place, or at some servers of it."""
    return Question(
        identity=run.identity,
        server_ids=_named_ids(run) if server_ids is None else frozenset(server_ids),
        concerns=lambda server: run.concerns(server, target),
        horizon=run.horizon,
        started=scope.started,
        not_launched=scope.not_launched,
        known_jobs=frozenset(scope.known_jobs.get(target, ())),
        lists_jobs=scope.lists_jobs,
    )


def _named_ids(run: Run) -> frozenset[str] | None:
    """Find the servers, where the runbook names each of them by its id."""
    if run.home_waves is not None:
        return frozenset(run.home_waves)
    named: set[str] = set()
    for wave in run.runbook.waves:
        ids = wave.servers.source_server_ids
        if not ids:
            return None
        named.update(ids)
    return frozenset(named)
