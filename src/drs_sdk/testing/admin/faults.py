"""Faults out of JSON: a kind, and what the method of `Fault` of that name takes.

`{"kind": "throttle", "retry_after": 5}` is `Fault.throttle(retry_after=5)`.
"""

from __future__ import annotations

from functools import cache
from inspect import ismethod
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import PlainValidator, WithJsonSchema

from drs_sdk.testing.admin.arguments import Arguments
from drs_sdk.testing.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.service.documents import Doc

KINDS: dict[str, Callable[..., Fault]] = {
    name: cast("Callable[..., Fault]", getattr(Fault, name))
    for name in vars(Fault)
    if not name.startswith("_") and ismethod(getattr(Fault, name))
}
"""What makes a fault of each kind."""


def parse_fault(document: object) -> Fault:
    """Make a fault of its kind and the arguments of that kind.

    Raises:
        ValueError: No such kind, or not what it takes.
    """
    if not isinstance(document, dict):
        raise ValueError("a fault is an object with its kind and what that takes")  # noqa: TRY004
    given = cast("Doc", document)
    kind = cast("object", given.get("kind"))
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of fault; there are: {', '.join(KINDS)}")
    rest = {name: value for name, value in given.items() if name != "kind"}
    return KINDS[kind](**_arguments(kind).parse(rest))


@cache
def _arguments(kind: str) -> Arguments:
    return Arguments(KINDS[kind])


_SCHEMA = {
    "type": "object",
    "properties": {"kind": {"enum": list(KINDS)}},
    "required": ["kind"],
}
FAULT = Annotated[Fault, PlainValidator(parse_fault), WithJsonSchema(_SCHEMA)]
"""What is read where a method takes a fault."""
