"""Arguments of the wrong type end in our errors, which say what to do, before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from loopback import ACCESS_KEY, SECRET_KEY, client_for, loopback

from drs_sdk import DRSClient
from drs_sdk.errors import DRSError
from drs_sdk.fleet import Fleet, Target
from drs_sdk.models import StartRecoveryRequest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("own_environment")

ODD: list[Any] = [
    5,
    True,
    nan,
    "x",
    b"x",
    [1],
    {"read_timeout": 3},
    object(),
    int,
    timedelta(seconds=-1),
    datetime(2024, 1, 1),  # noqa: DTZ001 - that is what is wrong with it
]
TEXTS = [
    "region_name",
    "profile_name",
    "endpoint_url",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "role_arn",
    "external_id",
    "role_session_name",
]
JOB = "drsjob-0123456789abcdef0"
LAUNCH = StartRecoveryRequest(source_servers=[{"source_server_id": "s-0123456789abcdef0"}])
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _said(error: pytest.ExceptionInfo[Exception], name: str) -> None:
    assert isinstance(error.value, ValueError)
    assert name in str(error.value)


OPTIONS = [
    *[(name, [each for each in ODD if each != "x"]) for name in TEXTS],
    ("verify", [each for each in ODD if each is not True and each != "x"]),
    ("allow_insecure_endpoint", [each for each in ODD if each is not True]),
    ("clock", ODD),
    ("on_request", [each for each in ODD if each is not int]),
    ("config", ODD),
    ("session", ODD),
    ("max_response_bytes", [each for each in ODD if each is True or each != 5] + [0, -1, inf]),
]


@pytest.mark.parametrize(("name", "value"), [(name, each) for name, odd in OPTIONS for each in odd])
def test_options(name: str, value: Any) -> None:  # noqa: ANN401 - whatever is handed in
    for make in (DRSClient, lambda **given: Fleet([Target("eu-west-1")], **given)):
        if make is not DRSClient and name in {"region_name", "role_arn", "external_id"}:
            continue
        with pytest.raises(DRSError) as caught:
            make(**{name: value})
        _said(caught, name)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "name",
    [
        "region_name",
        "account_id",
        "role_arn",
        "external_id",
        "role_session_name",
        "profile_name",
        "endpoint_url",
    ],
)
def test_targets(name: str, value: Any) -> None:  # noqa: ANN401
    if value == "x" and name in {"region_name", "profile_name", "endpoint_url"}:
        return
    with pytest.raises(DRSError):
        Target(**{"region_name": "eu-west-1", name: value})


@pytest.mark.parametrize("value", ODD)
def test_fleets(value: Any) -> None:  # noqa: ANN401
    fleet = Fleet([Target("eu-west-1")])
    makers: list[Callable[[], object]] = [
        lambda: Fleet(value),
        lambda: Fleet([value]),
        lambda: Fleet.across(regions=value),
        lambda: Fleet.across(regions=["eu-west-1"], accounts=value, role_name="ops"),
        lambda: fleet.subset(accounts=value),
        lambda: fleet.subset(regions=value),
    ]
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        makers.append(lambda: Fleet([Target("eu-west-1")], sts_endpoint_url=value))
    if not isinstance(value, type):
        makers.append(lambda: fleet.subset(where=value))
    for make in makers:
        if isinstance(value, dict):  # its keys are texts
            continue
        with pytest.raises(DRSError):
            make()


ARGUMENTS: dict[str, Callable[[DRSClient, Any], object]] = {
    "of": lambda drs, odd: drs.find_outcome(odd, sent_at=NOW),
    "sent_at": lambda drs, odd: drs.find_outcome(LAUNCH, sent_at=odd),
    "clock_skew": lambda drs, odd: drs.find_outcome(LAUNCH, sent_at=NOW, clock_skew=odd),
    "origin": lambda drs, odd: drs.find_outcome(LAUNCH, sent_at=NOW, origin=odd),
    "limit": lambda drs, odd: drs.describe_jobs().collect(odd),
    "starting_token": lambda drs, odd: anext(drs.describe_jobs().pages(odd)),
    "path": lambda drs, odd: drs.call("New", {}, path=odd),
    "on_update": lambda drs, odd: drs.wait_until_job_completed(JOB, on_update=odd),
    "still_valid": lambda drs, odd: drs.with_options(still_valid=odd),
    "read_timeout": lambda drs, odd: drs.with_options(read_timeout=odd),
    "max_attempts": lambda drs, odd: drs.with_options(max_attempts=odd),
    "event": lambda drs, odd: drs.notify(odd),
}
FITTING: dict[str, list[object]] = {
    "limit": [5],
    "starting_token": ["x"],
    "on_update": [int],
    "still_valid": [int],
    "read_timeout": [5],
    "max_attempts": [5],
    "clock_skew": [timedelta(seconds=-1)],
}


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_arguments(name: str) -> None:
    async with loopback() as server, client_for(server) as drs:
        for odd in ODD:
            if any(odd is each or odd == each for each in FITTING.get(name, [])):
                continue
            with pytest.raises(DRSError) as caught:
                await ARGUMENTS[name](drs, odd)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues] - what is no coroutine raises at once
            _said(caught, name)
    assert not server.requests


async def test_a_dict_for_a_configuration_is_told_what_to_make_of_it() -> None:
    with pytest.raises(DRSError, match=r"AioConfig\(read_timeout=3\), got dict"):
        DRSClient(config={"read_timeout": 3})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_a_configuration_of_botocores_own_is_taken() -> None:
    async with loopback() as server:
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        config: Any = Config(region_name="eu-west-1", user_agent_extra="mine")
        async with DRSClient(endpoint_url=server.url, config=config, **keys) as drs:
            await drs.describe_jobs()
    assert "mine" in server.requests[0].headers["user-agent"]
