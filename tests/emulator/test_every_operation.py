"""Every operation of the service, by boto3 and by the AWS CLI as they are."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import pytest
from aws_cli import aws_cli, needs_aws_cli
from botocore.config import Config
from botocore.exceptions import ClientError
from whole_service import WholeService

from drs_sdk.testing import DRSEmulator, Fault
from drs_sdk.testing.handlers import load_handlers
from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from aws_cli import AwsCli

OPERATIONS = frozenset(load_service().operations)


@contextmanager
def boto3_client(emulator: DRSEmulator) -> Iterator[Any]:
    session = boto3.Session(
        aws_access_key_id=emulator.access_key_id,
        aws_secret_access_key=emulator.secret_access_key,
        region_name=emulator.region,
    )
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={})
    client = session.client("drs", endpoint_url=emulator.url, config=config)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
async def cli(emulator: DRSEmulator, model_folder: str) -> AsyncIterator[AwsCli]:
    async with aws_cli(emulator, model_folder) as running:
        yield running


def test_every_operation_has_a_handler() -> None:
    assert OPERATIONS - load_handlers().keys() == set()


async def test_boto3_drives_every_operation() -> None:
    async with DRSEmulator(initialized=False, check_answers=True, check_signatures=True) as running:
        with boto3_client(running) as client:

            async def call(operation: str, params: dict[str, Any]) -> dict[str, Any]:
                method = getattr(client, botocore.xform_name(operation))
                answer: dict[str, Any] = await asyncio.to_thread(method, **params)
                status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
                assert status == load_service().operations[operation].status
                return answer

            walk = WholeService(running, call)
            await walk.walk()
        assert walk.called == OPERATIONS
        assert running.defects == []


async def test_boto3_pages_fails_and_tags(emulator: DRSEmulator) -> None:
    ids = emulator.add_source_servers(7)
    with boto3_client(emulator) as client:

        def listed() -> list[str]:
            pages = client.get_paginator("describe_source_servers").paginate(
                PaginationConfig={"PageSize": 3}
            )
            return [server["sourceServerID"] for page in pages for server in page["items"]]

        assert await asyncio.to_thread(listed) == ids
        sent = [request.params.get("maxResults") for request in emulator.requests]
        assert sent == [3, 3, 3]
        with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
            await asyncio.to_thread(client.delete_source_server, sourceServerID="s-" + "9" * 17)
        assert missing.value.response["resourceType"] == "source-server"
        with pytest.raises(client.exceptions.ConflictException):
            await asyncio.to_thread(client.delete_source_server, sourceServerID=ids[0])
        emulator.inject("DescribeJobs", Fault.throttle(retry_after=7))
        with pytest.raises(client.exceptions.ThrottlingException) as throttled:
            await asyncio.to_thread(client.describe_jobs)
        assert throttled.value.response["retryAfterSeconds"] == "7"
        with pytest.raises(ClientError, match="ValidationException"):
            await asyncio.to_thread(client.describe_source_servers, nextToken="made up")
        (server,) = (
            await asyncio.to_thread(
                client.describe_source_servers, filters={"sourceServerIDs": ids[:1]}
            )
        )["items"]
        await asyncio.to_thread(client.tag_resource, resourceArn=server["arn"], tags={"x": "y"})
        tags = await asyncio.to_thread(client.list_tags_for_resource, resourceArn=server["arn"])
        assert tags["tags"] == {**server["tags"], "x": "y"}


@needs_aws_cli
async def test_the_aws_cli_drives_every_operation(model_folder: str) -> None:
    async with (
        DRSEmulator(initialized=False, check_answers=True, check_signatures=True) as running,
        aws_cli(running, model_folder) as cli,
    ):

        async def call(operation: str, params: dict[str, Any]) -> dict[str, Any]:
            command = botocore.xform_name(operation, "-")
            outcome = await cli.drs(command, "--cli-input-json", json.dumps(params))
            return outcome.json()

        walk = WholeService(running, call)
        await walk.walk()
        assert walk.called == OPERATIONS
        assert running.defects == []


@needs_aws_cli
async def test_the_aws_cli_pages_fails_and_tags(emulator: DRSEmulator, cli: AwsCli) -> None:
    ids = emulator.add_source_servers(7)
    shown = (await cli.drs("describe-source-servers", "--page-size", "3")).json()
    assert [server["sourceServerID"] for server in shown["items"]] == ids
    assert [request.params["maxResults"] for request in emulator.requests] == [3, 3, 3]
    first = (await cli.drs("describe-source-servers", "--max-items", "4")).json()
    rest = (await cli.drs("describe-source-servers", "--starting-token", first["NextToken"])).json()
    assert [s["sourceServerID"] for s in first["items"] + rest["items"]] == ids

    missing = await cli.drs("delete-source-server", "--source-server-id", "s-" + "9" * 17)
    assert missing.code == 255
    assert "(ResourceNotFoundException) when calling the DeleteSourceServer" in missing.errors
    conflict = await cli.drs("delete-source-server", "--source-server-id", ids[0])
    assert "(ConflictException)" in conflict.errors
    emulator.inject("DescribeJobs", Fault.throttle())
    throttled = await cli.drs("describe-jobs")
    assert "(ThrottlingException)" in throttled.errors

    arn = shown["items"][0]["arn"]
    tagged = await cli.drs("tag-resource", "--resource-arn", arn, "--tags", "x=y,empty=")
    assert (tagged.code, tagged.output) == (0, "")
    await cli.drs("untag-resource", "--resource-arn", arn, "--tag-keys", "Name")
    found = await cli.drs("list-tags-for-resource", "--resource-arn", arn, "--query", "tags")
    expected = {**shown["items"][0]["tags"], "x": "y", "empty": ""}
    del expected["Name"]
    assert found.json() == expected


@needs_aws_cli
async def test_what_the_aws_cli_prints_can_be_loaded(emulator: DRSEmulator, cli: AwsCli) -> None:
    ids = emulator.add_source_servers(3)
    printed = (await cli.drs("describe-source-servers")).json()
    copy = DRSEmulator()
    assert copy.load(printed) == ids
