"""A request object as the parameters that botocore serialises: what it says goes on the wire.

It need not be built by the operation's method: it may be a subclass with defaults of its own, a
copy, or made by ``model_construct``, which checks nothing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

import drs_sdk.models as models
from drs_sdk._core.base import Shape
from drs_sdk._core.errors import FieldProblem, RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk._core.base import Request, Response


_PLAIN = frozenset({str, int, float, bool, type(None)})
"""What has no fields: pydantic takes its time to say so."""


def parameters_of(request: Request[Response]) -> dict[str, object]:
    """Write a request by the service's names.

    Raises:
        RequestValidationError: It, or a structure in it, says something that would not be sent:
            a name that the service lacks, or a field that reads otherwise than it was set. Or it
            has a value of a type that the field cannot hold.
    """
    kind = type(request)
    known = _operation_class(kind)
    if problems := list(_unsaid(request, known, "")):
        raise RequestValidationError.listing(kind, problems)
    try:
        # By the operation's own class: a field that a subclass writes anew has lost its name.
        dumped = _adapter(known).dump_python(
            request, mode="json", by_alias=True, exclude_none=True, warnings="error"
        )
    except PydanticSerializationError:
        # Not chained: its text quotes values.
        raise RequestValidationError.listing(kind, _misfits(request, known)) from None
    return cast("dict[str, object]", dumped)


@cache
def _operation_class(kind: type[Request[Response]]) -> type[Request[Response]]:
    """Find the class that says which operation it is: the one that the service model gave."""
    return next(each for each in kind.__mro__ if "operation" in vars(each))


@cache
def _names_of(known: type[Shape]) -> frozenset[str]:
    return frozenset(known.model_fields)


def _unsaid(value: Shape, known: type[Shape], path: str) -> Iterator[FieldProblem]:
    """Name what an object says that its serialisation, which is that of its class, leaves out.

    A copy with a misspelt name must not become a real recovery in place of a drill.
    """
    held = vars(value)
    names = _names_of(known)
    if type(value) is not known or held.keys() != names:
        yield from _unsaid_by_itself(value, known, path)
    for name, part in held.items():
        if type(part) in _PLAIN or name not in names:
            continue
        if isinstance(part, Shape):
            yield from _unsaid(part, _model_class(type(part)), f"{path}{name}.")
        elif isinstance(part, list):
            for index, each in enumerate(cast("list[object]", part)):
                if type(each) not in _PLAIN and isinstance(each, Shape):
                    here = f"{path}{name}[{index}]."
                    yield from _unsaid(each, _model_class(type(each)), here)


def _unsaid_by_itself(value: Shape, known: type[Shape], path: str) -> Iterator[FieldProblem]:
    """Name what is left out of the object itself, rather than of a structure in it."""
    held = vars(value)
    names = _names_of(known)
    said = {*type(value).model_fields, *held}
    if known.model_config.get("extra") != "allow":  # else they are sent, too
        said.update(value.model_extra or ())
    for name in sorted(said - names):
        yield FieldProblem(f"{path}{name}", f"Unknown field; {known.__name__} has none")
    for name in sorted(names):
        if getattr(value, name, None) is not held.get(name):  # a property or the like covers it
            yield FieldProblem(f"{path}{name}", "is no field any more, so it would not be sent")


@cache
def _model_class(kind: type[Shape]) -> type[Shape]:
    """Find the class that the service model gave, of which somebody may have made another."""
    return next((each for each in kind.__mro__ if getattr(models, each.__name__, 0) is each), kind)


@cache
def _adapter(kind: type[Request[Response]]) -> TypeAdapter[Request[Response]]:
    return TypeAdapter(kind)


def _misfits(request: Request[Response], known: type[Request[Response]]) -> list[FieldProblem]:
    """Name what does not fit by validating it, as the object itself was not."""
    given = {name: getattr(request, name, None) for name in known.model_fields}
    try:
        known(**{name: value for name, value in given.items() if value is not None})
    except RequestValidationError as error:
        return list(error.problems)
    return [FieldProblem("", "a value has a type that its field cannot hold")]
