"""Whatever a credential provider does wrong is a CredentialsError, at opening and at renewal."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore import UNSIGNED
from botocore.utils import ContainerMetadataFetcher
from loopback import answer, client_for, loopback

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
