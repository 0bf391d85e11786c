"""Readers of single arguments: each gives a value, or says what it would have taken."""

from __future__ import annotations

import argparse
import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from drs_sdk.recovery.command.given import GivenLimits, GivenPlace

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MEASURED = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)", re.ASCII)
_PLACE = re.compile(r"(?:(\d{12})/)?([a-z]{2}[a-z0-9-]+)", re.ASCII)
_LIMITS = ("servers-in-one-job", "servers-in-all-jobs", "concurrent-jobs")


def duration(text: str) -> timedelta:
    """Read ``90``, ``90s``, ``45m``, ``24h``, ``2d`` or ISO 8601."""
    found = _MEASURED.fullmatch(text)
    with suppress(OverflowError, ValidationError):
        if found is not None:
            return timedelta(**{_UNITS[found[2]]: float(found[1])})
        if text.startswith("P"):
            read = TypeAdapter(timedelta).validate_python(text)
            if read >= timedelta():
                return read
    raise argparse.ArgumentTypeError(
        f"{text!r} is no duration: write seconds, 45m, 24h, 2d, or ISO 8601 as PT1H30M"
    )


def duration_or_none(text: str) -> timedelta | None:
    """Read a duration, or ``none`` for no end."""
    return None if text == "none" else duration(text)


def since(text: str) -> datetime | timedelta:
    """Read how long ago, or a moment with its offset."""
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
        raise argparse.ArgumentTypeError(f"{text!r} needs its offset from UTC, as {text}Z")
    return duration(text)


def place(text: str) -> GivenPlace:
    """Read a Region, or an account and a Region."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no place: write eu-west-1 or 111122223333/eu-west-1"
        )
    return GivenPlace(region=found[2], account=found[1])


def limits(text: str) -> GivenLimits:
    """Read ``NAME=NUMBER,...``, with ``PLACE:`` in front where they are of one place."""
    where, colon, listed = text.rpartition(":")
    values: dict[str, int] = {}
    for part in listed.split(","):
        name, _, number = part.partition("=")
        if name not in _LIMITS or not number.isascii() or not number.isdigit():
            raise argparse.ArgumentTypeError(
                f"{part!r} is no limit: write NAME=NUMBER with one of {', '.join(_LIMITS)}"
            )
        values[name.replace("-", "_")] = int(number)
    return GivenLimits(place(where) if colon else None, values)


def tag(text: str) -> tuple[str, str]:
    """Read ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no tag: write NAME=VALUE")
    return name, value


def file_to_write(text: str) -> str:
    """Read a file's name; its folder must be there, or the end of a long run finds out."""
    path = Path(text)
    with suppress(OSError, ValueError):  # such as a name that is too long
        if not path.is_dir() and path.parent.is_dir():
            return text
    raise argparse.ArgumentTypeError(f"{text!r} cannot be written: name a file in a folder")


def whole(least: int) -> Callable[[str], int]:
    """Make the reader of a whole number."""

    def read(text: str) -> int:
        with suppress(ValueError):
            number = int(text)
            if number >= least:
                return number
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least {least}")

    return read
