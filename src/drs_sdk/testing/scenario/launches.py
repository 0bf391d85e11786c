"""What a test does to launches and recovery instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from drs_sdk.testing.life import failback, launching
from drs_sdk.testing.ranges import require_seconds, require_times
from drs_sdk.testing.scenario.stage import Stage
from drs_sdk.testing.state import ec2_instances, recovery_instances
from drs_sdk.testing.state.ec2_instances import Platform, RootDevice
from drs_sdk.testing.state.recovery_instances import InstanceState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from drs_sdk.testing.service.documents import Doc


class LaunchScenario(Stage):
    """The part of `DRSEmulator` about launches and what comes of them."""

    def fail_launch(
        self,
        source_server_id: str,
        *,
        stage: str = "LAUNCH",
        error: str = "The instance failed to launch.",
        times: int | None = 1,
        silently: bool = False,
    ) -> None:
        """Let the next launches of a source server fail.

        The job completes all the same, as the service's jobs do; the server's launch status
        is FAILED and the job log says why, unless it fails silently.

        Args:
            source_server_id: The server.
            stage: Where it fails: `SNAPSHOT`, `CONVERSION` or `LAUNCH`.
            error: The raw error in the job log; empty leaves it out.
            times: How many launches fail; None means all.
            silently: Fail between the snapshot and the conversion, without an event in the job
                log that tells of it: `SNAPSHOT_END`, then `JOB_END`. `stage` and `error` have
                no part in it.

        Raises:
            ValueError: No such stage, or less than one launch.
            ServiceError: No such server.
        """
        if stage not in {"SNAPSHOT", "CONVERSION", "LAUNCH"}:
            raise ValueError(f"{stage!r} is no stage of a launch")
        require_times("times", times)
        account = self._settled()
        server = account.source_servers.require(source_server_id)
        account.launch_faults[server.id] = {
            "stage": launching.SILENT if silently else stage,
            "error": error,
            "left": times,
        }

    def fail_launch_action(
        self,
        source_server_id: str,
        *,
        action_id: str = "",
        reason: str = "The action failed.",
        times: int | None = 1,
    ) -> None:
        """Let post-launch actions of a source server fail.

        Args:
            source_server_id: The server.
            action_id: Which action; empty means any.
            reason: The failure reason of the run.
            times: How many runs fail; None means all.

        Raises:
            ValueError: Less than one run.
        """
        require_times("times", times)
        server = self._settled().source_servers.require(source_server_id)
        faults: list[Doc] = server.state.setdefault("action_faults", [])
        faults.append({"action": action_id, "reason": reason, "left": times})

    def delay_launch_status(self, source_server_id: str, delay: timedelta) -> None:
        """Let the server's next job be COMPLETED while it still reads PENDING in it.

        Args:
            source_server_id: The server.
            delay: How long after the job's end its real launch status shows.

        Raises:
            ValueError: Below zero, or longer than a century.
        """
        require_seconds("delay", delay.total_seconds())
        server = self._settled().source_servers.require(source_server_id)
        server.state["status_delay"] = delay.total_seconds()

    def delay_initialization(self, source_server_id: str, delay: timedelta) -> None:
        """Let the server's next recovery instance take its time to initialise once it runs.

        Until then terminating, disconnecting or reversing it is a conflict.

        Args:
            source_server_id: The server.
            delay: How long after its launch the instance has initialised.

        Raises:
            ValueError: Below zero, or longer than a century.
        """
        require_seconds("delay", delay.total_seconds())
        server = self._settled().source_servers.require(source_server_id)
        server.state["initialization_delay"] = delay.total_seconds()

    def set_instance_state(self, recovery_instance_id: str, state: InstanceState) -> None:
        """Let somebody stop, start or terminate a recovery instance in EC2.

        Args:
            recovery_instance_id: The instance.
            state: The EC2 state from now on, such as `STOPPED` or `NOT_FOUND`.

        Raises:
            ValueError: No such state.
        """
        if state not in get_args(InstanceState):
            raise ValueError(f"{state!r} is no state of an EC2 instance")
        account = self._settled()
        instance = recovery_instances.instances_of(account).require(recovery_instance_id)
        recovery_instances.show_ec2_state(account, instance, state)

    def describe_ec2_instance(
        self,
        ec2_instance_id: str,
        *,
        tags: Mapping[str, str] | None = None,
        state: InstanceState | None = None,
        platform: Platform | None = None,
        root_device: RootDevice | None = None,
    ) -> None:
        """Say what an EC2 instance is like that a source server may be launched into.

        What is left out stays as it was. An instance that was never described is stopped, has
        no tags, an EBS root device and the right platform.

        Args:
            ec2_instance_id: The instance, in this account and Region.
            tags: All its tags in EC2; launching into the source instance wants
                `AWSDRS=AllowLaunchingIntoThisInstance`.
            state: Its state; only a stopped one can be launched into. That of a recovery
                instance is set by `set_instance_state`.
            platform: `LINUX` or `WINDOWS`.
            root_device: `EBS` or `INSTANCE_STORE`.

        Raises:
            ValueError: No such state, platform or root device, or the state of a recovery
                instance.
        """
        account = self._settled()
        for value, kind in (
            (state, InstanceState),
            (platform, Platform),
            (root_device, RootDevice),
        ):
            if value is not None and value not in get_args(kind):
                raise ValueError(f"{value!r} is none of {', '.join(get_args(kind))}")
        if state is not None and ec2_instance_id in recovery_instances.instances_of(account):
            raise ValueError(f"{ec2_instance_id} is a recovery instance: use set_instance_state")
        said = {
            "tags": None if tags is None else dict(tags),
            "state": state,
            "platform": platform,
            "rootDevice": root_device,
        }
        known = {name: value for name, value in said.items() if value is not None}
        ec2_instances.describe(account, ec2_instance_id, known)

    def pair_failback_client(self, recovery_instance_id: str) -> None:
        """Boot a failback client on the machine that a recovery instance came from.

        It replicates the instance back to that machine; once it is in sync,
        StartFailbackLaunch completes the failback. This is the way back of machines that are
        not EC2 instances, whose replication cannot be reversed.

        Args:
            recovery_instance_id: The instance.

        Raises:
            ServiceError: The instance is disconnected or has not initialised.
        """
        account = self._settled()
        instance = recovery_instances.instances_of(account).require(recovery_instance_id)
        recovery_instances.require_initialized(instance)
        recovery_instances.require_connected(instance)
        failback.pair_client(account, instance)
