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
FIRST_ORDER = 1001


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
                order=FIRST_ORDER + number,
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
        pages = clients[0].get_paginator("list_launch_actions").paginate(resourceId=servers[0])
        orders = [action["order"] async for page in pages for action in page["items"]]
        # The predefined ones come before.
        own = orders[-CLIENTS:]
        assert own == list(range(FIRST_ORDER, FIRST_ORDER + CLIENTS))
        jobs = (await clients[0].describe_jobs(maxResults=CLIENTS))["items"]
        held = {server["sourceServerID"] for job in jobs for server in job["participatingServers"]}
        assert held == {server for server, begun in zip(servers, started, strict=True) if begun}
        assert len(emulator.requests) == 2 * CLIENTS + 3
        assert emulator.defects == []
