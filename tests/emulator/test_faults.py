"""Faults, as a raw aiobotocore client sees them."""

# ruff: noqa: ANN401 - aiobotocore clients have no types
from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    PaginationError,
    ReadTimeoutError,
)

from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from collections.abc import Callable


async def _refused(call: Any) -> tuple[int, str, dict[str, Any]]:
    with pytest.raises(ClientError) as caught:
        await call
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response


async def test_throttle(emulator: DRSEmulator, raw: Any) -> None:
    emulator.inject("DescribeSourceServers", Fault.throttle(retry_after=7))
    emulator.inject("DescribeSourceServers", Fault.throttle())
    status, code, response = await _refused(raw.describe_source_servers())
    assert (status, code) == (429, "ThrottlingException")
    assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"
    assert response["retryAfterSeconds"] == "7"
    _, _, response = await _refused(raw.describe_source_servers())
    assert "retry-after" not in response["ResponseMetadata"]["HTTPHeaders"]
    assert (await raw.describe_source_servers())["items"] == []
    assert [(r.fault, r.status) for r in emulator.requests] == [
        ("error", 429),
        ("error", 429),
        (None, 200),
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalServerException"),
        (502, "GatewayException"),
        (503, "ServiceUnavailableException"),
    ],
)
async def test_server_error(emulator: DRSEmulator, raw: Any, status: int, code: str) -> None:
    emulator.inject("describe_source_servers", Fault.server_error(status))
    seen, seen_code, response = await _refused(raw.describe_source_servers())
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert (seen, seen_code, headers["x-amzn-errortype"]) == (status, code, code)
    assert headers["x-amzn-requestid"] == response["ResponseMetadata"]["RequestId"]
    assert headers["content-type"] == "application/json"
    assert "retry-after" not in headers


async def test_server_error_with_an_integer_to_wait(emulator: DRSEmulator, raw: Any) -> None:
    emulator.inject("*", Fault.server_error(retry_after=3))
    _, _, response = await _refused(raw.describe_source_servers())
    assert response["retryAfterSeconds"] == 3
    assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "3"


