"""The instances that a run has launched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.hooks import LaunchedInstance

if TYPE_CHECKING:
    from collections.abc import Collection

    from drs_sdk.models import RecoveryInstance
    from drs_sdk.recovery.standing import Member, Standing


def instance_of(member: Member, standing: Standing) -> RecoveryInstance | None:
    """Find what a server was launched as, where it stands and was asked for."""
    if member.part is None:
        return None
    look = standing.survey.looks[member.target]
    job_id = member.part.job.job_id
    found = (look.instances or {}).get(member.server_id, ())
    return next((instance for instance in found if instance.job_id == job_id), None)


def launched_instances(standing: Standing, waves: Collection[str]) -> tuple[LaunchedInstance, ...]:
    """List the instances of waves."""
    return tuple(
        _launched(member, instance_of(member, standing))
        for name in waves
        for member in standing.waves[name].members
        if member.state == "launched"
    )


def _launched(member: Member, instance: RecoveryInstance | None) -> LaunchedInstance:
    properties = instance.recovery_instance_properties if instance is not None else None
    interfaces = properties.network_interfaces if properties is not None else ()
    named = member.part.server.recovery_instance_id if member.part is not None else None
    return LaunchedInstance(
        source_server_id=member.server_id,
        name=member.server.name if member.server is not None else None,
        wave=member.wave.name,
        recovery_instance_id=instance.recovery_instance_id if instance is not None else named,
        ec2_instance_id=instance.ec2_instance_id if instance is not None else named,
        addresses=tuple(address for interface in interfaces for address in interface.ips),
    )


_NOT_REPLICATED = frozenset({"NOT_STARTED", "REPLICATION_STATE_NOT_AVAILABLE", "None"})


def is_replicated(instance: RecoveryInstance) -> bool:
    """Whether an instance shows that something replicates it."""
    info = instance.data_replication_info
    return info is not None and str(info.data_replication_state) not in _NOT_REPLICATED


def is_replicated_home(instance: RecoveryInstance) -> bool:
    """Whether a reversal of it goes on; until that is stopped, its termination is refused."""
    info = instance.data_replication_info
    state = str(info.data_replication_state) if info is not None else ""
    in_ec2 = instance.origin_environment != "ON_PREMISES"
    return in_ec2 and is_replicated(instance) and state not in {"STOPPED", "DISCONNECTED"}
