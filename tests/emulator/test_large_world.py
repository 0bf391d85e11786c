# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Fifty accounts in ten Regions on one port, and a hundred clients at once: nothing mixed up."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from aiobotocore.session import AioSession

from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing import Place

REGIONS = [
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1"),
    *("eu-west-1", "eu-central-1", "ap-south-1", "ap-northeast-1", "sa-east-1"),
]
ACCOUNTS = [f"{number:012d}" for number in range(1, 51)]
CLIENTS = 100
SERVERS = 3


async def test_a_hundred_clients_in_five_hundred_places(raw_of: Callable[..., Any]) -> None:
    world = DRSEmulator(
        regions=REGIONS, accounts=ACCOUNTS, check_signatures=True, check_answers=True
    )
    places = world.places
    assert len(places) == len(REGIONS) * len(ACCOUNTS)
    owned = {_where(place): place.add_source_servers(SERVERS) for place in places}
    assert len({i for ids in owned.values() for i in ids}) == SERVERS * len(places)
    chosen = random.Random(7).sample(places, CLIENTS)
    async with world, AsyncExitStack() as stack:
        session = AioSession()
        clients = [
            await stack.enter_async_context(raw_of(place, session=session)) for place in chosen
        ]
        jobs = await asyncio.gather(
            *(_use(raw, place, owned) for raw, place in zip(clients, chosen, strict=True))
        )
    assert len(set(jobs)) == CLIENTS
    for place in places:
        expected = 5 if place in chosen else 0
        assert len(place.requests) == expected
        assert {r.status for r in place.requests} <= {200, 202, 204}
    assert world.defects == []


async def _use(raw: Any, place: Place, owned: dict[tuple[str, str], list[str]]) -> str:
    """Work in a place, and see nothing of the others."""
    mine = owned[_where(place)]
    listed = (await raw.describe_source_servers())["items"]
    assert [server["sourceServerID"] for server in listed] == mine
    mark = ":".join(_where(place))
    for server in listed:
        assert f":{place.region}:{place.account_id}:" in server["arn"]
    await raw.tag_resource(resourceArn=listed[0]["arn"], tags={"place": mark})
    started = await raw.start_recovery(sourceServers=[{"sourceServerID": mine[0]}], isDrill=True)
    tags = (await raw.list_tags_for_resource(resourceArn=listed[0]["arn"]))["tags"]
    assert tags["place"] == mark
    (job,) = (await raw.describe_jobs())["items"]
    assert job["jobID"] == started["job"]["jobID"]
    return str(job["jobID"])


def _where(place: Place) -> tuple[str, str]:
    return place.account_id, place.region
