"""The account's future, and saving it with the account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from drs_sdk.testing import DRSEmulator, Quotas
from drs_sdk.testing.clock import DEFAULT_START
from drs_sdk.testing.settings import Settings
from drs_sdk.testing.world.account import Account, transition


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    seen: list[tuple[str, float]] = []
    monkeypatch.setattr("drs_sdk.testing.world.account._TRANSITIONS", {})

    @transition("test.note")
    def note(account: Account, subject: str, args: dict[str, Any]) -> None:
        seen.append((subject, (account.now - DEFAULT_START).total_seconds()))
        if args.get("again"):
            account.schedule(timedelta(seconds=args["again"]), "test.note", subject)

    transition("other")(note)
    return seen


def _account() -> Account:
    return Account(Settings(), DEFAULT_START)


def test_transitions_happen_in_order_each_at_its_own_time(log: list[tuple[str, float]]) -> None:
    account = _account()
    account.schedule(timedelta(seconds=20), "test.note", "late")
    account.schedule(timedelta(seconds=5), "test.note", "early", {"again": 10})
    account.schedule(timedelta(seconds=5), "test.note", "tie")
    account.settle(DEFAULT_START + timedelta(seconds=4))
    assert log == []
    (early,) = account.timeline.coming("early")
    assert early.at == DEFAULT_START + timedelta(seconds=5)
    account.settle(DEFAULT_START + timedelta(minutes=1))
    assert log == [("early", 5), ("tie", 5), ("early", 15), ("late", 20)]
    assert account.now == DEFAULT_START + timedelta(minutes=1)
    assert len(account.timeline) == 0


def test_events_can_be_taken_back(log: list[tuple[str, float]]) -> None:
    account = _account()
    for kind in ("test.note", "other"):
        account.schedule(timedelta(seconds=1), kind, "a")
        account.schedule(timedelta(seconds=1), kind, "b")
    assert [e.kind for e in account.timeline.coming("a")] == ["test.note", "other"]
    assert [e.kind for e in account.timeline.coming("b", "oth")] == ["other"]
    assert account.timeline.cancel("a", "test.") == 1
    assert account.timeline.cancel("b") == 2
    assert account.timeline.cancel("nobody") == 0
    account.settle(DEFAULT_START + timedelta(seconds=2))
    assert log == [("a", 1)]


def test_deleting_a_resource_takes_its_future_along(log: list[tuple[str, float]]) -> None:
    account = _account()
    account.collection("jobs").add("j", {}, arn="arn:j")
    account.schedule(timedelta(seconds=1), "test.note", "j")
    account.collection("jobs").remove("j")
    account.settle(DEFAULT_START + timedelta(seconds=2))
    assert (log, account.arns, len(account.timeline)) == ([], {}, 0)


def test_names_are_checked(log: list[tuple[str, float]]) -> None:
    assert log == []
    with pytest.raises(ValueError, match="no transition is called"):
        _account().schedule(timedelta(0), "nothing")
    with pytest.raises(ValueError, match="two transitions"):
        transition("other")(lambda *_: None)
    account = _account()
    account.collection("jobs").add("j", {})
    with pytest.raises(ValueError, match="exists already"):
        account.collection("jobs").add("j", {})


async def test_an_account_can_be_saved_and_loaded() -> None:
    emulator = DRSEmulator(quotas=Quotas(source_servers=7), seed=3, initialized=False)
    ids = emulator.add_source_servers(2, state="INITIATING")
    emulator.fail_launch(ids[0], stage="CONVERSION")
    await emulator.clock.advance(20)
    saved = json.loads(json.dumps(emulator.snapshot()))
    await emulator.clock.advance(timedelta(days=1))
    later = emulator.snapshot()
    assert later != saved

    other = DRSEmulator()
    other.restore(saved)
    assert other.snapshot() == saved
    assert other.clock.now() == DEFAULT_START + timedelta(seconds=20)
    await other.clock.advance(timedelta(days=1))
    assert other.snapshot() == later
    assert other.add_source_servers(1) == emulator.add_source_servers(1)
    emulator.restore(saved)
    assert emulator.snapshot() == saved


async def test_a_snapshot_stands_alone() -> None:
    emulator = DRSEmulator()
    emulator.add_source_servers(1, state="INITIATING")
    saved = emulator.snapshot()
    text = json.dumps(saved)
    emulator.restore(saved)
    await emulator.clock.advance(timedelta(days=1))
    emulator.snapshot()
    assert json.dumps(saved) == text


def test_foreign_data_is_no_snapshot() -> None:
    with pytest.raises(ValueError, match="not an emulator snapshot"):
        DRSEmulator().restore({"version": 99})
