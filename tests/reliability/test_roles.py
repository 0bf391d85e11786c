"""Working in a role, against a small STS: who asks for what, when, and how often."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from shutil import copyfile
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioDeferredRefreshableCredentials
from aiobotocore.session import AioSession
from botocore.httpsession import get_cert_path
from loopback import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Exchange,
    Loopback,
    Seen,
    Step,
    VirtualClock,
    answer,
    client_for,
    loopback,
    refuse,
    reset,
    unused_port,
)

from drs_sdk._transport.aws import roles
from drs_sdk._transport.aws.sessions import verify_for
from drs_sdk.errors import ConfigurationError, CredentialsError, DRSError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drs_sdk import DRSClient

ROLE = "arn:aws:iam::210987654321:role/Recovery"
JOB_ID = "drsjob-" + "1" * 17
AN_HOUR = timedelta(hours=1)
XML = {"Content-Type": "text/xml"}
ROLE_SECRET = "r0leSecretThatMustNotShow"
ROLE_TOKEN = "r0leTokenThatMustNotShow"
ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE{number}</AccessKeyId>
<SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>
<Expiration>{expiration}</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::210987654321:assumed-role/Recovery/s</Arn>
<AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser></AssumeRoleResult>
<ResponseMetadata><RequestId>sts-1</RequestId></ResponseMetadata></AssumeRoleResponse>"""
REFUSED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>ExpiredToken</Code><Message>no</Message></Error></ErrorResponse>"""
SERVERS = [{"source_server_id": "s-0123456789abcdef0"}]


def refusal(status: int = 403) -> Step:
    return answer(REFUSED, status=status, headers=XML)


@dataclass
class STS:
    """Hands out sessions, each with an access key of its own.

    Attributes:
        lifetimes: How long the sessions are valid, in turn; the last one goes for all others.
        now: What time it is.
        issued: When each session expires, by its access key.
    """

    lifetimes: list[timedelta] = field(default_factory=lambda: [AN_HOUR])
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    issued: dict[str, datetime] = field(default_factory=dict)

    async def __call__(self, exchange: Exchange) -> None:
        number = len(self.issued) + 1
        lifetime = self.lifetimes[min(number, len(self.lifetimes)) - 1]
        expires = (self.now() + lifetime).replace(microsecond=0)
        self.issued[f"ASIAROLE{number}"] = expires
        await asyncio.sleep(0.01)  # long enough for others to come and ask as well
        xml = ASSUMED.format(
            number=number,
            secret=ROLE_SECRET,
            token=ROLE_TOKEN,
            expiration=expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        await answer(xml.encode(), headers=XML)(exchange)


@pytest.fixture(autouse=True)
def one_attempt_of_sts(own_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - comes first
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # that of STS, whose delays are real ones


@pytest.fixture
def in_role(monkeypatch: pytest.MonkeyPatch) -> Callable[..., DRSClient]:
    """The maker of clients that work in the role."""

    def make(server: Loopback, sts: Loopback | str, **options: Any) -> DRSClient:  # noqa: ANN401
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts if isinstance(sts, str) else sts.url)
        return client_for(server, **{"role_arn": ROLE, **options})

    return make


def key_of(seen: Seen) -> str:
    return seen.headers["authorization"].split("Credential=")[1].split("/")[0]


def keys_of(server: Loopback) -> list[str]:
    return [key_of(seen) for seen in server.requests]


# -- what is asked, and what is signed with ----------------------------------------------------


async def test_requests_are_signed_with_the_session_of_the_role(
    in_role: Callable[..., DRSClient],
) -> None:
    async with loopback() as server, loopback(STS()) as sts:
        async with in_role(
            server,
            sts,
            aws_session_token=SESSION_TOKEN,
            external_id="ext-1",
            role_session_name="nightly",
        ) as drs:
            await drs.initialize_service()
            await drs.describe_jobs()
        (asked,) = sts.requests
        assert key_of(asked) == ACCESS_KEY
        assert asked.headers["x-amz-security-token"] == SESSION_TOKEN
        said = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        assert (said["Action"], said["RoleArn"]) == ("AssumeRole", ROLE)
        assert (said["ExternalId"], said["RoleSessionName"]) == ("ext-1", "nightly")
        assert keys_of(server) == ["ASIAROLE1"] * 2
        assert {seen.headers["x-amz-security-token"] for seen in server.requests} == {ROLE_TOKEN}


async def test_what_is_not_given_is_not_asked_for(in_role: Callable[..., DRSClient]) -> None:
    async with loopback() as server, loopback(STS()) as sts:
        async with in_role(server, sts) as drs:
            await drs.initialize_service()
        asked = parse_qs(sts.requests[0].body.decode())
        assert "ExternalId" not in asked
        assert asked["RoleSessionName"] == ["drs-sdk"]


async def test_a_client_that_only_opens_assumes_nothing(in_role: Callable[..., DRSClient]) -> None:
    async with loopback() as server, loopback(STS()) as sts:
        async with in_role(server, sts):
            pass
        assert sts.requests == []


async def test_two_clients_have_sessions_of_their_own(in_role: Callable[..., DRSClient]) -> None:
    other = "arn:aws:iam::999999999999:role/Recovery"
    async with loopback() as server, loopback(STS()) as sts:
        async with in_role(server, sts) as one, in_role(server, sts, role_arn=other) as two:
            await one.initialize_service()
            await two.initialize_service()
            await one.initialize_service()
        assert keys_of(server) == ["ASIAROLE1", "ASIAROLE2", "ASIAROLE1"]
        asked = [parse_qs(seen.body.decode())["RoleArn"] for seen in sts.requests]
        assert asked == [[ROLE], [other]]


@pytest.mark.parametrize("option", ["external_id", "role_session_name"])
async def test_options_of_a_role_go_with_the_role(option: str) -> None:
    async with loopback() as server:
        with pytest.raises(ConfigurationError, match="role_arn"):
            await client_for(server, **{option: "x"}).open()


@pytest.mark.parametrize("missing", ["aws_access_key_id", "aws_secret_access_key"])
async def test_half_of_a_key_is_refused_with_a_role_too(
    missing: str, in_role: Callable[..., DRSClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the role would be assumed by somebody else: whoever the machine belongs to."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFTHEMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "machine")
    async with loopback() as server, loopback(STS()) as sts:
        with pytest.raises((ConfigurationError, CredentialsError), match=missing):
            async with in_role(server, sts, **{missing: None}) as drs:
                await drs.initialize_service()
        assert (server.requests, sts.requests) == ([], [])


async def test_the_session_of_the_caller_is_left_as_it_was(
    in_role: Callable[..., DRSClient],
) -> None:
    session = AioSession()
    session.set_credentials("AKIDOFTHECALLER", "secret")
    before = [session.get_config_variable(name) for name in ("profile", "region", "ca_bundle")]
    provider = session.get_component("credential_provider")
    async with loopback() as server, loopback(STS()) as sts:
        keys = {"aws_access_key_id": None, "aws_secret_access_key": None}
        async with in_role(server, sts, session=session, **keys) as drs:
            await drs.initialize_service()
            async with client_for(server, session=session, **keys) as plain:
                await plain.initialize_service()
        assert keys_of(sts) == ["AKIDOFTHECALLER"]
        assert keys_of(server) == ["ASIAROLE1", "AKIDOFTHECALLER"]
    assert session.get_component("credential_provider") is provider
    credentials = await session.get_credentials()
    assert credentials.access_key == "AKIDOFTHECALLER"
    after = [session.get_config_variable(name) for name in ("profile", "region", "ca_bundle")]
    assert after == before


def hooked(seen: list[str]) -> AioSession:
    session = AioSession()
    session.register("before-send.drs", lambda **_: seen.append("hook"))
    return session


@pytest.mark.parametrize("said", ["session", "environment"])
async def test_the_hooks_and_settings_of_a_session_hold_in_a_role(
    said: str,
    in_role: Callable[..., DRSClient],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    session = hooked(seen)
    bundle = str(copyfile(get_cert_path(verify=True), tmp_path / "bundle.pem"))
    if said == "session":
        session.set_config_variable("user_agent_appid", "ledger")
        session.set_config_variable("ca_bundle", bundle)
    else:
        monkeypatch.setenv("AWS_SDK_UA_APP_ID", "ledger")
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
    session.user_agent_extra = "extra/7"
    async with loopback() as server, loopback(STS()) as sts:
        async with in_role(server, sts, session=session) as drs:
            await drs.initialize_service()
            await drs.initialize_service()
        async with client_for(server) as other:  # hooks stay where they were put
            await other.initialize_service()
    assert seen == ["hook", "hook"]
    agent = server.requests[0].headers["user-agent"]
    assert "app/ledger" in agent
    assert "extra/7" in agent
    assert "drs-sdk/" in agent
    settings = drs._link._settings
    assert verify_for(roles.working_session(settings), settings) == bundle


async def test_the_hooks_of_the_client_do_not_reach_the_session(
    in_role: Callable[..., DRSClient],
) -> None:
    session = hooked([])
    async with loopback() as server, loopback(STS()) as sts:
        for _ in range(2):
            async with in_role(server, sts, session=session) as drs:
                await drs.initialize_service()
        async with client_for(server, session=session) as plain:
            await plain.initialize_service()
    assert len(server.requests) == 3


NO_KEYS = {"aws_access_key_id": None, "aws_secret_access_key": None}


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1"])
@pytest.mark.parametrize("role_arn", [None, ROLE])
@pytest.mark.parametrize("own_session", [False, True])
@pytest.mark.parametrize("said", ["option", "AWS_REGION", "config"])
async def test_every_role_is_asked_for_in_the_region_of_the_client(
    region: str,
    role_arn: str | None,
    in_role: Callable[..., DRSClient],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    own_session: bool,
    said: str,
) -> None:
    (tmp_path / "config").write_text(
        "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n"
        f"[profile first]\nrole_arn = {ROLE}1\nsource_profile = base\n"
    )
    options: dict[str, Any] = {"region_name": None, **NO_KEYS, "role_arn": role_arn}
    if said == "AWS_REGION":
        monkeypatch.setenv("AWS_REGION", region)
    elif said == "config":
        options["config"] = AioConfig(region_name=region)
    else:
        options["region_name"] = region
    if own_session:
        options["session"] = AioSession(profile="first")
    else:
        options["profile_name"] = "first"
    async with (
        loopback() as server,
        loopback(STS()) as sts,
        in_role(server, sts, **options) as drs,
    ):
        await drs.initialize_service()
    scopes = [seen.headers["authorization"].split("/")[2:4] for seen in sts.requests]
    assert scopes == [[region, "sts"]] * (1 if role_arn is None else 2)


# -- how often, and when -----------------------------------------------------------------------


async def test_two_hundred_first_calls_assume_the_role_once(
    in_role: Callable[..., DRSClient],
) -> None:
    async with loopback() as server, loopback(STS()) as sts:
        async with in_role(server, sts) as drs:
            await asyncio.gather(*(drs.initialize_service() for _ in range(200)))
        assert len(sts.requests) == 1
        assert keys_of(server) == ["ASIAROLE1"] * 200


async def test_two_hundred_calls_renew_a_session_at_its_end_once(
    in_role: Callable[..., DRSClient],
) -> None:
    bank = STS(lifetimes=[timedelta(minutes=5), AN_HOUR])
    async with loopback() as server, loopback(bank) as sts:
        async with in_role(server, sts) as drs:
            await drs.initialize_service()
            await asyncio.gather(*(drs.initialize_service() for _ in range(200)))
        assert len(sts.requests) == 2
        assert keys_of(server) == ["ASIAROLE1"] + ["ASIAROLE2"] * 200


async def test_a_long_wait_renews_its_session_before_it_expires(
    in_role: Callable[..., DRSClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait of hours on sessions of one hour: no request is signed with an expired key."""
    clock = VirtualClock()
    credentials = partial(AioDeferredRefreshableCredentials, time_fetcher=clock.now)
    monkeypatch.setattr(roles, "AioDeferredRefreshableCredentials", credentials)
    bank = STS(now=clock.now)
    end = clock.now() + 4 * AN_HOUR
    left: list[timedelta] = []

    async def job(exchange: Exchange) -> None:
        left.append(bank.issued[key_of(exchange.seen)] - clock.now())
        status = "COMPLETED" if clock.now() >= end else "STARTED"
        await answer({"items": [{"jobID": JOB_ID, "status": status}]})(exchange)

    async with loopback(job) as server, loopback(bank) as sts:
        async with in_role(server, sts, clock=clock) as drs:
            await drs.wait_until_job_completed(JOB_ID, timeout=None, raise_on_failure=False)
        assert 4 < len(sts.requests) < 8
        assert len(server.requests) > 100
        assert min(left) > timedelta(minutes=9)


