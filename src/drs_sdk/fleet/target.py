"""Where a fleet works: an account, in a Region."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, field, fields

from drs_sdk._core.arguments import require_text
from drs_sdk._core.errors import ConfigurationError

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/.+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """One account in one Region, and the way there.

    Equal targets are one: a target can be a key, and goes into sets. It pickles.

    Attributes:
        region_name: The Region, such as ``eu-west-1``.
        account_id: The account's twelve digits; taken from `role_arn` where there is one. Without
            either it is the account of the credentials, which nobody asks for.
        role_arn: The role to work in there.
        external_id: The external id that the role's trust policy asks for; not shown.
        role_session_name: How the role's session shows in CloudTrail.
        profile_name: A profile of the shared AWS configuration to work as, or to assume the role
            with.
        endpoint_url: Where requests go; else where the fleet's go.
    """

    region_name: str
    account_id: str | None = None
    role_arn: str | None = None
    _: KW_ONLY
    external_id: str | None = field(default=None, repr=False)
    role_session_name: str | None = None
    profile_name: str | None = None
    endpoint_url: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be: an account that is none, a role of another account.

        Raises:
            ConfigurationError: It cannot be; the message says what.
        """
        for each in fields(self):
            require_text(getattr(self, each.name), each.name)
        if not self.region_name:
            raise ConfigurationError(f"a target has a Region, got {self.region_name!r}")
        if self.account_id is not None and _ACCOUNT.fullmatch(self.account_id) is None:
            raise ConfigurationError(f"an account has twelve digits, got {self.account_id!r}")
        if self.role_arn is None:
            if self.external_id is not None or self.role_session_name is not None:
                raise ConfigurationError("external_id and role_session_name go with role_arn")
            return
        role = _ROLE.fullmatch(self.role_arn)
        if role is None:
            raise ConfigurationError(f"{self.role_arn!r} is no ARN of a role")
        if self.account_id is None:
            object.__setattr__(self, "account_id", role[1])
        elif self.account_id != role[1]:
            raise ConfigurationError(
                f"the role {self.role_arn} is not of the account {self.account_id}"
            )

    def __str__(self) -> str:
        """Read as ``111122223333/eu-west-1``."""
        who = self.account_id or self.profile_name
        return self.region_name if who is None else f"{who}/{self.region_name}"
