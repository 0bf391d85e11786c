"""Clients and fleets in event loops and processes that are not theirs: refused, and no harm done.

What goes on where they were opened, waits included, goes on.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from loopback import client_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from drs_sdk import DRSClient
from drs_sdk.errors import ClientClosedError
from drs_sdk.fleet import Fleet, Target
from drs_sdk.testing import DRSEmulator

pytestmark = pytest.mark.usefixtures("own_environment")

_LIMIT = 20.0


async def _first_of(changes: Awaitable[object]) -> object:
    return await changes


USES: dict[str, Callable[[DRSClient, Fleet, str], Awaitable[object]]] = {
    "call": lambda drs, _, __: drs.describe_jobs(),
    "open": lambda drs, _, __: drs.open(),
    "wait": lambda drs, _, job_id: drs.wait_until_job_completed(job_id),
    "watch a job": lambda drs, _, job_id: _first_of(anext(drs.watch_job(job_id))),
    "watch all": lambda drs, _, __: _first_of(anext(drs.watch_source_servers())),
    "view": lambda drs, _, __: drs.with_options(max_attempts=1).describe_jobs(),
    "fleet's client": lambda _, fleet, __: fleet.client(fleet.targets[0]),
    "fleet's run": lambda _, fleet, __: fleet.run(lambda drs, _: drs.describe_jobs()),
    "fleet's walk": lambda _, fleet, __: _first_of(
        anext(aiter(fleet.walk(lambda drs: drs.describe_jobs())))
    ),
    "fleet's watch": lambda _, fleet, __: _first_of(anext(fleet.watch_source_servers())),
    "fleet's open": lambda _, fleet, __: fleet.open(),
}
CLOSING: dict[str, Callable[[DRSClient, Fleet, str], Awaitable[object]]] = {
    "close": lambda drs, _, __: drs.aclose(),
    "fleet's close": lambda _, fleet, __: fleet.aclose(),
}


def tried_elsewhere(
    drs: DRSClient, fleet: Fleet, job_id: str, names: Mapping[str, object]
) -> dict[str, str]:
    """Use them in an event loop of its own; what each use came to."""

    async def try_all() -> dict[str, str]:
        came_to: dict[str, str] = {}
        for name in names:
            use = (USES | CLOSING)[name]
            try:
                await asyncio.wait_for(use(drs, fleet, job_id), _LIMIT)
            except Exception as error:  # noqa: BLE001 - that is what is asked for
                came_to[name] = type(error).__name__
            else:
                came_to[name] = "done"
        return came_to

    return asyncio.run(try_all())


async def main(elsewhere: Callable[[DRSClient, Fleet, str], Awaitable[object]]) -> None:
    """Have a wait, a watch and a fleet at work while they are used elsewhere."""
    emulator = DRSEmulator(regions=["us-east-1", "us-west-2"])
    async with emulator, emulator.client() as drs, emulator.fleet() as fleet:
        (server,) = emulator.add_source_servers(1)
        assert not (await fleet.run(lambda each, _: _walked(each))).failures
        job = (await drs.start_recovery([{"source_server_id": server}], is_drill=True)).job
        assert job is not None
        assert job.job_id is not None
        waiting = asyncio.create_task(drs.wait_until_job_completed(job.job_id))
        async with drs.watch_source_servers() as watch, fleet.watch_source_servers() as watches:
            await anext(watch)
            await anext(watches)
            await elsewhere(drs, fleet, job.job_id)
            assert (await asyncio.wait_for(waiting, _LIMIT)).job_id == job.job_id
            emulator.set_lag(server, timedelta(seconds=77))
            await asyncio.wait_for(anext(watch), _LIMIT)
            await asyncio.wait_for(anext(watches), _LIMIT)
        assert not (await fleet.run(lambda each, _: _walked(each))).failures


async def _walked(drs: DRSClient) -> int:
    return len(await drs.describe_source_servers().collect())


async def test_another_threads_loop_is_refused_and_does_no_harm() -> None:
    async def in_a_thread(drs: DRSClient, fleet: Fleet, job_id: str) -> None:
        names = {**USES, **CLOSING}
        came_to = await asyncio.to_thread(tried_elsewhere, drs, fleet, job_id, names)
        assert came_to == dict.fromkeys(names, ClientClosedError.__name__)

    await main(in_a_thread)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_is_refused_and_does_no_harm() -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", __file__],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parent,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        **dict.fromkeys(USES, ClientClosedError.__name__),
        **dict.fromkeys(CLOSING, "done"),
    }


async def _in_a_fork(drs: DRSClient, fleet: Fleet, job_id: str) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        came_to = tried_elsewhere(drs, fleet, job_id, {**USES, **CLOSING})
        os.write(writer, json.dumps(came_to).encode())
        os._exit(0)
    os.close(writer)
    await asyncio.to_thread(os.waitpid, child, 0)
    sys.stdout.write(os.read(reader, 10_000).decode())
    os.close(reader)


@pytest.mark.parametrize("what", ["client", "fleet"])
def test_what_a_dead_loop_has_left_open_is_closed_in_the_next(what: str) -> None:
    nowhere = "http://127.0.0.1:1"
    closed: DRSClient | Fleet = (
        client_for(nowhere)
        if what == "client"
        else Fleet([Target(region_name="eu-west-1")], endpoint_url=nowhere)
    )
    asyncio.run(closed.open())

    async def close() -> None:
        with pytest.raises(ClientClosedError, match="another event loop"):
            await closed.open()
        await asyncio.wait_for(closed.aclose(), _LIMIT)

    asyncio.run(close())


if __name__ == "__main__":
    asyncio.run(main(_in_a_fork))
