"""Any two options of a client: both take effect, or the client is refused and names both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from loopback import Loopback, VirtualClock, answer, loopback, new_session

from drs_sdk import DRSClient
from drs_sdk.errors import ConfigurationError, DRSError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_environment")

ROLE = "arn:aws:iam::111122223333:role/ops"


def role_keys() -> bytes:
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        f"<AssumedRoleUser><Arn>{ROLE}</Arn><AssumedRoleId>a:b</AssumedRoleId></AssumedRoleUser>"
        "<Credentials><AccessKeyId>AKIDOFROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>t</SessionToken><Expiration>{until}</Expiration></Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>"
    ).encode()


@dataclass
class Noted:
    """What can be told of a call afterwards."""

    given: dict[str, Any]
    service: Loopback
    sts: Loopback
    drs: DRSClient
    hooks: list[str] = field(default_factory=list)
    events: list[object] = field(default_factory=list)

    @property
    def head(self) -> str:
        """Who signed, and for where."""
        return self.service.requests[0].headers["authorization"]

    @property
    def asked_of_sts(self) -> str:
        return "".join(seen.body.decode() for seen in self.sts.requests)


def _signed_by(noted: Noted, own: str) -> bool:
    """Who signs, or asks for the role: keys that are given come before those of a profile."""
    if "aws_access_key_id" in noted.given:
        own = "AKIDGIVEN"
    asked = noted.sts if "role_arn" in noted.given else noted.service
    return own in asked.requests[0].headers["authorization"]


OPTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "region_name": lambda: {"region_name": "eu-north-1"},
    "profile_name": lambda: {"profile_name": "mine"},
    "endpoint_url": lambda: {"endpoint_url": "given"},
    "keys": lambda: {"aws_access_key_id": "AKIDGIVEN", "aws_secret_access_key": "s"},
    "aws_session_token": lambda: {
        "aws_access_key_id": "AKIDGIVEN",
        "aws_secret_access_key": "s",
        "aws_session_token": "tokengiven",
    },
    "role_arn": lambda: {"role_arn": ROLE},
    "external_id": lambda: {"role_arn": ROLE, "external_id": "external"},
    "role_session_name": lambda: {"role_arn": ROLE, "role_session_name": "nightly"},
    "verify": lambda: {"verify": False},
    "config": lambda: {"config": AioConfig(user_agent_extra="mine", region_name="eu-west-3")},
    "session": lambda: {"session": new_session()},
    "clock": lambda: {"clock": VirtualClock()},
    "on_request": lambda: {"on_request": None},
    "max_response_bytes": lambda: {"max_response_bytes": 100},
    "allow_insecure_endpoint": lambda: {"allow_insecure_endpoint": True},
}


def _region_of(given: dict[str, Any]) -> str:
    if "region_name" in given:
        return "eu-north-1"
    return "eu-west-3" if "config" in given else "eu-west-1"


def _token_is_sent(noted: Noted) -> bool:
    to = noted.sts if "role_arn" in noted.given else noted.service
    return to.requests[0].headers["x-amz-security-token"] == "tokengiven"


TAKES_EFFECT: dict[str, Callable[[Noted], bool]] = {
    "region_name": lambda noted: f"/{_region_of(noted.given)}/drs/" in noted.head,
    "profile_name": lambda noted: _signed_by(noted, "AKIDPROFILE"),
    "endpoint_url": lambda noted: len(noted.service.requests) == 1,
    "keys": lambda noted: _signed_by(noted, "AKIDGIVEN"),
    "aws_session_token": _token_is_sent,
    "role_arn": lambda noted: "AKIDOFROLE" in noted.head,
    "external_id": lambda noted: "ExternalId=external" in noted.asked_of_sts,
    "role_session_name": lambda noted: "RoleSessionName=nightly" in noted.asked_of_sts,
    "verify": lambda noted: len(noted.service.requests) == 1,
    "config": lambda noted: (
        "mine" in noted.service.requests[0].headers["user-agent"]
        and f"/{_region_of(noted.given)}/drs/" in noted.head
    ),
    "session": lambda noted: noted.hooks == ["DescribeJobs"],
    "clock": lambda noted: noted.drs.clock is noted.given["clock"],
    "on_request": lambda noted: len(noted.events) == 2,
    "max_response_bytes": lambda noted: len(noted.service.requests) == 1,
    "allow_insecure_endpoint": lambda noted: len(noted.service.requests) == 1,
}
REFUSED = {frozenset({"profile_name", "session"})}


def test_every_option_of_a_client_is_paired() -> None:
    options = set(DRSClient.__init__.__kwdefaults__)
    assert options == {name for make in OPTIONS.values() for name in make()}


@pytest.mark.parametrize("pair", list(combinations(OPTIONS, 2)), ids="-".join)
async def test_two_options(
    pair: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile mine]\nregion = eu-west-2\n")
    (tmp_path / "credentials").write_text(
        "[mine]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n"
    )
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    xml = answer(role_keys(), headers={"Content-Type": "text/xml"})
    async with loopback(answer({"items": []})) as service, loopback(xml) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DRS", service.url)
        given = {name: value for option in pair for name, value in OPTIONS[option]().items()}
        if "endpoint_url" in given:
            given["endpoint_url"] = service.url
            monkeypatch.setenv("AWS_ENDPOINT_URL_DRS", "http://127.0.0.1:9")
        hooks: list[str] = []
        events: list[object] = []
        if "session" in given:
            given["session"].register(
                "before-call.drs", lambda model, **_: hooks.append(model.name)
            )
        if "on_request" in given:
            given["on_request"] = events.append
        if frozenset(pair) in REFUSED:
            with pytest.raises(ConfigurationError) as caught:
                await DRSClient(**given).open()
            assert all(name in str(caught.value) for name in pair)
            return
        async with DRSClient(**given) as drs:
            await drs.describe_jobs()
        noted = Noted(given, service, sts, drs, hooks, events)
        for name in pair:
            assert TAKES_EFFECT[name](noted), name


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"aws_access_key_id": "AKIDGIVEN"}, ["aws_secret_access_key"]),
        ({"aws_secret_access_key": "s"}, ["aws_access_key_id"]),
        ({"aws_session_token": "t"}, ["aws_session_token", "aws_access_key_id"]),
        ({"aws_access_key_id": "AKIDGIVEN", "aws_session_token": "t"}, ["aws_secret_access_key"]),
        ({"external_id": "x"}, ["external_id", "role_arn"]),
        ({"role_session_name": "x"}, ["role_session_name", "role_arn"]),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("in_a_role", [False, True])
async def test_an_option_without_the_one_it_goes_with(
    given: dict[str, Any], named: list[str], monkeypatch: pytest.MonkeyPatch, *, in_a_role: bool
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    if in_a_role:
        if "role_arn" in named:
            return
        given = {**given, "role_arn": ROLE}
    async with loopback() as service:
        with pytest.raises(DRSError) as caught:
            async with DRSClient(region_name="eu-west-1", endpoint_url=service.url, **given) as drs:
                await drs.describe_jobs()
        assert not service.requests
    assert all(name in str(caught.value) for name in named)
