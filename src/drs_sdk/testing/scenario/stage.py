"""The stage of a scenario: the account it works on, and the clock that the account lives by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.testing.clock import EmulatorClock
    from drs_sdk.testing.world.account import Account


class Stage:
    """What every part of a scenario stands on.

    Attributes:
        clock: The clock the account lives by; by default virtual time (see `EmulatorClock`).
    """

    def __init__(self, clock: EmulatorClock, account: Account) -> None:
        """Take charge of an account."""
        self.clock = clock
        self._account = account

    def _settled(self) -> Account:
        self._account.settle(self.clock.now())
        return self._account

    def _take(self, account: Account) -> None:
        """Let another account stand in the place of the one there was."""
        account.world.replace(self._account, account)
        self._account = account
