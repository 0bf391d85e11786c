"""Drills over HTTP, with server-sent events: ``uvicorn fastapi_app:app``.

Run it with ``--timeout-graceful-shutdown 2``: uvicorn waits for open streams no longer than that.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

from drs_sdk import DRSClient
from drs_sdk.recovery import Recovery, RecoveryReport, Runbook, RunStatus

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

RUNBOOK = Runbook.load(Path(__file__).with_name("erp.toml"))
HEARTBEAT = 15.0
"""Seconds: proxies close streams that are silent for longer, most often after a minute."""


class Drills:
    """The drills that this process carries out, and who listens to them."""

    def __init__(self, drs: DRSClient) -> None:
        self.drs = drs
        self.launches: dict[str, asyncio.Task[RecoveryReport]] = {}
        self._listeners: dict[str, set[asyncio.Queue[RunStatus | None]]] = {}

    def recovery(self, key: str) -> Recovery:
        return Recovery(self.drs, RUNBOOK, key=key, mode="drill")

    def start(self, key: str, approved: list[str]) -> None:
        """Start a drill, or go on with one; the same key is the same drill."""
        if key in self.launches and not self.launches[key].done():
            return

        def tell(status: RunStatus | None) -> None:
            for queue in self._listeners.get(key, ()):
                queue.put_nowait(status)

        launch = self.recovery(key).launch(approved=approved, on_update=tell)
        self.launches[key] = asyncio.create_task(launch)
        self.launches[key].add_done_callback(lambda _: tell(None))

    async def updates(self, key: str) -> AsyncIterator[str]:
        """Give each state of a drill as an event, heartbeats in between, and how it ended."""
        launch = self.launches[key]
        queue: asyncio.Queue[RunStatus | None] = asyncio.Queue()
        listeners = self._listeners.setdefault(key, set())
        listeners.add(queue)
        try:
            while not launch.done() or not queue.empty():
                try:
                    status = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    yield ": heartbeat\n\n"
                else:
                    if status is not None:
                        yield f"event: status\ndata: {status.to_json()}\n\n"
        finally:
            listeners.discard(queue)
        error = None if launch.cancelled() else launch.exception()
        if error is not None:
            yield f"event: failure\ndata: {json.dumps(str(error))}\n\n"
        elif not launch.cancelled():
            yield f"event: report\ndata: {launch.result().to_json()}\n\n"

    async def aclose(self) -> None:
        """Stop watching; the jobs go on, and whoever starts the drill again goes on with it."""
        for launch in self.launches.values():
            launch.cancel()
        await asyncio.gather(*self.launches.values(), return_exceptions=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    """One client for the life of the process."""
    async with DRSClient() as drs:
        app.state.drills = Drills(drs)
        try:
            yield
        finally:
            await app.state.drills.aclose()


app = FastAPI(lifespan=lifespan)


def drills_of(request: Request) -> Drills:
    """Give the drills of the process."""
    drills: Drills = request.app.state.drills
    return drills


ProcessDrills = Annotated[Drills, Depends(drills_of)]


@app.post("/drills/{key}", status_code=202)
async def start_drill(key: str, drills: ProcessDrills, approved: list[str]) -> dict[str, str]:
    """Start a drill, or go on with it."""
    drills.start(key, approved)
    return {"run": drills.recovery(key).name}


@app.get("/drills/{key}")
async def report(key: str, drills: ProcessDrills) -> RecoveryReport:
    """Tell where a drill stands: from DRS, whichever process has started it."""
    return await drills.recovery(key).status()


@app.get("/drills/{key}/events")
async def drill_events(key: str, drills: ProcessDrills) -> StreamingResponse:
    """Stream the states of a drill that this process carries out."""
    if key not in drills.launches:
        raise HTTPException(404, "this process does not carry out such a drill")
    return StreamingResponse(drills.updates(key), media_type="text/event-stream")


@app.get("/jobs/{job_id}/events")
async def job_events(job_id: str, drills: ProcessDrills) -> StreamingResponse:
    """Stream the states of any job. All streams of the process share their polls."""
    return StreamingResponse(job_updates(drills.drs, job_id), media_type="text/event-stream")


async def job_updates(drs: DRSClient, job_id: str) -> AsyncIterator[str]:
    """Give each state of a job as an event, and heartbeats in between."""
    async with drs.watch_job(job_id, timeout=None) as watch:
        while True:
            try:
                job = await asyncio.wait_for(anext(watch), HEARTBEAT)
            except TimeoutError:
                yield ": heartbeat\n\n"  # the watch goes on
            except StopAsyncIteration:
                return
            else:
                told = {"job_id": job.job_id, "status": str(job.status)}
                yield f"event: job\ndata: {json.dumps(told)}\n\n"
