"""STS beside the service: who am I, and working in a role.

The query protocol: parameters in a form, answers in XML. Keys of a role last by the machine's
time, not by the emulator's: the client that holds them judges so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from drs_sdk.testing.front.wire import WireAnswer
from drs_sdk.testing.service.isotime import format_datetime
from drs_sdk.testing.service.refusals import ServiceError

if TYPE_CHECKING:
    from drs_sdk.testing.front.keys import AccessKey, Keyring

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/(?P<name>[^:]+)")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SHORTEST, _LONGEST = 900, 43200
_OK = 200


@dataclass(slots=True)
class TokenService:
    """STS for the accounts of a world.

    Attributes:
        keys: The access keys there are.
        denied: The ARNs of roles that may not be assumed.
    """

    keys: Keyring
    denied: set[str] = field(default_factory=set[str])

    def deny(self, role_arn: str) -> None:
        """Refuse a role from now on.

        Raises:
            ValueError: No ARN of a role.
        """
        if _ROLE.fullmatch(role_arn) is None:
            raise ValueError(f"{role_arn!r} is no ARN of a role")
        self.denied.add(role_arn)

    def answer(self, params: dict[str, str], caller: AccessKey, request_id: str) -> WireAnswer:
        """Carry a call out.

        Raises:
            ServiceError: A refusal.
        """
        action = params.get("Action", "")
        if action == "GetCallerIdentity":
            result = _identity(caller)
        elif action == "AssumeRole":
            result = self._assume_role(params, caller)
        else:
            raise ServiceError("InvalidAction", f"The emulator has no STS {action}.", status=400)
        return _xml(
            _OK,
            f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{result}</{action}Result>'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            f"</{action}Response>",
        )

    def _assume_role(self, params: dict[str, str], caller: AccessKey) -> str:
        role_arn, name = params.get("RoleArn", ""), params.get("RoleSessionName", "")
        seconds = params.get("DurationSeconds", "3600")
        role = _ROLE.fullmatch(role_arn)
        if role is None:
            raise _invalid(f"{role_arn} is invalid")
        if _SESSION_NAME.fullmatch(name) is None:
            raise _invalid("roleSessionName must be 2 to 64 letters, digits or any of _+=,.@-")
        if not seconds.isdecimal() or not _SHORTEST <= int(seconds) <= _LONGEST:
            raise _invalid(f"durationSeconds must be {_SHORTEST} to {_LONGEST}")
        # STS does not say whether a role is there: it is not authorised either way.
        if role_arn in self.denied or self.keys.of_account(role["account"]) is None:
            raise ServiceError(
                "AccessDenied",
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole "
                f"on resource: {role_arn}",
                status=403,
            )
        short_name = role["name"].rpartition("/")[2]
        arn = f"arn:{role['partition']}:sts::{role['account']}:assumed-role/{short_name}/{name}"
        key = self.keys.assume(role["account"], arn, name)
        expiration = datetime.now(UTC) + timedelta(seconds=int(seconds))
        return (
            "<Credentials>"
            f"<AccessKeyId>{key.id}</AccessKeyId><SecretAccessKey>{key.secret}</SecretAccessKey>"
            f"<SessionToken>{key.token}</SessionToken>"
            f"<Expiration>{format_datetime(expiration)}</Expiration></Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>{escape(key.user_id)}</AssumedRoleId>"
            f"<Arn>{escape(arn)}</Arn></AssumedRoleUser>"
        )


def is_call(method: str, path: str) -> bool:
    """Tell whether a request is for STS: the service itself has nothing at the root."""
    return method == "POST" and path == "/"


def parse_call(body: bytes) -> dict[str, str]:
    """Read the parameters of a call."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def render_error(error: ServiceError, request_id: str) -> WireAnswer:
    """Write an error answer."""
    return _xml(
        error.status or 400,
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type>'
        f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>",
    )


def _identity(caller: AccessKey) -> str:
    return (
        f"<Arn>{escape(caller.arn)}</Arn><UserId>{escape(caller.user_id)}</UserId>"
        f"<Account>{caller.account_id}</Account>"
    )


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message, status=400)


def _xml(status: int, body: str) -> WireAnswer:
    return WireAnswer(status, {"Content-Type": "text/xml"}, body.encode())
