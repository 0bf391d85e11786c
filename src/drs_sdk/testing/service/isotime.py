"""Dates and durations as the service writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400
_HOUR = 3_600
_MINUTE = 60


def format_datetime(moment: datetime) -> str:
    """Write a moment as `2022-12-07T19:15:38.846723Z`, as the service model's pattern asks."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def parse_datetime(text: str) -> datetime:
    """Read an ISO 8601 date-time; one without an offset is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Return the whole microseconds since the epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def format_duration(duration: timedelta) -> str:
    """Write a duration as the service does: `P0D`, `PT11M`, `P2DT1H32M12.136909S`."""
    if duration <= timedelta(0):
        return "P0D"
    seconds = duration.days * _DAY + duration.seconds
    days, seconds = divmod(seconds, _DAY)
    hours, seconds = divmod(seconds, _HOUR)
    minutes, seconds = divmod(seconds, _MINUTE)
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if duration.microseconds:
        time += f"{seconds}.{duration.microseconds:06d}".rstrip("0") + "S"
    elif seconds:
        time += f"{seconds}S"
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")
