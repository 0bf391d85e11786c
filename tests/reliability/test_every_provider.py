"""Each of botocore's providers that asks a service, under each fault: CredentialsError, no call."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.credentials import AioSSOProvider
from loopback import answer, client_for, hang_up, loopback, reset, stay_silent, truncate

from drs_sdk._transport import attempt
from drs_sdk.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loopback import Exchange, Loopback, Step

pytestmark = pytest.mark.usefixtures("own_environment")

NO_KEYS: dict[str, Any] = {"aws_access_key_id": None, "aws_secret_access_key": None}
SERVERS = [{"source_server_id": "s-0123456789abcdef0"}]
SECRET = "aS3cretThatMustNotShow"
ROLE = "arn:aws:iam::111122223333:role/ops"
START_URL = "https://example.invalid/start"


def later(**by: float) -> str:
    return (datetime.now(UTC) + timedelta(**by)).strftime("%Y-%m-%dT%H:%M:%SZ")


def of_sts(operation: str, *, until: str | None = None, secret: str | None = SECRET) -> bytes:
    key = "" if secret is None else f"<SecretAccessKey>{secret}</SecretAccessKey>"
    return (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result><Credentials><AccessKeyId>AKIDPROVIDED</AccessKeyId>{key}"
        f"<SessionToken>t</SessionToken><Expiration>{until or later(hours=1)}</Expiration>"
        f"</Credentials></{operation}Result></{operation}Response>"
    ).encode()


def of_sso(*, until: float = 3600, secret: str | None = SECRET) -> bytes:
    keys: dict[str, object] = {
        "accessKeyId": "AKIDPROVIDED",
        "sessionToken": "t",
        "expiration": int((datetime.now(UTC).timestamp() + until) * 1000),
    }
    if secret is not None:
        keys["secretAccessKey"] = secret
    return json.dumps({"roleCredentials": keys}).encode()


def of_machine(**changes: object) -> bytes:
    keys = {
        "Code": "Success",
        "AccessKeyId": "AKIDPROVIDED",
        "SecretAccessKey": SECRET,
        "Token": "t",
        "Expiration": later(hours=1),
        **changes,
    }
    return json.dumps({name: value for name, value in keys.items() if value is not None}).encode()


def _profile(home: Path, text: str) -> None:
    (home / "config").write_text(f"[default]\nregion = eu-west-1\n{text}")


def use_role(home: Path, url: str, patch: pytest.MonkeyPatch) -> None:
    _profile(home, f"role_arn = {ROLE}\nsource_profile = source\n[profile source]\n")
    (home / "credentials").write_text(
        "[source]\naws_access_key_id = AKIDSOURCE\naws_secret_access_key = s\n"
    )
    patch.setenv("AWS_ENDPOINT_URL_STS", url)


def use_web_identity(home: Path, url: str, patch: pytest.MonkeyPatch) -> None:
    (home / "token").write_text("a.web.token")
    patch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(home / "token"))
    patch.setenv("AWS_ROLE_ARN", ROLE)
    patch.setenv("AWS_ENDPOINT_URL_STS", url)


def use_single_sign_on(home: Path, url: str, patch: pytest.MonkeyPatch) -> None:
    _profile(
        home,
        f"sso_start_url = {START_URL}\nsso_region = eu-west-1\nsso_account_id = 111122223333\n"
        "sso_role_name = ops\n",
    )
    cache = home / "sso"
    cache.mkdir()
    patch.setattr(AioSSOProvider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    name = hashlib.sha1(START_URL.encode(), usedforsecurity=False).hexdigest()
    token = {"startUrl": START_URL, "accessToken": "a", "expiresAt": later(hours=1)}
    (cache / f"{name}.json").write_text(json.dumps(token))
    patch.setenv("AWS_ENDPOINT_URL_SSO", url)


def use_machine(home: Path, url: str, patch: pytest.MonkeyPatch) -> None:
    _profile(home, "")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)


def on_a_machine(keys: Step) -> Step:
    """The metadata of a machine: a token, the name of its role, then the role's keys."""

    async def step(exchange: Exchange) -> None:
        path = exchange.seen.path
        if path.endswith("/token"):
            await answer(b"token")(exchange)
        elif path.endswith("security-credentials/"):
            await answer(b"ops")(exchange)
        else:
            await keys(exchange)

    return step


