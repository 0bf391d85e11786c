"""The client: every option, where its credentials come from, its life, and its secrets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import json
import logging
import pickle
import subprocess
import sys
import traceback
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError
from hypothesis import given, settings, strategies as st
from loopback import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Exchange,
    Loopback,
    Step,
    VirtualClock,
    answer,
    client_for,
    hang_up,
    loopback,
    refuse,
    reset,
    stay_silent,
    unused_port,
)

import drs_sdk
from drs_sdk import DRSClient, __version__, models
from drs_sdk.errors import (
    APIError,
    ClientClosedError,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsError,
    DRSError,
    RequestTimeoutError,
)
from drs_sdk.models import DescribeJobsRequest, DescribeJobsResponse, StartRecoveryRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

KEYS = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
JOB = {"jobID": "drsjob-1"}
STS_ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
<SecretAccessKey>rolesecret</SecretAccessKey><SessionToken>roletoken</SessionToken>
<Expiration>{expiration}</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::210987654321:assumed-role/r/s</Arn>
<AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser></AssumeRoleResult>
<ResponseMetadata><RequestId>sts-1</RequestId></ResponseMetadata></AssumeRoleResponse>"""
STS_REFUSAL = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"""


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def assume_role_answer() -> Step:
    xml = STS_ANSWER.format(expiration=in_an_hour()).encode()
    return answer(xml, headers={"Content-Type": "text/xml"})


pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    return tmp_path / "config"


def write(path: Path, text: str) -> None:
    path.write_text(text)


def credential(server: Loopback, index: int = -1) -> str:
    """Find the access key that a request was signed with."""
    return server.requests[index].headers["authorization"].split("Credential=")[1].split("/")[0]


def region(server: Loopback) -> str:
    return server.requests[-1].headers["authorization"].split("Credential=")[1].split("/")[2]


# Options


async def test_region_keys_and_endpoint_are_used_as_given() -> None:
    async with (
        loopback() as server,
        DRSClient(
            region_name="ap-southeast-2",
            endpoint_url=server.url,
            aws_session_token=SESSION_TOKEN,
            **KEYS,
        ) as drs,
    ):
        await drs.initialize_service()
        assert drs.region_name == "ap-southeast-2"
        assert drs.endpoint_url == server.url
        assert region(server) == "ap-southeast-2"
        assert credential(server) == ACCESS_KEY
        (seen,) = server.requests
        assert seen.headers["x-amz-security-token"] == SESSION_TOKEN
        assert (seen.method, seen.path, seen.body) == ("POST", "/InitializeService", b"")
        assert f"drs-sdk/{__version__}" in seen.headers["user-agent"]


async def test_without_an_endpoint_the_regions_own_is_used() -> None:
    async with DRSClient(region_name="eu-west-1", **KEYS) as drs:
        assert drs.endpoint_url == "https://drs.eu-west-1.amazonaws.com"


async def test_before_it_is_open_a_client_knows_only_what_was_given() -> None:
    drs = DRSClient(region_name="eu-west-1")
    assert drs.region_name == "eu-west-1"
    assert drs.endpoint_url is None
    assert DRSClient().region_name is None


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
async def test_the_region_of_the_environment_is_used(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "sa-east-1")
    async with DRSClient(**KEYS) as drs:
        assert drs.region_name == "sa-east-1"
    async with DRSClient(region_name="eu-west-1", **KEYS) as drs:
        assert drs.region_name == "eu-west-1"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_DRS", "AWS_ENDPOINT_URL"])
async def test_the_endpoint_of_the_environment_is_used(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with loopback() as server:
        monkeypatch.setenv(variable, server.url)
        async with DRSClient(region_name="eu-west-1", **KEYS) as drs:
            await drs.initialize_service()
        assert server.operations == ["InitializeService"]


async def test_keys_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "envsecret")
    async with (
        loopback() as server,
        DRSClient(region_name="eu-west-1", endpoint_url=server.url) as drs,
    ):
        await drs.initialize_service()
        assert credential(server) == "AKIDENV"


@pytest.mark.parametrize("how", ["argument", "environment"])
async def test_a_profile_gives_region_keys_and_endpoint(
    how: str, config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with loopback() as server:
        write(
            config_file,
            "[profile recovery]\nregion = eu-north-1\nservices = local\n\n"
            f"[services local]\ndrs =\n  endpoint_url = {server.url}\n",
        )
        write(
            tmp_path / "credentials",
            "[recovery]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = profilesecret\n",
        )
        if how == "environment":
            monkeypatch.setenv("AWS_PROFILE", "recovery")
            drs = DRSClient()
        else:
            drs = DRSClient(profile_name="recovery")
        async with drs:
            await drs.initialize_service()
            assert drs.region_name == "eu-north-1"
        assert credential(server) == "AKIDPROFILE"
        assert region(server) == "eu-north-1"


async def test_a_configuration_is_merged_over_ours() -> None:
    config = AioConfig(
        read_timeout=0.05,
        user_agent_extra="app/7",
        retries={"total_max_attempts": 1},
        parameter_validation=True,
    )
    async with loopback(answer(), stay_silent) as server, client_for(server, config=config) as drs:
        await drs.describe_jobs()
        assert "app/7" in server.requests[0].headers["user-agent"]
        with pytest.raises(RequestTimeoutError, match="after 1 attempt"):
            await drs.describe_jobs()
        assert len(server.requests) == 2


async def test_a_configuration_may_name_the_region() -> None:
    async with DRSClient(config=AioConfig(region_name="us-west-2"), **KEYS) as drs:
        assert drs.region_name == "us-west-2"


async def test_a_session_gives_credentials_and_region() -> None:
    session = AioSession()
    session.set_credentials("AKIDSESSION", "sessionsecret")
    session.set_config_variable("region", "eu-south-1")
    async with loopback() as server, DRSClient(session=session, endpoint_url=server.url) as drs:
        await drs.initialize_service()
        assert credential(server) == "AKIDSESSION"
        assert region(server) == "eu-south-1"


def _handlers(session: AioSession) -> Mapping[str, int]:
    """Count who listens to what, as far as the client could have an interest."""
    emitter = session.get_component("event_emitter")._emitter
    events = (
        "before-parameter-build",
        "before-call",
        "request-created",
        "before-sign",
        "before-send",
        "needs-retry",
        "before-parse",
        "response-received",
        "after-call",
        "after-call-error",
    )
    return {
        event: len(emitter._handlers.prefix_search(f"{event}.drs.DescribeJobs")) for event in events
    }


async def test_a_callers_session_is_left_unchanged() -> None:
    session = AioSession()
    session.set_credentials("AKIDSESSION", "sessionsecret")
    plain = {"region_name": "eu-west-1", "config": AioConfig(proxies={})}
    async with loopback(answer({"items": [JOB]})) as server:
        plain["endpoint_url"] = server.url
        async with session.create_client("drs", **plain) as raw:
            await raw.describe_jobs()
        before = (_handlers(session), session.user_agent(), session.profile, vars(session).keys())
        default = session.get_default_client_config()
        async with client_for(
            server, session=session, aws_access_key_id=None, aws_secret_access_key=None
        ) as drs:
            await drs.describe_jobs()
            async with session.create_client("drs", **plain) as raw:
                page = await raw.describe_jobs()
        after = (_handlers(session), session.user_agent(), session.profile, vars(session).keys())
    assert before == after
    assert session.get_default_client_config() is default
    assert page["items"] == [JOB]
    assert credential(server, 1) == "AKIDSESSION"


async def test_a_session_and_a_profile_together_are_refused() -> None:
    drs = DRSClient(session=AioSession(), profile_name="x", region_name="eu-west-1")
    with pytest.raises(ConfigurationError, match="not both"):
        await drs.open()


async def test_time_comes_from_the_clock() -> None:
    clock = VirtualClock()
    throttled = refuse(429, "ThrottlingException", headers={"Retry-After": "100"})
    async with loopback(throttled, answer()) as server, client_for(server, clock=clock) as drs:
        await drs.describe_jobs()
    assert clock.now() - clock.start == timedelta(seconds=100)


# Credentials


async def test_a_profile_with_a_role_assumes_it(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        config_file,
        "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = basesecret\n\n"
        "[profile recovery]\nrole_arn = arn:aws:iam::210987654321:role/Recovery\n"
        "source_profile = base\nexternal_id = ext-1\nrole_session_name = me\nregion = eu-west-1\n",
    )
    async with loopback() as server, loopback(assume_role_answer()) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        async with DRSClient(profile_name="recovery", endpoint_url=server.url) as drs:
            await asyncio.gather(*(drs.initialize_service() for _ in range(20)))
        assert len(sts.requests) == 1
        asked = parse_qs(sts.requests[0].body.decode())
        assert asked["Action"] == ["AssumeRole"]
        assert asked["ExternalId"] == ["ext-1"]
        assert credential(sts) == "AKIDBASE"
        assert {credential(server, i) for i in range(20)} == {"ASIAROLE"}
        assert server.requests[0].headers["x-amz-security-token"] == "roletoken"


async def test_a_role_is_an_option_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    async with loopback() as server, loopback(assume_role_answer()) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        async with client_for(
            server,
            role_arn="arn:aws:iam::210987654321:role/Recovery",
            external_id="ext-1",
            role_session_name="me",
        ) as drs:
            await asyncio.gather(*(drs.initialize_service() for _ in range(20)))
        assert len(sts.requests) == 1
        asked = parse_qs(sts.requests[0].body.decode())
        assert asked["RoleArn"] == ["arn:aws:iam::210987654321:role/Recovery"]
        assert asked["ExternalId"] == ["ext-1"]
        assert asked["RoleSessionName"] == ["me"]
        assert credential(sts) == ACCESS_KEY
        assert {credential(server, i) for i in range(20)} == {"ASIAROLE"}


async def test_a_role_is_assumed_with_what_is_found_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "envsecret")
    async with loopback() as server, loopback(assume_role_answer()) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        async with DRSClient(
            region_name="eu-west-1",
            endpoint_url=server.url,
            role_arn="arn:aws:iam::210987654321:role/Recovery",
        ) as drs:
            await drs.initialize_service()
        assert credential(sts) == "AKIDENV"
        assert credential(server) == "ASIAROLE"
        asked = parse_qs(sts.requests[0].body.decode())
        assert asked["RoleSessionName"] == ["drs-sdk"]
        assert "ExternalId" not in asked


async def test_a_role_of_a_session_leaves_the_session_out_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = AioSession()
    session.set_credentials("AKIDSESSION", "sessionsecret")
    async with loopback() as server, loopback(assume_role_answer()) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        async with DRSClient(
            region_name="eu-west-1",
            endpoint_url=server.url,
            session=session,
            role_arn="arn:aws:iam::210987654321:role/Recovery",
        ) as drs:
            await drs.initialize_service()
        assert credential(sts) == "AKIDSESSION"
        assert credential(server) == "ASIAROLE"
        assert (await session.get_credentials()).access_key == "AKIDSESSION"


async def test_a_role_without_credentials_to_assume_it_with() -> None:
    async with loopback() as server:
        with pytest.raises(CredentialsError, match="AWS_"):
            async with DRSClient(
                region_name="eu-west-1",
                endpoint_url=server.url,
                role_arn="arn:aws:iam::210987654321:role/Recovery",
            ) as drs:
                await drs.initialize_service()
        assert not server.requests


async def test_a_role_that_may_not_be_assumed_is_a_credentials_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    denied = answer(STS_REFUSAL, status=403, headers={"Content-Type": "text/xml"})
    async with loopback() as server, loopback(denied) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        async with client_for(server, role_arn="arn:aws:iam::210987654321:role/Recovery") as drs:
            with pytest.raises(CredentialsError, match="AssumeRole") as caught:
                await drs.start_recovery([{"source_server_id": "s-0123456789abcdef0"}])
        assert "AccessDenied" in str(caught.value)
        assert caught.value.operation == "StartRecovery"
        assert not server.requests


async def test_options_of_a_role_need_the_role() -> None:
    with pytest.raises(ConfigurationError, match="role_arn"):
        await DRSClient(region_name="eu-west-1", external_id="x", **KEYS).open()


@pytest.mark.parametrize("step", [None, reset, hang_up], ids=["refused", "reset", "hang up"])
async def test_trouble_with_sts_is_not_taken_for_trouble_with_the_service(
    step: Step | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request for credentials may have been sent, the launch was not."""
    async with loopback() as server, loopback(step or reset) as sts:
        url = f"http://127.0.0.1:{unused_port()}" if step is None else sts.url
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        async with client_for(server, role_arn="arn:aws:iam::210987654321:role/Recovery") as drs:
            with pytest.raises((CredentialsError, ConnectionFailedError)) as caught:
                await drs.start_recovery([{"source_server_id": "s-0123456789abcdef0"}])
        assert not server.requests
        assert caught.value.operation == "StartRecovery"
        if isinstance(caught.value, ConnectionFailedError):
            assert not caught.value.maybe_sent


