"""Calls by the service's own names: for operations and members that this release does not know."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, cast

from pydantic import Field

from drs_sdk._core.base import Request, Response, Safety
from drs_sdk._core.errors import RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"
"""Whatever JSON can say."""

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class RawResponse(Response, frozen=True):
    """An answer as it came: all of it stands in ``model_extra``."""


class RawRequest(Request[RawResponse], frozen=True):
    """A call of an operation by its name.

    Attributes:
        name: The service's name of the operation.
        members: What is asked, by the service's names.
        harm: What a repeat can do.
        method: The HTTP method; None where it is known, or POST.
        path: The path, with ``{member}`` where a member stands in it; None where it is known, or
            the name of the operation.
    """

    response_type: ClassVar[type[Response]] = RawResponse

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9]*$")
    members: dict[str, object] = Field(default_factory=dict, repr=False)
    harm: Safety = "unsafe"
    method: Method | None = None
    path: str | None = Field(default=None, pattern=r"^/[!-~]*$")

    if not TYPE_CHECKING:  # class variables elsewhere, as a request of a class has one operation

        @property
        def operation(self) -> str:
            """The service's name of the operation."""
            return self.name

        @property
        def safety(self) -> Safety:
            """What a repeat can do."""
            return self.harm


def plain(members: Mapping[str, JSON], path: str) -> dict[str, object]:
    """Copy members as what they are in JSON.

    Args:
        members: By the service's names.
        path: What they are called where something is wrong with them.

    Raises:
        RequestValidationError: They cannot be said in JSON.
    """
    try:
        copied: object = json.loads(json.dumps(members, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        # Python's text names types, not values.
        raise RequestValidationError.of(path, f"must be JSON: {error}") from None
    if not isinstance(copied, dict):
        raise RequestValidationError.of(path, "must be a mapping by the service's names")
    return cast("dict[str, object]", copied)
