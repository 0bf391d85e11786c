"""The service as such: initialising an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles

if TYPE_CHECKING:
    from drs_sdk.testing.account import Account
    from drs_sdk.testing.documents import Doc


@handles("InitializeService")
def initialize_service(account: Account, _params: Doc) -> None:
    """Open the account for DRS in this Region; doing so again changes nothing."""
    account.initialized = True