async def test_single_sign_on_uses_the_cached_token(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "sso"
    cache.mkdir()
    start_url = "https://example.awsapps.com/start"
    token = {"startUrl": start_url, "accessToken": "ssotoken", "expiresAt": in_an_hour()}
    name = hashlib.sha1(start_url.encode(), usedforsecurity=False).hexdigest()
    write(cache / f"{name}.json", json.dumps(token))
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(cache))
    write(
        config_file,
        "[profile sso]\nregion = eu-west-1\nsso_region = eu-west-1\n"
        f"sso_start_url = {start_url}\nsso_account_id = 210987654321\nsso_role_name = Admin\n",
    )
    role = {
        "accessKeyId": "ASIASSO",
        "secretAccessKey": "ssosecret",
        "sessionToken": "ssosession",
        "expiration": int((datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1000),
    }
    async with loopback() as server, loopback(answer({"roleCredentials": role})) as portal:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", portal.url)
        async with DRSClient(profile_name="sso", endpoint_url=server.url) as drs:
            await drs.initialize_service()
        assert portal.requests[0].headers["x-amz-sso_bearer_token"] == "ssotoken"
        assert credential(server) == "ASIASSO"


async def test_an_expired_single_sign_on_is_a_credentials_error(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(tmp_path))
    write(
        config_file,
        "[profile sso]\nregion = eu-west-1\nsso_region = eu-west-1\n"
        "sso_start_url = https://e.awsapps.com/start\nsso_account_id = 1\nsso_role_name = Admin\n",
    )
    async with loopback() as server:
        with pytest.raises(CredentialsError, match="profile"):
            async with DRSClient(profile_name="sso", endpoint_url=server.url) as drs:
                await drs.initialize_service()
        assert not server.requests


async def test_container_credentials_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "AccessKeyId": "ASIACONTAINER",
        "SecretAccessKey": "containersecret",
        "Token": "containertoken",
        "Expiration": in_an_hour(),
    }
    async with loopback() as server, loopback(answer(given)) as container:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/creds")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me-in")
        async with DRSClient(region_name="eu-west-1", endpoint_url=server.url) as drs:
            await drs.initialize_service()
        assert container.requests[0].path == "/creds"
        assert container.requests[0].headers["authorization"] == "let-me-in"
        assert credential(server) == "ASIACONTAINER"
        assert server.requests[0].headers["x-amz-security-token"] == "containertoken"


