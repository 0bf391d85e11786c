"""What a request checks before anything goes on the wire, beyond what pydantic's types say.

Structures that the service uses on both sides are lenient classes, as every response is. In a
request they must obey the service model all the same: `Sent` marks such a field, and `OnSend` on
the fields of the structure says what holds there. Enums are open in answers and closed in
requests: `Known` marks those.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from drs_sdk._core.open_enum import OpenEnum
from drs_sdk._core.wording import wording

if TYPE_CHECKING:
    from collections.abc import Iterator

_EnumT = TypeVar("_EnumT", bound=OpenEnum)
_ValueT = TypeVar("_ValueT")

Problem: TypeAlias = tuple[tuple[str | int, ...], str]
"""Where something is wrong, as a path of Python names and indexes, and what."""


@dataclass(frozen=True, slots=True)
class OnSend:
    """The rule of a field of a two-sided structure when it stands in a request.

    Attributes:
        rule: The type, with its constraints, that a value must pass; None where the plain type
            of the field says it all.
        required: Whether the field must be there.
    """

    rule: object = None
    required: bool = False


def require_known(value: _EnumT) -> _EnumT:
    """Refuse an enum value that the service model does not have, unless it is meant."""
    if not value.is_sendable:
        raise PydanticCustomError(
            "enum",
            "Input should be one of {expected}",
            {"expected": ", ".join(member.value for member in type(value))},
        )
    return value


def require_sendable(value: _ValueT) -> _ValueT:
    """Refuse a structure, or a list of them, that breaks the rules of the sending side."""
    problems = list(_problems_in(value, ()))
    if problems:
        raise PydanticCustomError(
            "sent_structure",
            "{summary}",
            {"summary": "; ".join(text for _, text in problems), "problems": problems},
        )
    return value


Known: AfterValidator = AfterValidator(require_known)
"""Marks an enum field of a request."""

Sent: AfterValidator = AfterValidator(require_sendable)
"""Marks a field of a request that holds two-sided structures."""


def _in_utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _require_in_range(value: datetime) -> datetime:
    """Refuse a time that has no equivalent in UTC."""
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError(
            "datetime_range", "Input should be a time that can be given in UTC"
        ) from None
    return value


SentDatetime: TypeAlias = Annotated[
    AwareDatetime,
    Field(strict=True),
    AfterValidator(_require_in_range),
    PlainSerializer(_in_utc, return_type=str, when_used="json"),
]
"""An aware datetime that goes on the wire as the service wants it: UTC, with a ``Z``."""


@cache
def _adapter(rule: object) -> TypeAdapter[object]:
    return TypeAdapter(cast("type[object]", Annotated[rule, None]))


def _problems_in(value: object, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if isinstance(value, BaseModel):
        yield from _problems_of_model(value, path)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _problems_in(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield from _problems_in(item, (*path, key))


def _problems_of_model(model: BaseModel, path: tuple[str | int, ...]) -> Iterator[Problem]:
    structure = type(model)
    fields = structure.model_fields
    for name in model.model_extra or ():
        yield (*path, name), f"Unknown field; {structure.__name__} has {', '.join(fields)}"
    if getattr(structure, "is_union", False):
        given = [name for name in fields if getattr(model, name) is not None]
        if len(given) != 1:
            found = ", ".join(given) or "none"
            yield path, f"Exactly one of {', '.join(fields)} must be given, found {found}"
    for name, field in fields.items():
        value: object = getattr(model, name)
        here = (*path, name)
        if isinstance(value, OpenEnum) and not value.is_sendable:
            expected = ", ".join(member.value for member in type(value))
            yield here, f"Input should be one of {expected}"
        rules = [rule for rule in field.metadata if isinstance(rule, OnSend)]
        for rule in rules:
            if name not in model.model_fields_set or value is None:
                if rule.required:
                    yield here, "Field required"
            elif rule.rule is not None:
                yield from _broken(rule.rule, value, here)
        yield from _problems_in(value, here)


def _broken(rule: object, value: object, path: tuple[str | int, ...]) -> Iterator[Problem]:
    try:
        _adapter(rule).validate_python(value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield (*path, *detail["loc"]), wording(detail)
