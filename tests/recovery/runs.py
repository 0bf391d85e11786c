"""What the tests of runs share: runbooks over ids, launches as the service saw them, freezes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing.front.sdk_session import build_session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import timedelta

    from aiobotocore.session import AioSession

    from drs_sdk import DRSClient
    from drs_sdk.fleet import Fleet
    from drs_sdk.testing import DRSEmulator, EmulatorClock, Place

KEY = "2026-q4"


def plan(*waves: Sequence[str], name: str = "erp", **fields: Any) -> Runbook:  # noqa: ANN401 - fields
    """A runbook whose waves ``w0``, ``w1`` hold servers by id; ``w1=`` adds fields to a wave."""
    return Runbook(
        name=name,
        waves=[
            {
                "name": f"w{number}",
                "servers": {"source_server_ids": list(ids)},
                **fields.get(f"w{number}", {}),
            }
            for number, ids in enumerate(waves)
        ],
    )


def a_run(service: DRSClient | Fleet, *waves: Sequence[str], **options: Any) -> Recovery:  # noqa: ANN401 - same
    """A drill under the key, unless told otherwise."""
    of_runbook = {n: options.pop(n) for n in list(options) if n == "name" or n[0] == "w"}
    return Recovery(service, plan(*waves, **of_runbook), **{"key": KEY, "mode": "drill", **options})


async def jobs(drs: DRSClient, kind: str = "LAUNCH") -> list[Any]:
    """Every job of a kind, oldest first."""
    found = [job async for job in drs.describe_jobs() if job.type == kind]
    return sorted(found, key=lambda job: (job.creation_date_time, job.job_id))


async def launched(drs: DRSClient, run: str = f"erp/{KEY}") -> dict[tuple[str, str, str], int]:
    """Count the launches of a run, by server, wave and attempt."""
    counted: dict[tuple[str, str, str], int] = {}
    for job in await jobs(drs):
        if job.tags.get("drs-sdk:run") == run:
            for server in job.participating_servers:
                at = (
                    server.source_server_id,
                    job.tags["drs-sdk:wave"],
                    job.tags["drs-sdk:attempt"],
                )
                counted[at] = counted.get(at, 0) + 1
    return counted


async def standing(drs: DRSClient) -> set[str]:
    """The recovery instances that stand."""
    return {
        instance.recovery_instance_id or ""
        async for instance in drs.describe_recovery_instances()
        if str(instance.ec2_instance_state) not in {"TERMINATED", "SHUTTING-DOWN", "NOT_FOUND"}
    }


def operations(place: Place | DRSEmulator, *names: str) -> list[Any]:
    """The requests that arrived, of some operations."""
    return [request for request in place.requests if request.operation in names]


def session_with(
    clock: EmulatorClock, url: str, before: Callable[[str], Awaitable[None]]
) -> AioSession:
    """A session that waits for `before` ahead of every request, once the SDK has decided on it."""
    session = build_session(clock, lambda: url)

    async def handler(model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        await before(model.name)

    session.register("before-call.drs", handler)
    return session


def client_with(
    place: Place | DRSEmulator,
    before: Callable[[str], Awaitable[None]],
    **options: Any,  # noqa: ANN401 - same
) -> DRSClient:
    """A client that waits for `before` ahead of every request."""
    return place.client(
        session=session_with(place.clock, place.url, before),
        aws_access_key_id=place.access_key_id,
        aws_secret_access_key=place.secret_access_key,
        **options,
    )


class Freeze:
    """Stops a process between its decision to launch and the sending, as a hypervisor would."""

    def __init__(
        self, clock: EmulatorClock, seconds: float, meanwhile: Callable[[], Awaitable[None]]
    ) -> None:
        """Freeze at the first StartRecovery.

        Args:
            clock: The clock.
            seconds: For how long at least.
            meanwhile: What goes on in the world.
        """
        self._clock = clock
        self._seconds = seconds
        self._meanwhile = meanwhile
        self.has_happened = False

    async def __call__(self, operation: str) -> None:
        """Be called ahead of a request."""
        if operation == "StartRecovery" and not self.has_happened:
            self.has_happened = True
            await self._clock.sleep(self._seconds)
            going_on = asyncio.create_task(self._meanwhile())
            while not going_on.done():
                await self._clock.sleep(0.5)  # asleep, this call does not hold time up
            await going_on


def states(report: Any) -> Mapping[str, str]:  # noqa: ANN401 - a report or a status
    """The state of each server."""
    return {
        server.source_server_id: getattr(server, "outcome", None) or server.state
        for server in report.servers
    }


async def left_by(emulator: DRSEmulator, drs: DRSClient, server: str, *, is_drill: bool) -> str:
    """An instance that somebody has launched and left."""
    before = await standing(drs)
    emulator.start_foreign_launch([server], is_drill=is_drill)
    await emulator.clock.advance(900)
    (instance,) = await standing(drs) - before
    return instance


async def lost_record_of(
    emulator: DRSEmulator, drs: DRSClient, server: str, *, after: float | timedelta = 900
) -> None:
    """Somebody has launched it and removed the instance; after a while the job is gone, too."""
    job = emulator.start_foreign_launch([server])
    await emulator.clock.advance(900)
    emulator.start_foreign_termination(sorted(await standing(drs)))
    await emulator.clock.advance(after)
    emulator.forget_job(job)
