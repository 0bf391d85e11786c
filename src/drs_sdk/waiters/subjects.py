"""What users hand to a wait, turned into ids: what operations return is taken as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from drs_sdk._core.base import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from drs_sdk.models import (
        Job,
        RecoveryInstance,
        RecoveryPlanExecution,
        SourceNetwork,
        SourceServer,
    )

ShapeT = TypeVar("ShapeT", bound=Shape)


class HoldsJob(Protocol):
    """A response with a job in it, such as that of ``start_recovery``."""

    @property
    def job(self) -> Job | None:
        """The job that was started."""
        ...


class HoldsExecution(Protocol):
    """A response with a recovery plan execution in it."""

    @property
    def recovery_plan_execution(self) -> RecoveryPlanExecution | None:
        """The execution that was started."""
        ...


if TYPE_CHECKING:
    JobLike: TypeAlias = str | Job | HoldsJob
    """A job, its id, or a response that holds it, such as that of ``start_recovery``."""

    ExecutionLike: TypeAlias = str | RecoveryPlanExecution | HoldsExecution
    """A recovery plan execution, its ARN, or a response that holds it."""

    SourceServersLike: TypeAlias = str | SourceServer | Iterable[str | SourceServer]
    """Source servers or their ids, one or many."""

    RecoveryInstancesLike: TypeAlias = str | RecoveryInstance | Iterable[str | RecoveryInstance]
    """Recovery instances or their ids, one or many."""

    SourceNetworksLike: TypeAlias = str | SourceNetwork | Iterable[str | SourceNetwork]
    """Source networks or their ids, one or many."""


def id_of_job(job: str | Job | HoldsJob) -> str:
    """Find the id of a job.

    Raises:
        ValueError: There is none in it.
    """
    if isinstance(job, str):
        return job
    held: object = getattr(job, "job", job)
    return _required(getattr(held, "job_id", None), "a job id", job)


def arn_of_execution(execution: str | RecoveryPlanExecution | HoldsExecution) -> str:
    """Find the ARN of a recovery plan execution.

    Raises:
        ValueError: There is none in it.
    """
    if isinstance(execution, str):
        return execution
    held: object = getattr(execution, "recovery_plan_execution", execution)
    arn = getattr(held, "recovery_plan_execution_arn", None)
    return _required(arn, "the ARN of a recovery plan execution", execution)


def ids_of(
    subjects: str | ShapeT | Iterable[str | ShapeT],
    id_of: Callable[[ShapeT], str | None],
    what: str,
) -> list[str]:
    """Find the ids of one or more subjects, each once, in order.

    Raises:
        ValueError: One of them has no id.
    """
    several = [subjects] if isinstance(subjects, (str, Shape)) else subjects
    ids = [
        each if isinstance(each, str) else _required(id_of(each), f"the id of a {what}", each)
        for each in several
    ]
    return list(dict.fromkeys(ids))


def _required(value: object, what: str, holder: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is wanted, but this {type(holder).__name__} has none")  # noqa: TRY004 - the type is right
    return value
