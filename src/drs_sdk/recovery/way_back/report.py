"""What became of the way back, server by server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.record import Mode
from drs_sdk.recovery.status import Plain
from drs_sdk.recovery.way_back.server import STAGES, ServerWayBack, Stage

if TYPE_CHECKING:
    from drs_sdk.recovery.rendering.outline import Outline


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

    def to_markdown(self) -> str:
        """Write it as Markdown with tables, as GitHub reads them."""
        from drs_sdk.recovery.rendering.markdown import as_markdown

        return as_markdown(self._outline())

    def to_html(self) -> str:
        """Write it as one HTML page, which asks no host for anything and runs no script."""
        from drs_sdk.recovery.rendering.html import as_html

        return as_html(self._outline())

    def _outline(self) -> Outline:
        from drs_sdk.recovery.way_back.outline import outline_of

        return outline_of(
            title=f"Way back of {self.mode} {self.run}",
            wanted=self.wanted,
            succeeded=self.succeeded,
            servers=self.servers,
            behind=self.behind,
            left=self.left,
            failed=self.failed,
            for_people=self.for_people,
            notes=self.notes,
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
