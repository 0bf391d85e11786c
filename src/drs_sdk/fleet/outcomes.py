"""What became of something that was run for every target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk.fleet.errors import FleetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk._core.errors import DRSError
    from drs_sdk.fleet.target import Target

ResultT_co = TypeVar("ResultT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Outcomes(Generic[ResultT_co]):
    """What became of something that was run for every target; each is in one of the three.

    Attributes:
        results: What it returned, by target.
        failures: What it ended in otherwise, by target.
        absent: The targets where DRS was never initialised.
    """

    results: Mapping[Target, ResultT_co]
    failures: Mapping[Target, DRSError]
    absent: frozenset[Target]

    def raise_if_failed(self) -> None:
        """Raise all failures in one; absent targets are none.

        Raises:
            FleetError: At least one target failed.
        """
        if self.failures:
            targets = len(self.results) + len(self.failures) + len(self.absent)
            raise FleetError.of(self.failures, targets)
