"""What a run is: a runbook under a key, in a mode, over places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from drs_sdk.recovery.limits import Limits
from drs_sdk.recovery.look import Identity
from drs_sdk.recovery.record import Record
from drs_sdk.recovery.starting import LaunchAs
from drs_sdk.recovery.whereabouts import is_turned_round

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from drs_sdk.clock import Clock
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import SourceServer
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.record import Mode, Step
    from drs_sdk.recovery.runbook import Runbook, Wave


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A runbook that is carried out under a key.

    Attributes:
        runbook: What is to be launched, in which order.
        key: What tells this run from others of the runbook.
        mode: Drill or recovery.
        places: Where its servers are.
        step: There, or home again.
        horizon: How far back it can have begun.
        limits: What every place takes at a time, or each by itself.
        tags: The caller's own tags for its jobs.
        home_waves: On the way home, the wave of each reversed source server.
        replaces: Instances that its launches replace by design.
        void: Launches that count as failed, by source server and job: a person has said so.
    """

    runbook: Runbook
    key: str
    mode: Mode
    places: Places
    step: Step = "launch"
    horizon: timedelta
    limits: Limits | Mapping[Target, Limits] = field(default_factory=Limits)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    home_waves: Mapping[str, str] | None = None
    replaces: frozenset[str] = frozenset()
    void: frozenset[tuple[str, str]] = frozenset()

    @property
    def name(self) -> str:
        """Its name: a runbook's and a key's."""
        return self.runbook.run_tag(self.key)

    @property
    def plan(self) -> str:
        """The digest of its plan."""
        return self.runbook.digest

    @property
    def identity(self) -> Identity:
        """What makes a job one of this run and step."""
        return Identity(run=self.name, step=self.step, plan=self.plan, mode=self.mode)

    @property
    def launch_as(self) -> LaunchAs:
        """Whose its launches are."""
        return LaunchAs(identity=self.identity, tags=self.tags, clock=self.clock)

    @property
    def order(self) -> tuple[Wave, ...]:
        """Its waves, each after those that it comes after."""
        return self.runbook.order if self.step == "launch" else self.runbook.order_home

    def predecessors(self, wave: Wave) -> tuple[str, ...]:
        """Name the waves that a wave comes after."""
        if self.step == "launch":
            return self.runbook.after(wave.name)
        return self.runbook.fail_back_after(wave.name)

    @property
    def clock(self) -> Clock:
        """Where time comes from, as far as the service's own does not matter."""
        return self.places.clock

    @property
    def is_drill(self) -> bool:
        """Whether it is a drill."""
        return self.mode == "drill"

    def limits_of(self, target: Target) -> Limits:
        """Say what a place takes at a time."""
        if isinstance(self.limits, Limits):
            return self.limits
        return self.limits.get(target) or Limits()

    def waves_of(self, server: SourceServer, target: Target) -> list[Wave]:
        """Find the waves that select a server; reversed servers are no part of the way there."""
        if self.home_waves is not None:
            wave = self.home_waves.get(server.source_server_id or "")
            return [self.runbook.wave(wave)] if wave is not None else []
        if server.replication_direction == "FAILBACK":
            return []
        return self.selected_by(server, target)

    def concerns(self, server: SourceServer, target: Target) -> bool:
        """Whether a server matters to the run: also one that it has turned round since."""
        if self.waves_of(server, target):
            return True
        return is_turned_round(server) and bool(self.selected_by(server, target))

    def selected_by(self, server: SourceServer, target: Target) -> list[Wave]:
        """Find the waves whose selectors take a server."""
        return [
            wave
            for wave in self.runbook.waves
            if wave.servers.matches(
                server, region_name=target.region_name, account_id=target.account_id
            )
        ]

    def is_void(self, server_id: str, job_id: str | None) -> bool:
        """Whether a launch counts as failed, as a person has said."""
        return (server_id, job_id) in self.void

    def may_have_servers(self, wave: Wave, target: Target) -> bool:
        """Whether a wave can have servers in a place."""
        if self.home_waves is not None:
            return True
        return wave.servers.reaches(region_name=target.region_name, account_id=target.account_id)

    def record(self, wave: str, attempt: int, started: datetime) -> Record:
        """Make the record of a job."""
        return Record(
            run=self.name,
            step=self.step,
            wave=wave,
            attempt=attempt,
            plan=self.plan,
            started=started,
        )

    def homewards(
        self,
        places: Places,
        waves: Mapping[str, str],
        replaces: frozenset[str] = frozenset(),
        void: frozenset[tuple[str, str]] = frozenset(),
    ) -> Run:
        """The same run on its way home.

        Args:
            places: Where the machines came from.
            waves: The wave of each reversed source server.
            replaces: Instances that the launch home replaces by design.
            void: Launches home that count as failed, by source server and job.
        """
        return replace(
            self,
            step="launch-back",
            places=places,
            home_waves=waves,
            replaces=replaces,
            void=void,
        )