async def test_server_error_after_the_fact(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    emulator.inject("StopReplication", Fault.server_error(after=True))
    assert (await _refused(raw.stop_replication(sourceServerID=server_id)))[0] == 500
    assert await _state(raw) == "STOPPED"


async def test_any_error(emulator: DRSEmulator, raw: Any) -> None:
    emulator.inject("*", Fault.error("ConflictException", "Busy.", resourceId="x"))
    status, code, response = await _refused(raw.describe_source_servers())
    assert (status, code, response["resourceId"]) == (409, "ConflictException", "x")


async def test_delay(emulator: DRSEmulator, raw_of: Callable[..., Any]) -> None:
    emulator.inject("*", Fault.delay(0.05))
    async with raw_of(emulator) as raw:
        before = time.monotonic()
        assert (await raw.describe_source_servers())["items"] == []
        assert time.monotonic() - before >= 0.05
    emulator.inject("*", Fault.delay(0.3))
    async with raw_of(emulator, read_timeout=0.05) as raw:
        with pytest.raises(ReadTimeoutError):
            await raw.describe_source_servers()


@pytest.mark.parametrize(
    ("fault", "state"), [(Fault.drop_before(), "CONTINUOUS"), (Fault.drop_after(), "STOPPED")]
)
async def test_drop(emulator: DRSEmulator, raw: Any, fault: Fault, state: str) -> None:
    (server_id,) = emulator.add_source_servers(1)
    emulator.inject("StopReplication", fault)
    with pytest.raises(ConnectionClosedError):
        await raw.stop_replication(sourceServerID=server_id)
    assert emulator.requests[0].status is None
    assert await _state(raw) == state


@pytest.mark.parametrize("at", [0.0, 0.5, 1.0])
async def test_truncate(emulator: DRSEmulator, raw: Any, at: float) -> None:
    emulator.add_source_servers(5)
    emulator.inject("*", Fault.truncate(at))
    with pytest.raises(ConnectionClosedError):
        await raw.describe_source_servers()
    assert len((await raw.describe_source_servers())["items"]) == 5


@pytest.mark.parametrize(
    ("fault", "share"),
    [
        (Fault.drop_before(), None),
        (Fault.drop_after(), None),
        (Fault.truncate(0.0), 0.0),
        (Fault.truncate(0.5), 0.5),
        (Fault.truncate(1.0), 1.0),
    ],
)
async def test_what_is_left_on_the_wire(
    emulator: DRSEmulator, fault: Fault, share: float | None
) -> None:
    emulator.add_source_servers(5)
    emulator.inject("*", fault)
    port = int(emulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /DescribeSourceServers HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    try:
        received = await reader.read(-1)
    except ConnectionResetError:
        received = b""
    writer.close()
    if share is None:
        assert received == b""
        return
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ") for line in lines[1:])
    promised = int(headers["content-length"])
    assert lines[0] == "HTTP/1.1 200 OK"
    assert headers["content-type"] == "application/json"
    assert len(body) == min(int(promised * share), promised - 1)


async def test_not_json(emulator: DRSEmulator, raw: Any) -> None:
    emulator.inject("*", Fault.not_json())
    answer = await raw.describe_source_servers()
    # botocore takes a success that it cannot read for one without members.
    assert answer.keys() == {"ResponseMetadata"}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "text/html"


async def test_unknown_enum_value(emulator: DRSEmulator, raw: Any) -> None:
    emulator.add_source_servers(2)
    emulator.inject("*", Fault.unknown_enum_value())
    emulator.inject("*", Fault.unknown_enum_value("dataReplicationState", "WARPED"))
    first, second = (await raw.describe_source_servers())["items"]
    assert first["lastLaunchResult"] == "VALUE_FROM_THE_FUTURE"
    assert second["lastLaunchResult"] == "NOT_STARTED"
    for server in (await raw.describe_source_servers())["items"]:
        assert server["dataReplicationInfo"]["dataReplicationState"] == "WARPED"
    assert await _state(raw) == "CONTINUOUS"


async def test_unknown_member(emulator: DRSEmulator, raw: Any) -> None:
    emulator.add_source_servers(1)
    emulator.inject("*", Fault.unknown_member("novelty", "!"), times=2)
    (seen,) = (await raw.describe_source_servers())["items"]
    assert "novelty" not in seen  # botocore passes over what it does not know
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{emulator.url}/DescribeSourceServers") as answer,
    ):
        page = await answer.json()
    server = page["items"][0]
    assert page["novelty"] == server["novelty"] == server["sourceProperties"]["novelty"] == "!"
    assert "novelty" not in server["tags"]


async def test_repeat_page_token(emulator: DRSEmulator, raw: Any) -> None:
    emulator.add_source_servers(3)
    emulator.inject("DescribeSourceServers", Fault.repeat_page_token())
    first = await raw.describe_source_servers(maxResults=1)
    second = await raw.describe_source_servers(maxResults=1, nextToken=first["nextToken"])
    assert second["nextToken"] == first["nextToken"]
    third = await raw.describe_source_servers(maxResults=1, nextToken=first["nextToken"])
    assert third["nextToken"] != first["nextToken"]

    emulator.inject("DescribeSourceServers", Fault.repeat_page_token(), times=5)
    with pytest.raises(PaginationError, match="same next token"):
        async for _ in raw.get_paginator("describe_source_servers").paginate(
            PaginationConfig={"PageSize": 1}
        ):
            pass


async def test_empty_page(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(3)
    emulator.inject("DescribeSourceServers", Fault.empty_page(), times=4)
    seen: list[str] = []
    tokens: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = await raw.describe_source_servers(maxResults=2, **token)
        seen += [server["sourceServerID"] for server in page["items"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
        tokens.append(page["nextToken"])
    assert seen == ids
    assert len(set(tokens)) == len(tokens) == 5


async def test_faults_inside_answers_leave_operations_without_an_answer_alone(
    emulator: DRSEmulator, raw: Any
) -> None:
    (server_id,) = emulator.add_source_servers(1, state="DISCONNECTED")
    emulator.inject("*", Fault.unknown_member())
    await raw.delete_source_server(sourceServerID=server_id)


async def test_times_and_probability(emulator: DRSEmulator, raw: Any) -> None:
    emulator.inject("DescribeSourceServers", Fault.throttle(), probability=0.5)
    for _ in range(40):
        try:
            await raw.describe_source_servers()
        except ClientError:
            continue
    struck = [r.status for r in emulator.requests].count(429)
    assert 8 <= struck <= 32
    emulator.clear_faults()
    emulator.inject("DescribeSourceServers", Fault.throttle(), times=2, probability=1.0)
    for _ in range(2):
        await _refused(raw.describe_source_servers())
    await raw.describe_source_servers()


async def test_a_fault_strikes_only_its_operation(emulator: DRSEmulator, raw: Any) -> None:
    emulator.inject("StartReplication", Fault.throttle())
    await raw.describe_source_servers()
    emulator.clear_faults()


def test_arming_is_checked() -> None:
    emulator = DRSEmulator()
    with pytest.raises(ValueError, match="no operation called 'StartNothing'"):
        emulator.inject("StartNothing", Fault.throttle())
    with pytest.raises(ValueError, match="between 0 and 1"):
        emulator.inject("*", Fault.throttle(), probability=2)
    with pytest.raises(ValueError, match="at least once"):
        emulator.inject("*", Fault.throttle(), times=0)


async def _state(raw: Any) -> str:
    (server,) = (await raw.describe_source_servers(maxResults=1))["items"][:1]
    return server["dataReplicationInfo"]["dataReplicationState"]
