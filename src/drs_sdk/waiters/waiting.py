"""What the waits of the client share: making one, and raising what it ended in."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from drs_sdk._core.errors import FieldProblem, RequestValidationError
from drs_sdk.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.waiters.condition import Condition
    from drs_sdk.waiters.engine import Wait
    from drs_sdk.waiters.polling import PollerHub
    from drs_sdk.waiters.updates import OnUpdate

SubjectT = TypeVar("SubjectT")

_LONGEST = timedelta(days=36525)
"""A hundred years: more would overflow the calendar sooner or later."""

Duration: TypeAlias = timedelta | float
"""A `timedelta`, or seconds as a number."""


class Waiting(Operations):
    """The base of the mixins with ``wait_until_*`` and ``watch_*`` methods."""

    @property
    @abstractmethod
    def _pollers(self) -> PollerHub:
        """The pollers that all waits of the client share."""

    def _wait(
        self,
        condition: Condition[SubjectT],
        subjects: Mapping[str, SubjectT | None],
        timeout: Duration | None,
        min_delay: Duration | None,
        max_delay: Duration | None,
        on_update: OnUpdate[SubjectT] | None,
    ) -> Wait[SubjectT]:
        from drs_sdk.waiters.engine import Wait
        from drs_sdk.waiters.pace import Pace

        least, most = delays(
            (condition.min_delay, condition.max_delay),
            optional_duration(min_delay, "min_delay"),
            optional_duration(max_delay, "max_delay"),
        )
        if on_update is not None and not callable(on_update):
            given = type(on_update).__name__
            raise _refused("on_update", f"must be a function, or a coroutine function, got {given}")
        pace = Pace(timeout=optional_duration(timeout, "timeout"), min_delay=least, max_delay=most)
        return Wait(self._pollers, condition, subjects, pace, on_update)


def all_of(wait: Wait[SubjectT]) -> list[SubjectT]:
    """Return what a wait that is over was about.

    Raises:
        WaiterFailedError: One reached a bad end.
    """
    if wait.failures:
        raise wait.failed()
    return wait.subjects


def delays(
    defaults: tuple[timedelta, timedelta], least: timedelta | None, most: timedelta | None
) -> tuple[timedelta, timedelta]:
    """Find the delays of a wait: a default gives way to what is given.

    Raises:
        RequestValidationError: A delay is zero, or the longest is shorter than the shortest.
    """
    for name, given in (("min_delay", least), ("max_delay", most)):
        if given is not None and not given:
            raise _refused(name, f"must be above zero, got {given}")
    if least is not None and most is not None:
        if most < least:
            raise _refused("max_delay", f"must not be below min_delay ({least}), got {most}")
        return least, most
    if most is not None:
        return min(defaults[0], most), most
    if least is not None:
        return least, max(defaults[1], least)
    return defaults


def duration(value: Duration, name: str) -> timedelta:
    """Read a duration that may be given in seconds.

    Raises:
        RequestValidationError: It is negative, not a number, or more than a hundred years.
    """
    given = cast("object", value)  # not everyone checks types
    if isinstance(given, timedelta):
        read = given
    elif isinstance(given, (int, float)) and not isinstance(given, bool):
        try:
            read = timedelta(seconds=given)
        except (OverflowError, ValueError) as error:
            problem = f"must be a number of seconds that can be, got {given}"
            raise _refused(name, problem) from error
    else:
        problem = f"must be a timedelta or a number of seconds, such as 300, got {given!r}"
        raise _refused(name, problem)
    if read > _LONGEST:
        raise _refused(name, f"must not be more than a hundred years, got {given}")
    if read < timedelta():
        raise _refused(name, f"must not be negative, got {given}")
    return read


def _refused(name: str, problem: str) -> RequestValidationError:
    return RequestValidationError(f"{name} {problem}", problems=[FieldProblem(name, problem)])


def optional_duration(value: Duration | None, name: str) -> timedelta | None:
    """Read a duration, or None."""
    return None if value is None else duration(value, name)