PROVIDERS: dict[str, Callable[[Path, str, pytest.MonkeyPatch], None]] = {
    "role of a profile": use_role,
    "web identity": use_web_identity,
    "single sign-on": use_single_sign_on,
    "machine": use_machine,
}
GOOD: dict[str, Callable[[], bytes]] = {
    "role of a profile": lambda: of_sts("AssumeRole"),
    "web identity": lambda: of_sts("AssumeRoleWithWebIdentity"),
    "single sign-on": of_sso,
    "machine": of_machine,
}
EXPIRED: dict[str, Callable[[], bytes]] = {
    "role of a profile": lambda: of_sts("AssumeRole", until=later(hours=-1)),
    "web identity": lambda: of_sts("AssumeRoleWithWebIdentity", until=later(hours=-1)),
    "single sign-on": lambda: of_sso(until=-3600),
}
"""A machine's keys are used beyond their end: botocore takes the metadata service for slow."""
NO_SECRET: dict[str, Callable[[], bytes]] = {
    "role of a profile": lambda: of_sts("AssumeRole", secret=None),
    "web identity": lambda: of_sts("AssumeRoleWithWebIdentity", secret=None),
    "single sign-on": lambda: of_sso(secret=None),
    "machine": lambda: of_machine(SecretAccessKey=None),
}
FAULTS: dict[str, Callable[[str], Step]] = {
    "nothing": lambda _: answer(b""),
    "a page of a proxy": lambda _: answer(b"<html>"),
    "an object without members": lambda _: answer(b"{}"),
    "null": lambda _: answer(b"null"),
    "a list": lambda _: answer(b"[]"),
    "no text": lambda _: answer(b"\xff\xfe"),
    "refused": lambda _: answer(b"{}", status=403),
    "failing": lambda _: answer(b"oops", status=500),
    "a redirect": lambda _: answer(b"", status=302, headers={"Location": "http://127.0.0.1:9/"}),
    "cut off": lambda _: truncate,
    "hung up": lambda _: hang_up,
    "reset": lambda _: reset,
    "silent": lambda _: stay_silent,
    "expired": lambda name: answer(EXPIRED[name]()),
    "no secret key": lambda name: answer(NO_SECRET[name]()),
}
CELLS = [
    (provider, fault)
    for provider in PROVIDERS
    for fault in FAULTS
    if fault != "expired" or provider in EXPIRED
]


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "CREDENTIALS_TIMEOUT", 0.5)
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # else it sleeps between attempts


def _step(provider: str, step: Step) -> Step:
    return on_a_machine(step) if provider == "machine" else step


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_a_provider_gives_is_signed_with(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with loopback(_step(provider, answer(GOOD[provider]()))) as source, loopback() as server:
        PROVIDERS[provider](tmp_path, source.url, monkeypatch)
        async with client_for(server, **NO_KEYS) as drs:
            await drs.initialize_service()
    assert "AKIDPROVIDED" in server.requests[0].headers["authorization"]


@pytest.mark.parametrize(("provider", "fault"), CELLS)
async def test_a_fault_of_a_provider(
    provider: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = _step(provider, FAULTS[fault](provider))
    async with loopback(step) as source, loopback() as server, asyncio.timeout(30):
        PROVIDERS[provider](tmp_path, source.url, monkeypatch)
        drs = client_for(server, **NO_KEYS)
        await _refused(drs, server)
        await drs.aclose()


async def _refused(drs: Any, server: Loopback) -> None:  # noqa: ANN401 - a client
    for _ in range(2):  # an opening that failed may be tried again, and so may a call
        with pytest.raises(CredentialsError) as caught:
            await _open_and_launch(drs)
        assert SECRET not in str(caught.value)
        assert not server.requests


async def _open_and_launch(drs: Any) -> None:  # noqa: ANN401
    await drs.open()
    await drs.start_recovery(SERVERS)