async def test_a_failing_container_provider_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.RETRY_ATTEMPTS", 1)
    async with loopback() as server, loopback(answer(b"no", status=500)) as container:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.url}/creds")
        with pytest.raises(CredentialsError, match="container-role"):
            async with DRSClient(region_name="eu-west-1", endpoint_url=server.url) as drs:
                await drs.initialize_service()
        assert not server.requests


async def test_a_credential_process_is_run(config_file: Path) -> None:
    given = {"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "processsecret"}
    script = config_file.with_name("give.py")
    write(script, f"print({json.dumps(json.dumps(given))})")
    write(
        config_file,
        f"[default]\nregion = eu-west-1\ncredential_process = {sys.executable} {script}\n",
    )
    async with loopback() as server, DRSClient(endpoint_url=server.url) as drs:
        await drs.initialize_service()
        assert credential(server) == "AKIDPROCESS"


# Things that are missing or wrong: the message says what to do


async def test_no_region() -> None:
    with pytest.raises(ConfigurationError, match=r"region_name.*AWS_REGION"):
        await DRSClient(**KEYS).open()


async def test_a_profile_that_does_not_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere.*list-profiles"):
        await DRSClient(profile_name="nowhere", region_name="eu-west-1", **KEYS).open()


async def test_no_credentials() -> None:
    async with loopback() as server:
        drs = DRSClient(region_name="eu-west-1", endpoint_url=server.url)
        with pytest.raises(CredentialsError, match="AWS_"):
            async with drs:
                await drs.initialize_service()
        assert not server.requests


@pytest.mark.parametrize("given", ["aws_access_key_id", "aws_secret_access_key"])
async def test_half_of_a_key(given: str) -> None:
    with pytest.raises(CredentialsError, match="artial credentials"):
        await DRSClient(region_name="eu-west-1", **{given: "x"}).open()  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp//x", "https://a b"])
async def test_an_endpoint_that_is_no_url(url: str) -> None:
    with pytest.raises(ConfigurationError):
        await DRSClient(region_name="eu-west-1", endpoint_url=url, **KEYS).open()


@pytest.mark.parametrize("region_name", ["eu west", "-", "a/b", "x" * 70])
async def test_a_region_that_is_no_region(region_name: str) -> None:
    with pytest.raises(ConfigurationError):
        await DRSClient(region_name=region_name, **KEYS).open()


@pytest.mark.parametrize("variable", ["AWS_MAX_ATTEMPTS", "AWS_DEFAULTS_MODE"])
async def test_a_setting_that_makes_no_sense(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "many")
    with pytest.raises(ConfigurationError, match="many"):
        await DRSClient(region_name="eu-west-1", **KEYS).open()


async def test_a_configuration_file_that_cannot_be_read(config_file: Path) -> None:
    write(config_file, "[default\nthis is no ini file")
    with pytest.raises(ConfigurationError):
        await DRSClient(region_name="eu-west-1", **KEYS).open()


@pytest.mark.parametrize("url", ["http://drs.example.com", "http://10.0.0.8:8080"])
async def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    drs = DRSClient(region_name="eu-west-1", endpoint_url=url, **KEYS)
    with pytest.raises(ConfigurationError, match="allow_insecure_endpoint"):
        await drs.open()
    await drs.aclose()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "drs.localhost", "127.9.9.9"])