async def test_a_session_that_could_not_be_renewed_early_is_used_to_its_end(
    in_role: Callable[..., DRSClient],
) -> None:
    bank = STS(lifetimes=[timedelta(minutes=13)])
    async with loopback() as server, loopback(bank, refusal()) as sts:
        async with in_role(server, sts) as drs:
            await drs.initialize_service()
            await drs.initialize_service()
        assert len(sts.requests) == 2
        assert keys_of(server) == ["ASIAROLE1"] * 2


async def test_every_attempt_is_signed_with_keys_that_are_good(
    in_role: Callable[..., DRSClient],
) -> None:
    bank = STS(lifetimes=[timedelta(minutes=5), AN_HOUR])
    slow = refuse(429, "ThrottlingException")
    async with loopback(slow, answer()) as server, loopback(bank) as sts:
        async with in_role(server, sts) as drs:
            await drs.with_options(max_attempts=2).initialize_service()
        assert keys_of(server) == ["ASIAROLE1", "ASIAROLE2"]


# -- when STS fails ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "named"),
    [
        (refusal(), "AssumeRole .* ExpiredToken"),
        (refusal(500), "AssumeRole .* ExpiredToken"),
        (reset, "127.0.0.1"),
        (answer(b"<html>busy</html>", headers=XML), "credentials failed with KeyError"),
        (answer(b"{}", status=200), "credential provider cannot be read"),
    ],
    ids=["refused", "failed", "reset", "html", "json"],
)
async def test_an_sts_that_fails_names_itself_and_nothing_is_sent(
    step: Step, named: str, in_role: Callable[..., DRSClient]
) -> None:
    async with loopback() as server, loopback(step, STS()) as sts:
        async with in_role(server, sts) as drs:
            with pytest.raises(CredentialsError, match=named) as caught:
                await drs.start_recovery(SERVERS)
            assert caught.value.operation == "StartRecovery"
            assert server.requests == []
            await drs.start_recovery(SERVERS)  # STS is well again, and so is the client
        assert keys_of(server) == ["ASIAROLE1"]


