"""Calls of the caller's functions that go on beside a run, and what comes back from them."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_sdk.recovery.parting import part_with
from drs_sdk.waiters.alarm import TimeIsUpError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drs_sdk.clock import Clock
    from drs_sdk.recovery.time_limit import TimeLimit

LATE = "it had not come back when the time was up, and was cancelled"
_CANCELLED = "CancelledError: it was cancelled, and not by the run"
STUBBORN = "it had not come back when the time was up, and goes on though it was cancelled"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a call.

    Attributes:
        returned: What it returned; None where it failed.
        error: Why it failed, in words; None where it did not.
    """

    returned: object = None
    error: str | None = None


def answer_of(task: asyncio.Task[object]) -> Answer:
    """Read what came back from a call, once: asyncio keeps what a cancellation says no longer.

    Raises:
        BaseException: What no function may swallow, such as KeyboardInterrupt.
    """
    try:
        return Answer(task.result())
    except asyncio.CancelledError as error:  # nobody here has cancelled it
        return Answer(error=f"CancelledError: {error}" if str(error) else _CANCELLED)
    except Exception as error:  # noqa: BLE001 - the caller's: it is told
        return Answer(error=f"{type(error).__name__}: {error}")


async def ask(
    name: str, function: Callable[..., object], *args: object, clock: Clock, limit: TimeLimit
) -> Answer:
    """Call something plain or async, and wait for it as long as there is time.

    Args:
        name: What people call it.
        function: What to call.
        *args: What it is told.
        clock: Passes the time.
        limit: How long to wait.
    """
    task = asyncio.create_task(_called(function, *args), name=name)
    try:
        with suppress(TimeIsUpError):
            await limit.limit(asyncio.wait({task}))
        is_late = not task.done()
    finally:
        goes_on = bool(await part_with({task}, clock))
    if is_late:
        return Answer(error=STUBBORN if goes_on else LATE)
    return answer_of(task)


class Errands:
    """Gates and hooks, each called once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tasks: dict[tuple[str, str], asyncio.Task[object]] = {}

    def begin(self, kind: str, wave: str, function: Callable[..., object], *args: object) -> None:
        """Call something, unless it was called before."""
        if (kind, wave) not in self._tasks:
            name = f"The function {kind!r} for the wave {wave}"
            self._tasks[kind, wave] = asyncio.create_task(_called(function, *args), name=name)

    def finished(self, kind: str) -> Mapping[str, asyncio.Task[object]]:
        """Give those of a kind that have returned or raised, by wave."""
        return {
            wave: task
            for (its_kind, wave), task in self._tasks.items()
            if its_kind == kind and task.done()
        }

    @property
    def all(self) -> Mapping[tuple[str, str], asyncio.Task[object]]:
        """All of them, by kind and wave."""
        return self._tasks

    @property
    def under_way(self) -> set[asyncio.Task[object]]:
        """Those that have not come back."""
        return {task for task in self._tasks.values() if not task.done()}

    @property
    def is_checking(self) -> bool:
        """Whether a check before or after a wave has not come back."""
        return any(kind != "approve" and not task.done() for (kind, _), task in self._tasks.items())


async def _called(function: Callable[..., object], *args: object) -> object:
    result = function(*args)
    return await result if inspect.isawaitable(result) else result
