"""What can be called and set from outside: all that a test may call and set in Python.

The tables come from the methods and properties themselves, with the checks from their signatures.
A new one of the emulator or of its places is in them by itself.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, cast

from pydantic import AfterValidator

from drs_sdk.testing.admin.annotations import parameter_types
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


class Emulator(Protocol):
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


@dataclass(frozen=True, slots=True)
class Setting:
    """A property that can be set from outside, a dataclass.

    Attributes:
        name: Its name.
        summary: What it is, in a line.
        arguments: What its dataclass takes.
        kind: The dataclass.
    """

    name: str
    summary: str
    arguments: Arguments
    kind: type

    def set(self, place: Place, document: bytes | Doc) -> None:
        """Set it on a place: what is left out takes its default, as in Python.

        Raises:
            ValueError: The values are not what it takes.
        """
        setattr(place, self.name, self.kind(**self.arguments.parse(document)))


def settings_of(place: type[Any]) -> dict[str, Setting]:
    """Return what can be set on a place, by name."""
    found: dict[str, Setting] = {}
    for name, value in inspect.getmembers(place, lambda member: isinstance(member, property)):
        if name.startswith("_") or value.fset is None:
            continue
        (kind,) = parameter_types(value.fset).values()
        if isinstance(kind, type) and is_dataclass(kind):
            found[name] = Setting(name, _summary(value), Arguments(kind), kind)
    return found


def methods_of(emulator: type[Any]) -> dict[str, Method]:
    """Return the methods of an emulator and its places, by name."""
    return _table(
        function
        for name, function in inspect.getmembers(emulator, inspect.isfunction)
        if not name.startswith("_") and name not in _IN_PROCESS
    )


def methods_of_clock() -> dict[str, Method]:
    """Return the methods that move virtual time, by name."""
    return _table((EmulatorClock.advance, EmulatorClock.set))


def _table(functions: Iterable[Callable[..., object]]) -> dict[str, Method]:
    return {
        function.__name__: Method(
            name=function.__name__,
            summary=_summary(function),
            arguments=Arguments(function, _TYPES),
            of_place=hasattr(Place, function.__name__),
        )
        for function in functions
    }


def _summary(described: object) -> str:
    return (inspect.getdoc(described) or "").partition("\n")[0]