async def test_plain_http_to_this_machine_is_fine(host: str) -> None:
    async with DRSClient(region_name="eu-west-1", endpoint_url=f"http://{host}:1", **KEYS):
        pass


async def test_plain_http_to_another_machine_can_be_allowed() -> None:
    async with DRSClient(
        region_name="eu-west-1",
        endpoint_url="http://drs.example.com",
        allow_insecure_endpoint=True,
        **KEYS,
    ) as drs:
        assert drs.endpoint_url == "http://drs.example.com"


async def test_an_unreachable_endpoint() -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    async with client_for(url) as drs:
        with pytest.raises(ConnectionFailedError, match="check the endpoint") as caught:
            await drs.describe_jobs()
    assert url in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [{"read_timeout": 0}, {"read_timeout": -1}, {"max_attempts": 0}],
    ids=str,
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        DRSClient().with_options(**options)


# Life


async def test_a_client_that_is_not_open_says_how_to_open_it() -> None:
    with pytest.raises(ClientClosedError, match="async with"):
        await DRSClient(region_name="eu-west-1", **KEYS).initialize_service()


async def test_opening_twice_does_nothing() -> None:
    async with loopback() as server:
        drs = client_for(server)
        assert await drs.open() is drs
        assert await drs.open() is drs
        await drs.initialize_service()
        await drs.aclose()


