"""What a client takes from its options, its session and its callers, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.loaders import create_loader
from loopback import ACCESS_KEY, SECRET_KEY, client_for, loopback, refuse

from drs_sdk import DRSClient
from drs_sdk.errors import (
    ConfigurationError,
    InternalServerException,
    RequestValidationError,
)
from drs_sdk.models import DescribeJobsRequest

KEYS = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}


pytestmark = pytest.mark.usefixtures("own_environment")


def session_with(config: AioConfig | None = None, region: str | None = None) -> AioSession:
    session = AioSession()
    session.register_component("data_loader", create_loader())
    if region is not None:
        session.set_config_variable("region", region)
    if config is not None:
        session.set_default_client_config(config)
    return session


class TestWhereTheRegionComesFrom:
    """What is said in code comes before what the environment says."""

    @pytest.fixture(autouse=True)
    def environment(self, own_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002 - comes first
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-1")

    @pytest.mark.parametrize(
        ("options", "region"),
        [
            ({}, "us-east-1"),
            ({"session": session_with(region="eu-west-2")}, "eu-west-2"),
            ({"config": AioConfig(region_name="eu-west-1")}, "eu-west-1"),
            (
                {
                    "session": session_with(region="eu-west-2"),
                    "config": AioConfig(region_name="eu-west-1"),
                },
                "eu-west-1",
            ),
            (
                {"session": session_with(AioConfig(region_name="eu-west-3"), region="eu-west-2")},
                "eu-west-3",
            ),
            (
                {"region_name": "eu-north-1", "config": AioConfig(region_name="eu-west-1")},
                "eu-north-1",
            ),
        ],
        ids=["environment", "session", "config", "config, session", "session's config", "option"],
    )
    async def test_the_nearest_wins(self, options: dict[str, Any], region: str) -> None:
        async with DRSClient(**KEYS, **options) as drs:
            assert drs.region_name == region
            assert drs.endpoint_url == f"https://drs.{region}.amazonaws.com"


async def test_the_configuration_of_a_session_counts() -> None:
    default = AioConfig(retries={"total_max_attempts": 2}, connect_timeout=3)
    async with (
        loopback(refuse(500, "InternalServerException")) as server,
        client_for(server, session=session_with(default)) as drs,
    ):
        with pytest.raises(InternalServerException):
            await drs.describe_jobs()
        assert len(server.requests) == 2


async def test_the_configuration_of_the_client_comes_before_that_of_its_session() -> None:
    default = AioConfig(retries={"total_max_attempts": 2})
    config = AioConfig(retries={"total_max_attempts": 3})
    async with (
        loopback(refuse(500, "InternalServerException")) as server,
        client_for(server, session=session_with(default), config=config) as drs,
    ):
        with pytest.raises(InternalServerException):
            await drs.describe_jobs()
        assert len(server.requests) == 3


async def test_a_password_in_the_endpoint_is_refused() -> None:
    drs = client_for("https://user:SECRETPW@drs.example.invalid")
    with pytest.raises(ConfigurationError, match="requests are signed") as caught:
        await drs.open()
    assert "SECRETPW" not in str(caught.value)


@pytest.mark.parametrize("given", [0, -1, None, 1.5, "64", float("nan"), float("inf")])
def test_the_size_of_an_answer_is_a_number_of_bytes(given: Any) -> None:  # noqa: ANN401 - bad input
    with pytest.raises(ValueError, match="max_response_bytes must be a whole number of bytes"):
        DRSClient(region_name="eu-west-1", max_response_bytes=given)


@pytest.mark.parametrize("given", [0, -1, "5", float("nan"), float("inf")])
def test_a_read_timeout_is_a_number_of_seconds(given: Any) -> None:  # noqa: ANN401 - bad input
    with pytest.raises(ValueError, match="read_timeout must be a number of seconds"):
        DRSClient(region_name="eu-west-1").with_options(read_timeout=given)


@pytest.mark.parametrize("given", [0, -1, "5", 2.5, float("nan")])
def test_attempts_are_counted(given: Any) -> None:  # noqa: ANN401 - bad input
    with pytest.raises(ValueError, match="max_attempts must be a whole number of attempts"):
        DRSClient(region_name="eu-west-1").with_options(max_attempts=given)


@pytest.mark.parametrize("given", [None, {}, "DescribeJobs", DescribeJobsRequest])
async def test_only_requests_are_sent(given: Any) -> None:  # noqa: ANN401 - bad input
    async with loopback() as server, client_for(server) as drs:
        with pytest.raises(RequestValidationError, match="must be a request object") as caught:
            await drs.send(given)
        assert not server.requests
    assert [problem.path for problem in caught.value.problems] == ["request"]


async def test_a_token_to_start_with_is_text() -> None:
    bad: Any = 5
    async with loopback() as server, client_for(server) as drs:
        with pytest.raises(RequestValidationError, match="starting_token: must be a text, got int"):
            await anext(drs.describe_jobs().pages(starting_token=bad))
        assert not server.requests
        await anext(drs.describe_jobs().pages(starting_token=""))
        assert server.requests[0].json == {}
