"""One look for an outcome: what was asked for, and which of the things found can come of it.

Times of the service are compared with a time of the client, so the skew of its clock counts. An
answer's ``Date`` tells it. The look measures it by its own first answer; the skew before the
request was sent may have come with the error. Where both are known nothing older can come of the
request. With one or none, the clock may have been set in between, by as much as the service lets
a signature differ: what is then older than expected is named, but neither taken nor ruled out.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from drs_sdk._core.base import Shape
from drs_sdk._outcomes.errors import OutcomeUnknownError
from drs_sdk._transport.skew import SKEW_ERROR, SKEW_LIMIT, measure_skew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from drs_sdk._core.base import Request, Response
    from drs_sdk.clock import Clock
    from drs_sdk.operations import Operations
    from drs_sdk.pagination import Pager

_ResponseT = TypeVar("_ResponseT", bound="Response")
_ItemT = TypeVar("_ItemT")
_FoundT = TypeVar("_FoundT", bound=Shape)


@dataclass(slots=True)
class Look:
    """One look for what a request made.

    Attributes:
        drs: An open client of the same account and Region.
        request: What was sent.
        sent_at: When it was sent, by the client's clock.
        clock: The client's clock.
        skew_before: How far the service's clock was ahead before the request was sent, if known.
        origin: An open client of the side where the machine of a reversal came from.
        answer: What the service answered, where the answer was not lost, but taken away.
        at_region: Makes a client of the same account in another Region, to open and close.
    """

    drs: Operations
    request: Request[Response]
    sent_at: datetime
    clock: Clock
    skew_before: timedelta | None = None
    origin: Operations | None = None
    answer: Response | None = None
    at_region: Callable[[str], AbstractAsyncContextManager[Operations]] | None = None
    _has_measured: bool = field(default=False, init=False)
    _skew_now: timedelta | None = field(default=None, init=False)

    async def walk(
        self, pager: Pager[_ResponseT, _ItemT], items: Callable[[_ResponseT], list[_ItemT]]
    ) -> list[_ItemT]:
        """List the items of all pages; the look's first answer tells the skew."""
        found: list[_ItemT] = []
        asked_at = self.clock.now()
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                self.measure(page, asked_at)
                found += items(page)
        return found

    def measure(self, answer: Response, asked_at: datetime) -> None:
        """Take the skew from the look's first answer; later ones change nothing."""
        if not self._has_measured:
            self._has_measured = True
            date = answer.response_metadata.headers.get("date")
            self._skew_now = measure_skew(date, asked_at, self.clock.now())

    @property
    def _skews(self) -> list[timedelta]:
        return [each for each in (self.skew_before, self._skew_now) if each is not None]

    @property
    def knows_skew(self) -> bool:
        """Whether the clocks have been compared, before the request or by this look."""
        return bool(self._skews)

    @property
    def expected_at(self) -> datetime:
        """When the request arrived at the earliest, by the service's clock and as far as known."""
        skew = min(self._skews, default=timedelta(0))
        return self.sent_at + (skew if abs(skew) > SKEW_ERROR else timedelta(0))

    @property
    def earliest(self) -> datetime:
        """What is older than this is not of the request, whatever the clocks."""
        if len(self._skews) > 1:
            return self.sent_at + min(self._skews) - SKEW_ERROR
        return self.sent_at - SKEW_LIMIT

    def is_possible(self, at: datetime | None) -> bool:
        """Whether something of this time, if it has one, can be of the request at all."""
        return at is None or at >= self.earliest

    def _is_near(self, at: datetime | None) -> bool:
        """Whether something of this time, if it has one, is about as old as the request."""
        return at is None or at >= min(self.earliest, self.sent_at - SKEW_LIMIT)

    def _is_expected(self, at: datetime | None) -> bool:
        """Whether something of this time, if it has one, is where the request's is expected."""
        if at is None:
            return True
        since = self.sent_at
        if self._skews:
            since += min(self._skews) - SKEW_ERROR
        until = self.sent_at + max([*self._skews, timedelta(0)]) + SKEW_LIMIT
        return since <= at <= until

    def choose(
        self,
        found: Iterable[_FoundT],
        *,
        at: Callable[[_FoundT], datetime | None] = lambda _: None,
        tags: Callable[[_FoundT], Mapping[str, str]] = lambda _: {},
        asked: Mapping[str, str] | None = None,
    ) -> _FoundT | None:
        """Choose what the request made.

        Exact tags come first: with tags of its own, the time matters no more than the service
        lets the clocks differ. Without tags, it must have begun when the request arrived. What
        has tags that nobody asked for, or is older or much younger, may be somebody else's. The
        former is named whatever the clocks say: somebody is at work on the same.

        Args:
            found: What the request may have made, but for its time and its tags.
            at: Tells when something was made, by the service's clock.
            tags: Tells the tags of something.
            asked: The tags that were asked for.

        Raises:
            OutcomeUnknownError: There are only things that may be somebody else's.
        """
        wanted = dict(asked or {})

        def remoteness(each: _FoundT) -> tuple[bool, timedelta]:
            time = at(each) or self.expected_at
            return time < self.expected_at, abs(time - self.expected_at)

        def has_exact_tags(each: _FoundT) -> bool:
            return own_tags(tags(each)) == wanted

        possible = sorted(
            (
                each
                for each in found
                if wanted.items() <= tags(each).items()
                and (self.is_possible(at(each)) or not has_exact_tags(each))
                and self._is_near(at(each))
            ),
            key=remoteness,
        )
        for each in possible:
            if has_exact_tags(each) and (wanted or self._is_expected(at(each))):
                return each
        if possible:
            raise self.unknown(possible)
        return None

    def unknown(self, candidates: Iterable[Shape], why: str = "") -> OutcomeUnknownError:
        """Make the error that names what may be of the request, or somebody else's."""
        kept = list(candidates)
        names = ", ".join(_name(each) for each in kept)
        operation = self.request.operation
        reason = why or "a time or tags of their own say that somebody else may have begun them"
        return OutcomeUnknownError(
            f"whether {operation} happened cannot be known. It may have made {names}, but "
            f"{reason}. Look at what is named before you send the request again; a tag of its own "
            "makes a request unmistakable",
            candidates=kept,
            operation=operation,
        )


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Leave out the tags that AWS itself sets: nobody can ask for them."""
    return {name: value for name, value in tags.items() if not name.startswith("aws:")}


def _name(found: Shape) -> str:
    for name in ("job_id", "source_server_id", "arn"):
        if told := getattr(found, name, None):
            return str(told)
    return f"a {type(found).__name__}"
