"""A page that is walked over reads as one that is awaited, whatever stands on it."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from hypothesis import given, settings, strategies as st
from loopback import answer, client_for, loopback, refuse
from strategies import service_shapes as drs

from drs_sdk import models
from drs_sdk._core.unread import Unread
from drs_sdk._transport.decoding import decode
from drs_sdk._transport.page_slices import SLICE
from drs_sdk.errors import ResponseDecodeError, ValidationException

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Self

    from drs_sdk import DRSClient, Pager

PAGINATED = sorted(drs.PAGINATORS)

# Of every kind of JSON, and what one reader may take for another: each stands for any member.
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 7, 1.0, 1.5, -0.0, 1e300, 10**30, "", "7", "1.0", "true", "text",
    "P1D", "-PT5M", "2026-01-02T03:04:05Z", "2026-01-02", "1767323045", 1767323045, 1767323045123,
    1767323045.25, [], [1], ["a"], [None], [{}], {}, {"a": 1}, {"a": "b"}, {"": None},
    float("nan"), float("inf"),
]  # fmt: skip


STEPS = pytest.mark.parametrize("step", [None, 0, 200], ids=["as it is", "an item", "some items"])
"""After how many bytes a page is cut, where an item begins as the first one does."""


@contextmanager
def cut_after(step: int | None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        if step is not None:
            patched.setattr("drs_sdk._transport.page_slices._STEP", step)
        yield


class Told(logging.Handler):
    """The paths in each warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.paths: list[list[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.paths.append(record.paths)  # type: ignore[attr-defined]

    def __enter__(self) -> Self:
        logging.getLogger("drs_sdk").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("drs_sdk").removeHandler(self)


def whole(operation: str, body: bytes) -> tuple[Any, dict[str, object]]:
    return decode(
        getattr(models, f"{operation}Response"),
        body,
        operation=operation,
        request_id="r",
        http_status=200,
    )


def sliced(operation: str, body: bytes) -> tuple[Any, list[Any], dict[str, object]]:
    """Read a page as a walk does: its frame, its items, and what did not fit."""
    unread = Unread(field_of(operation))
    page, unparsed = decode(
        getattr(models, f"{operation}Response"),
        body,
        operation=operation,
        request_id="r",
        http_status=200,
        unread=unread,
    )
    if unread.slices is None:
        return page, getattr(page, unread.field), unparsed
    assert getattr(page, unread.field) == []
    made = list(unread.slices)
    assert all(len(some) <= SLICE for some in made)
    return page, [item for some in made for item in some], unparsed


def field_of(operation: str) -> str:
    return xform_name(drs.PAGINATORS[operation]["result_key"])


def shown(items: list[Any]) -> list[str]:
    """All that can be seen of items, types and what was given included; NaN is like NaN."""
    return [f"{item.model_dump()!r} {sorted(item.model_fields_set)}" for item in items]


@st.composite
def pages(draw: st.DrawFn, operation: str) -> dict[str, Any]:
    """A page of up to three slices, some values of which are odd."""
    output = drs.operation(operation).output_shape
    assert output is not None
    page = draw(drs.answers_of(operation))
    key = drs.PAGINATORS[operation]["result_key"]
    few = page.get(key) or [{}]
    size = draw(st.integers(0, 2 * SLICE + 5))
    page[key] = [copy.deepcopy(few[number % len(few)]) for number in range(size)]
    found = list(drs.places(output, page))
    for location, _, _ in draw(st.lists(st.sampled_from(found), max_size=4)) if found else []:
        owner = page
        try:
            for part in location[:-1]:
                owner = owner[part]
            owner[location[-1]] = copy.deepcopy(draw(st.sampled_from(ODD)))
        except (KeyError, IndexError, TypeError):
            continue  # it lay in what is odd by now
    return page


@STEPS
@pytest.mark.parametrize("operation", PAGINATED)
@settings(max_examples=25)
@given(data=st.data())
def test_a_page_in_slices_reads_as_a_whole_one(
    operation: str, data: st.DataObject, step: int | None
) -> None:
    page = data.draw(pages(operation))
    body = json.dumps(page).encode()
    with Told() as told:
        expected, lost = whole(operation, body)
    with Told() as told_of_slices, cut_after(step):
        frame, items, unparsed = sliced(operation, body)

    field = field_of(operation)
    assert shown(items) == shown(getattr(expected, field))
    assert {path: repr(value) for path, value in unparsed.items()} == {
        path: repr(value) for path, value in lost.items()
    }
    assert frame.next_token == expected.next_token
    assert frame.model_extra == expected.model_extra
    assert [sorted(paths) for paths in told_of_slices.paths] == [
        sorted(paths) for paths in told.paths
    ]


def reads_alike(body: bytes, step: int | None) -> models.DescribeSourceServersResponse:
    """See that a page of servers reads in slices as in one, and return its frame."""
    with Told() as told:
        expected, lost = whole("DescribeSourceServers", body)
    with Told() as told_of_slices, cut_after(step):
        frame, items, unparsed = sliced("DescribeSourceServers", body)
    assert shown(items) == shown(expected.items)
    assert unparsed == lost
    assert frame.next_token == expected.next_token
    assert frame.model_extra == expected.model_extra
    assert told_of_slices.paths == told.paths
    return frame


@STEPS
@pytest.mark.parametrize(
    "body",
    [
        b'{"items": null}', b'{"items": 7}', b'{"items": {}}', b'{"items": "text"}', b"{}",
        b'{"nextToken": 7}', b'{"items": [7, {}], "items": [{}]}', b'{"items": [[], {}, null]}',
        b'{"items": [{"arn": "\\ud800"}]}', b'{"items": [{"arn": "\xff"}]}',
        b'\xef\xbb\xbf{"items": [{}]}', b'{"items": [{"later": 1%s}]}' % (b"0" * 5000),
        b'{"items": [{"later": %s1%s}]}' % (b"[" * 500, b"]" * 500),
    ],
)  # fmt: skip
def test_a_page_of_an_odd_form_reads_as_a_whole_one(body: bytes, step: int | None) -> None:
    reads_alike(body, step)


@STEPS
@pytest.mark.parametrize(
    "odd",
    [
        b'{"arn": "plain"}', b'{"arn": "\\ud800"}', b'{"arn": "\xff"}', b"7", b"null", b"[]",
        b'{"later": 1%s}' % (b"0" * 5000), b'{"later": %s1%s}' % (b"[" * 500, b"]" * 500),
        b'{"later": [{"arn": "1"},{"arn": "2"},{"arn": "3"},{"arn": "4"}]}',
        b'{"later": [{"arn": "1"}, {"arn": "2"}, {"arn": "3"}, {"arn": [{"arn": "4"}]}]}',
        b'{"arn": "},{\\"arn\\": "}', b'{"arn": 7}', b'{"tags": 7, "arn": "later"}', b"{}",
        b'{"items": [{"arn": "1"},{"arn": "2"}]}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("between", [b",", b", ", b" ,\n "])
def test_what_stands_in_the_middle_of_a_page_reads_as_in_a_whole_one(
    odd: bytes, between: bytes, step: int | None
) -> None:
    few = [b'{"arn": "%d", "tags": {"a": "%d"}}' % (number, number) for number in range(30)]
    some = [b'{"arn":"%d"}' % number for number in range(30)]
    for others in (few, some):
        items = between.join([*others[:15], odd, *others[15:]])
        body = b'{"before": [{"arn": "0"}], "items": [%b], "nextToken": "more"}' % items
        assert reads_alike(body, step).next_token == "more"


@STEPS
@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"<html>", b'{"items": [', b'{"items": [{}]'])
def test_a_body_that_is_no_object_is_refused_before_any_item(body: bytes, step: int | None) -> None:
    with pytest.raises(ResponseDecodeError), cut_after(step):
        sliced("DescribeSourceServers", body)


def servers(count: int, **odd: object) -> list[dict[str, object]]:
    return [{"sourceServerID": f"s-{number:017}", **odd} for number in range(count)]


def walked(pager: Pager[Any, Any]) -> AsyncIterator[Any]:
    return aiter(pager)


async def collected(pager: Pager[Any, Any]) -> AsyncIterator[Any]:
    for item in await pager.collect():
        yield item


WALKS = [walked, lambda pager: walked(pager.prefetch()), collected]


class TestWalks:
    """What a walk makes of it, over HTTP."""

    @pytest.mark.parametrize("walk", WALKS)
    async def test_a_bad_value_costs_itself_and_is_told_once_with_its_place(
        self, walk: Callable[[Any], AsyncIterator[Any]]
    ) -> None:
        first, second = servers(3 * SLICE), servers(SLICE + 2)
        first[1]["agentVersion"] = 7
        first[2 * SLICE + 3]["tags"] = "none"
        second[SLICE + 1] = None  # type: ignore[call-overload]
        steps = (
            answer({"items": first, "nextToken": "more"}),
            answer({"items": second, "nextToken": 7}),
        )
        async with loopback(*steps) as server, client_for(server) as client:
            with Told() as told:
                found = [item async for item in walk(client.describe_source_servers())]
        assert len(found) == 4 * SLICE + 1
        assert found[1].agent_version is None
        assert found[2 * SLICE + 3].tags == {}
        assert [sorted(paths) for paths in told.paths] == [
            ["items[1].agent_version", f"items[{2 * SLICE + 3}].tags"],
            [f"items[{SLICE + 1}]", "next_token"],
        ]

    async def test_a_walk_that_is_left_has_told_what_it_saw(self) -> None:
        items = servers(3 * SLICE, agentVersion=7)
        async with loopback(answer({"items": items})) as server, client_for(server) as client:
            with Told() as told:
                async with aclosing(aiter(client.describe_source_servers())) as walk:
                    async for _ in walk:
                        break
        assert [len(paths) for paths in told.paths] == [SLICE]

    @pytest.mark.parametrize("walk", WALKS)
    async def test_the_loop_has_its_turn_between_slices(
        self, walk: Callable[[Any], AsyncIterator[Any]]
    ) -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        made: list[int] = []
        body = answer({"items": servers(10 * SLICE)})
        async with loopback(body) as server, client_for(server) as client:
            task = asyncio.create_task(others())
            async for _ in walk(made_of(client, lambda: made.append(turns))):
                pass
            task.cancel()
            await asyncio.wait([task])
        assert len(made) == 10, "a slice at a time"
        assert len(set(made)) == 10, "no two of them in one turn of the loop"

    async def test_what_is_not_asked_for_is_not_made(self) -> None:
        made: list[int] = []
        body = answer({"items": servers(10 * SLICE)})
        async with loopback(body) as server, client_for(server) as client:
            pager = made_of(client, lambda: made.append(1))
            assert len(await pager.collect(SLICE + 1)) == SLICE + 1
        assert len(made) == 2

    async def test_an_awaited_page_and_one_of_pages_are_whole(self) -> None:
        items = servers(3 * SLICE)
        items[-1]["tags"] = 7
        async with loopback(answer({"items": items})) as server, client_for(server) as client:
            pager = client.describe_source_servers()
            for page in [await pager, *[page async for page in pager.pages()]]:
                assert len(page.items) == 3 * SLICE
                path = f"items[{3 * SLICE - 1}].tags"
                assert page.response_metadata.unparsed == {path: 7}
            assert pager.request == models.DescribeSourceServersRequest()

    async def test_a_page_that_cannot_be_read_says_where_to_go_on(self) -> None:
        steps = answer({"items": servers(1), "nextToken": "more"}), answer(b'{"items": [{}')
        async with loopback(*steps) as server, client_for(server) as client:
            with pytest.raises(ResponseDecodeError) as caught:
                [item async for item in client.describe_source_servers()]
        assert caught.value.next_token == "more"

    async def test_a_client_whose_send_is_its_own_is_walked_over_like_any(self) -> None:
        page = models.DescribeSourceServersResponse(
            items=[models.SourceServer(arn=str(number)) for number in range(3)]
        )
        async with loopback() as server, client_for(server) as client:

            async def send(_: object) -> object:
                return page

            client.send = send
            assert [item async for item in client.describe_source_servers()] == page.items

    async def test_a_refused_page_is_an_error_like_any(self) -> None:
        steps = answer({"items": [], "nextToken": "a"}), refuse(400, "ValidationException")
        async with loopback(*steps) as server, client_for(server) as client:
            with pytest.raises(ValidationException) as caught:
                await client.describe_source_servers().collect()
        assert caught.value.next_token == "a"


def made_of(client: DRSClient, tell: Callable[[], None]) -> Pager[Any, Any]:
    """Page over servers, and tell of every slice that is made."""
    pager: Any = client.describe_source_servers()
    fetch = pager._fetch_unread

    async def told(token: str | None) -> Any:  # noqa: ANN401 - a page
        page, slices = await fetch(token)

        def telling() -> Any:  # noqa: ANN401 - slices
            for some in slices:
                tell()
                yield some

        return page, telling()

    pager._fetch_unread = told
    pager.prefetch = lambda: _ahead(pager)
    return pager


def _ahead(pager: Any) -> Any:  # noqa: ANN401 - a pager
    pager._ahead = True
    return pager
