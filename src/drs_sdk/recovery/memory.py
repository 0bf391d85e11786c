"""What one launch was told, and what it knows beyond the service's record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.hooks import Approve, HookResult, OnStatus, WaveHook


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """How a launch is carried out; `Recovery.launch` documents each."""

    approve: Approve | None = None
    approved: frozenset[str] = frozenset()
    attempts: int | None = None
    replace_instances_of: frozenset[str] = frozenset()
    not_launched: frozenset[str] = frozenset()
    before_wave: WaveHook | None = None
    after_wave: WaveHook | None = None
    on_update: OnStatus | None = None
    timeout: timedelta | None = timedelta(hours=24)
    min_delay: timedelta = timedelta(seconds=5)
    max_delay: timedelta = timedelta(seconds=30)


@dataclass(slots=True)
class Memory:
    """What this launch knows beyond the service's record, and loses when it dies."""

    jobs: dict[Target, dict[str, Job]] = field(default_factory=dict["Target", "dict[str, Job]"])
    started_here: list[str] = field(default_factory=list[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    conflicts_since: dict[str, datetime] = field(default_factory=dict[str, "datetime"])
    approved: set[str] = field(default_factory=set[str])
    denied: set[str] = field(default_factory=set[str])
    replaced: dict[str, str] = field(default_factory=dict[str, str])
    seen_selected: dict[str, str] = field(default_factory=dict[str, str])
    newcomers: set[str] = field(default_factory=set[str])
    dropped: dict[str, str] = field(default_factory=dict[str, str])
    waits: list[str] = field(default_factory=list[str])
    verdicts: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    cleared: set[str] = field(default_factory=set[str])
    hook_results: list[HookResult] = field(default_factory=list["HookResult"])
    began: datetime | None = None
