"""Requests that must leave in time, or not at all."""

from __future__ import annotations

from drs_sdk._core.errors import DRSError


class RequestExpiredError(DRSError):
    """The request was not sent: what it stands on held no longer when it was signed."""

    __module__ = "drs_sdk.errors"
