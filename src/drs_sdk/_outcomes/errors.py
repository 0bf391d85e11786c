"""What a look for an outcome may end in."""

from __future__ import annotations

from drs_sdk._core.errors import DRSError


class OutcomeUnknownError(DRSError):
    """Whether an ambiguous request happened cannot be known: it leaves nothing to be found."""

    __module__ = "drs_sdk.errors"
