"""How many tags a resource may have; the service model says so in its prose only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.service import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_NUMBER = 50


def require_few(tags: Mapping[str, str]) -> None:
    """Refuse more tags than one resource may have.

    Raises:
        ServiceError: ValidationException.
    """
    if len(tags) > LARGEST_NUMBER:
        raise refusals.invalid(
            f"A resource can have {LARGEST_NUMBER} tags, not {len(tags)}.",
            fields=[("tags", f"must be at most {LARGEST_NUMBER} entries on one resource")],
        )
