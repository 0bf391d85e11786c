"""How targets of a fleet fail, and how all that failed are raised in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import DRSError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

    from drs_sdk.fleet.target import Target

_SHOWN = 10


class TargetTimeoutError(DRSError):
    """A target was not done with when its time, or that of all, was up.

    An unsafe call that was cut short may have happened: its `AmbiguousOutcomeError` is the
    ``__cause__``.

    Attributes:
        target: Which target.
        seconds: How long it had.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, message: str, *, target: Target, seconds: float) -> None:
        """Name the target and its time."""
        super().__init__(message)
        self.target = target
        self.seconds = seconds


class TargetFailedError(DRSError):
    """What was run for a target raised something that is not the package's; see ``__cause__``.

    Attributes:
        target: Which target.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, message: str, *, target: Target) -> None:
        """Name the target, and what was raised."""
        super().__init__(message)
        self.target = target


class FleetError(DRSError, ExceptionGroup[DRSError]):
    """All failures of a fleet in one: a group, for ``except*``.

    Attributes:
        failures: What failed, by target. Of a part that ``split`` or ``except*`` makes, the part.
    """

    __module__ = "drs_sdk.errors"

    failures: dict[Target, DRSError]

    def __new__(
        cls,
        message: str,
        exceptions: Sequence[DRSError],
        *,
        failures: Mapping[Target, DRSError] | None = None,  # noqa: ARG004 - `__init__` takes it
    ) -> Self:
        """Make the group; see `FleetError.of`."""
        return super().__new__(cls, message, exceptions)

    def __init__(
        self,
        message: str,
        exceptions: Sequence[DRSError],
        *,
        failures: Mapping[Target, DRSError] | None = None,
    ) -> None:
        """Keep what failed where."""
        super().__init__(message)
        self.args: tuple[object, ...] = (message, list(exceptions))
        self.failures = dict(failures or {})

    @classmethod
    def of(cls, failures: Mapping[Target, DRSError], targets: int) -> FleetError:
        """Raise the failures of so many targets in one."""
        lines = [f"  {target}: {error}" for target, error in failures.items()]
        if len(lines) > _SHOWN:
            lines[_SHOWN:] = [f"  and {len(lines) - _SHOWN} more, in failures"]
        message = "\n".join([f"{len(failures)} of {targets} targets failed:", *lines])
        return cls(message, list(failures.values()), failures=failures)

    def derive(self, excs: Iterable[DRSError], /) -> FleetError:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - all of ours are
        """Make the group of a part of the failures."""
        part = list(excs)
        kept = {id(error) for error in part}
        failures = {target: error for target, error in self.failures.items() if id(error) in kept}
        return type(self)(self.message, part, failures=failures)