async def test_tasks_may_open_a_client_at_once() -> None:
    async with loopback() as server:
        drs = client_for(server)
        await asyncio.gather(*(drs.open() for _ in range(10)))
        await drs.initialize_service()
        await drs.aclose()
        assert server.connections == 1


async def test_closing_twice_does_no_harm() -> None:
    async with loopback() as server, client_for(server) as drs:
        await drs.initialize_service()
        await drs.aclose()
        await drs.aclose()


async def test_a_client_that_was_never_open_can_be_closed() -> None:
    drs = DRSClient(region_name="eu-west-1", **KEYS)
    await drs.aclose()
    with pytest.raises(ClientClosedError, match="closed"):
        await drs.open()


async def test_a_closed_client_says_to_make_a_new_one() -> None:
    async with loopback() as server, client_for(server) as drs:
        pass
    with pytest.raises(ClientClosedError, match="make a new one"):
        await drs.initialize_service()
    with pytest.raises(ClientClosedError, match="make a new one"):
        await drs.open()
    with pytest.raises(ClientClosedError, match="make a new one"):
        await anext(aiter(drs.describe_jobs()))


async def test_a_failed_open_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drs = DRSClient(session=AioSession(), **KEYS)
    with pytest.raises(ConfigurationError):
        await drs.open()
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    await drs.open()
    assert drs.region_name == "eu-west-1"
    await drs.aclose()


async def test_closing_while_opening_leaves_nothing_open() -> None:
    drs = DRSClient(region_name="eu-west-1", **KEYS)
    opening = asyncio.create_task(drs.open())
    await asyncio.sleep(0)
    await drs.aclose()
    with contextlib.suppress(ClientClosedError):
        await opening
    with pytest.raises(ClientClosedError, match="make a new one"):
        await drs.initialize_service()


async def test_closing_ends_calls_under_way() -> None:
    async with loopback(stay_silent) as server:
        drs = await client_for(server).open()
        calls = [asyncio.create_task(drs.send(DescribeJobsRequest())) for _ in range(30)]
        for _ in calls:
            await server.arrived.acquire()
        await drs.aclose()
        for call in calls:
            assert call.done()
            assert isinstance(call.exception(), ClientClosedError)
        await _settle(server)


async def test_closing_ends_calls_that_wait_for_their_next_attempt() -> None:
    class Endless(VirtualClock):
        def __init__(self) -> None:
            super().__init__()
            self.asleep = asyncio.Event()

        async def sleep(self, seconds: float) -> None:
            assert seconds >= 0
            self.asleep.set()
            await asyncio.Event().wait()

    clock = Endless()
    async with loopback(refuse(500)) as server:
        drs = await client_for(server, clock=clock).open()
        call = asyncio.create_task(drs.send(DescribeJobsRequest()))
        await clock.asleep.wait()
        await drs.aclose()
        with pytest.raises(ClientClosedError, match="under way"):
            await call


async def test_closing_ends_calls_that_wait_for_a_connection() -> None:
    config = AioConfig(max_pool_connections=1)
    async with loopback(stay_silent) as server:
        drs = await client_for(server, config=config).open()
        calls = [asyncio.create_task(drs.send(DescribeJobsRequest())) for _ in range(3)]
        await server.arrived.acquire()
        await drs.aclose()
        for result in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(result, ClientClosedError)
        assert len(server.requests) == 1


async def test_closing_does_not_disturb_the_callers_own_timeout() -> None:
    async with loopback(stay_silent) as server:
        drs = await client_for(server).open()

        async def call() -> str:
            async with asyncio.timeout(60):
                try:
                    await drs.initialize_service()
                except ClientClosedError:
                    await asyncio.sleep(0)  # would raise, were the task still cancelled
                    task = asyncio.current_task()
                    assert task is not None
                    return f"cancelling: {task.cancelling()}"
            return "answered"

        task = asyncio.create_task(call())
        await server.arrived.acquire()
        await drs.aclose()
        assert await task == "cancelling: 0"