async def test_an_sts_that_is_away_names_its_address(in_role: Callable[..., DRSClient]) -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    async with loopback() as server:
        async with in_role(server, url) as drs:
            with pytest.raises(CredentialsError, match=url):
                await drs.start_recovery(SERVERS)
        assert server.requests == []


async def test_a_session_that_expired_and_cannot_be_renewed_ends_the_call(
    in_role: Callable[..., DRSClient],
) -> None:
    """The first attempt was refused, the second never left: the launch did not happen."""
    bank = STS(lifetimes=[timedelta(minutes=5)])
    slow = refuse(429, "ThrottlingException")
    async with loopback(slow) as server, loopback(bank, refusal()) as sts:
        async with in_role(server, sts) as drs:
            with pytest.raises(CredentialsError, match="ExpiredToken"):
                await drs.with_options(max_attempts=5).start_recovery(SERVERS)
        assert len(server.requests) == 1


async def test_a_task_that_is_cancelled_while_the_role_is_assumed_leaves_the_client_usable(
    in_role: Callable[..., DRSClient],
) -> None:
    async with loopback() as server, loopback(STS()) as sts:
        async with in_role(server, sts) as drs:
            task = asyncio.create_task(drs.initialize_service())
            await sts.arrived.acquire()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await drs.initialize_service()
        assert len(server.requests) == 1


