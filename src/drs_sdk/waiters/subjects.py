"""What users hand to a wait, turned into ids: what operations return is taken as it is."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Protocol, TypeVar

import drs_sdk.models as models
from drs_sdk._core.errors import FieldProblem, RequestValidationError
from drs_sdk.pagination import Pager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from drs_sdk._core.base import Shape
    from drs_sdk.models import (
        Job,
        RecoveryInstance,
        RecoveryPlanExecution,
        SourceNetwork,
        SourceServer,
    )
    from drs_sdk.waiters.kinds import Kind

ShapeT = TypeVar("ShapeT", bound="Shape")


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
        RequestValidationError: There is none in it.
    """
    if isinstance(job, str):
        return job
    held: object = getattr(job, "job", job)
    return _required(getattr(held, "job_id", None), "a job id", job)


def arn_of_execution(execution: str | RecoveryPlanExecution | HoldsExecution) -> str:
    """Find the ARN of a recovery plan execution.

    Raises:
        RequestValidationError: There is none in it.
    """
    if isinstance(execution, str):
        return execution
    held: object = getattr(execution, "recovery_plan_execution", execution)
    arn = getattr(held, "recovery_plan_execution_arn", None)
    return _required(arn, "the ARN of a recovery plan execution", execution)


def given_job(job: str | Job | HoldsJob) -> dict[str, Job | None]:
    """Find the id of a job, and the job itself if it is at hand.

    Raises:
        RequestValidationError: There is none in it.
    """
    held: object = getattr(job, "job", job)
    return {id_of_job(job): held if isinstance(held, models.Job) else None}


def given_execution(
    execution: str | RecoveryPlanExecution | HoldsExecution,
) -> dict[str, RecoveryPlanExecution | None]:
    """Find the ARN of a recovery plan execution, and the execution itself if it is at hand.

    Raises:
        RequestValidationError: There is none in it.
    """
    held: object = getattr(execution, "recovery_plan_execution", execution)
    known = held if isinstance(held, models.RecoveryPlanExecution) else None
    return {arn_of_execution(execution): known}


def given(
    subjects: str | ShapeT | Iterable[str | ShapeT], kind: Kind[ShapeT]
) -> dict[str, ShapeT | None]:
    """Find the ids of one or more subjects, each once, in order, with those that are at hand.

    Raises:
        RequestValidationError: One of them has no id.
    """
    wanted = f"the id of a {kind.name}"
    from drs_sdk._core.base import Shape

    several: Iterable[str | ShapeT]
    if isinstance(subjects, (str, Shape)):
        several = [subjects]
    else:
        try:
            several = iter(subjects)
        except TypeError:
            raise _not_in(subjects, wanted) from None
    found: dict[str, ShapeT | None] = {}
    for each in several:
        name = _id_in(each, kind.id_of, wanted)
        found[name] = each if isinstance(each, kind.shape()) else found.get(name)
    return found


def _id_in(subject: str | ShapeT, id_of: Callable[[ShapeT], str | None], wanted: str) -> str:
    if isinstance(subject, str):
        return subject
    try:
        found = id_of(subject)
    except AttributeError:  # it is something else
        raise _not_in(subject, wanted) from None
    return _required(found, wanted, subject)


def _required(value: object, wanted: str, holder: object) -> str:
    if not isinstance(value, str):
        raise _not_in(holder, wanted)
    return value


def _not_in(holder: object, wanted: str) -> RequestValidationError:
    """Say that there is no id in what was given, and what to give instead."""
    from drs_sdk._core.base import Shape

    name = type(holder).__name__
    if holder is None:
        told = "but None was given"
    elif isinstance(holder, Pager):
        told = "but this is a pager: await its collect() first, and give what that returns"
    elif inspect.isawaitable(holder):
        told = f"but this {name} was not awaited: await it, and give what that returns"
    elif isinstance(holder, Shape) and isinstance(getattr(holder, "items", None), list):
        told = f"but this {name} is a page: give what is in its items"
    elif isinstance(holder, (list, tuple, set, frozenset)):
        told = f"but this {name} has none: give one of what is in it"
    else:
        told = f"but this {name} has none"
    problem = f"{wanted} is wanted, {told}"
    subject = wanted.rpartition(" a ")[2]
    return RequestValidationError(problem, problems=[FieldProblem(subject, problem)])
