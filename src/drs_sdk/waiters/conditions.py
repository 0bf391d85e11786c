"""Which states succeed, fail, or mean wait on: the one table of waits.

The first acceptor that fits decides; where none fits, the wait goes on. Delays come from how long
things really take: a launch of one server about nine minutes, an initial sync hours to days.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from drs_sdk.reports.job_parts import failed_actions, failed_parts, unsettled_parts
from drs_sdk.waiters import kinds
from drs_sdk.waiters.condition import Acceptor, Condition

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.models import (
        Job,
        ParticipatingServer,
        RecoveryInstance,
        RecoveryPlanExecution,
        SourceNetwork,
        SourceServer,
    )
    from drs_sdk.waiters.condition import Standing

SubjectT = TypeVar("SubjectT")

_SETTLING = timedelta(minutes=2)
"""How long a state that is wrong, but may be just a moment's, is given to pass."""

_ACTIONS_APPEARING = timedelta(minutes=5)
"""How long after a launch its actions may take to show up in the job."""


def _success(fits: Callable[[SubjectT], bool]) -> Acceptor[SubjectT]:
    return Acceptor("success", fits)


def _failure(
    fits: Callable[[SubjectT], bool],
    reason: Callable[[SubjectT], str],
    settling: timedelta = timedelta(),
) -> Acceptor[SubjectT]:
    return Acceptor("failure", fits, reason, settling)


_ANY: frozenset[Standing] = frozenset({"open", "success", "failure"})

# -- jobs ------------------------------------------------------------------------------------


def _names_nothing(job: Job) -> bool:
    return job.is_completed and not (job.participating_servers or job.participating_resources)


def is_emptied(job: Job) -> bool:
    """Whether it is a termination that has ended, and the service shows no part of it any more."""
    return job.type == "TERMINATE" and _names_nothing(job)


def _terminated_instances(job: Job) -> frozenset[str]:
    """The recovery instances that a termination names."""
    if job.type != "TERMINATE":
        return frozenset()
    named = (server.recovery_instance_id for server in job.participating_servers)
    return frozenset(name for name in named if name is not None)


def _job_failure(job: Job) -> str:
    if _names_nothing(job):
        return "the job names no server"
    listed = ", ".join({**failed_parts(job), **unsettled_parts(job)})
    return f"ended without success for {listed}"


JOB_COMPLETED: Condition[Job] = Condition(
    wait="wait_until_job_completed",
    watch="watch_job",
    timeout=timedelta(hours=1),
    name="the job has completed",
    kind=kinds.JOBS,
    acceptors=(
        _success(lambda job: job.succeeded),
        Acceptor("success", is_emptied, remembering=True),  # the instances are asked for then
        _failure(
            lambda job: job.is_completed and not job.pending_servers and bool(failed_parts(job)),
            _job_failure,
        ),
        # COMPLETED while a server still reads PENDING, or none is named: true for a moment, but
        # not for ever.
        _failure(lambda job: job.is_completed, _job_failure, _SETTLING),
    ),
    single=True,
    counted=_ANY,
    names=_terminated_instances,
    min_delay=timedelta(seconds=5),
    max_delay=timedelta(seconds=30),
)


def _runs_ended(server: ParticipatingServer) -> bool:
    status = server.launch_actions_status
    if server.launch_status == "FAILED":
        return True  # nothing was launched, so nothing runs on it
    return (
        status is not None
        and bool(status.runs)
        and all(run.status in {"SUCCEEDED", "FAILED"} for run in status.runs)
    )


def _has_no_runs(server: ParticipatingServer) -> bool:
    status = server.launch_actions_status
    return status is None or not status.runs


def _tells_nothing(job: Job) -> bool:
    """Whether a job has ended, names nobody, and is not of a type where that is well."""
    return _names_nothing(job) and not job.succeeded


def _launched(job: Job) -> bool:
    return job.is_completed and not job.pending_servers and not _tells_nothing(job)


def _actions_ended(job: Job) -> bool:
    return _launched(job) and all(_runs_ended(server) for server in job.participating_servers)


def _actions_absent_or_ended(job: Job) -> bool:
    return _launched(job) and all(
        _runs_ended(server) or _has_no_runs(server) for server in job.participating_servers
    )


