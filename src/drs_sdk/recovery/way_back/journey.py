"""Where a server is on its way back: derived from what the service says, remembered nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery.instances import is_replicated
from drs_sdk.recovery.way_back.server import ServerWayBack

if TYPE_CHECKING:
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance, SourceServer
    from drs_sdk.recovery.look import Part
    from drs_sdk.recovery.standing import Member
    from drs_sdk.recovery.way_back.server import Stage

_STOPPED = frozenset({"STOPPED", "DISCONNECTED"})
_ON_PREMISES: dict[str, Stage] = {
    "FAILBACK_READY_FOR_LAUNCH": "ready",
    "FAILBACK_IN_PROGRESS": "syncing",
    "FAILBACK_NOT_READY_FOR_LAUNCH": "syncing",
    "FAILBACK_ERROR": "failed home",
}


@dataclass(slots=True)
class Journey:
    """A server on its way back.

    Attributes:
        member: B1, the server of the run.
        b2: Its instance on the recovery side, where that stands.
        origin: Where its machine came from; None where it is no EC2 machine.
        is_same_place: Whether that is the recovery side itself, so that B1 turns round.
        is_on_premises: Whether its machine is no EC2 instance, so that a failback client boots.
        a2: The source server that replicates B2 home.
        a3: The instance at home.
        part: Its part in the run's last launch home.
        part_standing: How that went.
        came_home: Whether the run's own jobs say that it came home, A2 being gone.
        is_drill: Whether the way back is practised only.
        is_b2_going: Whether B2 is being terminated.
        is_launched_into: Whether A3 was launched into A1, so that B1 names it before and after.
        reason: What stands in the way, where something does.
    """

    member: Member
    b2: RecoveryInstance | None
    origin: Target | None
    is_same_place: bool
    is_on_premises: bool = False
    a2: SourceServer | None = None
    a3: RecoveryInstance | None = None
    part: Part | None = None
    part_standing: str | None = None
    came_home: bool = False
    is_drill: bool = False
    is_b2_going: bool = False
    is_launched_into: bool = False
    reason: str | None = None

    @property
    def b1(self) -> SourceServer | None:
        """The source server on the recovery side."""
        return self.member.server

    @property
    def is_b1_replicating(self) -> bool:
        """Whether B1 protects a machine: nothing less than CONTINUOUS does."""
        return self.b1 is not None and self.b1.is_replicating

    @property
    def is_a2_stopped(self) -> bool:
        """Whether A2 replicates no more."""
        return self.a2 is not None and str(self.a2.replication_state) in _STOPPED

    @property
    def is_reprotected(self) -> bool:
        """Whether B1 goes on with the machine at home.

        It names A4 then. Where A4 is A1 itself, launched into, it did so before, too: there only
        A3 tells, which shows that it is replicated.
        """
        if self.a3 is None or self.a3.ec2_instance_id is None or self.b1 is None:
            return False
        names_it = machine_of(self.b1) == self.a3.ec2_instance_id
        return names_it and (not self.is_launched_into or is_replicated(self.a3))

    @property
    def stage(self) -> Stage:
        """How far it is."""
        if self.is_on_premises:
            return self._stage_on_premises()
        if self.a2 is None:
            return self._stage_without_a2()
        if self.part_standing == "launched":
            return self._stage_without_a3() if self.a3 is None else self._stage_at_home()
        if self.part_standing is not None:
            return "launching home" if self.part_standing == "launching" else "failed home"
        return self._stage_replicating(self.a2)

    def _stage_replicating(self, a2: SourceServer) -> Stage:
        """A2 alone and stopped is what we leave last, where it had come home; else it is a loss."""
        may_retire = self.is_drill or was_launched(a2)
        if self._is_a2_alone and may_retire and not self.is_same_place:
            return "retiring"
        return "ready" if a2.is_launchable else "syncing"

    @property
    def _is_a2_alone(self) -> bool:
        """Whether nothing is left that A2 replicates, or has launched."""
        return self.is_a2_stopped and self.b2 is None and self.a3 is None

    def _stage_without_a2(self) -> Stage:
        if self.b2 is not None:
            return "launched"
        if not self.came_home:
            return "not launched"
        return "done" if self.is_b1_replicating else "re-protecting"

    def _stage_at_home(self) -> Stage:
        if not self.is_reprotected:
            return "home"
        if not self.is_b1_replicating:
            return "re-protecting"
        return "retiring" if self.is_a2_stopped and not self.is_same_place else "protected"

    def _stage_without_a3(self) -> Stage:
        """A3's record goes when all but A2 has gone. Any earlier, it is not we who removed it."""
        if self.is_same_place:
            is_forward = self.a2 is not None and self.a2.replication_direction == "FAILOVER"
            if self.b2 is None and is_forward:
                return "done" if self.is_b1_replicating else "re-protecting"
            return "failed home"
        is_ours = self.is_a2_stopped and (self.b2 is None or self.is_drill)
        return "retiring" if is_ours else "failed home"

    def _stage_on_premises(self) -> Stage:
        is_home = self.part_standing == "launched"
        if self.b2 is None:
            if not is_home:
                return "not launched"
            return "done" if self.is_b1_replicating else "re-protecting"
        state = str(self.b2.failback.state) if self.b2.failback is not None else ""
        if self.part_standing == "launching":
            return "launching home"
        if state == "FAILBACK_COMPLETED":
            return "protected" if self.is_b1_replicating else "re-protecting"
        if self.part_standing == "failed":
            return "failed home"
        return _ON_PREMISES.get(state, "waiting for a person")

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
        stage, a2, b1 = self.stage, self.a2, self.b1
        if stage == "failed home" and self.part_standing == "launched":
            return (
                "it was launched home, and its instance there (A3) stands no more: look whether "
                "its machine (A4) lives, and where not, "
                f'fail_back(launch_again=["{self.member.server_id}"])'
            )
        told: dict[Stage, str | None] = {
            "launched": "its replication is not reversed",
            "home": "its machine at home is not protected again",
            "failed home": "its launch home failed: its job tells why",
            "not launched": self.member.reason or "no instance of this run stands",
        }
        if a2 is not None:
            told["syncing"] = f"A2 reads {a2.replication_state}{_behind(a2)}{self._stuck}"
        if b1 is not None:
            told["re-protecting"] = f"B1 reads {b1.replication_state}{_behind(b1)}"
        return told.get(stage)

    @property
    def _stuck(self) -> str:
        """Why A2 does not become ready by itself."""
        if self._is_a2_alone:
            return (
                ", and its instance (B2) stands no more, by no doing of this run: nothing is left "
                "that could come home; "
                f'fail_back(leaving=["{self.member.server_id}"]) goes on with the others'
            )
        return ": somebody has to start its replication" if self.is_a2_stopped else ""

    def _for_a_person(self) -> str | None:
        if self.stage == "waiting for a person":
            return (
                "boot the failback client on the original machine, and connect it to this instance"
            )
        if self.is_on_premises:
            if self.stage != "re-protecting":
                return None
            return "see that the agent on the original machine replicates again"
        if self.stage in {"protected", "retiring", "done"} and not self.is_drill:
            live = machine_of(self.b1) if self.b1 is not None else None
            return (
                "the machine of before (A1) may still stand in EC2 at home: terminate it there, "
                f"and never the one that lives now ({live or 'A4'})"
            )
        return None


def was_launched(server: SourceServer) -> bool:
    """Whether the service says of a server that its last launch has come up."""
    last = server.life_cycle.last_launch if server.life_cycle is not None else None
    return last is not None and str(last.status) == "LAUNCHED"


def machine_of(server: SourceServer) -> str | None:
    """Name the EC2 instance that a source server replicates."""
    properties = server.source_properties
    hints = properties.identification_hints if properties is not None else None
    return hints.aws_instance_id if hints is not None else None


def _behind(server: SourceServer) -> str:
    progress = server.initial_sync_progress
    return f", {progress:.0%} copied" if progress is not None and progress < 1 else ""
