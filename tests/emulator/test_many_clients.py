"""Two hundred clients at once on one emulator."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from aiobotocore.session import AioSession

from drs_sdk.testing import DRSEmulator, Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENTS = 200


async def test_two_hundred_clients_at_once(raw_of: Callable[..., Any]) -> None:
    quotas = Quotas(concurrent_jobs=CLIENTS // 2)
    async with (
        DRSEmulator(check_answers=True, quotas=quotas) as emulator,
        AsyncExitStack() as stack,
    ):
        servers = emulator.add_source_servers(CLIENTS)

        async def use(number: int, raw: Any) -> bool:  # noqa: ANN401 - clients have no types
            await raw.put_launch_action(
                resourceId=servers[0],
                actionId=str(uuid.UUID(int=number)),
                actionCode="AWS-RunShellScript",
                order=2 + number,
                optional=True,
                active=True,
                name="Look",
                actionVersion="1",
                category="OTHER",
                description="",
            )
            try:
                await raw.start_recovery(sourceServers=[{"sourceServerID": servers[number]}])
            except raw.exceptions.ServiceQuotaExceededException:
                return False
            return True

        session = AioSession()
        clients = [
            await stack.enter_async_context(raw_of(emulator, session=session))
            for _ in range(CLIENTS)
        ]
        started = await asyncio.gather(*(use(number, raw) for number, raw in enumerate(clients)))
        assert sum(started) == CLIENTS // 2
        actions = await clients[0].list_launch_actions(resourceId=servers[0])
        assert [action["order"] for action in actions["items"]] == list(range(2, 2 + CLIENTS))
        jobs = (await clients[0].describe_jobs(maxResults=CLIENTS))["items"]
        held = {server["sourceServerID"] for job in jobs for server in job["participatingServers"]}
        assert held == {server for server, begun in zip(servers, started, strict=True) if begun}
        assert len(emulator.requests) == 2 * CLIENTS + 2
        assert emulator.defects == []
