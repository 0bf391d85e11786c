"""Whatever a credential provider does wrong is a CredentialsError, at opening and at renewal."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioDeferredRefreshableCredentials
from aiobotocore.session import AioSession
from botocore import UNSIGNED
from botocore.utils import ContainerMetadataFetcher
from loopback import answer, client_for, loopback, stay_silent

from drs_sdk._transport import attempt
from drs_sdk.errors import ConfigurationError, CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loopback import Step

    from drs_sdk import DRSClient

pytestmark = pytest.mark.usefixtures("own_environment")

NO_KEYS: dict[str, Any] = {"aws_access_key_id": None, "aws_secret_access_key": None}
SECRET = "aS3cretThatMustNotShow"


def good(**changes: object) -> dict[str, object]:
    """Keys that have to be renewed before they are used."""
    soon = datetime.now(UTC) + timedelta(minutes=1)
    return {
        "Version": 1,
        "AccessKeyId": "AKIDPROVIDED",
        "SecretAccessKey": SECRET,
        "SessionToken": "token",
        "Token": "token",
        "Expiration": soon.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **changes,
    }


def without(member: str) -> str:
    return json.dumps({name: value for name, value in good().items() if name != member})


BAD_TEXTS: dict[str, Callable[[], str]] = {
    "empty": str,
    "not JSON": lambda: "<html>",
    "a list": lambda: "[]",
    "null": lambda: "null",
    "a number": lambda: "7",
    "no key": lambda: without("AccessKeyId"),
    "no secret": lambda: without("SecretAccessKey"),
    "bad date": lambda: json.dumps(good(Expiration="soon")),
    "a list for a date": lambda: json.dumps(good(Expiration=[])),
}


def using_process(home: Path, command: str) -> None:
    (home / "config").write_text(f"[default]\ncredential_process = {command}\n")


def process(home: Path, text: str) -> str:
    """Write a helper program that prints a text."""
    (home / "answer").write_text(text)
    program = f"print(open({str(home / 'answer')!r}).read())"
    (home / "helper.py").write_text(program)
    return f"{sys.executable} -S {home / 'helper.py'}"


async def refused_at_opening(**options: Any) -> CredentialsError:  # noqa: ANN401 - client's options
    drs = client_for("http://127.0.0.1:9", **NO_KEYS, **options)
    with pytest.raises(CredentialsError, match="look at the profile") as caught:
        await drs.open()
    return caught.value


async def refused_at_renewal(drs: DRSClient) -> CredentialsError:
    with pytest.raises(CredentialsError, match="was not sent") as caught:
        await drs.initialize_service()
    return caught.value


@pytest.mark.parametrize("name", BAD_TEXTS)
async def test_a_credential_process_that_says_nonsense(name: str, tmp_path: Path) -> None:
    using_process(tmp_path, process(tmp_path, BAD_TEXTS[name]()))
    error = await refused_at_opening()
    assert SECRET not in str(error)


@pytest.mark.parametrize("name", BAD_TEXTS)
async def test_a_credential_process_that_says_nonsense_later(name: str, tmp_path: Path) -> None:
    using_process(tmp_path, process(tmp_path, json.dumps(good())))
    async with loopback(answer({})) as server, client_for(server, **NO_KEYS) as drs:
        process(tmp_path, BAD_TEXTS[name]())
        error = await refused_at_renewal(drs)
        assert server.requests == []
    assert SECRET not in str(error)


@pytest.mark.parametrize("what", ["missing", "not allowed", "a folder", "fails", "quotes"])
async def test_a_credential_process_that_cannot_run(what: str, tmp_path: Path) -> None:
    (tmp_path / "program").write_text("no program")
    using_process(
        tmp_path,
        {
            "missing": "/no/such/helper",
            "not allowed": str(tmp_path / "program"),
            "a folder": str(tmp_path),
            "fails": "false",
            "quotes": "'helper",
        }[what],
    )
    await refused_at_opening()


CONTAINER_STEPS: dict[str, Callable[[], Step]] = {
    **{
        name: lambda text=text: answer(text().encode())  # type: ignore[misc]
        for name, text in BAD_TEXTS.items()
    },
    "refused": lambda: answer({}, status=403),
    "failing": lambda: answer(b"oops", status=500),
}


@pytest.mark.parametrize("name", CONTAINER_STEPS)
@pytest.mark.parametrize("renewal", [False, True])
async def test_a_container_that_says_nonsense(
    name: str, monkeypatch: pytest.MonkeyPatch, *, renewal: bool
) -> None:
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    steps = [answer(good())] if renewal else []
    async with loopback(*steps, CONTAINER_STEPS[name]()) as container:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/keys")
        if not renewal:
            await refused_at_opening()
            return
        async with loopback(answer({})) as server, client_for(server, **NO_KEYS) as drs:
            await refused_at_renewal(drs)
            assert server.requests == []


@pytest.mark.parametrize("what", ["missing", "a folder", "no text"])
async def test_a_container_token_that_cannot_be_read(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no text").write_bytes(b"\xff\xfe")
    (tmp_path / "a folder").mkdir()
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/keys")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / what))
    await refused_at_opening()


RAISED = [OSError(2, "gone"), KeyError("k"), TypeError("t"), ValueError(SECRET), RuntimeError("r")]


@pytest.mark.parametrize("raised", RAISED, ids=repr)
async def test_a_provider_of_the_session_that_raises(raised: Exception) -> None:
    class Provider:
        async def load_credentials(self) -> None:
            raise raised

    session = AioSession()
    session.register_component("credential_provider", Provider())
    error = await refused_at_opening(session=session)
    assert error.__cause__ is raised
    assert type(raised).__name__ in str(error)
    assert SECRET not in str(error)


@pytest.mark.parametrize("options", [{}, {"config": AioConfig(signature_version=UNSIGNED)}])
async def test_providers_are_not_asked_where_nobody_needs_them(
    options: dict[str, Any], tmp_path: Path
) -> None:
    using_process(tmp_path, "/no/such/helper")
    async with client_for("http://127.0.0.1:9", **(NO_KEYS if options else {}), **options):
        pass


async def test_a_configuration_that_is_wrong_is_no_matter_of_credentials(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default\n")
    with pytest.raises(ConfigurationError, match="parse"):
        await client_for("http://127.0.0.1:9", **NO_KEYS).open()
    (tmp_path / "config").unlink()
    with pytest.raises(ConfigurationError, match="list-profiles"):
        await client_for("http://127.0.0.1:9", **NO_KEYS, profile_name="none").open()


# Providers that hang


@pytest.fixture
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "CREDENTIALS_TIMEOUT", 0.2)


def hanging_provider(*, from_the_start: bool) -> AioSession:
    """A session whose provider never answers, at once or when its keys are to be renewed."""

    class Provider:
        async def load_credentials(self) -> AioDeferredRefreshableCredentials:
            if from_the_start:
                await asyncio.Event().wait()
            return AioDeferredRefreshableCredentials(asyncio.Event().wait, "hanging")

    session = AioSession()
    session.register_component("credential_provider", Provider())
    return session


@pytest.mark.usefixtures("_short_patience")
async def test_a_provider_that_hangs_ends_the_opening() -> None:
    drs = client_for("http://127.0.0.1:9", **NO_KEYS, session=hanging_provider(from_the_start=True))
    async with asyncio.timeout(10):
        with pytest.raises(CredentialsError, match=r"within 0\.2 s"):
            await drs.open()


@pytest.mark.usefixtures("_short_patience")
async def test_a_provider_that_hangs_ends_every_call_that_waits_for_it() -> None:
    session = hanging_provider(from_the_start=False)
    async with loopback() as server, client_for(server, **NO_KEYS, session=session) as drs:
        calls = [drs.initialize_service() for _ in range(3)]
        calls.append(drs.start_recovery([{"source_server_id": "s-0123456789abcdef0"}]))
        async with asyncio.timeout(10):
            ends = await asyncio.gather(*calls, return_exceptions=True)
        assert not server.requests
    assert [type(end) for end in ends] == [CredentialsError] * 4
    assert all("was not sent" in str(end) for end in ends)


@pytest.mark.usefixtures("_short_patience")
@pytest.mark.parametrize("renewal", [False, True])
async def test_a_container_that_hangs(monkeypatch: pytest.MonkeyPatch, *, renewal: bool) -> None:
    steps = [answer(good())] if renewal else []
    async with loopback(*steps, stay_silent) as container, loopback() as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/keys")
        drs = client_for(server, **NO_KEYS)
        if renewal:
            await drs.open()
        async with asyncio.timeout(10):
            with pytest.raises(CredentialsError, match="has not answered"):
                await (drs.initialize_service() if renewal else drs.open())
        await drs.aclose()
        assert not server.requests


@pytest.mark.usefixtures("_short_patience")
async def test_an_sts_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    async with loopback(stay_silent) as sts, loopback() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        role = "arn:aws:iam::111122223333:role/x"
        async with client_for(server, role_arn=role) as drs, asyncio.timeout(10):
            with pytest.raises(CredentialsError, match="has not answered"):
                await drs.initialize_service()
        assert not server.requests


async def test_a_hook_that_takes_its_time_is_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "CREDENTIALS_TIMEOUT", 0)

    async def slow(**_: object) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    session = AioSession()
    emitter = session.get_component("event_emitter")
    for event in ("request-created.drs", "choose-signer", "before-sign.drs"):
        emitter.register(event, slow)
        emitter.register_last(event, slow)
    async with loopback() as server, client_for(server, session=session) as drs:
        await drs.initialize_service()
        assert len(server.requests) == 1


@pytest.mark.parametrize("turns", range(8))
async def test_a_call_that_is_said_to_be_unsent_has_not_left(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    monkeypatch.setattr(attempt, "CREDENTIALS_TIMEOUT", 0)

    async def renew() -> dict[str, str]:
        for _ in range(turns):
            await asyncio.sleep(0)
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        keys = {"access_key": "AKIDPROVIDED", "secret_key": SECRET, "token": "token"}
        return {**keys, "expiry_time": later}

    class Provider:
        async def load_credentials(self) -> AioDeferredRefreshableCredentials:
            return AioDeferredRefreshableCredentials(renew, "slow")

    session = AioSession()
    session.register_component("credential_provider", Provider())
    monkeypatch.setattr("drs_sdk._transport.connection._find_credentials", _found)
    async with loopback() as server, client_for(server, **NO_KEYS, session=session) as drs:
        call = drs.start_recovery([{"source_server_id": "s-0123456789abcdef0"}])
        (end,) = await asyncio.gather(call, return_exceptions=True)
        is_unsent = isinstance(end, CredentialsError) and "was not sent" in str(end)
        assert is_unsent or not isinstance(end, BaseException)
        assert len(server.requests) == (0 if is_unsent else 1)


async def _found(*_: object) -> None:
    """Stand for the look that opening takes: here it would be too late as well."""