def _actions_failure(job: Job) -> str:
    return "; ".join(f"{name}: {why}" for name, why in failed_actions(job).items())


LAUNCH_ACTIONS_COMPLETED: Condition[Job] = Condition(
    wait="wait_until_launch_actions_completed",
    watch="watch_launch_actions",
    timeout=timedelta(hours=2),
    name="every launch action of the job has ended",
    kind=kinds.JOBS,
    acceptors=(
        _failure(lambda job: _actions_ended(job) and bool(failed_actions(job)), _actions_failure),
        _success(_actions_ended),
        # Actions show up some time after the launch; a server that has none never shows any.
        _failure(
            lambda job: _actions_absent_or_ended(job) and bool(failed_actions(job)),
            _actions_failure,
            _ACTIONS_APPEARING,
        ),
        Acceptor("success", _actions_absent_or_ended, settling=_ACTIONS_APPEARING),
        _failure(_tells_nothing, _job_failure, _SETTLING),
    ),
    single=True,
    counted=_ANY,
    min_delay=timedelta(seconds=10),
    max_delay=timedelta(seconds=60),
)


# -- source servers ----------------------------------------------------------------------------


def _replication_state(server: SourceServer) -> str:
    info = server.data_replication_info
    error = info.data_replication_error if info else None
    why = f" ({error.error})" if error and error.error else ""
    return f"replication is {server.replication_state}{why}"


_NOT_REPLICATING = frozenset({"STOPPED", "DISCONNECTED"})
_GONE = _failure(
    lambda server: server.replication_state in _NOT_REPLICATING, _replication_state, _SETTLING
)


def replicating(max_lag: timedelta | None) -> Condition[SourceServer]:
    """Wait for CONTINUOUS, and for a lag within a limit if one is given."""

    def fits(server: SourceServer) -> bool:
        if not server.is_replicating or max_lag is None:
            return server.is_replicating
        return server.lag is not None and server.lag <= max_lag

    within = "" if max_lag is None else f" with a lag of at most {max_lag}"
    return Condition(
        wait="wait_until_source_servers_replicating",
        watch="watch_source_servers_replicating",
        timeout=timedelta(hours=24),
        name=f"the servers replicate{within}",
        kind=kinds.SOURCE_SERVERS,
        acceptors=(_success(fits), _GONE),
        passing=True,
        min_delay=timedelta(seconds=15),
        max_delay=timedelta(minutes=2),
    )


SOURCE_SERVERS_LAUNCHABLE: Condition[SourceServer] = Condition(
    wait="wait_until_source_servers_launchable",
    watch="watch_source_servers_launchable",
    timeout=timedelta(hours=24),
    name="the servers can be launched",
    kind=kinds.SOURCE_SERVERS,
    acceptors=(_success(lambda server: server.is_launchable), _GONE),
    passing=True,
    min_delay=timedelta(seconds=15),
    max_delay=timedelta(minutes=2),
)

SOURCE_SERVERS_DISCONNECTED: Condition[SourceServer] = Condition(
    wait="wait_until_source_servers_disconnected",
    watch="watch_source_servers_disconnected",
    timeout=timedelta(minutes=15),
    name="the servers are disconnected",
    kind=kinds.SOURCE_SERVERS,
    acceptors=(_success(lambda server: server.replication_state == "DISCONNECTED"),),
    min_delay=timedelta(seconds=3),
    max_delay=timedelta(seconds=20),
)


# -- recovery instances ------------------------------------------------------------------------

_ENDED = frozenset({"TERMINATED", "SHUTTING-DOWN"})


def _instance_state(instance: RecoveryInstance) -> str:
    return f"the EC2 instance is {instance.ec2_instance_state}"


RECOVERY_INSTANCES_RUNNING: Condition[RecoveryInstance] = Condition(
    wait="wait_until_recovery_instances_running",
    watch="watch_recovery_instances_running",
    timeout=timedelta(minutes=30),
    name="the recovery instances run",
    kind=kinds.RECOVERY_INSTANCES,
    acceptors=(
        _success(lambda instance: instance.is_running),
        _failure(lambda instance: instance.ec2_instance_state in _ENDED, _instance_state),
        _failure(
            lambda instance: instance.ec2_instance_state == "NOT_FOUND", _instance_state, _SETTLING
        ),
    ),
    passing=True,
    min_delay=timedelta(seconds=5),
    max_delay=timedelta(seconds=30),
)


