"""Where a server is on its way back: derived from what the service says, remembered nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery.way_back.report import ServerWayBack

if TYPE_CHECKING:
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance, SourceServer
    from drs_sdk.recovery.look import Part
    from drs_sdk.recovery.standing import Member
    from drs_sdk.recovery.way_back.report import Stage

_STOPPED = frozenset({"STOPPED", "DISCONNECTED"})


@dataclass(slots=True)
class Journey:
    """A server on its way back.

    Attributes:
        member: B1, the server of the run.
        b2: Its instance on the recovery side, where that stands.
        origin: Where its machine came from; None where it is no EC2 machine.
        is_same_place: Whether that is the recovery side itself, so that B1 turns round.
        a2: The source server that replicates B2 home.
        a3: The instance at home.
        part: Its part in the run's last launch home.
        part_standing: How that went.
        has_launches_home: Whether the run has launched something home.
        is_drill: Whether the way back is practised only.
        reason: What stands in the way, where something does.
    """

    member: Member
    b2: RecoveryInstance | None
    origin: Target | None
    is_same_place: bool
    a2: SourceServer | None = None
    a3: RecoveryInstance | None = None
    part: Part | None = None
    part_standing: str | None = None
    has_launches_home: bool = False
    is_drill: bool = False
    reason: str | None = None

    @property
    def b1(self) -> SourceServer | None:
        """The source server on the recovery side."""
        return self.member.server

    @property
    def is_on_premises(self) -> bool:
        """Whether its machine is no EC2 instance, so that a failback client has to boot there."""
        return self.b2 is not None and self.b2.origin_environment == "ON_PREMISES"

    @property
    def is_reprotected(self) -> bool:
        """Whether B1 goes on with the machine at home."""
        if self.a3 is None or self.a3.ec2_instance_id is None or self.b1 is None:
            return False
        return machine_of(self.b1) == self.a3.ec2_instance_id

    @property
    def stage(self) -> Stage:
        """How far it is."""
        if self.is_on_premises:
            return self._stage_on_premises()
        if self.a2 is None:
            return self._stage_without_a2()
        if self.a3 is not None:
            return self._stage_at_home(self.a2)
        launched: dict[str | None, Stage] = {
            "launched": "retiring",  # A3's record is gone, A2 is still to go
            "launching": "launching home",
            "failed": "failed home",
        }
        ready: Stage = "ready" if self.a2.is_launchable else "syncing"
        return launched.get(self.part_standing, ready)

    def _stage_without_a2(self) -> Stage:
        if self.b2 is not None:
            return "launched"
        was_launched = self.member.part is not None and self.member.state in {"launched", "gone"}
        is_back = (
            was_launched
            and self.has_launches_home
            and self.b1 is not None
            and self.b1.is_replicating
        )
        return "done" if is_back else "not launched"

    def _stage_at_home(self, a2: SourceServer) -> Stage:
        if self.part_standing == "launching":
            return "launching home"
        if not self.is_reprotected:
            return "home"
        if str(a2.replication_state) in _STOPPED and not self.is_same_place:
            return "retiring"
        return "protected" if self.b1 is not None and self.b1.is_replicating else "re-protecting"

    def _stage_on_premises(self) -> Stage:
        state = self.b2.failback.state if self.b2 is not None and self.b2.failback else None
        match str(state):
            case "FAILBACK_READY_FOR_LAUNCH":
                return "ready"
            case "FAILBACK_IN_PROGRESS" | "FAILBACK_NOT_READY_FOR_LAUNCH":
                return "syncing"
            case "FAILBACK_COMPLETED":
                return "home"
            case "FAILBACK_ERROR":
                return "failed home"
            case _:
                return "waiting for a person"

    def told(self) -> ServerWayBack:
        """Tell it as plain data."""
        job = self.part.job if self.part is not None else None
        asked_at = job.creation_date_time if job is not None else None
        point = self.a3.point_in_time_snapshot_date_time if self.a3 is not None else None
        lost = max(asked_at - point, timedelta()) if asked_at and point else None
        came_home = self.part_standing == "launched"
        return ServerWayBack(
            source_server_id=self.member.server_id,
            name=self.b1.name if self.b1 is not None else None,
            wave=self.member.wave.name,
            stage=self.stage,
            recovery_instance_id=self.b2.recovery_instance_id if self.b2 is not None else None,
            origin=str(self.origin) if self.origin is not None else None,
            reversed_source_server_id=self.a2.source_server_id if self.a2 is not None else None,
            home_instance_id=self.a3.recovery_instance_id if self.a3 is not None else None,
            home_at=job.end_date_time if job is not None and came_home else None,
            data_lost=lost,
            lag=self.a2.lag if self.a2 is not None else None,
            reason=self.reason or self._why(),
            for_a_person=self._for_a_person(),
        )

    def _why(self) -> str | None:
        match self.stage:
            case "launched":
                return "its replication is not reversed"
            case "syncing" if self.a2 is not None:
                return f"A2 reads {self.a2.replication_state}{_behind(self.a2)}"
            case "re-protecting" if self.b1 is not None:
                return f"B1 reads {self.b1.replication_state}{_behind(self.b1)}"
            case "failed home":
                return "its launch home failed"
            case "not launched":
                return self.member.reason or "no instance of this run stands"
            case _:
                return None

    def _for_a_person(self) -> str | None:
        if self.stage == "waiting for a person":
            return (
                "boot the failback client on the original machine, and connect it to this instance"
            )
        is_back = self.stage in {"protected", "retiring", "done"}
        if is_back and not self.is_on_premises and not self.is_drill:
            return "the machine of before (A1) may still stand in EC2 at home: terminate it there"
        return None


def machine_of(server: SourceServer) -> str | None:
    """Name the EC2 instance that a source server replicates."""
    properties = server.source_properties
    hints = properties.identification_hints if properties is not None else None
    return hints.aws_instance_id if hints is not None else None


def _behind(server: SourceServer) -> str:
    progress = server.initial_sync_progress
    return f", {progress:.0%} copied" if progress is not None and progress < 1 else ""
