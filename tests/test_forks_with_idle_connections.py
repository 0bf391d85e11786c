"""A forked process that lets go of a client leaves the parent's kept connections whole."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FORKED = """
import asyncio, gc, os, sys
from drs_sdk import DRSClient

how = sys.argv[1]
connections = []

async def answer(reader, writer):
    connections.append(writer)
    while (await reader.readuntil(b"\\r\\n\\r\\n")):
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
        await writer.drain()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    drs = DRSClient(region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
                    endpoint_url=f"http://127.0.0.1:{port}")
    await drs.open()
    await drs.delete_job("drsjob-" + "0" * 17)  # its connection is kept
    child = os.fork()
    if child == 0:
        try:
            if "close" in how:
                asyncio.run(drs.aclose())
            if "drop" in how:
                del drs
                gc.collect()
            os._exit(0)
        except Exception:
            os._exit(7)
    assert os.waitpid(child, 0)[1] == 0
    await asyncio.wait_for(drs.delete_job("drsjob-" + "0" * 17), 10)
    assert len(connections) == 1, "a connection was lost"
    await drs.aclose()
    for writer in connections:
        writer.close()
    server.close()
    print("whole")

try:
    asyncio.run(main())
finally:
    sys.stdout.flush()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("how", ["nothing", "close", "drop", "close and drop"])
def test_they_go_on_being_used(how: str) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", FORKED, how],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "whole\n"
