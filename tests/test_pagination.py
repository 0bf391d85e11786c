"""Every paginator of the service, over HTTP, whatever the pages look like."""

# ruff: noqa: ANN401, ASYNC110, PT012 - items have any type; a walk is a loop
from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore import xform_name
from hypothesis import given, settings, strategies as st
from loopback import Exchange, Seen, Step, answer, client_for, loopback, refuse
from strategies import service_shapes as drs

from drs_sdk import Pager, models
from drs_sdk.errors import APIError, DRSError, PaginationError, ValidationException

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from drs_sdk import DRSClient

PAGINATED = sorted(drs.PAGINATORS)


@dataclass
class Book:
    """Pages of an operation, found by their token; the first has none."""

    operation: str
    pages: list[list[Any]]
    broken: dict[int, Step] = field(default_factory=dict)
    asked: list[str | None] = field(default_factory=list)
    last_token: str | None = None
    gate: asyncio.Event | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, exchange: Exchange) -> None:
        token = token_of(exchange.seen)
        number = int(token.removeprefix("page-")) if token else 0
        self.asked.append(token)
        self.arrived.set()
        if self.gate is not None and number:
            await self.gate.wait()
        step = self.broken.pop(number, None) or answer(self.page(number))
        await step(exchange)

    def page(self, number: int) -> dict[str, Any]:
        rules = drs.PAGINATORS[self.operation]
        content: dict[str, Any] = {rules["result_key"]: self.pages[number]}
        if number + 1 < len(self.pages):
            content[rules["output_token"]] = f"page-{number + 1}"
        elif self.last_token is not None:
            content[rules["output_token"]] = self.last_token
        return content


def token_of(seen: Seen) -> str | None:
    """The page token of a request, in its body or in its query."""
    if seen.body:
        return seen.json.get("nextToken")
    return parse_qs(urlsplit(seen.path).query, keep_blank_values=True).get("nextToken", [None])[0]


def pager_of(client: DRSClient, operation: str, **members: Any) -> Pager[Any, Any]:
    method = getattr(client, xform_name(operation))
    return method(**drs.example_request(operation), **members)


def item_of(operation: str, number: int) -> Any:
    """An item that can be told from the others."""
    output = drs.operation(operation).output_shape
    assert output is not None
    found = output.members[drs.PAGINATORS[operation]["result_key"]].member
    assert found.type_name == "structure"
    kinds = {name: drs.kind_of(member) for name, member in found.members.items()}
    name = next(name for name, kind in kinds.items() if kind in {"string", "enum"})
    return {name: f"item-{number}"}


def numbered(operation: str, layout: list[int]) -> list[list[Any]]:
    """Pages with so many items each, numbered through."""
    pages, next_number = [], 0
    for size in layout:
        pages.append([item_of(operation, next_number + offset) for offset in range(size)])
        next_number += size
    return pages


def numbers(items: list[Any]) -> list[int]:
    found = []
    for item in items:
        name = next(iter(item.model_fields_set))
        found.append(int(getattr(item, name).removeprefix("item-")))
    return found


def book_of(layout: list[int], **options: Any) -> Book:
    return Book("DescribeSourceServers", numbered("DescribeSourceServers", layout), **options)


async def walk(pager: Any) -> list[int]:
    return numbers([item async for item in pager])


@contextlib.asynccontextmanager
async def reading(book: Book, **options: Any) -> AsyncIterator[DRSClient]:
    async with loopback(book) as server, client_for(server, **options) as client:
        yield client


def tasks() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if "_fetch" in repr(task.get_coro())}


