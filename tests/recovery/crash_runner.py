"""Runs drills in processes of their own and kills them; started by `crashes.Crashes`.

Reads one JSON object a line: ``children``, each with what it runs and when it is killed. Forks a
process for each, waits for all, and answers with a line of JSON. Forked from a process that has
imported the SDK, a run costs no start-up.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from aiobotocore.session import AioSession

from drs_sdk import DRSClient
from drs_sdk.errors import RunClosedError
from drs_sdk.recovery import Recovery, Runbook, ensure_recovery
from drs_sdk.testing import EmulatorClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Work: TypeAlias = "Callable[[dict[str, Any]], Coroutine[Any, Any, dict[str, Any]]]"

_READS = ("Describe", "Get", "List")
_SESSION = AioSession()
"""Of this process and those forked from it: what it has loaded they need not load again."""


class MovingClock:
    """A clock that moves the emulator's on as it sleeps, so that nobody waits."""

    def __init__(self, admin_url: str) -> None:
        self._http = http.client.HTTPConnection(urlsplit(admin_url).netloc)
        self._now = self._ask("GET", "/clock")

    def _ask(self, method: str, path: str, body: dict[str, object] | None = None) -> datetime:
        headers = {"content-type": "application/json"}
        self._http.request(method, path, json.dumps(body) if body else None, headers)
        return datetime.fromisoformat(json.loads(self._http.getresponse().read())["now"])

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        task = asyncio.current_task()
        if task is not None and task.get_name() == "drs_sdk alarm":  # it only looks on
            ends = self._now + timedelta(seconds=seconds)
            while self._now < ends:  # noqa: ASYNC110 - nobody tells when time has passed
                await asyncio.sleep(0.01)
        elif seconds > 0:
            self._now = self._ask("POST", "/clock/advance", {"delta": seconds})
        await asyncio.sleep(0)


class Killer:
    """Kills its own process at a request's boundary.

    Attributes:
        boundaries: How many it has passed.
        changes: Those at which the service's record has just become another one: the answer of a
            request that changes something has come.
    """

    def __init__(self, kill_at: int | None) -> None:
        self.boundaries = 0
        self.changes: list[int] = []
        self._kill_at = kill_at

    def __call__(self, event_name: str, **_: object) -> None:
        """Pass a boundary: a request is about to leave, or its answer has come."""
        if self.boundaries == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        event, _, operation = event_name.partition(".drs.")
        if event == "response-received" and not operation.startswith(_READS):
            self.changes.append(self.boundaries)
        self.boundaries += 1


async def carry_out(child: dict[str, Any]) -> dict[str, Any]:
    killer = Killer(child.get("kill_at"))
    session = _SESSION
    if not child.get("warms_up"):
        session.register("before-send.drs", killer)
        session.register("response-received.drs", killer)
    place, speed = child["place"], child.get("speed")
    clock: Any = MovingClock(child["admin_url"])
    if speed:
        clock = EmulatorClock.scaled(speed, start=clock.now())
    async with DRSClient(
        region_name=place["region"],
        endpoint_url=place["url"],
        aws_access_key_id=place["access_key_id"],
        aws_secret_access_key=place["secret_access_key"],
        session=session,
        clock=clock,
    ) as drs:
        result = await _VERBS[child["verb"]](drs, child)
    return {**result, "boundaries": killer.boundaries}


async def drill(drs: DRSClient, child: dict[str, Any]) -> dict[str, Any]:
    """Launch and clean up, from wherever it stands."""
    run = _recovery(drs, child)
    state = "closed"
    try:
        report = await run.launch(min_delay=child["delay"], max_delay=child["delay"])
        state = report.state
    except RunClosedError:
        pass  # it was killed in its clean-up
    return {"state": state, "clean": (await run.clean_up()).is_clean}


async def launch(drs: DRSClient, child: dict[str, Any]) -> dict[str, Any]:
    """Only launch."""
    return {"state": (await _recovery(drs, child).launch()).state}


async def ensure(drs: DRSClient, child: dict[str, Any]) -> dict[str, Any]:
    """One job under the key."""
    ensured = await ensure_recovery(drs, child["key"], child["waves"][0], is_drill=True)
    return {"state": ensured.job.job_id}


async def status(drs: DRSClient, child: dict[str, Any]) -> dict[str, Any]:
    """Only look."""
    return {"state": (await _recovery(drs, child).status()).state}


_VERBS = {"status": status, "drill": drill, "launch": launch, "ensure": ensure}


def _recovery(drs: DRSClient, child: dict[str, Any]) -> Recovery:
    waves = [
        {"name": f"w{number}", "servers": {"source_server_ids": ids}}
        for number, ids in enumerate(child["waves"])
    ]
    return Recovery(drs, Runbook(name="erp", waves=waves), key=child["key"], mode="drill")


def fork(child: dict[str, Any], work: Work) -> tuple[int, int]:
    """Begin a child that does some work; its process id, and where it says how it went."""
    mine, its = os.pipe()
    pid = os.fork()
    if pid:
        os.close(its)
        return pid, mine
    try:
        told = json.dumps(asyncio.run(work(child)))
    except BaseException as error:  # noqa: BLE001 - told to the test, which fails
        told = json.dumps({"error": repr(error)})
    os.write(its, told.encode())
    os._exit(0)


def gather(pid: int, pipe: int) -> dict[str, Any]:
    """Wait for a child."""
    with os.fdopen(pipe) as told:
        text = told.read()
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"killed": True} if killed else {"killed": False, **json.loads(text)}


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        children = json.loads(line)["children"]
        if children[0].get("warms_up"):
            print(json.dumps([asyncio.run(carry_out(children[0]))]), flush=True)  # noqa: T201
            continue
        began = time.monotonic()
        forked = [fork(child, carry_out) for child in children]
        for child, (pid, _) in zip(children, forked, strict=True):
            if "kill_after" in child:
                left = timedelta(seconds=child["kill_after"] - (time.monotonic() - began))
                time.sleep(max(left.total_seconds(), 0))
                os.kill(pid, signal.SIGKILL)
        print(json.dumps([gather(*one) for one in forked]), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
