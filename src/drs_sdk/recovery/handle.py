"""A run by its name: what all that can be done with it stands on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery.limits import Limits
from drs_sdk.recovery.places import Places
from drs_sdk.recovery.record import own_tags
from drs_sdk.recovery.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.fleet import Fleet
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.record import Mode
    from drs_sdk.recovery.runbook import Runbook

_MODES = ("drill", "recovery")


class RunHandle:
    """A runbook under a key."""

    def __init__(
        self,
        service: DRSClient | Fleet,
        runbook: Runbook,
        *,
        key: str,
        mode: Mode,
        origin: DRSClient | Fleet | None = None,
        limits: Limits | Mapping[Target, Limits] | None = None,
        tags: Mapping[str, str] | None = None,
        horizon: timedelta = timedelta(days=14),
    ) -> None:
        """Name a run; nothing is sent.

        Args:
            service: An open client, or a fleet: where the servers are recovered.
            runbook: What is launched, in which order.
            key: What tells this run from others of the runbook, such as ``2026-q4``. A run that
                is complete keeps its key: the next drill, or disaster, takes a new one.
            mode: ``drill``, or ``recovery`` for the real thing. Always said, never guessed.
            origin: Where the machines came from, for the way back: another Region's or account's
                client, or a fleet.
            limits: The quotas of the places, all alike or each by itself; the service's defaults
                unless given.
            tags: More tags for the jobs of the run.
            horizon: How far back the run can have begun; older jobs are not looked through.

        Raises:
            RequestValidationError: Something given cannot be.
            RunbookError: The key is no key: it goes into a tag.
        """
        if mode not in _MODES:
            raise RequestValidationError.of("mode", f"must be one of {', '.join(_MODES)}")
        if horizon <= timedelta():
            raise RequestValidationError.of("horizon", "must be above zero")
        runbook.run_tag(key)
        self._run = Run(
            runbook=runbook,
            key=key,
            mode=mode,
            places=Places(service),
            horizon=horizon,
            limits=limits if limits is not None else Limits(),
            tags=own_tags(tags),
        )
        self._origin = Places(origin) if origin is not None else None

    @property
    def name(self) -> str:
        """The run's name, ``<runbook>/<key>``, as its jobs are tagged."""
        return self._run.name

    @property
    def runbook(self) -> Runbook:
        """The runbook."""
        return self._run.runbook

    @property
    def mode(self) -> Mode:
        """Drill or recovery."""
        return self._run.mode
