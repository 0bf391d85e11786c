"""Which methods of the emulator can be called from outside: all that a test may call in Python.

The table comes from the methods themselves, with the checks from their signatures. A new method
of the emulator or of its places is in it by itself.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, cast

from pydantic import AfterValidator

from drs_sdk.testing.admin.arguments import Arguments
from drs_sdk.testing.admin.faults import FAULT
from drs_sdk.testing.clock import EmulatorClock
from drs_sdk.testing.faults import Fault
from drs_sdk.testing.front.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from drs_sdk.testing.service.documents import Doc

_IN_PROCESS = frozenset({"at", "client", "fleet", "start", "stop"})
"""What makes sense in the emulator's own process only."""


def _require_no_path(value: object) -> object:
    # By a path, whoever reaches the port could read files.
    if not isinstance(value, dict | list):
        raise ValueError("give the JSON itself, an object or an array")  # noqa: TRY004
    return cast("object", value)


_TYPES: Mapping[object, object] = {
    Fault: FAULT,
    "source": Annotated[object, AfterValidator(_require_no_path)],
}


class World(Protocol):
    """The emulator, as the admin endpoint works with it."""

    @property
    def clock(self) -> EmulatorClock:
        """The clock of all places."""
        ...

    @property
    def places(self) -> list[Place]:
        """The places, the first one first."""
        ...

    @property
    def url(self) -> str:
        """Where the emulator listens."""
        ...

    def at(self, *, region: str | None = None, account_id: str | None = None) -> Place:
        """Return a place."""
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """A method that can be called from outside.

    Attributes:
        name: Its name.
        summary: What it does, in a line.
        arguments: What it takes.
        of_place: Whether each place has it; else the emulator has.
    """

    name: str
    summary: str
    arguments: Arguments
    of_place: bool

    async def call(self, target: object, document: bytes | Doc) -> object:
        """Call it on its object with arguments from JSON.

        Raises:
            ValueError: The arguments are not what it takes, or the method refuses them. It may
                raise other errors of its own.
        """
        function = cast("Callable[..., object]", getattr(target, self.name))
        result = function(**self.arguments.parse(document))
        return await result if inspect.isawaitable(result) else result


def methods_of(world: type[Any]) -> dict[str, Method]:
    """Return the methods of an emulator and its places, by name."""
    return _table(
        function
        for name, function in inspect.getmembers(world, inspect.isfunction)
        if not name.startswith("_") and name not in _IN_PROCESS
    )


def methods_of_clock() -> dict[str, Method]:
    """Return the methods that move virtual time, by name."""
    return _table((EmulatorClock.advance, EmulatorClock.set))


def _table(functions: Iterable[Callable[..., object]]) -> dict[str, Method]:
    return {
        function.__name__: Method(
            name=function.__name__,
            summary=(inspect.getdoc(function) or "").partition("\n")[0],
            arguments=Arguments(function, _TYPES),
            of_place=hasattr(Place, function.__name__),
        )
        for function in functions
    }
