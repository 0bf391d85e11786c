"""What a look for an outcome may end in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import DRSError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_sdk._core.base import Shape


class OutcomeUnknownError(DRSError):
    """Whether an ambiguous request happened cannot be known; it may have.

    It leaves nothing to be found, or what is found may be somebody else's.

    Attributes:
        candidates: What the request may have made, such as a `Job`, the likeliest first. Look at
            these before you send the request again.
    """

    __module__ = "drs_sdk.errors"

    def __init__(
        self,
        message: str,
        *,
        candidates: Iterable[Shape] = (),
        operation: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """Keep what the request may have made."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.candidates: tuple[Shape, ...] = tuple(candidates)
