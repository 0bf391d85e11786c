"""Pages: one object that is awaited for a page or iterated over for every item."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, cast

from drs_sdk._core.errors import DRSError, PaginationError, RequestValidationError
from drs_sdk._core.unread import Unread
from drs_sdk._core.walking import Walking

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Coroutine,
        Generator,
    )

    from drs_sdk._core.base import Request, Response

ResponseT = TypeVar("ResponseT", bound="Response")
ItemT = TypeVar("ItemT")
_Page: TypeAlias = "tuple[ResponseT, Generator[list[ItemT]] | None]"


_LONG = 32 * 1024
"""Bytes of a page that would take too long to be read in one step of the loop."""


class Pager(Generic[ResponseT, ItemT]):
    """The answer of a paginated operation.

    ``await pager`` gives the first page, ``async for item in pager`` every item of every page,
    ``pager.pages()`` the pages. Nothing is sent before one of these is asked for, and each of
    them starts afresh, so a pager can be used twice.

    Items are made some at a time, and the event loop has its turn in between, so a long page holds
    nobody up. A walk makes the next ones when you ask for them.

    An error in mid-walk carries ``next_token``, the token of the page that failed:
    ``pager.pages(starting_token=error.next_token)`` goes on from there.
    """

    def __init__(
        self,
        send: Callable[[Request[ResponseT]], Awaitable[ResponseT]],
        request: Request[ResponseT],
        *,
        field: str,
        items: Callable[[ResponseT], list[ItemT]],
        token: Callable[[ResponseT], str | None],
        ahead: bool = False,
        turn: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Page through a request; users get pagers from the client's methods.

        Args:
            send: Sends one request.
            request: The request for the first page.
            field: The field of a page that holds the items.
            items: Finds the items on a page.
            token: Finds the token of the next page on a page.
            ahead: Whether to ask for the next page while the caller works on this one.
            turn: Gives the event loop its turn between some items and the next; by default
                ``asyncio.sleep(0)``.
        """
        self._send = send
        self._turn = turn or _give_way
        self._request = request
        self._field = field
        self._items = items
        self._token = token
        self._ahead = ahead

    @property
    def request(self) -> Request[ResponseT]:
        """The request for the first page."""
        return self._request

    def __await__(self) -> Generator[object, None, ResponseT]:
        """Fetch the first page."""
        return self._read(None).__await__()

    def __aiter__(self) -> AsyncIterator[ItemT]:
        """Walk over every item of every page.

        A step that is cancelled ends the walk: the next one raises `PaginationError`.
        """
        return Walking(self._walk(), self._cut_short)

    def prefetch(self) -> Pager[ResponseT, ItemT]:
        """Return the same pager, asking for the next page while you work on this one.

        At most one page is asked for ahead; leaving the loop cancels it.
        """
        return Pager(
            self._send,
            self._request,
            field=self._field,
            items=self._items,
            token=self._token,
            ahead=True,
            turn=self._turn,
        )

    async def collect(self, limit: int | None = None) -> list[ItemT]:
        """Gather the items of all pages in a list.

        Args:
            limit: Stop after so many items; no page is asked for beyond it.

        Raises:
            RequestValidationError: The limit is no whole number, or negative.
        """
        given = cast("object", limit)  # not all users check types
        if isinstance(given, bool) or not isinstance(given, int | None):
            what = f"must be a whole number, got {type(given).__name__}"
            raise RequestValidationError.of("limit", what)
        if limit is not None and limit < 0:
            raise RequestValidationError.of("limit", f"must not be negative, got {limit}")
        found: list[ItemT] = []
        if limit == 0:
            return found
        async with aclosing(self._slices()) as slices:
            async for some in slices:
                found.extend(some)
                if limit is not None and len(found) >= limit:
                    return found[:limit]
        return found

    def pages(self, starting_token: str | None = None) -> AsyncGenerator[ResponseT, None]:
        """Walk over the pages.

        An empty page with a token is a page like any other: the walk goes on.

        Args:
            starting_token: Start at the page that this token names, such as the ``next_token``
                of an earlier page or of the error that ended an earlier walk.

        Returns:
            Each page, a response with its own ``response_metadata``. Its steps raise
            `PaginationError` where the service repeats a page token, as walking on would never
            end, and after a step that was cancelled.

        Raises:
            RequestValidationError: The token is no text.
        """
        if not isinstance(starting_token, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            given = type(starting_token).__name__
            raise RequestValidationError.of("starting_token", f"must be a text, got {given}")
        # As the service's empty token, an empty one is none.
        return Walking(self._pages(starting_token or None), self._cut_short)

    async def _pages(self, token: str | None) -> AsyncGenerator[ResponseT, None]:
        async with aclosing(self._follow(self._fetch, token)) as pages:
            async for page, _ in pages:
                yield page

    async def _walk(self) -> AsyncGenerator[ItemT, None]:
        async with aclosing(self._slices()) as slices:
            async for some in slices:
                for item in some:
                    yield item

    async def _slices(self) -> AsyncGenerator[list[ItemT], None]:
        """Walk over the items, some at a time; between the times the loop has its turn."""
        async with aclosing(self._follow(self._fetch_unread, None)) as pages:
            async for page, slices in pages:
                if slices is None:
                    yield self._items(page)
                    continue
                await self._turn()  # reading the page was a step of its own
                with closing(slices):
                    for some in slices:
                        yield some
                        await self._turn()

    async def _follow(
        self,
        fetch: Callable[[str | None], Coroutine[object, object, _Page[ResponseT, ItemT]]],
        token: str | None,
    ) -> AsyncGenerator[_Page[ResponseT, ItemT], None]:
        """Go from page to page by their tokens."""
        begun_with = token or _token_of(self._request)
        seen = {begun_with} if begun_with else set[str]()
        upcoming: asyncio.Task[_Page[ResponseT, ItemT]] | None = None
        try:
            found = await fetch(token)
            while True:
                page = found[0]
                token = self._token(page) or None  # an empty token is the end, as for botocore
                if token is not None and token in seen:
                    raise self._repeated(token, page)
                if token is not None:
                    seen.add(token)
                    if self._ahead:
                        upcoming = asyncio.create_task(fetch(token))
                yield found
                if token is None:
                    return
                found = await (upcoming or fetch(token))
                upcoming = None
        finally:
            if upcoming is not None:
                upcoming.cancel()
                await asyncio.wait([upcoming])
                if not upcoming.cancelled():
                    upcoming.exception()  # seen: the walk was left before this page mattered

    async def _read(self, token: str | None) -> ResponseT:
        """Fetch a page, whole; the items of a long one are made some at a time."""
        unread = Unread(self._field, _LONG)
        page = await self._sent(self._asking_for(token), unread)
        if unread.slices is not None:
            items: list[object] = []
            await self._turn()
            with closing(unread.slices):
                for some in unread.slices:
                    items += some
                    await self._turn()
            object.__setattr__(page, self._field, items)  # frozen, but nobody has seen it yet
        return page

    async def _fetch(self, token: str | None) -> _Page[ResponseT, ItemT]:
        """Fetch a page, whole."""
        return await self._read(token), None

    async def _fetch_unread(self, token: str | None) -> _Page[ResponseT, ItemT]:
        """Fetch a page, and what makes its items; None where they are on it all the same."""
        unread = Unread(self._field)
        page = await self._sent(self._asking_for(token), unread)
        return page, cast("Generator[list[ItemT]] | None", unread.slices)

    def _asking_for(self, token: str | None) -> Request[ResponseT]:
        if token is None:
            return self._request
        return self._request.model_copy(update={"next_token": token})

    async def _sent(self, request: Request[ResponseT], unread: Unread) -> ResponseT:
        """Ask for a page; an error says where to go on, that of a page half read, too."""
        from drs_sdk._core.base import leaving_unread

        try:
            page = await self._send(leaving_unread(request, unread))
        except DRSError as error:
            error.next_token = _token_of(request)
            raise
        if unread.slices is not None:
            unread.slices = _going_on(unread.slices, request)
        return page

    def _cut_short(self) -> PaginationError:
        return PaginationError(
            f"a step of this walk over {self._request.operation} was cancelled, which ended it "
            "before its last item; walk again, with the timeout around the whole walk",
            operation=self._request.operation,
        )

    def _repeated(self, token: str, page: ResponseT) -> PaginationError:
        return PaginationError(
            f"{self._request.operation} gave the same page token twice; walking on would not end",
            operation=self._request.operation,
            request_id=page.response_metadata.request_id,
            next_token=token,
        )


def _going_on(
    slices: Generator[list[object]], request: Request[ResponseT]
) -> Generator[list[object]]:
    """Make items, and say where to go on if the page turns out to be broken half-way."""
    try:
        yield from slices
    except DRSError as error:
        error.next_token = _token_of(request)
        raise


def _token_of(request: Request[ResponseT]) -> str | None:
    return cast("str | None", getattr(request, "next_token", None))


async def _give_way() -> None:
    await asyncio.sleep(0)
