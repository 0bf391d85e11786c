"""Every step at every state: whose turn it is, what has nothing to do, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from ways import a_world

from drs_sdk.errors import RunClosedError, WrongOrderError
from drs_sdk.testing import Fault

if TYPE_CHECKING:
    from ways import Sides

    from drs_sdk.recovery import Recovery
    from drs_sdk.recovery.record import Mode

STATES = ("nothing", "launching", "launched", "syncing", "ready", "home", "done")
"""How far a run is; at home, but not protected there, and in a drill not removed."""

STEPS = ("launch", "reprotect", "fail_back", "rehearse_way_back", "clean_up")

Turn: TypeAlias = Literal["it goes on", "nothing to do", "A2", "B2", "closed"]
"""What a step does; where it is refused, the letter that it names, or that the run is over."""

# By mode and step, for each state in the order of STATES.
_TURNS: dict[tuple[Mode, str], str] = {
    ("recovery", "launch"): "+ + - - - - closed",
    ("recovery", "reprotect"): "B2 B2 + - - - -",
    ("recovery", "fail_back"): "B2 B2 A2 A2 + + -",
    ("recovery", "rehearse_way_back"): "B2 B2 B2 B2 B2 B2 B2",
    ("recovery", "clean_up"): "B2 B2 B2 B2 B2 B2 B2",
    ("drill", "launch"): "+ + - - - closed closed",
    ("drill", "reprotect"): "B2 B2 B2 B2 B2 B2 B2",
    ("drill", "fail_back"): "A2 A2 A2 A2 A2 A2 A2",
    ("drill", "rehearse_way_back"): "B2 B2 + + + + -",
    ("drill", "clean_up"): "- + + A2 A2 A2 -",
}
_WORDS: dict[str, Turn] = {
    "+": "it goes on",
    "-": "nothing to do",
    "A2": "A2",
    "B2": "B2",
    "closed": "closed",
}

TABLE: list[tuple[Mode, str, str, Turn]] = [
    (mode, state, step, _WORDS[word])
    for (mode, step), row in _TURNS.items()
    for state, word in zip(STATES, row.split(), strict=True)
]
"""Mode, how far it is, the step, and what that does: every pair."""

WRONG = [one for one in TABLE if one[3] in {"A2", "B2", "closed"}]


async def turn_of(mode: Mode, state: str, step: str) -> tuple[Turn, bool]:
    """Tell what a step does, and whether that sent a request that changes something.

    A refusal names its letter and what has to be done first.
    """
    async with a_world() as sides:
        recovery = sides.recovery(mode=mode)
        await _go(sides, recovery, state)
        before = sides.changes
        try:
            await getattr(recovery, step)()
        except WrongOrderError as error:
            turn = _refusal(error)
        except RunClosedError:
            turn = "closed"
        else:
            turn = "nothing to do" if sides.changes == before else "it goes on"
        return turn, sides.changes != before


def _refusal(error: WrongOrderError) -> Turn:
    turn: Turn = "A2" if error.letter == "A2" else "B2"
    assert str(error).startswith(f"{turn}: ")
    assert f"First: {error.first}. " in str(error)
    return turn


async def is_refused(mode: Mode, state: str, step: str, turn: Turn) -> bool:
    """Whether a wrong step is refused as it should be, before a request that changes anything."""
    return await turn_of(mode, state, step) == (turn, False)


async def _go(sides: Sides, recovery: Recovery, state: str) -> None:
    if state == "nothing":
        return
    if state == "launching":
        await recovery.launch(timeout=timedelta(minutes=2))
        return
    await recovery.launch()
    if state == "launched":
        return
    if recovery.mode == "drill":
        await _practise(sides, recovery, state)
    elif state == "syncing":
        await recovery.reprotect(timeout=60)
    else:
        await recovery.reprotect()
        await _come_home(sides, recovery, state)


async def _come_home(sides: Sides, recovery: Recovery, state: str) -> None:
    if state == "home":
        sides.home.inject("ReverseReplication", Fault.drop_before(), probability=1.0)
        await recovery.fail_back(timeout=timedelta(hours=1))
        assert len(await sides.b2s()) == len(await sides.a3s()) == len(sides.b1s)
        sides.home.clear_faults()
    elif state == "done":
        await recovery.fail_back()


async def _practise(sides: Sides, recovery: Recovery, state: str) -> None:
    if state == "ready":
        sides.home.inject("StartRecovery", Fault.drop_before(), probability=1.0)
    elif state == "home":
        sides.home.inject("StopReplication", Fault.error("ConflictException"), probability=1.0)
    await recovery.rehearse_way_back(timeout=60 if state == "syncing" else timedelta(hours=4))
    sides.home.clear_faults()
    if state == "home":
        assert len(await sides.b2s()) == len(await sides.a3s()) == len(sides.b1s)
    elif state == "ready":
        assert len(await sides.a2s()) == len(await sides.b2s()) == len(sides.b1s)
