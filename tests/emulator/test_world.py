"""A world of accounts and Regions on one port, and the STS that leads from one to another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import aiohttp
import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from drs_sdk.errors import DRSError, ThrottlingException, UninitializedAccountException
from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.testing import Place

EAST, WEST, ELSEWHERE = "us-east-1", "us-west-2", "eu-west-1"
ONE, TWO = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{TWO}:role/ops/DisasterRecovery"


def world(*, check_signatures: bool = False) -> DRSEmulator:
    return DRSEmulator(regions=[EAST, WEST], accounts=[ONE, TWO], check_signatures=check_signatures)


async def server_ids(drs: DRSClient) -> list[str | None]:
    return [server.source_server_id async for server in drs.describe_source_servers()]


def boto3_client(service: str, place: Place, **keys: str) -> Any:  # noqa: ANN401 - boto3 has no types
    given = {
        "aws_access_key_id": place.access_key_id,
        "aws_secret_access_key": place.secret_access_key,
        "region_name": place.region,
        **keys,
    }
    config = Config(proxies={}, retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=place.url, config=config, **given)


@pytest.mark.parametrize("check_signatures", [False, True])
async def test_each_place_shows_its_own_servers_only(*, check_signatures: bool) -> None:
    async with world(check_signatures=check_signatures) as emulator:
        places = [emulator.at(region=r, account_id=a) for a in (ONE, TWO) for r in (EAST, WEST)]
        wanted = [place.add_source_servers(index + 1) for index, place in enumerate(places)]
        found: list[list[str | None]] = []
        for place in places:
            async with place.client() as drs:
                found.append(await server_ids(drs))
        assert found == wanted
        assert len({i for ids in wanted for i in ids}) == 10
        assert [len(place.requests) for place in places] == [1, 1, 1, 1]


async def test_the_emulator_itself_is_the_first_place() -> None:
    async with world() as emulator:
        assert emulator.at() is emulator
        assert (emulator.region, emulator.account_id) == (EAST, ONE)
        assert emulator.at(region=WEST).account_id == ONE
        assert emulator.at(account_id=TWO).region == EAST
        assert emulator.at(region=WEST).clock is emulator.clock


async def test_arns_name_the_place() -> None:
    async with world() as emulator:
        there = emulator.at(region=WEST, account_id=TWO)
        there.add_source_servers(1)
        async with there.client() as drs:
            (server,) = (await drs.describe_source_servers()).items
            assert (server.arn or "").startswith(f"arn:aws:drs:{WEST}:{TWO}:")


async def test_a_region_that_was_not_named_was_never_initialised_until_it_is() -> None:
    async with world() as emulator:
        with pytest.raises(ValueError, match=ELSEWHERE):
            emulator.at(region=ELSEWHERE)
        async with emulator.client(region_name=ELSEWHERE) as drs:
            with pytest.raises(UninitializedAccountException):
                await drs.describe_source_servers()
            await drs.initialize_service()
            (server_id,) = emulator.at(region=ELSEWHERE).add_source_servers(1)
            assert await server_ids(drs) == [server_id]
        async with emulator.client() as drs:
            assert await server_ids(drs) == []


async def test_an_emulator_of_one_place_answers_for_every_region() -> None:
    async with DRSEmulator() as emulator, emulator.client(region_name=ELSEWHERE) as drs:
        assert await server_ids(drs) == emulator.add_source_servers(0)


async def test_a_key_that_nobody_knows_is_the_first_accounts() -> None:
    async with world() as emulator:
        wanted = emulator.at(region=WEST).add_source_servers(1)
        emulator.at(region=WEST, account_id=TWO).add_source_servers(2)
        keys = {"aws_access_key_id": "AKIASOMEBODYS", "aws_secret_access_key": "x"}
        async with emulator.client(region_name=WEST, **keys) as drs:  # type: ignore[misc]
            assert await server_ids(drs) == wanted


async def test_faults_are_the_places_own() -> None:
    async with world() as emulator:
        west = emulator.at(region=WEST)
        west.inject("*", Fault.throttle(), times=50)
        async with emulator.client() as here, west.client() as there:
            await here.describe_source_servers()
            with pytest.raises(ThrottlingException):
                await there.describe_source_servers()
            west.clear_faults()
            await there.describe_source_servers()


async def test_places_live_by_one_clock_and_answers_carry_its_date() -> None:
    async with world() as emulator, aiohttp.ClientSession() as http:
        await emulator.clock.advance(timedelta(days=400))
        async with http.get(emulator.url) as answer:
            date = parsedate_to_datetime(answer.headers["Date"])
        assert abs(date - emulator.at(region=WEST).clock.now()) < timedelta(seconds=2)


@pytest.mark.parametrize("check_signatures", [False, True])
async def test_a_role_leads_into_its_account(*, check_signatures: bool) -> None:
    async with world(check_signatures=check_signatures) as emulator:
        wanted = emulator.at(region=WEST, account_id=TWO).add_source_servers(1)
        options = {"role_session_name": "night-watch", "external_id": "42"}
        async with emulator.client(region_name=WEST, role_arn=ROLE, **options) as drs:  # type: ignore[misc]
            assert await server_ids(drs) == wanted
            assert await server_ids(drs) == wanted
        (call,) = emulator.requests
        assert (call.operation, call.status, call.handled) == ("AssumeRole", 200, True)
        assert call.params["ExternalId"] == "42"
        assert len(emulator.at(region=WEST, account_id=TWO).requests) == 2


async def test_a_call_in_a_role_holds_virtual_time_as_any_other_does() -> None:
    async with world() as emulator, emulator.client(role_arn=ROLE) as drs:
        there = emulator.at(account_id=TWO)
        before = emulator.clock.now()
        there.inject("DescribeSourceServers", Fault.delay(0.05))

        async def sleeps() -> None:
            await emulator.clock.sleep(3600)

        sleeper = asyncio.create_task(sleeps())
        await drs.describe_source_servers()
        assert emulator.clock.now() - before < timedelta(hours=1)
        await sleeper


@pytest.mark.parametrize("role", [ROLE, "arn:aws:iam::999999999999:role/Nobody"])
async def test_a_denied_role_and_one_of_no_account_here_are_refused(role: str) -> None:
    async with world() as emulator:
        emulator.deny_role(ROLE)
        async with emulator.client(role_arn=role) as drs:
            with pytest.raises(DRSError, match="AssumeRole"):
                await drs.describe_source_servers()
        assert [r.error_code for r in emulator.requests] == ["AccessDenied"]
        assert not emulator.at(account_id=TWO).requests
        with pytest.raises(ValueError, match="no ARN"):
            emulator.deny_role("DisasterRecovery")


async def test_a_role_goes_not_with_a_session_that_would_ask_aws() -> None:
    from aiobotocore.session import AioSession

    async with world() as emulator:
        with pytest.raises(TypeError, match="role"):
            emulator.client(session=AioSession(), role_arn=ROLE)


async def test_boto3_sees_the_same_world() -> None:
    async with world(check_signatures=True) as emulator:
        there = emulator.at(region=WEST, account_id=TWO)
        wanted = there.add_source_servers(2)

        def work() -> None:
            sts = boto3_client("sts", emulator)
            assert sts.get_caller_identity()["Account"] == ONE
            keys = sts.assume_role(RoleArn=ROLE, RoleSessionName="boto3")["Credentials"]
            in_role = {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"],
            }
            who = boto3_client("sts", emulator, **in_role).get_caller_identity()
            assert who["Account"] == TWO
            assert who["Arn"] == f"arn:aws:sts::{TWO}:assumed-role/DisasterRecovery/boto3"
            drs = boto3_client("drs", there, **in_role)
            assert [s["sourceServerID"] for s in drs.describe_source_servers()["items"]] == wanted
            assert boto3_client("drs", emulator).describe_source_servers()["items"] == []
            with pytest.raises(ClientError, match="UninitializedAccountException"):
                boto3_client("drs", emulator, region_name=ELSEWHERE).describe_source_servers()
            wrong = {**in_role, "aws_session_token": "another"}
            with pytest.raises(ClientError, match="security token"):
                boto3_client("drs", there, **wrong).describe_source_servers()
            with pytest.raises(ClientError, match="ValidationError"):
                sts.assume_role(RoleArn="arn:aws:iam::1:role/x", RoleSessionName="boto3")

        await asyncio.to_thread(work)


@pytest.mark.parametrize("minutes", [-6, -4, 4, 6])
async def test_the_age_of_a_signature_is_judged_by_the_machines_time(minutes: int) -> None:
    async with world(check_signatures=True) as emulator, aiohttp.ClientSession() as http:
        await emulator.clock.advance(timedelta(days=400))
        url = f"{emulator.url}/DescribeSourceServers"
        request = AWSRequest("POST", url, data=b"{}")
        signer = SigV4Auth(
            Credentials(emulator.access_key_id, emulator.secret_access_key), "drs", EAST
        )
        signed_at = datetime.now(UTC) + timedelta(minutes=minutes)
        with patch("botocore.auth.get_current_datetime", return_value=signed_at):
            signer.add_auth(request)
        async with http.post(url, data=b"{}", headers=dict(request.headers)) as answer:
            assert answer.status == (403 if abs(minutes) > 5 else 200)
        expected = "InvalidSignatureException" if abs(minutes) > 5 else None
        assert emulator.requests[0].error_code == expected


@pytest.mark.parametrize(
    "options",
    [
        {"region": EAST, "regions": [EAST]},
        {"account_id": ONE, "accounts": [ONE]},
        {"regions": []},
        {"accounts": [ONE, ONE]},
    ],
)
def test_a_world_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one|once"):
        DRSEmulator(**options)
