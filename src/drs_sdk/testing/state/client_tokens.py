"""Client tokens: a repeated request finds what the first one made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.documents import Doc, copy_doc

if TYPE_CHECKING:
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource

_TOKEN = "clientToken"  # noqa: S105 - the name of a member


def replayed(
    account: Account, operation: str, params: Doc, collection: Collection
) -> Resource | None:
    """Return what an earlier request with this token made, as it is now.

    None where there is no token, it is new, or what it made was deleted since.

    Raises:
        ServiceError: The token was used with other parameters (ConflictException).
    """
    token: str | None = params.get(_TOKEN)
    used = account.collection("client_tokens").get(f"{operation}/{token}") if token else None
    if used is None:
        return None
    made = collection.get(used.doc["made"])
    if made is not None and used.doc["params"] != params:
        raise refusals.conflict(
            f"The client token was used with other parameters by another {operation}.",
            collection.resource_type,
            made.id,
        )
    return made


def remember(account: Account, operation: str, params: Doc, made: Resource) -> None:
    """Keep what a request with a token made."""
    token: str | None = params.get(_TOKEN)
    if token:
        tokens, key = account.collection("client_tokens"), f"{operation}/{token}"
        if key in tokens:
            tokens.remove(key)
        tokens.add(key, {"made": made.id, "params": copy_doc(params)})