@pytest.mark.parametrize("cut_off", [False, True])
async def test_no_secret_shows_when_the_answer_of_sts_is_garbled(
    in_role: Callable[..., DRSClient], caplog: pytest.LogCaptureFixture, *, cut_off: bool
) -> None:
    """botocore's own error quotes the body that it cannot read, keys and all."""
    xml = ASSUMED.format(number=1, secret=ROLE_SECRET, token=ROLE_TOKEN, expiration="soon")
    body = xml[: xml.index("<Expiration>")] if cut_off else xml
    with caplog.at_level(logging.DEBUG, "drs_sdk"):
        async with loopback() as server, loopback(answer(body.encode(), headers=XML)) as sts:
            async with in_role(server, sts, external_id="ext-secret") as drs:
                with pytest.raises(DRSError) as caught:
                    await drs.initialize_service()
            assert server.requests == []
    error = caught.value
    assert isinstance(error, CredentialsError)
    shown = "".join(traceback.format_exception(error)) + repr(vars(error))
    shown += pickle.dumps(error).decode("latin-1")
    shown += "".join(repr(vars(r)) for r in caplog.records if r.name.startswith("drs_sdk"))
    seen: BaseException | None = error
    while seen is not None:
        shown += repr(seen)
        seen = seen.__cause__ or seen.__context__
    for secret in (ROLE_SECRET, ROLE_TOKEN, SECRET_KEY, "ext-secret"):
        assert secret not in shown
