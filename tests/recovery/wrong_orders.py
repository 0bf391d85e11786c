"""Every step of the way back, where it is not its turn."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ways import a_world

from drs_sdk.errors import RunClosedError, WrongOrderError
from drs_sdk.testing import Fault

if TYPE_CHECKING:
    from ways import Sides

    from drs_sdk.recovery import Recovery
    from drs_sdk.recovery.record import Mode

# Mode, how far it is, the step whose turn it is not, and the letter that the refusal names.
WRONG: list[tuple[Mode, str, str, str | None]] = [
    *(("recovery", "nothing", step, "B2") for step in ("reprotect", "fail_back")),
    *(("recovery", "launching", step, "B2") for step in ("reprotect", "fail_back")),
    *(("recovery", state, "fail_back", "A2") for state in ("launched", "syncing")),
    *(
        ("recovery", state, step, "B2")
        for state in ("nothing", "launching", "launched", "syncing", "ready", "home", "done")
        for step in ("rehearse_way_back", "clean_up")
    ),
    ("recovery", "done", "launch", None),
    *(("drill", state, "rehearse_way_back", "B2") for state in ("nothing", "launching")),
    *(("drill", state, "reprotect", "B2") for state in ("nothing", "launching", "launched")),
    *(("drill", state, "fail_back", "A2") for state in ("nothing", "launching", "launched")),
    ("drill", "done", "launch", None),
]


async def is_refused(mode: Mode, state: str, step: str, letter: str | None) -> bool:
    """Whether a wrong step is refused before a request that changes anything."""
    async with a_world() as sides:
        recovery = sides.recovery(mode=mode)
        await _go(sides, recovery, state)
        before = sides.changes
        try:
            await getattr(recovery, step)()
        except WrongOrderError as error:
            told = str(error)
            names = error.letter == letter and letter in told and error.first in told
        except RunClosedError:
            names = letter is None
        else:
            return False
        return names and sides.changes == before


async def _go(sides: Sides, recovery: Recovery, state: str) -> None:
    if state == "nothing":
        return
    if state == "launching":
        await recovery.launch(timeout=timedelta(minutes=2))
        return
    await recovery.launch()
    if state == "done" and recovery.mode == "drill":
        await recovery.rehearse_way_back()
    elif state == "syncing":
        await recovery.reprotect(timeout=60)
    elif state != "launched":
        await recovery.reprotect()
    if state == "home":
        sides.home.inject("ReverseReplication", Fault.drop_before(), probability=1.0)
        await recovery.fail_back(timeout=timedelta(hours=1))
        assert len(await sides.b2s()) == len(await sides.a3s()) == len(sides.b1s)
    if state == "done" and recovery.mode == "recovery":
        await recovery.fail_back()
