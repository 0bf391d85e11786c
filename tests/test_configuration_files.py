"""Files and values that say nothing, or nothing that can be read: told apart, and never signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from loopback import answer, loopback

from drs_sdk import DRSClient
from drs_sdk.errors import ConfigurationError, CredentialsError, DRSError
from drs_sdk.fleet import Fleet, Target

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_environment")

GOOD = b"[default]\nregion = eu-west-1\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n"
BROKEN = {
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "no text": b"\xff\xfe\x00\x01",
    "latin-1": GOOD + b"name = \xe9\n",
    "a section twice": GOOD + GOOD,
    "a setting twice": GOOD + b"region = eu-west-2\n",
    "no section": b"region = eu-west-1\n",
    "a bracket missing": b"[default\n",
    "a nested line without a value": GOOD + b"s3 =\n  ab\n",
}
OPTIONS = [
    "region_name",
    "profile_name",
    "endpoint_url",
    "aws_access_key_id",
    "aws_secret_access_key",
    "role_arn",
    "external_id",
    "role_session_name",
    "verify",
]


async def _call(**options: Any) -> None:  # noqa: ANN401 - the client's options
    """Open a client and send something, which must not arrive."""
    async with loopback(answer({"items": []})) as server:
        try:
            async with DRSClient(endpoint_url=server.url, **options) as drs:
                await drs.describe_jobs()
        finally:
            assert not server.requests


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("file", ["config", "credentials"])
async def test_a_file_that_cannot_be_read_is_named_with_what_it_has_to_be(
    name: str, file: str, tmp_path: Path
) -> None:
    (tmp_path / "config").write_bytes(GOOD)
    (tmp_path / file).write_bytes(BROKEN[name])
    with pytest.raises(ConfigurationError, match="plain UTF-8 without a byte order mark") as caught:
        await _call()
    assert str(tmp_path / file) in str(caught.value)


@pytest.mark.parametrize("home", [None, "", "/no/such/home"])
async def test_a_client_that_is_told_everything_needs_no_home(
    home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    async with loopback(answer({"items": []})) as server:
        options = {"region_name": "eu-west-1", "endpoint_url": server.url}
        keys = {"aws_access_key_id": "AKIDGIVEN", "aws_secret_access_key": "s"}
        async with DRSClient(**options, **keys) as drs:
            await drs.describe_jobs()
    assert "AKIDGIVEN" in server.requests[0].headers["authorization"]


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("region", ConfigurationError),
        ("aws_access_key_id", CredentialsError),
        ("aws_secret_access_key", CredentialsError),
    ],
)
@pytest.mark.parametrize("file", ["config", "credentials"])
async def test_an_empty_setting_of_a_profile_is_not_signed_with(
    setting: str, error: type[DRSError], file: str, tmp_path: Path
) -> None:
    lines = [line for line in GOOD.decode().splitlines() if not line.startswith(setting)]
    (tmp_path / file).write_text("\n".join([*lines, f"{setting} =", ""]))
    with pytest.raises(error, match=setting if setting != "region" else "region_name"):
        await _call()


async def test_empty_keys_do_not_ask_for_a_role_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id =\naws_secret_access_key =\n"
    )
    async with loopback() as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        with pytest.raises(CredentialsError, match="aws_access_key_id"):
            await _call(region_name="eu-west-1", role_arn="arn:aws:iam::111122223333:role/ops")
        assert not sts.requests


@pytest.mark.parametrize("name", OPTIONS)
def test_an_empty_option_is_refused_by_name(name: str) -> None:
    """Else another Region or account than the one that was meant might do."""
    with pytest.raises(ConfigurationError, match=f"{name} is an empty text"):
        DRSClient(**{name: ""})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    if name in {"profile_name", "endpoint_url", "verify"}:
        with pytest.raises(ConfigurationError, match=name):
            Fleet([Target("eu-west-1")], **{name: ""})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_an_empty_session_token_is_none() -> None:
    async with (
        loopback(answer({"items": []})) as server,
        DRSClient(
            region_name="eu-west-1",
            endpoint_url=server.url,
            aws_access_key_id="AKIDGIVEN",
            aws_secret_access_key="s",
            aws_session_token="",
        ) as drs,
    ):
        await drs.describe_jobs()
    assert "x-amz-security-token" not in server.requests[0].headers