async def test_a_closed_client_leaves_nothing_behind() -> None:
    async with loopback() as server:
        drs = client_for(server)
        async with drs:
            await asyncio.gather(*(drs.initialize_service() for _ in range(20)))
        await _settle(server)
        gone = weakref.ref(drs)
        del drs
        gc.collect()
        assert gone() is None


def test_another_event_loop_is_refused() -> None:
    async def opened() -> DRSClient:
        return await client_for("http://127.0.0.1:1").open()

    async def use(drs: DRSClient) -> None:
        with pytest.raises(ClientClosedError, match="event loop"):
            await drs.initialize_service()
        with pytest.raises(ClientClosedError, match="event loop"):
            await drs.open()

    loop = asyncio.new_event_loop()
    drs = loop.run_until_complete(opened())
    asyncio.run(use(drs))
    loop.run_until_complete(drs.aclose())
    loop.close()


FORK = """
import asyncio, os, sys
from drs_sdk import DRSClient
from drs_sdk.errors import ClientClosedError

drs = DRSClient(region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
                endpoint_url="http://127.0.0.1:1")
loop = asyncio.new_event_loop()
loop.run_until_complete(drs.open())
if os.fork() == 0:
    status = 1
    child = loop if sys.argv[1] == "same" else asyncio.new_event_loop()
    try:
        child.run_until_complete(drs.initialize_service())
    except ClientClosedError as error:
        print(error, flush=True)
        status = 0
    os._exit(status)
_, status = os.wait()
loop.run_until_complete(drs.aclose())
sys.exit(os.waitstatus_to_exitcode(status))
"""


FORKED_IN_FLIGHT = """
import asyncio, gc, os, sys
from drs_sdk import DRSClient

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    arrived.set()
    await may_answer.wait()
    writer.write(b"HTTP/1.1 202 Accepted\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    await writer.drain()
    writer.close()

async def main():
    global arrived, may_answer
    arrived, may_answer = asyncio.Event(), asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    drs = DRSClient(region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
                    endpoint_url=f"http://127.0.0.1:{port}")
    async with drs:
        servers = [{"source_server_id": "s-" + "0" * 17}]
        launch = asyncio.create_task(drs.start_recovery(servers))
        await arrived.wait()
        child = os.fork()
        if child == 0:
            asyncio.run(drs.aclose())
            del drs
            gc.collect()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        may_answer.set()
        await asyncio.wait_for(launch, 10)
    server.close()
    print("launched")

asyncio.run(main())
"""


def run_python(code: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
@pytest.mark.parametrize("loop", ["same", "new"])
def test_use_after_a_fork_is_refused(loop: str) -> None:
    assert "fork" in run_python(FORK, loop)


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_fork_that_closes_and_drops_the_client_leaves_the_parents_launch_whole() -> None:
    assert "launched" in run_python(FORKED_IN_FLIGHT)


def test_closing_on_a_foreign_loop_that_lives_is_refused() -> None:
    home, foreign = asyncio.new_event_loop(), asyncio.new_event_loop()
    drs = client_for("http://127.0.0.1:1")
    home.run_until_complete(drs.open())
    with pytest.raises(ClientClosedError, match="another event loop"):
        foreign.run_until_complete(drs.aclose())
    home.run_until_complete(drs.aclose())
    home.close()
    foreign.close()


# Views and send


async def test_views_share_the_connections_and_do_not_close_them() -> None:
    async with loopback() as server, client_for(server) as drs:
        view = drs.with_options(max_attempts=1)
        async with view:
            await view.initialize_service()
        await view.aclose()
        await drs.initialize_service()
        await drs.with_options(read_timeout=5).initialize_service()
        assert server.connections == 1
    with pytest.raises(ClientClosedError):
        await view.initialize_service()


async def test_a_view_made_before_opening_works_after() -> None:
    async with loopback() as server:
        drs = client_for(server)
        view = drs.with_options(max_attempts=1)
        async with drs:
            await view.initialize_service()
            assert view.endpoint_url == drs.endpoint_url == server.url


async def test_send_takes_any_request() -> None:
    async with loopback(answer({"items": [JOB]})) as server, client_for(server) as drs:
        page = await drs.send(DescribeJobsRequest(max_results=7))
        assert isinstance(page, DescribeJobsResponse)
        assert [job.job_id for job in page.items] == ["drsjob-1"]
        assert server.requests[0].json == {"maxResults": 7}
        await drs.send(StartRecoveryRequest(source_servers=[{"source_server_id": "s-" + "0" * 17}]))
        assert server.operations == ["DescribeJobs", "StartRecovery"]


async def test_an_answer_says_where_it_comes_from() -> None:
    odd = {"items": [{"jobID": "drsjob-1", "creationDateTime": "yesterday"}]}
    headers = {"x-amzn-RequestId": "abc", "X-Extra": "1"}
    async with loopback(answer(odd, headers=headers)) as server, client_for(server) as drs:
        metadata = (await drs.describe_jobs()).response_metadata
    assert metadata.request_id == "abc"
    assert metadata.http_status == 200
    assert metadata.headers["x-extra"] == "1"
    assert metadata.retry_attempts == 0
    assert metadata.unparsed == {"items[0].creation_date_time": "yesterday"}


async def test_two_hundred_tasks_share_a_client() -> None:
    async def echo(exchange: Exchange) -> None:
        job_id = exchange.seen.json["filters"]["jobIDs"][0]
        await answer({"items": [{"jobID": job_id}]})(exchange)

    async with loopback(echo) as server, client_for(server) as drs:

        async def ask(number: int) -> None:
            job_id = f"drsjob-{number:017d}"
            jobs = await drs.describe_jobs(filters={"job_ids": [job_id]}).collect()
            assert [job.job_id for job in jobs] == [job_id]

        await asyncio.gather(*(ask(number) for number in range(200)))
        assert len(server.requests) == 200
        assert server.connections <= 50


async def test_two_clients_do_not_mix() -> None:
    async with (
        loopback(refuse(500), answer()) as first,
        loopback() as second,
        client_for(first) as one,
        client_for(second, region_name="us-east-1") as two,
    ):
        await asyncio.gather(one.initialize_service(), two.initialize_service())
        assert (len(first.requests), len(second.requests)) == (2, 1)
        assert region(second) == "us-east-1"


# Cancellation


async def _spin(rounds: int) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0)