RECOVERY_INSTANCES_GONE: Condition[RecoveryInstance] = Condition(
    name="the recovery instances are gone",
    kind=kinds.RECOVERY_INSTANCES,
    acceptors=(
        _success(lambda instance: instance.ec2_instance_state in {"TERMINATED", "NOT_FOUND"}),
        _failure(
            lambda instance: instance.ec2_instance_state != "SHUTTING-DOWN",
            lambda instance: f"still there: {_instance_state(instance)}",
            _SETTLING,
        ),
    ),
    appearing=timedelta(),
    absent="success",
    min_delay=timedelta(seconds=5),
    max_delay=timedelta(seconds=30),
)


def _failback_state(instance: RecoveryInstance) -> str:
    return f"the failback is {instance.failback.state if instance.failback else 'unknown'}"


def _failback_is(*states: str) -> Callable[[RecoveryInstance], bool]:
    return lambda instance: instance.failback is not None and instance.failback.state in states


FAILBACK_READY: Condition[RecoveryInstance] = Condition(
    wait="wait_until_failback_ready",
    watch="watch_failback_ready",
    timeout=timedelta(hours=24),
    name="the failback can be launched",
    kind=kinds.RECOVERY_INSTANCES,
    acceptors=(
        _success(lambda instance: instance.is_ready_for_failback),
        _failure(_failback_is("FAILBACK_COMPLETED"), _failback_state),
        _failure(_failback_is("FAILBACK_ERROR"), _failback_state, _SETTLING),
    ),
    passing=True,
    min_delay=timedelta(seconds=15),
    max_delay=timedelta(minutes=2),
)


# -- networks and plans ------------------------------------------------------------------------


def _network_state(network: SourceNetwork) -> str:
    detail = f": {network.replication_status_details}" if network.replication_status_details else ""
    return f"replication of the network is {network.replication_status}{detail}"


SOURCE_NETWORK_PROTECTED: Condition[SourceNetwork] = Condition(
    wait="wait_until_source_network_protected",
    watch="watch_source_network_protected",
    timeout=timedelta(hours=1),
    name="the source networks are protected",
    kind=kinds.SOURCE_NETWORKS,
    acceptors=(
        _success(lambda network: network.is_protected),
        _failure(lambda network: network.replication_status == "ERROR", _network_state),
        _failure(
            lambda network: network.replication_status == "STOPPED", _network_state, _SETTLING
        ),
    ),
    passing=True,
    min_delay=timedelta(seconds=10),
    max_delay=timedelta(seconds=60),
)


def _execution_failure(execution: RecoveryPlanExecution) -> str:
    detail = execution.error_detail
    why = f": {detail.message}" if detail and detail.message else ""
    return f"the execution is {execution.status}{why}"


RECOVERY_PLAN_EXECUTION_COMPLETED: Condition[RecoveryPlanExecution] = Condition(
    wait="wait_until_recovery_plan_execution_completed",
    watch="watch_recovery_plan_execution",
    timeout=timedelta(hours=12),
    name="the recovery plan execution has completed",
    kind=kinds.PLAN_EXECUTIONS,
    acceptors=(
        _success(lambda execution: execution.status == "COMPLETED"),
        _failure(lambda execution: execution.is_finished, _execution_failure),
    ),
    single=True,
    counted=frozenset({"open", "success"}),  # one that failed may have been taken up again
    min_delay=timedelta(seconds=10),
    max_delay=timedelta(seconds=60),
)

WAITS = (
    JOB_COMPLETED,
    LAUNCH_ACTIONS_COMPLETED,
    SOURCE_SERVERS_LAUNCHABLE,
    replicating(None),
    SOURCE_SERVERS_DISCONNECTED,
    RECOVERY_INSTANCES_RUNNING,
    FAILBACK_READY,
    SOURCE_NETWORK_PROTECTED,
    RECOVERY_PLAN_EXECUTION_COMPLETED,
)
"""What clients wait for: methods, docstrings and the docs' table are generated from these."""
