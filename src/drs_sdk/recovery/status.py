"""Where a run stands, as plain data: JSON in and out."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from drs_sdk.recovery.record import Mode

ServerState: TypeAlias = Literal["not launched", "launching", "launched", "failed", "gone"]
"""Of a server: ``gone`` was launched, and its instance stands no more."""

WaveState: TypeAlias = Literal[
    "waiting", "waiting for approval", "launching", "up", "failed", "unknown"
]
"""Of a wave: ``waiting`` for the waves that it comes after; ``unknown`` where a place that it may
have servers in cannot be read."""

RunState: TypeAlias = Literal[
    "not begun", "running", "waiting for approval", "succeeded", "failed", "unknown", "closed"
]
"""Of a run: ``unknown`` can go no further, as a place cannot be read."""


class Plain(BaseModel):
    """The base of what a run tells: frozen, and nothing but JSON."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    def to_json(self, *, indent: int | None = None) -> str:
        """Write it as JSON; durations in ISO 8601, times with their offset.

        Args:
            indent: Spaces to indent by; None for one line.
        """
        return self.model_dump_json(indent=indent)


class ServerStatus(Plain):
    """Where a server of a run stands.

    Attributes:
        source_server_id: The source server.
        name: What people call it.
        wave: The wave that it belongs to.
        region_name: The Region.
        account_id: The account, where it is known.
        state: Where it stands.
        attempt: The attempt under way, or the last; 0 before the first.
        job_id: The job of that attempt.
        asked_at: When that job was made, by the service's time.
        reason: Why it has failed, or what it waits for.
        is_selected: Whether the runbook selects it now; a server that was launched stays.
        launched_again_by: A later job, not of this run, that launched it again.
    """

    source_server_id: str
    name: str | None
    wave: str
    region_name: str | None
    account_id: str | None
    state: ServerState
    attempt: int = 0
    job_id: str | None = None
    asked_at: datetime | None = None
    reason: str | None = None
    is_selected: bool = True
    launched_again_by: str | None = None


class WaveStatus(Plain):
    """Where a wave of a run stands.

    Attributes:
        name: The wave.
        state: Where it stands.
        reason: What it waits for, or why it has failed.
        servers: Its servers, by id.
    """

    name: str
    state: WaveState
    reason: str | None = None
    servers: tuple[ServerStatus, ...] = ()

    @property
    def launched(self) -> int:
        """How many of its servers have come up."""
        return sum(server.state == "launched" for server in self.servers)


class RunStatus(Plain):
    """Where a run stands.

    Attributes:
        run: The run's name, ``<runbook>/<key>``.
        mode: Drill or recovery.
        state: Where it stands.
        started: When it began, by the service's time; None before.
        at: When this was seen, by the service's time.
        waves: Its waves, in the runbook's order.
        unreadable: Places that could not be read, with the reason.
        closed: Why it was closed, if it was.
        next_look_in: In how many seconds it is worth to look again; None where nothing goes on
            by itself.
    """

    run: str
    mode: Mode
    state: RunState
    started: datetime | None
    at: datetime | None
    waves: tuple[WaveStatus, ...]
    unreadable: dict[str, str] = Field(default_factory=dict[str, str])
    closed: str | None = None
    next_look_in: float | None = None

    @property
    def servers(self) -> tuple[ServerStatus, ...]:
        """All servers, wave by wave."""
        return tuple(server for wave in self.waves for server in wave.servers)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in {"succeeded", "failed", "unknown", "closed"}
