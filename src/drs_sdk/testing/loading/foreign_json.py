"""JSON from outside: made plain, and held to the types that the service describes.

Types only: real answers break lengths and patterns of the service model, and they are loaded
as they are. A number in the place of a list would break the emulator later, far from here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from drs_sdk.testing.service.constraints import violations
from drs_sdk.testing.service.documents import without_nulls
from drs_sdk.testing.service.isotime import format_datetime, parse_datetime
from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc

_NEVER = datetime.min.replace(tzinfo=UTC)


def plain(value: object) -> object:
    """Copy a JSON value without null members, and with the datetimes of boto3 as text."""
    return without_nulls(value, _as_text)


def _as_text(value: object) -> object:
    if isinstance(value, datetime):
        return format_datetime(value if value.tzinfo else value.replace(tzinfo=UTC))
    return value


def require_types(shape: str, value: object) -> None:
    """Refuse a value whose types are not those of a shape.

    Raises:
        ValueError: A type is wrong.
    """
    for found in violations(load_service().shapes[shape], value):
        if found.rule == "type":
            raise ValueError(
                f"{found.path or 'an item'} of a {shape} {found.message}, "
                f"and not {found.value!r:.80}"
            )


def hidden(shape: str, made_up: Doc) -> Doc:
    """Return what of made-up members an answer need not show, by the service's description."""
    required = load_service().shapes[shape].required
    return {name: value for name, value in made_up.items() if name not in required}


def require_list(shape: str, value: object) -> None:
    """Refuse what is no list of values of a shape.

    Raises:
        ValueError: It is no list, or a type in it is wrong.
    """
    if not isinstance(value, list):
        raise ValueError(f"{value!r:.80} is no list of {shape}")  # noqa: TRY004 - as load says
    for item in cast("list[object]", value):
        require_types(shape, item)


def date_of(doc: Doc, member: str) -> datetime:
    """Return the date-time in a member; long ago where there is none.

    Raises:
        ValueError: It is no date-time.
    """
    if member not in doc:
        return _NEVER
    try:
        return parse_datetime(doc[member])
    except ValueError as error:
        raise ValueError(f"{member} must be a date-time, and not {doc[member]!r:.80}") from error
