"""Whom a refused batch can be refused for: one of it, those that the service names, or nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from drs_sdk._transport.api_errors import APIError

Blame: TypeAlias = Literal["any", "named", "nobody"]

_BY_CODE: Mapping[str, Blame] = {
    # What one of them is, or how it stands.
    "ConflictException": "any",
    "ResourceNotFoundException": "any",
    "ValidationException": "any",
    # The caller and the account, whatever is asked for.
    "ExpiredToken": "nobody",
    "ExpiredTokenException": "nobody",
    "IncompleteSignature": "nobody",
    "InvalidClientTokenId": "nobody",
    "InvalidSignatureException": "nobody",
    "OptInRequired": "nobody",
    "SignatureDoesNotMatch": "nobody",
    "UninitializedAccountException": "nobody",
    "UnknownOperationException": "nobody",
    "UnrecognizedClientException": "nobody",
}
"""By the error code. What passes by itself (a quota, a throttle, a 5xx) is no refusal: it is waited
out, and stands nowhere here."""

_BY_STATUS: Mapping[int, Blame] = {401: "named", 403: "named"}
"""By the HTTP status, for codes that are not listed. A right can be missing for one server, by its
ARN or its tags; then IAM names it. Else it is missing for all."""

_OTHERWISE: Blame = "any"

_ID = re.compile(r"\b(?:s|i)-[0-9a-f]{8,}\b")
_ARN = re.compile(r"\barn:[^\s:]*:drs:[^\s:]*:[^\s:]*:(?:source-server|recovery-instance)/")


def named_in(error: APIError, ids: Collection[str]) -> list[str]:
    """Find which of a batch the service names in a refusal."""
    member = error.response.get("resourceId")
    told = {*_ID.findall(error.message), *([member] if isinstance(member, str) else ())}
    return [name for name in ids if name in told]


def is_about_some(error: APIError) -> bool:
    """Whether a batch can be refused for the sake of some of it, so that the others may go."""
    blame = _BY_CODE.get(error.code) or _BY_STATUS.get(error.http_status, _OTHERWISE)
    return blame == "any" or (blame == "named" and _ARN.search(error.message) is not None)
