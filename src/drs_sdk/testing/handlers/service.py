"""The service as such: initialising an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account


@handles("InitializeService")
def initialize_service(account: Account, _params: Doc) -> None:
    """Open the account for DRS in this Region; doing so again changes nothing."""
    account.initialized = True
