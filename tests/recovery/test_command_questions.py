"""What is asked at a terminal, and how answers are taken: without a terminal."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from drs_sdk.recovery import Recovery, Runbook, RunStatus, Wave, WaveGate, WaveStatus
from drs_sdk.recovery.command.approving import Approver
from drs_sdk.recovery.command.confirming import is_confirmed
from drs_sdk.recovery.command.display import Display
from drs_sdk.recovery.command.terminal import Terminal
from drs_sdk.recovery.command.typed_lines import TypedLines
from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk.recovery.status import WaveState

WAVES = tuple(
    Wave(name=name, servers={"all": True}, pause_before=True) for name in ("first", "second")
)


class Scripted(Terminal):
    """A person who gives these answers, and then none for ever."""

    def __init__(self, *answers: str | None) -> None:
        super().__init__()
        self.can_ask = True
        self.answers = list(answers)
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()

    async def ask(self, question: str) -> str | None:
        self.asked.append(question)
        self.was_asked.set()
        if not self.answers:
            await asyncio.Event().wait()
        return self.answers.pop(0)


def status(first: WaveState, second: WaveState, closed: str | None = None) -> RunStatus:
    states = {"first": first, "second": second}
    waves = tuple(WaveStatus(name=name, state=state) for name, state in states.items())
    return RunStatus(
        run="erp/q4",
        mode="drill",
        state="running",
        started=None,
        at=None,
        waves=waves,
        closed=closed,
    )


WAITING = status("waiting for approval", "waiting for approval")


def gate(wave: Wave) -> WaveGate:
    return WaveGate(run="erp/q4", wave=wave, source_server_ids=("s-1",), status=WAITING)


@pytest.mark.parametrize(
    ("answers", "approved"),
    [(["y"], True), (["YES"], True), (["n"], False), ([""], False), ([None], False)],
)
async def test_an_answer_is_a_yes_or_a_no(answers: list[str | None], approved: bool) -> None:  # noqa: FBT001
    terminal = Scripted("perhaps", *answers)
    assert await Approver(terminal, Display(terminal)).ask(gate(WAVES[0])) is approved
    assert [question[:6] for question in terminal.asked] == ["The wa", "Type y"]


async def test_waves_are_asked_about_one_after_the_other() -> None:
    terminal = Scripted("y", "n")
    approver = Approver(terminal, Display(terminal))
    answers = await asyncio.gather(*(approver.ask(gate(wave)) for wave in WAVES))
    assert answers == [True, False]
    assert ["first" in terminal.asked[0], "second" in terminal.asked[1]] == [True, True]


@pytest.mark.parametrize(
    ("seen", "answer"),
    [
        (status("waiting", "waiting for approval"), True),
        (status("launching", "waiting for approval"), True),
        (status("waiting for approval", "waiting for approval", closed="storm over"), False),
    ],
)
async def test_what_is_said_elsewhere_ends_a_question(seen: RunStatus, answer: bool) -> None:  # noqa: FBT001
    terminal = Scripted()
    approver = Approver(terminal, Display(terminal))
    asking = asyncio.create_task(approver.ask(gate(WAVES[0])))
    await terminal.was_asked.wait()
    approver.note(WAITING)
    approver.note(status("unknown", "waiting for approval"))
    assert not asking.done()
    approver.note(seen)
    assert await asking is answer


async def test_a_wave_that_was_approved_before_its_turn_is_not_asked_about() -> None:
    terminal = Scripted()
    approver = Approver(terminal, Display(terminal))
    tasks = [asyncio.create_task(approver.ask(gate(wave))) for wave in WAVES]
    await terminal.was_asked.wait()
    approver.note(status("launching", "launching"))
    assert await asyncio.gather(*tasks) == [True, True]
    assert len(terminal.asked) == 1


@pytest.mark.parametrize(
    ("mode", "yes", "answers", "confirmed"),
    [
        ("drill", False, [], True),
        ("recovery", True, [], True),
        ("recovery", False, ["erp/q4"], True),
        ("recovery", False, ["erp"], False),
        ("recovery", False, [None], False),
    ],
)
async def test_only_a_real_recovery_is_confirmed(
    mode: str,
    yes: bool,  # noqa: FBT001
    answers: list[str | None],
    confirmed: bool,  # noqa: FBT001
) -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        runbook = Runbook(name="erp", waves=WAVES)
        recovery = Recovery(drs, runbook, key="q4", mode="drill" if mode == "drill" else "recovery")
        assert await is_confirmed(recovery, Scripted(*answers), yes=yes) is confirmed


@pytest.fixture
async def typed() -> AsyncIterator[tuple[TypedLines, int]]:
    """Lines, and where they are typed."""
    theirs, ours = os.pipe()
    lines = TypedLines(theirs)
    yield lines, ours
    if lines._thread is not None:
        await asyncio.to_thread(lines._thread.join)
    os.close(theirs)


async def test_lines_come_as_they_are_typed(typed: tuple[TypedLines, int]) -> None:
    lines, keyboard = typed
    os.write(keyboard, b"one\ntw")
    assert await lines.next() == "one"
    waiting = asyncio.create_task(lines.next())
    os.write(keyboard, "o ü\r\nlost".encode())
    assert await waiting == "two ü"
    os.close(keyboard)
    assert [await lines.next(), await lines.next()] == [None, None]


async def test_what_was_typed_too_early_is_no_answer(typed: tuple[TypedLines, int]) -> None:
    lines, keyboard = typed
    os.write(keyboard, b"a\nb\nc\n")
    assert await lines.next() == "a"
    os.close(keyboard)
    assert lines._thread is not None
    await asyncio.to_thread(lines._thread.join)  # b, c and the end were read
    lines.forget()
    assert await lines.next() is None
