"""Pages: one object that is awaited for a page or iterated over for every item."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from drs_sdk._core.errors import DRSError, PaginationError, RequestValidationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator

    from drs_sdk._core.base import Request, Response

ResponseT = TypeVar("ResponseT", bound="Response")
ItemT = TypeVar("ItemT")


class Pager(Generic[ResponseT, ItemT]):
    """The answer of a paginated operation.

    ``await pager`` gives the first page, ``async for item in pager`` every item of every page,
    ``pager.pages()`` the pages. Nothing is sent before one of these is asked for, and each of
    them starts afresh, so a pager can be used twice.

    An error in mid-walk carries ``next_token``, the token of the page that failed:
    ``pager.pages(starting_token=error.next_token)`` goes on from there.
    """

    def __init__(
        self,
        send: Callable[[Request[ResponseT]], Awaitable[ResponseT]],
        request: Request[ResponseT],
        *,
        items: Callable[[ResponseT], list[ItemT]],
        token: Callable[[ResponseT], str | None],
        ahead: bool = False,
    ) -> None:
        """Page through a request; users get pagers from the client's methods.

        Args:
            send: Sends one request.
            request: The request for the first page.
            items: Finds the items on a page.
            token: Finds the token of the next page on a page.
            ahead: Whether to ask for the next page while the caller works on this one.
        """
        self._send = send
        self._request = request
        self._items = items
        self._token = token
        self._ahead = ahead

    @property
    def request(self) -> Request[ResponseT]:
        """The request for the first page."""
        return self._request

    def __await__(self) -> Generator[object, None, ResponseT]:
        """Fetch the first page."""
        return self._first().__await__()

    def __aiter__(self) -> AsyncIterator[ItemT]:
        """Walk over every item of every page."""
        return self._walk()

    def prefetch(self) -> Pager[ResponseT, ItemT]:
        """Return the same pager, asking for the next page while you work on this one.

        At most one page is asked for ahead; leaving the loop cancels it.
        """
        return Pager(self._send, self._request, items=self._items, token=self._token, ahead=True)

    async def collect(self, limit: int | None = None) -> list[ItemT]:
        """Gather the items of all pages in a list.

        Args:
            limit: Stop after so many items; no page is asked for beyond it.

        Raises:
            ValueError: The limit is negative.
        """
        if limit is not None and limit < 0:
            raise ValueError(f"limit must not be negative, got {limit}")
        found: list[ItemT] = []
        if limit == 0:
            return found
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                found.extend(self._items(page))
                if limit is not None and len(found) >= limit:
                    return found[:limit]
        return found

    async def pages(self, starting_token: str | None = None) -> AsyncGenerator[ResponseT, None]:
        """Walk over the pages.

        An empty page with a token is a page like any other: the walk goes on.

        Args:
            starting_token: Start at the page that this token names, such as the ``next_token``
                of an earlier page or of the error that ended an earlier walk.

        Yields:
            Each page, a response with its own ``response_metadata``.

        Raises:
            PaginationError: The service repeated a page token; walking on would never end.
            RequestValidationError: The token is no text.
        """
        if not isinstance(starting_token, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            given = type(starting_token).__name__
            raise RequestValidationError.of("starting_token", f"must be a text, got {given}")
        token = starting_token or None  # as the service's empty token, an empty one is none
        begun_with = token or cast("str | None", getattr(self._request, "next_token", None))
        seen = {begun_with} if begun_with else set[str]()
        upcoming: asyncio.Task[ResponseT] | None = None
        try:
            page = await self._fetch(token)
            while True:
                token = self._token(page) or None  # an empty token is the end, as for botocore
                if token is not None and token in seen:
                    raise self._repeated(token, page)
                if token is not None:
                    seen.add(token)
                    if self._ahead:
                        upcoming = asyncio.create_task(self._fetch(token))
                yield page
                if token is None:
                    return
                page = await (upcoming or self._fetch(token))
                upcoming = None
        finally:
            if upcoming is not None:
                upcoming.cancel()
                await asyncio.wait([upcoming])
                if not upcoming.cancelled():
                    upcoming.exception()  # seen: the walk was left before this page mattered

    async def _first(self) -> ResponseT:
        return await self._fetch(None)

    async def _walk(self) -> AsyncGenerator[ItemT, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in self._items(page):
                    yield item

    async def _fetch(self, token: str | None) -> ResponseT:
        request = self._request
        if token is not None:
            request = request.model_copy(update={"next_token": token})
        try:
            return await self._send(request)
        except DRSError as error:
            error.next_token = token or cast("str | None", getattr(request, "next_token", None))
            raise

    def _repeated(self, token: str, page: ResponseT) -> PaginationError:
        return PaginationError(
            f"{self._request.operation} gave the same page token twice; walking on would not end",
            operation=self._request.operation,
            request_id=page.response_metadata.request_id,
            next_token=token,
        )
