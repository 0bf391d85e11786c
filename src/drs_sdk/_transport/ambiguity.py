"""What is known of an unsafe request whose answer was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from drs_sdk._core.errors import DRSError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from drs_sdk._core.base import Request, Response, Shape


class FindsOutcomes(Protocol):
    """A client, as far as a look for an outcome needs it."""

    async def find_outcome(self, of: AmbiguousOutcomeError, /) -> Shape | None:
        """Look for what a request made."""
        ...


class AmbiguousOutcomeError(DRSError):
    """An unsafe request may or may not have happened: it was sent, and no clear answer came.

    It is not sent again, as a repeat could launch, create or terminate twice. Look for what it
    made before you repeat it.

    Attributes:
        request: What was sent.
        sent_at: When it was sent, by the client's clock.
        clock_skew: How far the service's clock was ahead of the client's before that, if known.
        response: The service's answer, where it came and something of the session's, such as an
            ``after-call`` hook, raised after it: the request has happened.
    """

    __module__ = "drs_sdk.errors"

    def __init__(
        self,
        message: str,
        *,
        request: Request[Response],
        sent_at: datetime,
        operation: str | None = None,
        request_id: str | None = None,
        clock_skew: timedelta | None = None,
        response: Response | None = None,
    ) -> None:
        """Keep the request, for the caller to look for its outcome."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.request = request
        self.sent_at = sent_at
        self.clock_skew = clock_skew
        self.response = response

    async def find_outcome(self, drs: FindsOutcomes) -> Shape | None:
        """Look for what the request made: short for ``await drs.find_outcome(error)``.

        Args:
            drs: An open client of the same account and Region.

        Returns:
            What the request made, such as the `Job`; None where there is nothing of the kind.

        Raises:
            OutcomeUnknownError: The operation leaves nothing that could be found, or what is
                found may be somebody else's.
            DRSError: The service could not be asked.
        """
        return await drs.find_outcome(self)