async def settled() -> None:
    """Let what was cancelled end."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("operation", PAGINATED)
async def test_every_paginator_of_the_service_is_a_pager(operation: str) -> None:
    book = Book(operation, numbered(operation, [2, 0, 1]))
    async with reading(book) as client:
        pager = pager_of(client, operation)
        assert isinstance(pager, Pager)
        assert isinstance(pager.request, getattr(models, f"{operation}Request"))
        assert book.asked == [], "nothing is asked before it is used"

        first = await pager
        assert type(first) is getattr(models, f"{operation}Response")
        assert book.asked == [None]
        result = xform_name(drs.PAGINATORS[operation]["result_key"])
        assert numbers(getattr(first, result)) == [0, 1]

        everything = [None, "page-1", "page-2"]
        for attempt in (pager, pager.prefetch()):
            book.asked.clear()
            assert await walk(attempt) == [0, 1, 2]
            assert book.asked == everything

            book.asked.clear()
            pages = [page async for page in attempt.pages()]
            assert [numbers(getattr(page, result)) for page in pages] == [[0, 1], [], [2]]
            assert all(page.response_metadata.request_id == "req-1" for page in pages)
            assert book.asked == everything

            book.asked.clear()
            assert numbers(await attempt.collect()) == [0, 1, 2]
            assert book.asked == everything

            book.asked.clear()
            resumed = [page async for page in attempt.pages(starting_token="page-2")]
            assert [numbers(getattr(page, result)) for page in resumed] == [[2]]
            assert book.asked == ["page-2"]


@pytest.mark.parametrize("operation", [name for name in drs.OPERATIONS if name not in PAGINATED])
def test_what_is_not_paginated_is_a_plain_coroutine(operation: str) -> None:
    import inspect

    from drs_sdk import DRSClient

    assert inspect.iscoroutinefunction(getattr(DRSClient, xform_name(operation)))


async def test_the_other_members_of_the_request_go_with_every_page() -> None:
    book = book_of([1, 1])
    async with loopback(book) as server, client_for(server) as client:
        pager = client.describe_source_servers(filters={"hardware_id": "h"}, max_results=7)
        assert await walk(pager) == [0, 1]
        sent = [seen.json for seen in server.requests]
    common = {"filters": {"hardwareID": "h"}, "maxResults": 7}
    if "hardwareId" in sent[0]["filters"]:
        common = {"filters": {"hardwareId": "h"}, "maxResults": 7}
    assert sent == [common, {**common, "nextToken": "page-1"}]


async def test_a_walk_may_begin_at_a_token_of_the_request() -> None:
    book = book_of([1, 1, 1])
    async with reading(book) as client:
        pager = client.describe_source_servers(next_token="page-1")
        assert await walk(pager) == [1, 2]
        assert book.asked == ["page-1", "page-2"]
        assert numbers((await pager).items) == [1]


@pytest.mark.parametrize("ahead", [False, True])
@settings(max_examples=15)
@given(layout=st.lists(st.integers(0, 3), min_size=1, max_size=6), limit=st.integers(0, 12))
async def test_any_layout_of_pages_gives_each_item_once(
    layout: list[int], limit: int, *, ahead: bool
) -> None:
    book = book_of(layout)
    total = list(range(sum(layout)))
    async with reading(book) as client:
        pager = client.describe_source_servers()
        pager = pager.prefetch() if ahead else pager

        assert await walk(pager) == total
        assert len(book.asked) == len(layout)

        book.asked.clear()
        assert numbers(await pager.collect(limit)) == total[:limit]
        needed, gathered = 0, 0
        for size in layout:
            if gathered >= limit:
                break
            needed, gathered = needed + 1, gathered + size
        assert needed <= len(book.asked) <= needed + ahead
        await settled()
        assert tasks() == set()


@pytest.mark.parametrize("ahead", [False, True])
@settings(max_examples=12)
@given(
    layout=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    data=st.data(),
)
async def test_a_broken_walk_is_taken_up_where_it_broke(
    layout: list[int], data: st.DataObject, *, ahead: bool
) -> None:
    where = data.draw(st.integers(0, len(layout) - 1))
    book = book_of(layout, broken={where: refuse(400, "ValidationException")})
    seen: list[int] = []
    async with reading(book) as client:
        pager = client.describe_source_servers()
        pager = pager.prefetch() if ahead else pager
        with pytest.raises(ValidationException) as caught:
            async for page in pager.pages():
                seen += numbers(page.items)
        assert caught.value.next_token == (f"page-{where}" if where else None)
        assert seen == list(range(sum(layout[:where])))

        async for page in pager.pages(starting_token=caught.value.next_token):
            seen += numbers(page.items)
    assert seen == list(range(sum(layout)))
    assert tasks() == set()


async def test_an_error_on_a_page_that_the_request_names_carries_its_token() -> None:
    book = book_of([1, 1], broken={1: refuse(400, "ValidationException")})
    async with reading(book) as client:
        with pytest.raises(ValidationException) as caught:
            await client.describe_source_servers(next_token="page-1")
    assert caught.value.next_token == "page-1"


async def test_a_connection_that_breaks_in_mid_walk_carries_the_token() -> None:
    async def hang_up(exchange: Exchange) -> None:
        exchange.close()

    book = book_of([1, 1, 1], broken={2: hang_up})
    async with reading(book) as client:
        view = client.with_options(max_attempts=1)
        with pytest.raises(DRSError) as caught:
            await view.describe_source_servers().collect()
    assert caught.value.next_token == "page-2"


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("repeated", ["page-1", "page-2"])
async def test_a_token_that_comes_again_ends_the_walk(repeated: str, *, ahead: bool) -> None:
    book = book_of([1, 1, 1], last_token=repeated)
    seen: list[int] = []
    async with reading(book) as client:
        pager = client.describe_source_servers()
        with pytest.raises(PaginationError) as caught:
            async for item in pager.prefetch() if ahead else pager:
                seen += numbers([item])

    assert seen == [0, 1]
    assert len(book.asked) == 3
    error = caught.value
    assert error.next_token == repeated
    assert error.operation == "DescribeSourceServers"
    assert error.request_id == "req-1"
    assert "DescribeSourceServers" in str(error)
    assert tasks() == set()


async def test_the_token_that_a_walk_began_with_is_one_that_was_seen() -> None:
    book = book_of([1, 1], last_token="page-1")
    async with reading(book) as client:
        pager = client.describe_source_servers()
        with pytest.raises(PaginationError):
            [page async for page in pager.pages(starting_token="page-1")]
        assert book.asked == ["page-1"]
        book.asked.clear()
        with pytest.raises(PaginationError):
            await client.describe_source_servers(next_token="page-1").collect()
        assert book.asked == ["page-1"]


@pytest.mark.parametrize("ahead", [False, True])
async def test_an_empty_token_is_the_end_as_botocore_takes_it(*, ahead: bool) -> None:
    book = book_of([1, 1], last_token="")
    async with reading(book) as client:
        pager = client.describe_source_servers()
        assert await walk(pager.prefetch() if ahead else pager) == [0, 1]
    assert book.asked == [None, "page-1"]


async def test_a_damaged_token_is_the_end_and_is_told() -> None:
    async with (
        loopback(answer({"items": [{}], "nextToken": 7})) as server,
        client_for(server) as client,
    ):
        pages = [page async for page in client.describe_source_servers().pages()]
    (page,) = pages
    assert page.response_metadata.unparsed == {"next_token": 7}
    assert len(server.requests) == 1


async def test_pages_that_are_all_empty_go_on_to_the_end() -> None:
    book = book_of([0] * 40 + [1])
    async with reading(book) as client:
        assert await walk(client.describe_source_servers()) == [0]
    assert len(book.asked) == 41


async def test_a_very_long_walk_needs_no_recursion() -> None:
    pages = 3000

    async def send(request: Any) -> Any:
        number = int(request.next_token or 0)
        token = str(number + 1) if number + 1 < pages else None
        return models.DescribeSourceServersResponse(items=[{"arn": "a"}], next_token=token)

    pager: Pager[Any, Any] = Pager(
        send,
        models.DescribeSourceServersRequest(),
        field="items",
        items=lambda page: page.items,
        token=lambda page: page.next_token,
    )
    for attempt in (pager, pager.prefetch()):
        assert len(await attempt.collect()) == pages


async def test_a_pager_can_be_used_twice_and_at_once() -> None:
    book = book_of([2, 2])
    async with reading(book) as client:
        pager = client.describe_source_servers()
        first, second = await asyncio.gather(walk(pager), walk(pager.prefetch()))
        assert first == second == await walk(pager) == [0, 1, 2, 3]
        outer = []
        async for item in pager:
            outer += [(numbers([item])[0], inner) for inner in await walk(pager)]
        assert len(outer) == 16


@pytest.mark.parametrize("limit", [-1, -100])
async def test_a_negative_limit_is_refused(limit: int) -> None:
    book = book_of([1])
    async with reading(book) as client:
        with pytest.raises(ValueError, match="negative"):
            await client.describe_source_servers().collect(limit)
    assert book.asked == []


async def test_a_limit_of_nothing_asks_for_nothing() -> None:
    book = book_of([1])
    async with reading(book) as client:
        assert await client.describe_source_servers().collect(0) == []
    assert book.asked == []


class TestPrefetch:
    """The next page is asked for while the caller works on this one, and never more."""

    async def test_it_is_asked_for_before_the_page_is_done(self) -> None:
        book = book_of([1, 1, 1, 1])
        async with reading(book) as client:
            pages = client.describe_source_servers().prefetch().pages()
            async with contextlib.aclosing(pages):
                for number in range(4):
                    page = await anext(pages)
                    assert numbers(page.items) == [number]
                    expected = min(number + 2, 4)
                    while len(book.asked) < expected:
                        book.arrived.clear()
                        await asyncio.wait_for(book.arrived.wait(), 10)
                    await settled()
                    assert len(book.asked) == expected, "one ahead at most"
                    assert len(tasks()) <= 1
                with pytest.raises(StopAsyncIteration):
                    await anext(pages)

    async def test_without_it_nothing_is_asked_ahead(self) -> None:
        book = book_of([1, 1])
        async with reading(book) as client:
            pages = client.describe_source_servers().pages()
            async with contextlib.aclosing(pages):
                await anext(pages)
                await asyncio.sleep(0.02)
                assert book.asked == [None]

    @staticmethod
    async def _held(book: Book) -> None:
        """Wait until the page ahead is asked for; it is never answered."""
        while len(book.asked) < 2:
            book.arrived.clear()
            await asyncio.wait_for(book.arrived.wait(), 10)
        assert len(tasks()) == 1

    @pytest.mark.parametrize("over", [lambda pager: pager, lambda pager: pager.pages()])
    async def test_a_break_leaves_no_task(self, over: Callable[[Any], Any]) -> None:
        book = book_of([1, 1, 1], gate=asyncio.Event())
        async with reading(book) as client:
            async for _ in over(client.describe_source_servers().prefetch()):
                await self._held(book)
                break
            await settled()
            assert tasks() == set()

    @pytest.mark.parametrize("over", [lambda pager: pager, lambda pager: pager.pages()])
    async def test_an_exception_of_the_caller_leaves_no_task(
        self, over: Callable[[Any], Any]
    ) -> None:
        book = book_of([1, 1, 1], gate=asyncio.Event())
        async with reading(book) as client:
            with pytest.raises(ZeroDivisionError):
                async for _ in over(client.describe_source_servers().prefetch()):
                    await self._held(book)
                    raise ZeroDivisionError
            await settled()
            assert tasks() == set()

    async def test_cancelling_the_caller_leaves_no_task(self) -> None:
        book = book_of([1, 1, 1], gate=asyncio.Event())
        async with reading(book) as client:
            walking = asyncio.create_task(client.describe_source_servers().prefetch().collect())
            await self._held(book)
            walking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await walking
            await settled()
            assert tasks() == set()

    async def test_a_page_ahead_that_failed_and_is_not_wanted_is_not_mourned(self) -> None:
        book = book_of([1, 1], broken={1: refuse(400, "ValidationException")})
        async with reading(book) as client:
            assert numbers(await client.describe_source_servers().prefetch().collect(1)) == [0]
            async for _ in client.describe_source_servers().prefetch().pages():
                while len(book.asked) < 3:
                    await asyncio.sleep(0)
                break
            await settled()
            assert tasks() == set()

    async def test_a_page_ahead_that_failed_is_told_when_its_turn_comes(self) -> None:
        book = book_of([2, 1], broken={1: refuse(400, "ValidationException")})
        seen: list[int] = []
        async with reading(book) as client:
            with pytest.raises(APIError) as caught:
                async for item in client.describe_source_servers().prefetch():
                    seen += numbers([item])
        assert seen == [0, 1]
        assert caught.value.next_token == "page-1"


@pytest.mark.parametrize("walk", [aiter, lambda pager: pager.pages()], ids=["items", "pages"])
async def test_a_walk_whose_step_was_cancelled_does_not_look_complete(
    walk: Callable[[Any], Any],
) -> None:
    begun = asyncio.Event()

    async def send(_: object) -> Any:
        begun.set()
        await asyncio.Event().wait()

    request = models.DescribeJobsRequest()
    pager: Pager[Any, Any] = Pager(
        send, request, field="items", items=lambda page: page.items, token=lambda _: None
    )
    steps = walk(pager)
    task = asyncio.create_task(anext(steps))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(2):
        with pytest.raises(PaginationError, match="a step of this walk over DescribeJobs"):
            await anext(steps)
    await steps.aclose()
