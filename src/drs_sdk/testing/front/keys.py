"""Access keys, whose account each stands for, and what a signature says of its request."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The example keys of the AWS documentation: secret scanners know that they are none.
ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 - see above

_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[A-Za-z0-9-]+)/[^/]+/aws4_request"
)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key.

    Attributes:
        id: The access key id.
        secret: Its secret.
        account_id: The account it works in.
        arn: Who works with it.
        user_id: The unique identifier of that principal.
        token: The session token that goes with it; empty for a key that lasts.
    """

    id: str
    secret: str
    account_id: str
    arn: str
    user_id: str
    token: str = ""


class Keyring:
    """The access keys of a world: one of each account, and those of roles that were assumed."""

    def __init__(self, account_ids: Sequence[str]) -> None:
        """Give each account its key; the first has the documentation's example key."""
        self._of_account: dict[str, AccessKey] = {}
        self._by_id: dict[str, AccessKey] = {}
        self._assumed = 0
        for account_id in account_ids:
            first = not self._of_account
            key = AccessKey(
                id=ACCESS_KEY_ID if first else f"AKIA{account_id}MADE",
                secret=SECRET_ACCESS_KEY if first else _made(f"secret/{account_id}"),
                account_id=account_id,
                arn=f"arn:aws:iam::{account_id}:user/emulator",
                user_id=f"AIDA{account_id}MADE",
            )
            self._of_account[account_id] = key
            self._by_id[key.id] = key
        self.first: AccessKey = next(iter(self._of_account.values()))

    def of_account(self, account_id: str) -> AccessKey | None:
        """Return the lasting key of an account, or None when there is no such account."""
        return self._of_account.get(account_id)

    def find(self, key_id: str) -> AccessKey | None:
        """Return a key by its id, or None."""
        return self._by_id.get(key_id)

    def assume(self, account_id: str, arn: str, session_name: str) -> AccessKey:
        """Make the key of a session in a role."""
        self._assumed += 1
        key = AccessKey(
            id=f"ASIA{self._assumed:012d}MADE",
            secret=_made(f"secret/{arn}/{self._assumed}"),
            account_id=account_id,
            arn=arn,
            user_id=f"AROA{account_id}MADE:{session_name}",
            token=_made(f"token/{arn}/{self._assumed}"),
        )
        self._by_id[key.id] = key
        return key


def signer(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the access key id and the Region of a signature; empty where there is none."""
    match = _SCOPE.match(headers.get("authorization", ""))
    return (match["key"], match["region"]) if match else ("", "")


def _made(seed: str) -> str:
    # As long as AWS's own secrets are.
    return hashlib.blake2b(seed.encode(), digest_size=20).hexdigest()
