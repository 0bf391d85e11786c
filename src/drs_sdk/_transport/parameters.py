"""A request object as the parameters that botocore serialises: what it says goes on the wire.

It need not be built by the operation's method: it may be a subclass with defaults of its own, a
copy, or made by ``model_construct``, which checks nothing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from drs_sdk._core.errors import FieldProblem, RequestValidationError

if TYPE_CHECKING:
    from drs_sdk._core.base import Request, Response


def parameters_of(request: Request[Response]) -> dict[str, object]:
    """Write a request by the service's names.

    Raises:
        RequestValidationError: It has a field that the operation lacks, or a value of a type that
            the field cannot hold.
    """
    kind = type(request)
    known = _operation_class(kind)
    own = [name for name in kind.model_fields if name not in known.model_fields]
    if own:
        problems = [FieldProblem(name, f"Unknown field; {known.__name__} has none") for name in own]
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
