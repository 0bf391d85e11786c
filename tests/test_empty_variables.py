"""A variable of the environment that is set but empty counts as one that is not set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import botocore
import pytest
from aiobotocore.session import AioSession
from botocore import configprovider
from botocore.httpsession import get_cert_path
from loopback import answer, loopback

from drs_sdk import DRSClient
from drs_sdk._transport.aws.sessions import new_session, verify_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("own_environment")


def variables() -> Iterator[str]:
    """Every variable that botocore has in its table, and those that are read elsewhere."""
    for _, names, _, _ in AioSession().session_var_map.values():
        yield from [names] if isinstance(names, str) else names or ()
    for _, names, _, _ in configprovider.DEFAULT_S3_CONFIG_VARS.values():
        yield from [names] if isinstance(names, str) else names or ()
    for file in Path(botocore.__file__).parent.glob("*.py"):  # and what it reads in passing
        yield from re.findall(r"[\"'](AWS_[A-Z0-9_]+)[\"']", file.read_text("utf-8"))
    yield from ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
    yield from ("AWS_REGION", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "REQUESTS_CA_BUNDLE")
    yield from ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DRS", "AWS_ENDPOINT_URL_STS")
    yield from ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    yield from ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE")


@pytest.mark.parametrize("name", sorted(set(variables())))
async def test_an_empty_variable_counts_as_unset(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ".aws"
    home.mkdir()
    async with loopback(answer({"items": []})) as server:
        (home / "config").write_text(
            f"[default]\nregion = eu-west-1\nendpoint_url = {server.url}\nmax_attempts = 2\n"
        )
        (home / "credentials").write_text(
            "[default]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n"
        )
        monkeypatch.delenv("AWS_CONFIG_FILE")
        monkeypatch.delenv("AWS_SHARED_CREDENTIALS_FILE")
        monkeypatch.setenv(name, "")
        async with DRSClient() as drs:
            assert (drs.region_name, drs.endpoint_url) == ("eu-west-1", server.url)
            await drs.describe_jobs()
    assert "AKIDPROFILE" in server.requests[0].headers["authorization"]


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("session", [new_session(None), AioSession()], ids=["ours", "caller's"])
def test_an_empty_bundle_leaves_certificates_checked(
    name: str, session: AioSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")
    settings = DRSClient()._link._settings
    assert verify_for(session, settings) == get_cert_path(verify=True)
