"""Large answers and the cyclic garbage collector: out of the way, and never out of work."""

from __future__ import annotations

import gc
import json
import weakref
from typing import TYPE_CHECKING

import pytest

from drs_sdk._transport import collector
from drs_sdk._transport.decoding import decode
from drs_sdk.models import DescribeSourceServersResponse

if TYPE_CHECKING:
    from collections.abc import Generator

SERVERS = 800
PAGE = json.dumps(
    {"items": [{"sourceServerID": f"s-{n:017}", "lifeCycle": {}} for n in range(SERVERS)]}
).encode()
SMALL = b'{"items": []}'


class Node:
    """Something that can be in a cycle."""

    def __init__(self) -> None:
        self.me = self


class Watch:
    """The collections that Python makes, by generation."""

    def __init__(self) -> None:
        self.generations: list[int] = []

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self.generations.append(info["generation"])


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Begin with a collector that is on and has nothing to do."""
    monkeypatch.setattr(collector, "_backlog", type(collector._backlog)())
    gc.enable()
    gc.collect()
    yield
    gc.enable()


@pytest.fixture
def collections() -> Generator[list[int]]:
    watch = Watch()
    gc.callbacks.append(watch)
    yield watch.generations
    gc.callbacks.remove(watch)


def read(body: bytes = PAGE) -> DescribeSourceServersResponse:
    response, _ = decode(
        DescribeSourceServersResponse,
        body,
        operation="DescribeSourceServers",
        request_id=None,
        http_status=200,
    )
    return response


def is_old(tracked: object) -> bool:
    return any(each is tracked for each in gc.get_objects(generation=2))


def test_the_page_is_worth_the_trouble() -> None:
    assert len(PAGE) >= collector.LARGE > len(SMALL)


def test_a_page_is_not_walked_over(collections: list[int]) -> None:
    page = read()
    after = [Node() for _ in range(10)]
    assert collections == [1], "the young ones before it, and nothing for the page's own objects"
    assert is_old(page.items[0])
    assert not is_old(after[0])


def test_small_answers_leave_everything_alone(collections: list[int]) -> None:
    response = read(SMALL)
    assert collections == []
    assert not is_old(response)


def test_young_garbage_is_collected_first() -> None:
    gone = weakref.ref(Node())
    assert gone() is not None, "in a cycle"
    read()
    assert gone() is None


def test_old_garbage_is_collected_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "perf_counter", lambda: 0.0)
    node = Node()
    gone = weakref.ref(node)
    read()
    assert is_old(node)
    del node
    for _ in range(collector.ANSWERS_PER_FULL - 2):
        read()
    assert gone() is not None, "not yet"
    read()
    assert gone() is None


def test_full_collections_wait_for_their_price(
    monkeypatch: pytest.MonkeyPatch, collections: list[int]
) -> None:
    """One that took as long as 100 answers comes back after 400 of them."""
    now = 0.0

    def clock() -> float:
        return now

    def validate(_: bytes) -> DescribeSourceServersResponse:
        nonlocal now
        now += 1.0
        return response

    def on_collection(phase: str, info: dict[str, int]) -> None:
        nonlocal now
        if phase == "start" and info["generation"] == 2:
            now += 100.0

    response = read(SMALL)
    monkeypatch.setattr(collector, "perf_counter", clock)
    monkeypatch.setattr(DescribeSourceServersResponse, "model_validate_json", validate)
    gc.callbacks.append(on_collection)
    try:
        at = [number for number in range(1, 1000) if read_made_full(collections)]
    finally:
        gc.callbacks.remove(on_collection)
    first = collector.ANSWERS_PER_FULL
    later = collector.READING_PER_FULL * 100
    assert at == [first, first + later, first + 2 * later]


def read_made_full(collections: list[int]) -> bool:
    collections.clear()
    read()
    return 2 in collections


def test_what_the_application_has_frozen_stays_frozen() -> None:
    kept = [Node() for _ in range(collector.FROZEN_BY_PYTHON)]
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        assert frozen >= len(kept)
        read()
        assert gc.get_freeze_count() == frozen
    finally:
        gc.unfreeze()


def test_what_python_has_frozen_itself_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, collections: list[int]
) -> None:
    """As 3.12 does at its start."""
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 375)
    page = read()
    assert collections == [1]
    assert is_old(page.items[0])


@pytest.mark.parametrize("body", [b'{"items": 7}', b"nonsense", b"[]"])
@pytest.mark.parametrize("enabled", [True, False])
def test_it_is_left_as_it_was(body: bytes, *, enabled: bool) -> None:
    if not enabled:
        gc.disable()
    with collector.collector_paused(collector.LARGE):
        assert not gc.isenabled()
    try:
        read(body + b" " * collector.LARGE)
    except Exception:  # noqa: BLE001 - what it is, other tests tell
        assert body != b'{"items": 7}'
    assert gc.isenabled() is enabled
