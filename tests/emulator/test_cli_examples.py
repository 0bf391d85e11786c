"""What the AWS CLI's example pages show is loaded, and read back the same to the last member."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cli_examples import ACCOUNT, PAGES, REGION, Page

from drs_sdk.testing import DRSEmulator
from drs_sdk.testing.front import wire
from drs_sdk.testing.service.model import load_service

PLACES = {"its own": (REGION, ACCOUNT), "another": ("eu-west-1", "111122223333")}


def _with_owner(page: Page) -> list[dict[str, Any]]:
    answers = [{**(page.answer or {}), **page.word}]
    return answers if not page.owner else [*answers, PAGES[page.owner].answer or {}]


def _read_back(emulator: DRSEmulator, page: Page) -> object:
    """Ask as over the wire: botocore would drop the members that no model has."""
    front = emulator._front
    operation = load_service().operations[page.operation]
    answer = front.dispatch(emulator._account, operation, dict(page.params))
    front.check(operation, answer)
    read = json.loads(wire.render_answer(operation, answer).body)
    return read[page.member] if page.member else read


def test_there_is_every_page() -> None:
    assert len(PAGES) == 49
    names = {o.snake_name.replace("_", "-") for o in load_service().operations.values()}
    assert PAGES.keys() <= names


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page.operation])
def test_a_page_is_read_back_the_same(name: str, place: str) -> None:
    page = PAGES[name]
    assert page.answer is not None
    expected = page.content or (page.answer[page.member] if page.member else page.answer)
    region, account_id = PLACES[place]
    emulator = DRSEmulator(region=region, account_id=account_id, check_answers=True)
    before = json.dumps(page.answer)
    assert emulator.load(_with_owner(page)) != []
    assert json.dumps(page.answer) == before
    assert _read_back(emulator, page) == expected
    emulator.restore(json.loads(json.dumps(emulator.snapshot())))
    assert _read_back(emulator, page) == expected
    # Loaded once more, from what was read, it is the same still.
    again: Any = {page.member: expected, **page.params} if page.member else expected
    emulator.load(again)
    assert _read_back(emulator, page) == expected
    assert emulator.defects == []


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if not page.operation])
def test_a_page_without_a_resource_loads_nothing(name: str) -> None:
    emulator = DRSEmulator()
    assert emulator.load(PAGES[name].answer or []) == []
    resources: Any = emulator.snapshot()["resources"]
    assert not any(resources.values())