async def _settle(server: Loopback) -> None:
    """Wait until the client's connections are closed."""
    async with asyncio.timeout(10):
        while server.open_connections:  # noqa: ASYNC110 - the other side tells no event
            await asyncio.sleep(0.001)


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(drs_sdk.__path__[0])


async def _cut_off_at(rounds: int, script: list[Step], how: str) -> None:
    async with loopback(*script) as server:
        async with client_for(server, config=AioConfig(max_pool_connections=1)) as drs:
            before = asyncio.all_tasks()
            scope = asyncio.timeout(None)

            async def call() -> None:
                async with scope:
                    await drs.describe_jobs()

            task = asyncio.create_task(call())
            await _spin(rounds + 1)
            if how == "cancel":
                task.cancel()
            elif not task.done():
                scope.reschedule(asyncio.get_running_loop().time())
            await asyncio.wait([task], timeout=10)
            assert task.done()
            if not task.cancelled():
                assert isinstance(task.exception(), (TimeoutError, type(None)))
            server.steps = [answer({"items": [JOB]})]
            page = await drs.describe_jobs()  # on the only connection of the pool
            assert page.items[0].job_id == "drsjob-1"
            left = asyncio.all_tasks() - before
            assert not [task for task in left if any(map(_is_ours, task.get_stack()))]
        await _settle(server)


@settings(max_examples=40, deadline=None)
@given(
    rounds=st.integers(0, 40),
    script=st.sampled_from(
        [
            [answer({"items": [JOB]})],
            [refuse(500), answer()],
            [reset, answer()],
            [stay_silent],
        ]
    ),
)
def test_a_client_is_usable_after_a_cancellation_at_any_moment(
    rounds: int, script: list[Step]
) -> None:
    if script == [stay_silent]:
        rounds += 40  # it ends by nothing but the cancellation
    asyncio.run(_cut_off_at(rounds, script, "cancel"))


@settings(max_examples=25, deadline=None)
@given(
    rounds=st.integers(0, 40),
    script=st.sampled_from([[answer()], [refuse(500), answer()], [stay_silent]]),
)
def test_a_client_is_usable_after_a_timeout_at_any_moment(rounds: int, script: list[Step]) -> None:
    asyncio.run(_cut_off_at(rounds, script, "timeout"))


@settings(max_examples=20, deadline=None)
@given(rounds=st.integers(0, 12))
def test_opening_can_be_cancelled_and_tried_again(rounds: int) -> None:
    async def run() -> None:
        async with loopback() as server:
            drs = client_for(server)
            task = asyncio.create_task(drs.open())
            await _spin(rounds)
            task.cancel()
            await asyncio.wait([task])
            async with drs:
                await drs.initialize_service()

    asyncio.run(run())


async def test_a_timeout_of_the_caller_is_the_callers() -> None:
    async with loopback(stay_silent) as server, client_for(server) as drs:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.02):
                await drs.initialize_service()
        assert not isinstance(caught.value, DRSError)
        server.released.set()
        await drs.initialize_service()


# Secrets

SECRETS = (SECRET_KEY, SESSION_TOKEN)
TAG_VALUE = "tag-secret"


