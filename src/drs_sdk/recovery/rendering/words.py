"""Durations, moments and names, as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unicodedata import combining, east_asian_width

UNKNOWN = "?"
"""What is not known is never shown as zero, nor as nothing."""

_SECOND = timedelta(seconds=1)
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def measured(value: timedelta | None) -> str:
    """Write what was measured, such as ``1h 2m 3s``, rounded up to the second.

    Up, so that what misses an objective by a moment does not look as if it met it.
    """
    return UNKNOWN if value is None else _units(-(-value // _SECOND))


def distance(value: timedelta | None) -> str:
    """Write how long after the beginning something was, such as ``+9m 2s``, as clocks count."""
    return UNKNOWN if value is None else f"+{_units(value // _SECOND)}"


def objective(value: timedelta) -> str:
    """Write what is asked for, exactly."""
    whole, rest = divmod(value, _SECOND)
    if not rest:
        return _units(whole)
    fraction = f"{rest.microseconds:06}".rstrip("0")
    return f"{whole}.{fraction}s"


def _units(seconds: int) -> str:
    sign, rest = ("-" if seconds < 0 else ""), abs(seconds)
    parts: list[str] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return sign + (" ".join(parts) or "0s")


def moment(value: datetime | None) -> str:
    """Write a moment in UTC, to the second."""
    return UNKNOWN if value is None else f"{utc(value):%Y-%m-%d %H:%M:%S} UTC"


def utc(value: datetime) -> datetime:
    """Give a moment in UTC; one without an offset is taken for UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def known(value: object) -> str:
    """Write a value; ``?`` for None and for nothing."""
    return UNKNOWN if value is None else plain(str(value)) or UNKNOWN


def plain(text: str) -> str:
    """Write text of others on one line: what a terminal would obey is spelt out."""
    joined = " ".join(text.split())
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in joined
    )


def count(number: int, one: str, many: str | None = None) -> str:
    """Count things: ``1 server``, ``2 servers``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(names: list[str], at_most: int) -> str:
    """List names, and count those beyond a number."""
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more


def cells(text: str) -> int:
    """Count the columns that text takes on a terminal."""
    return sum(_cells(char) for char in text)


def cut(text: str, width: int) -> str:
    """Cut text to a number of columns, and show that it was cut."""
    if cells(text) <= width:
        return text
    dots = "..."[: max(width, 0)]
    left, kept = width - len(dots), ""
    for char in text:
        left -= _cells(char)
        if left < 0:
            break
        kept += char
    return kept + dots


def _cells(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in {"W", "F"} else 1
