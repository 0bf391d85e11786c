"""What became of the way back, server by server."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from pydantic import Field

from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.record import Mode
from drs_sdk.recovery.status import Plain

Stage: TypeAlias = Literal[
    "not launched",
    "launched",
    "waiting for a person",
    "syncing",
    "ready",
    "launching home",
    "failed home",
    "home",
    "re-protecting",
    "protected",
    "retiring",
    "done",
]
"""How far a server is: ``launched`` on the recovery side; ``syncing`` home; ``ready`` to be
launched there; ``home``; ``protected`` again; ``done`` once what the way back needed is gone."""


class ServerWayBack(Plain):
    """How far a server is on its way back. What is not known is None.

    Attributes:
        source_server_id: B1, the source server on the recovery side.
        name: What people call it.
        wave: Its wave.
        stage: How far it is.
        recovery_instance_id: B2, the instance on the recovery side.
        origin: Where its machine came from, as ``111122223333/eu-west-1``.
        reversed_source_server_id: A2, which replicates B2 home.
        home_instance_id: A3, the instance at home; its EC2 instance is A4.
        home_at: When the launch home ended.
        data_lost: From the point in time that A3 was launched from until its launch was asked for.
        lag: How far A2 is behind while it replicates.
        reason: What it waits for, or what stands still and why.
        for_a_person: What DRS cannot do: somebody has to.
    """

    source_server_id: str
    name: str | None
    wave: str
    stage: Stage
    recovery_instance_id: str | None = None
    origin: str | None = None
    reversed_source_server_id: str | None = None
    home_instance_id: str | None = None
    home_at: datetime | None = None
    data_lost: timedelta | None = None
    lag: timedelta | None = None
    reason: str | None = None
    for_a_person: str | None = None


class WayBackFailedError(RecoveryError):
    """Servers are not as far on their way back as was asked for.

    Attributes:
        report: How far each is.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, message: str, report: WayBackReport) -> None:
        """Say which, and carry the report."""
        super().__init__(message)
        self.report = report


class WayBackReport(Plain):
    """How far the servers of a run are on their way back.

    Attributes:
        run: The run's name.
        mode: Drill or recovery.
        wanted: The stage that the step was to reach.
        servers: The servers, wave by wave.
        left: What the step could not remove, with the reason.
        failed: In a rehearsal, whose launch home failed, with the reason.
        notes: What else is worth knowing, for people.
    """

    run: str
    mode: Mode
    wanted: Stage
    servers: tuple[ServerWayBack, ...]
    left: dict[str, str] = Field(default_factory=dict[str, str])
    failed: dict[str, str] = Field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether every server is as far as was asked for, or farther."""
        is_whole = not self.behind and not self.left and not self.failed
        return is_whole and bool(self.servers)

    @property
    def behind(self) -> tuple[ServerWayBack, ...]:
        """The servers that are not as far as was asked for."""
        wanted = STAGES.index(self.wanted)
        return tuple(one for one in self.servers if STAGES.index(one.stage) < wanted)

    @property
    def for_people(self) -> dict[str, str]:
        """What somebody has to do, by source server: DRS cannot."""
        return {
            one.source_server_id: one.for_a_person
            for one in self.servers
            if one.for_a_person is not None
        }

    def raise_if_failed(self) -> None:
        """Raise unless every server is as far as was asked for.

        Raises:
            WayBackFailedError: Some are not; it carries the report.
        """
        if self.succeeded:
            return
        shown = [f"{s.name or s.source_server_id} {s.stage} ({s.reason})" for s in self.behind]
        shown += [f"{name} is left: {why}" for name, why in self.left.items()]
        shown += [f"{name} failed to come home: {why}" for name, why in self.failed.items()]
        more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        told = "; ".join(shown[:_SHOWN]) + more
        raise WayBackFailedError(
            f"{self.run}: not every server is {self.wanted}: {told or 'it has no server'}", self
        )

    def __str__(self) -> str:
        """Read as lines: a summary, then the servers."""
        reached = len(self.servers) - len(self.behind)
        lines = [f"{self.run} ({self.mode}): {reached} of {len(self.servers)} {self.wanted}"]
        for one in self.servers:
            ids = [
                f"{letter} {name}"
                for letter, name in (
                    ("B1", one.source_server_id),
                    ("B2", one.recovery_instance_id),
                    ("A2", one.reversed_source_server_id),
                    ("A3", one.home_instance_id),
                )
                if name is not None
            ]
            why = f": {one.reason}" if one.reason else ""
            lines.append(f"  {one.stage:<14} {one.name or '?'} [{', '.join(ids)}]{why}")
        lines += [f"  left: {name}: {why}" for name, why in self.left.items()]
        lines += [f"  failed: {name}: {why}" for name, why in self.failed.items()]
        lines += [f"  for you: {name}: {what}" for name, what in self.for_people.items()]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)


_SHOWN = 5

STAGES: tuple[Stage, ...] = (
    "not launched",
    "launched",
    "waiting for a person",
    "syncing",
    "failed home",
    "ready",
    "launching home",
    "home",
    "re-protecting",
    "protected",
    "retiring",
    "done",
)
"""The stages in order. A server that failed to come home is not yet ready to be tried again."""
