"""A long page that is awaited becomes models some at a time, and reads as one read at once."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from loopback import answer, client_for, loopback

from drs_sdk import models
from drs_sdk._transport.decoding import decode
from drs_sdk._transport.page_slices import SLICE, PageSlices
from drs_sdk.errors import ResponseDecodeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from drs_sdk import Pager
    from drs_sdk.models import DescribeSourceServersResponse, SourceServer

    Servers = Pager[DescribeSourceServersResponse, SourceServer]

COUNT = 300


def servers(count: int = COUNT) -> list[dict[str, Any]]:
    return [
        {
            "arn": f"arn:aws:drs:eu-west-1:123456789012:source-server/s-{number:017x}",
            "sourceServerID": f"s-{number:017x}",
            "tags": {"Name": f"web-{number}"},
            "sourceProperties": {"cpus": [{"cores": number % 4, "modelName": "Xeon"}]},
        }
        for number in range(count)
    ]


def page(change: Callable[[list[Any]], None] = lambda _: None, **members: object) -> bytes:
    items: list[Any] = servers()
    change(items)
    return json.dumps({"items": items, "nextToken": "more", **members}).encode()


def _odd(items: list[Any]) -> None:
    items[7]["tags"] = 7
    items[150] = None
    items[299]["sourceProperties"]["cpus"] = [{"cores": "many"}]


def _later(items: list[Any]) -> None:
    items[3]["aLaterMember"] = {"a": [1]}
    items[200]["aLaterMember"] = 10**30


def _each_in_its_own_way(items: list[Any]) -> None:
    for number, each in enumerate(items):
        items[number] = dict(sorted(each.items(), key=lambda pair: hash((pair[0], number))))


BODIES = {
    "sound": page(),
    "values that do not fit": page(_odd),
    "members of tomorrow": page(_later, tomorrow=[1, 2]),
    "begun in many ways": page(_each_in_its_own_way),
    "half a character": page().replace(b"web-170", b"web-\\ud800"),
    "no Unicode": page().replace(b"web-170", b"web-\xff"),
    "a number beyond all": page().replace(b'"cores": 2', b'"cores": 1' + b"0" * 5000, 1),
    "the list twice": page()[:-1] + b', "items": [{"arn": "last"}]}',
}


async def _awaited(pager: Servers) -> DescribeSourceServersResponse:
    return await pager


ASKED: dict[str, Callable[[Servers], Awaitable[DescribeSourceServersResponse]]] = {
    "awaited": _awaited,
    "of pages": lambda pager: anext(pager.pages()),
}


def seen(response: DescribeSourceServersResponse) -> list[str]:
    items = [f"{each.model_dump()!r} {sorted(each.model_fields_set)}" for each in response.items]
    return [*items, f"{response.next_token} {response.model_extra}", str(response.model_fields_set)]


@pytest.mark.parametrize("how", ASKED)
@pytest.mark.parametrize("body", BODIES)
async def test_it_reads_as_one_that_is_read_at_once(body: str, how: str) -> None:
    expected, lost = decode(
        models.DescribeSourceServersResponse,
        BODIES[body],
        operation="DescribeSourceServers",
        request_id="r",
        http_status=200,
    )
    async with loopback(answer(BODIES[body])) as server, client_for(server) as drs:
        got = await ASKED[how](drs.describe_source_servers())
    assert seen(got) == seen(expected)
    assert got == expected
    assert {path: repr(value) for path, value in got.response_metadata.unparsed.items()} == {
        path: repr(value) for path, value in lost.items()
    }
    assert len(server.requests) == 1


@pytest.mark.parametrize("how", ASKED)
async def test_one_that_turns_out_to_be_broken_says_where_to_go_on(how: str) -> None:
    broken = page().replace(b'"tags": {"Name": "web-170"}', b'"tags": {"Name": "web-170"', 1)
    steps = answer({"items": [], "nextToken": "more"}), answer(broken)
    async with loopback(*steps) as server, client_for(server) as drs:
        await drs.describe_source_servers()
        with pytest.raises(ResponseDecodeError) as caught:
            await ASKED[how](drs.describe_source_servers(next_token="more"))
        assert caught.value.next_token == "more"
        assert caught.value.operation == "DescribeSourceServers"
        assert caught.value.request_id == "req-1"


async def test_the_loop_has_its_turn_while_it_becomes_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    loop_turns = 0
    slices = PageSlices.slices

    def counted(self: PageSlices) -> Generator[list[object]]:
        for some in slices(self):
            made.append(loop_turns)
            yield some

    async def others() -> None:
        nonlocal loop_turns
        while True:
            await asyncio.sleep(0)
            loop_turns += 1

    monkeypatch.setattr(PageSlices, "slices", counted)
    async with loopback(answer(page())) as server, client_for(server) as drs:
        task = asyncio.create_task(others())
        await drs.describe_source_servers()
        task.cancel()
        await asyncio.wait([task])
    assert len(made) >= COUNT / SLICE
    assert len(set(made)) == len(made), "no two of them in one turn of the loop"


async def test_a_cancelled_one_ends_between_two_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    slices = PageSlices.slices
    asking: list[asyncio.Task[object]] = []

    def cancels(self: PageSlices) -> Generator[list[object]]:
        count = 0
        try:
            for some in slices(self):
                count += 1
                if count == 3:
                    asking[0].cancel()
                yield some
        finally:
            ended.append(count)

    monkeypatch.setattr(PageSlices, "slices", cancels)
    async with loopback(answer(page())) as server, client_for(server) as drs:
        asking.append(asyncio.create_task(_awaited(drs.describe_source_servers())))
        with pytest.raises(asyncio.CancelledError):
            await asking[0]
        assert ended == [3]
        assert len((await drs.describe_source_servers()).items) == COUNT


@pytest.mark.parametrize("size", [0, 1, 20])
async def test_a_short_one_is_read_at_once(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("drs_sdk._transport.page_slices.PageSlices.frame", never)
    async with loopback(answer({"items": servers(size)})) as server, client_for(server) as drs:
        assert len((await drs.describe_source_servers()).items) == size


async def test_a_pager_can_be_awaited_by_many_at_once() -> None:
    async with loopback(answer(page())) as server, client_for(server) as drs:
        pager = drs.describe_source_servers()
        pages = await asyncio.gather(*(_awaited(pager) for _ in range(5)))
        assert [len(each.items) for each in pages] == [COUNT] * 5
        assert pager.request == models.DescribeSourceServersRequest()
