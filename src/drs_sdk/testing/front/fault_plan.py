"""The faults that are armed, and which request each strikes."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from drs_sdk.testing.faults import Fault
    from drs_sdk.testing.service.documents import Doc


@dataclass(slots=True)
class _Armed:
    operation: str
    fault: Fault
    left: int | None
    probability: float | None


@dataclass(slots=True)
class FaultPlan:
    """The faults that are armed, and the dice that decide on them."""

    seed: int = 0
    _armed: list[_Armed] = field(default_factory=list[_Armed])
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Load the dice."""
        self._dice = random.Random(self.seed)  # noqa: S311 - repeatable faults, no secrets

    def arm(
        self, operation: str, fault: Fault, times: int | None, probability: float | None
    ) -> None:
        """Arm a fault; see `DRSEmulator.inject`."""
        if probability is not None and not 0 <= probability <= 1:
            raise ValueError("a probability lies between 0 and 1")
        if times is not None and times < 1:
            raise ValueError("a fault is injected at least once")
        if times is None and probability is None:
            times = 1
        name = operation if operation == "*" else load_service().operation(operation).name
        self._armed.append(_Armed(name, fault, times, probability))

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def armed(self) -> list[Doc]:
        """Return what is armed as JSON, the first armed first."""
        return [
            {
                "operation": armed.operation,
                "fault": asdict(armed.fault),
                "times": armed.left,
                "probability": armed.probability,
            }
            for armed in self._armed
        ]

    def take(self, operation: str, params: Doc) -> Fault | None:
        """Return the fault that strikes this request, if any; the first armed goes first."""
        for armed in self._armed:
            if armed.operation not in {"*", operation} or not armed.fault.fits(params):
                continue
            if armed.probability is not None and self._dice.random() >= armed.probability:
                continue
            if armed.left is not None:
                armed.left -= 1
                if not armed.left:
                    self._armed.remove(armed)
            return armed.fault
        return None
