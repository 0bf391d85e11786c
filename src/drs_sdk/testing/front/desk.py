"""What the HTTP front and the emulator need of one place, and keeps for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.front.fault_plan import FaultPlan
    from drs_sdk.testing.recording import RecordedRequest
    from drs_sdk.testing.world.account import Account


@dataclass(slots=True)
class Desk:
    """Where the requests of one account in one Region are answered.

    Attributes:
        account: Returns the account behind it.
        take: Puts another account there, and in its world.
        faults: The faults that are armed.
        requests: What arrived.
    """

    account: Callable[[], Account]
    take: Callable[[Account], None]
    faults: FaultPlan
    requests: list[RecordedRequest] = field(default_factory=list["RecordedRequest"])
