"""Signature Version 4, checked against the emulator's own keys."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from drs_sdk.testing.service import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.testing.front.keys import Keyring

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[A-Za-z0-9-]+)/(?P<service>[^/]+)/aws4_request"
    r", ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_STAMP = "%Y%m%dT%H%M%SZ"
_LIFETIME = timedelta(minutes=5)
_UNSIGNED = "UNSIGNED-PAYLOAD"


def check_signature(
    keys: Keyring,
    method: str,
    raw_path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    """Refuse a request that the emulator's keys did not sign.

    Its age is judged by the machine's time, which the signer's is, too; the emulator's clock may
    show any other.

    Args:
        keys: The keys there are.
        method: HTTP method.
        raw_path: Path as it was sent, percent-encoded.
        query: Query string as it was sent.
        headers: Headers, names in lower case.
        body: The body.

    Raises:
        ServiceError: Missing, wrong or old signature (HTTP 403).
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise refusals.ServiceError(
            "MissingAuthenticationTokenException", "Missing Authentication Token", status=403
        )
    found = keys.find(match["key"])
    token = headers.get("x-amz-security-token", "")
    # A token with a lasting key is not judged: tests of renewal tell their keys apart by it.
    if found is None or (found.token and found.token != token):
        raise refusals.ServiceError(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            status=403,
        )
    names = match["headers"].split(";")
    canonical = "\n".join(
        [
            method,
            quote(raw_path, safe="/~"),
            _canonical_query(query),
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in names),
            "",
            match["headers"],
            headers.get("x-amz-content-sha256", "") or hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{match['date']}/{match['region']}/{match['service']}/aws4_request"
    to_sign = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            headers.get("x-amz-date", ""),
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{found.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
    if not hmac.compare_digest(expected, match["signature"]):
        raise refusals.access_denied(
            "The request signature does not match the signature calculated by the emulator."
        )
    _require_young(headers.get("x-amz-date", ""))
    claimed = headers.get("x-amz-content-sha256", _UNSIGNED)
    if claimed not in {_UNSIGNED, hashlib.sha256(body).hexdigest()}:
        raise refusals.access_denied("The body is not the one that was signed.")


def _require_young(signed: str) -> None:
    try:
        signed_at = datetime.strptime(signed, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _expired(f"{signed!r} is no date of a signature.") from None
    now = datetime.now(UTC)
    if abs(now - signed_at) > _LIFETIME:
        moved = "expired" if signed_at < now else "not yet current"
        raise _expired(f"Signature {moved}: {signed}, and it is {now.strftime(_STAMP)}.")


def _expired(message: str) -> refusals.ServiceError:
    return refusals.ServiceError("InvalidSignatureException", message, status=403)


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
    encoded = [(quote(key, safe="-_.~"), quote(value, safe="-_.~")) for key, value in pairs]
    return "&".join(f"{key}={value}" for key, value in sorted(encoded))