async def test_neither_repr_nor_str_shows_a_secret_and_pickle_is_refused() -> None:
    async with loopback() as server:
        drs = client_for(server, aws_session_token=SESSION_TOKEN, external_id=None)
        for opened in (False, True):
            if opened:
                await drs.open()
            view = drs.with_options(max_attempts=2)
            shown = repr(drs) + str(drs) + repr(view) + repr(drs._link._settings)
            assert "eu-west-1" in shown
            for secret in SECRETS:
                assert secret not in shown
            with pytest.raises(TypeError, match="cannot be pickled"):
                pickle.dumps(drs)
        await drs.aclose()


@pytest.mark.parametrize(
    "step",
    [refuse(403, "AccessDeniedException"), refuse(500), reset, answer(b"<html>")],
    ids=["refused", "failed", "reset", "no json"],
)
async def test_no_error_shows_a_secret(step: Step, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "drs_sdk"):
        async with (
            loopback(step) as server,
            client_for(server, aws_session_token=SESSION_TOKEN) as drs,
        ):
            with pytest.raises(DRSError) as caught:
                await drs.start_recovery(
                    [{"source_server_id": "s-0123456789abcdef0"}], tags={"a": TAG_VALUE}
                )
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    shown += pickle.dumps(error).decode("latin-1").replace(TAG_VALUE, "")
    shown += "".join(
        repr(vars(record)) for record in caplog.records if record.name.startswith("drs_sdk")
    )
    for secret in (*SECRETS, TAG_VALUE):
        assert secret not in shown
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert str(again) == str(error)


async def test_no_local_variable_of_ours_shows_a_secret() -> None:
    """Error trackers and rich tracebacks show the variables of each frame."""
    async with (
        loopback(reset) as server,
        client_for(server, aws_session_token=SESSION_TOKEN) as drs,
    ):
        with pytest.raises(DRSError) as caught:
            await drs.with_options(max_attempts=1).describe_jobs()
    errors: list[BaseException] = []
    error: BaseException | None = caught.value
    while error is not None:
        errors.append(error)
        error = error.__cause__ or error.__context__
    frames = [frame for e in errors for frame, _ in traceback.walk_tb(e.__traceback__)]
    ours = [frame for frame in frames if _is_ours(frame)]
    assert ours
    for frame in ours:
        for name, value in frame.f_locals.items():
            if type(value).__module__.startswith("botocore."):
                continue  # the signed request shows itself as botocore likes
            for secret in SECRETS:
                assert secret not in repr(value), f"{name} in {frame.f_code.co_qualname}"


# Start-up

HEAVY = ["pydantic", "aiobotocore", "botocore", "aiohttp"]


def loaded_by(code: str) -> set[str]:
    return set(run_python(f"import sys\n{code}\nprint(' '.join(sys.modules))").split())


def test_importing_the_client_loads_nothing_heavy() -> None:
    loaded = loaded_by("from drs_sdk import DRSClient")
    assert "drs_sdk.client" in loaded
    assert not loaded & set(HEAVY)


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = loaded_by("import drs_sdk; dir(drs_sdk)")
    assert "drs_sdk" in loaded
    assert not loaded & set(HEAVY)
    assert not [name for name in loaded if name.startswith("drs_sdk.models")]


def test_making_a_client_loads_no_aiobotocore() -> None:
    loaded = loaded_by("import drs_sdk; drs_sdk.DRSClient(region_name='eu-west-1')")
    assert "aiobotocore" not in loaded
    assert "drs_sdk.client" in loaded
    assert not [name for name in loaded if name.startswith("drs_sdk.models.")]


FAMILIES = {
    "TagResourceRequest": {"tags"},
    "InitializeServiceRequest": {"service"},
    "PutLaunchActionRequest": {"launch_actions"},
    "DescribeSourceServersRequest": {"source_servers"},
    "DescribeRecoverySnapshotsRequest": {"recovery_snapshots"},
    "ListRecoveryPlansRequest": {"recovery_plans"},
    "GetReplicationConfigurationRequest": {"replication_configuration"},
    "GetLaunchConfigurationRequest": {"launch_configuration"},
    # a job tells of its launch actions
    "DescribeJobsRequest": {"jobs", "launch_actions"},
    # an extended source server is a source server
    "ListStagingAccountsRequest": {"staging_accounts", "source_servers"},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_using_one_family_does_not_load_the_others(name: str) -> None:
    loaded = loaded_by(f"from drs_sdk.models import {name}")
    families = {path.stem for path in Path(models.__file__).parent.glob("*.py")}
    families -= {"__init__", "enums", "scalars"}
    found = {family for family in families if f"drs_sdk.models.{family}" in loaded}
    assert found == FAMILIES[name]


async def test_an_error_of_the_service_is_botocores_too() -> None:
    async with (
        loopback(refuse(404, "ResourceNotFoundException")) as server,
        client_for(server) as d,
    ):
        with pytest.raises(ClientError) as caught:
            await d.describe_jobs()
    assert isinstance(caught.value, APIError)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
