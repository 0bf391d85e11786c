"""Periods of time that the filters of listings name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.isotime import parse_datetime

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk.testing.service.documents import Doc


@dataclass(frozen=True, slots=True)
class Period:
    """A period, both ends included; None where it is open."""

    first: datetime | None
    last: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it takes in all time."""
        return self.first is None and self.last is None

    def includes(self, moment: datetime) -> bool:
        """Tell whether a moment lies in the period."""
        return (self.first is None or moment >= self.first) and (
            self.last is None or moment <= self.last
        )


def period_of(filters: Doc, first: str, last: str) -> Period:
    """Read the period between two members of a listing's filters.

    Raises:
        ServiceError: A member is no date-time (ValidationException): the service model's
            pattern admits the 45th of March.
    """
    return Period(_moment(filters, first), _moment(filters, last))


def _moment(filters: Doc, member: str) -> datetime | None:
    text: str | None = filters.get(member)
    try:
        return None if text is None else parse_datetime(text)
    except ValueError:
        raise refusals.invalid(
            f"{text} is no date-time.", fields=[(f"filters.{member}", "is no date-time")]
        ) from None
