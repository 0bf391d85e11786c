"""What the fields of a runbook take: durations, moments, texts that stand in tags."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias
from unicodedata import category

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StrictStr

TAG_LENGTH = 256
"""How many characters the value of a tag holds."""

_SOURCE_SERVER_ID = "^s-[0-9A-Za-z]{17}$"
_ACCOUNT_ID = "^[0-9]{12}$"
_YEAR = timedelta(days=365)
_DURATION = re.compile(
    r"P(?=[\dT])(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_DURATION_WORDS = (
    'must be a duration of less than a year, more than none: ISO 8601 ("PT5M", "PT1H30M", '
    '"P1D"), or seconds'
)
_MOMENT_WORDS = (
    'must be "latest", or a date and time with its offset from UTC, such as 2026-11-26T08:00:00Z'
)


def _duration(value: object) -> timedelta:
    """Read a duration; what pydantic reads besides, such as "05:00", is too easily misread."""
    seconds: object = value
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, str) and (found := _DURATION.fullmatch(value)):
        parts = {unit: float(number or 0) for unit, number in found.groupdict().items()}
        seconds = (
            ((parts["weeks"] * 7 + parts["days"]) * 24 + parts["hours"]) * 60 + parts["minutes"]
        ) * 60 + parts["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError(_DURATION_WORDS)  # noqa: TRY004 - pydantic takes ValueErrors
    if not 0 < seconds < _YEAR.total_seconds():
        raise ValueError(_DURATION_WORDS)
    return value if isinstance(value, timedelta) else timedelta(seconds=seconds)


def _moment(value: object) -> datetime | Literal["latest"]:
    """Read a moment; numbers are refused, and times without an offset."""
    if value == "latest":
        return "latest"
    found = value
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(_MOMENT_WORDS) from None
    if not isinstance(found, datetime) or found.utcoffset() is None:
        raise ValueError(_MOMENT_WORDS)
    return found


def _source_server_id(value: str) -> str:
    if not re.fullmatch(_SOURCE_SERVER_ID, value):
        raise ValueError("must be a source server id: s- and 17 letters or digits")
    return value


def _account_id(value: str) -> str:
    if not re.fullmatch(_ACCOUNT_ID, value):
        raise ValueError("must be an account id: 12 digits")
    return value


def tag_text(value: str) -> str:
    """Pass on a text that can stand in the value of a tag.

    Args:
        value: The text.

    Raises:
        ValueError: It is empty, too long, or has characters that tags do not allow.
    """
    if not value:
        raise ValueError("must not be empty")
    wrong = sorted({each for each in value if not _fits_tags(each)})
    if wrong:
        raise ValueError(
            f"must not hold {', '.join(map(repr, wrong))}: it stands in a tag, and tags hold "
            "letters, digits, spaces and _ . : / = + - @"
        )
    if value != value.strip() or value.lower().startswith("aws:"):
        raise ValueError(
            "must not begin or end with a space, nor begin with 'aws:': it stands in a tag"
        )
    if len(value) > TAG_LENGTH:
        raise ValueError(
            f"must have at most {TAG_LENGTH} characters, not {len(value)}: it stands in a tag"
        )
    return value


def _fits_tags(character: str) -> bool:
    return character in " _.:/=+-@" or category(character)[0] in {"L", "N"}


Objective: TypeAlias = Annotated[
    timedelta, BeforeValidator(_duration, json_schema_input_type=str | float)
]
"""A duration: a timedelta, ISO 8601 or seconds."""

PointInTime: TypeAlias = Annotated[
    Literal["latest"] | AwareDatetime, BeforeValidator(_moment, json_schema_input_type=str)
]
"""``latest``, or a moment with its offset."""

Text: TypeAlias = Annotated[StrictStr, Field(min_length=1)]
"""A text that is not empty."""

SourceServerID: TypeAlias = Annotated[
    StrictStr,
    AfterValidator(_source_server_id),
    Field(json_schema_extra={"pattern": _SOURCE_SERVER_ID}),
]
"""The id of a source server."""

AccountID: TypeAlias = Annotated[
    StrictStr, AfterValidator(_account_id), Field(json_schema_extra={"pattern": _ACCOUNT_ID})
]
"""The id of an account."""

TagText: TypeAlias = Annotated[
    StrictStr,
    AfterValidator(tag_text),
    Field(json_schema_extra={"minLength": 1, "maxLength": TAG_LENGTH}),
]
"""A text that can stand in a tag."""
