"""What the caller has a say in: approvals before waves, checks around them, word of progress."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from drs_sdk.recovery.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from drs_sdk.recovery.runbook import Wave

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveGate:
    """A wave that waits for an approval.

    Attributes:
        run: The run's name.
        wave: The wave.
        source_server_ids: Its servers.
        status: Where the whole run stands.
    """

    run: str
    wave: Wave
    source_server_ids: tuple[str, ...]
    status: RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchedInstance:
    """What a server was launched as.

    Attributes:
        source_server_id: The source server.
        name: What people call it.
        wave: Its wave.
        recovery_instance_id: The recovery instance.
        ec2_instance_id: The EC2 instance.
        addresses: Its private addresses, as DRS knows them.
    """

    source_server_id: str
    name: str | None
    wave: str
    recovery_instance_id: str | None
    ec2_instance_id: str | None
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookContext:
    """What a hook is told.

    Attributes:
        run: The run's name.
        wave: The wave that it is about.
        instances: After a wave its instances; before one those of the waves that it comes after.
        deadline: When the whole launch gives up, by its clock; None where it does not.
    """

    run: str
    wave: Wave
    instances: tuple[LaunchedInstance, ...]
    deadline: datetime | None


Approve: TypeAlias = Callable[[WaveGate], bool | Awaitable[bool]]
"""Says whether a wave may start."""

WaveHook: TypeAlias = Callable[[HookContext], object | Awaitable[object]]
"""Something that the caller does before or after a wave."""

OnStatus: TypeAlias = Callable[[RunStatus], Awaitable[None] | None]
"""Is told where the run stands, on each change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookResult:
    """What a hook did.

    Attributes:
        wave: The wave.
        when: ``before`` or ``after``.
        returned: What it returned, as text; None for nothing.
        error: What it raised, as text; None where it did not.
    """

    wave: str
    when: str
    returned: str | None
    error: str | None


async def called(function: Callable[..., object], *args: object) -> object:
    """Call something plain or async."""
    result = function(*args)
    return await result if inspect.isawaitable(result) else result


class Errands:
    """Calls of the caller's that go on beside the run: gates and hooks, each once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tasks: dict[tuple[str, str], asyncio.Task[object]] = {}

    def begin(self, kind: str, wave: str, function: Callable[..., object], *args: object) -> None:
        """Call something, unless it was called before."""
        if (kind, wave) not in self._tasks:
            self._tasks[kind, wave] = asyncio.create_task(called(function, *args))

    def has_begun(self, kind: str, wave: str) -> bool:
        """Whether it was called."""
        return (kind, wave) in self._tasks

    def finished(self, kind: str) -> Mapping[str, asyncio.Task[object]]:
        """Give those of a kind that have returned or raised, by wave."""
        return {
            wave: task
            for (its_kind, wave), task in self._tasks.items()
            if its_kind == kind and task.done()
        }

    @property
    def under_way(self) -> set[asyncio.Task[object]]:
        """Those that have not come back."""
        return {task for task in self._tasks.values() if not task.done()}

    @property
    def is_checking(self) -> bool:
        """Whether a check before or after a wave has not come back."""
        return any(kind != "gate" and not task.done() for (kind, _), task in self._tasks.items())

    async def stop(self) -> None:
        """Cancel those that have not come back."""
        tasks = self.under_way
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for task in self._tasks.values():
            if not task.cancelled():
                task.exception()  # seen: whoever needed it has asked
