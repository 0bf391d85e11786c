"""A call ends by its read timeout, however busily the other side keeps the connection alive."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from loopback import client_for, loopback

from drs_sdk.errors import AmbiguousOutcomeError, RequestTimeoutError

if TYPE_CHECKING:
    from loopback import Exchange, Step

pytestmark = pytest.mark.usefixtures("own_environment")

SERVERS = [{"source_server_id": "s-0123456789abcdef0"}]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def for_ever(beginning: bytes, again: bytes) -> Step:
    """Begin an answer and go on with it for as long as somebody listens."""

    async def step(exchange: Exchange) -> None:
        await exchange.write(beginning)
        while not exchange.writer.is_closing():
            await exchange.write(again)
            await asyncio.sleep(0)

    return step


ENDLESS = {
    "a head": for_ever(b"HTTP/1.1 200 OK\r\n", b"X-Padding: 1\r\n"),
    "informational answers": for_ever(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "early hints": for_ever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "blank lines": for_ever(b"\r\n", b"\r\n"),
    "an announced body": for_ever(OK + b"Content-Length: 50000000\r\n\r\n", b" "),
    "a body in chunks": for_ever(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a body to the end of the connection": for_ever(OK + b"Connection: close\r\n\r\n", b" "),
    "an error answer": for_ever(b"HTTP/1.1 503 No\r\nContent-Length: 50000000\r\n\r\n", b" "),
    "a trailer": for_ever(
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X-Padding: 1\r\n"
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_is_given_up(name: str) -> None:
    async with loopback(ENDLESS[name]) as server, client_for(server) as drs:
        hasty = drs.with_options(read_timeout=0.05, max_attempts=2)
        async with asyncio.timeout(20):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - some heads are too long, too
                await hasty.describe_jobs()
            assert type(caught.value).__module__ == "drs_sdk.errors"
            with pytest.raises(AmbiguousOutcomeError):
                await hasty.start_recovery(SERVERS)
        assert server.operations.count("StartRecovery") == 1


@pytest.mark.parametrize("name", ["informational answers", "an announced body", "an error answer"])
async def test_what_is_given_up_says_so(name: str) -> None:
    async with loopback(ENDLESS[name]) as server, client_for(server) as drs:
        with pytest.raises(RequestTimeoutError, match="raise read_timeout") as caught:
            await drs.with_options(read_timeout=0.05, max_attempts=2).describe_jobs()
        assert caught.value.maybe_sent
        assert len(server.requests) == 2


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_a_service_that_reads_no_more_is_given_up() -> None:
    """A request larger than what the network holds, and nobody who takes it."""
    taken = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await taken.wait()
        writer.close()
        del reader

    listener = await asyncio.start_server(deaf, "127.0.0.1", 0, limit=1)
    port = listener.sockets[0].getsockname()[1]
    more = {"padding": "x" * 30_000_000}
    async with client_for(f"http://127.0.0.1:{port}") as drs, asyncio.timeout(20):
        hasty = drs.with_options(read_timeout=0.2, max_attempts=1)
        with pytest.raises(RequestTimeoutError):
            await hasty.call("DescribeJobs", more, safety="read")
    taken.set()
    listener.close()
    await listener.wait_closed()


async def test_a_slow_answer_that_comes_to_its_end_is_read() -> None:
    """Longer in all than the time between two parts may be."""
    page = json.dumps({"items": [{"jobID": "drsjob-0123456789abcdef0"}]}).encode()

    async def slow(exchange: Exchange) -> None:
        await exchange.write(b"HTTP/1.1 102 Processing\r\n\r\n" + OK)
        await exchange.write(b"Content-Length: %d\r\n\r\n" % len(page))
        for at in range(0, len(page), 10):
            await asyncio.sleep(0.15)
            await exchange.write(page[at : at + 10])

    async with loopback(slow) as server, client_for(server) as drs:
        patient = drs.with_options(read_timeout=0.5, max_attempts=1)
        assert (await patient.describe_jobs()).items[0].job_id == "drsjob-0123456789abcdef0"
        assert len(server.requests) == 1
