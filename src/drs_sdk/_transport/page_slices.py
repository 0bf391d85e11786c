"""The items of a page that is walked over become models some at a time, straight from its bytes.

A page is cut where one item ends and the next begins, without reading it: pydantic-core then makes
models of each piece, and no dicts, which the collector would look through. A cut that was none
leaves a piece that is no JSON by itself; the page is then read as a whole, and sliced as data.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from drs_sdk._transport.misfits import Misfits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_sdk._core.base import Response
    from drs_sdk._core.sharing import Sharing
    from drs_sdk._transport.misfits import Location

ResponseT = TypeVar("ResponseT", bound="Response")

SLICE = 20
"""Items that are handed on in one step of the loop: about a millisecond."""

_STEP = 48 * 1024
"""Bytes after which a page is cut next: some 20 servers."""


class PageSlices:
    """Reads one page: its frame at once, its items as they are asked for."""

    def __init__(
        self,
        response_type: type[Response],
        body: bytes,
        field: str,
        sharing: Sharing,
        whole: Callable[[], tuple[Response, dict[str, object]]],
    ) -> None:
        """Take the page.

        Args:
            response_type: The class of the answer.
            body: The JSON text.
            field: The field of the items, by its Python name.
            sharing: The structures read so far.
            whole: Reads the page in one, whatever is wrong with it.
        """
        info = response_type.model_fields[field]
        self._field = field
        self._name = str(info.validation_alias or field)
        self._adapter = adapter_of(info.annotation)
        self._body = body
        self._sharing = sharing
        self._whole = whole
        self._pieces: list[tuple[int, int]] = []
        self._last: list[object] = []  # what comes after the pieces, as plain data
        self.misfits = Misfits(response_type)
        self.is_told = False
        """Whether reading the page in one has told of all that does not fit."""

    def frame(self) -> dict[str, object] | None:
        """Find all members but the items; None where it is no object with such a list."""
        cut = _cut(self._body, self._name)
        found = None if cut is None else self._parsed(cut[0])
        if cut is not None and found is not None:
            self._pieces = cut[1]
        else:
            found = self._parsed(self._body)
        if found is None:
            return None
        members, self._last = found
        members[self._name] = []
        return members

    def slices(self) -> Iterator[list[object]]:
        """Make the items that `frame` has left out, some at a time."""
        begun = given = 0
        for start, end in self._pieces:
            text = b"[%b]" % self._body[start:end]
            try:
                made = self._adapter.validate_json(text, context=self._sharing)
                sent = len(made)
            except ValidationError:
                data = _list_of(text)
                if data is None:  # cut at a wrong place, or not to be read
                    yield from self._in_one(begun, given)
                    return
                sent = len(data)
                made = self._items(data, begun)
            yield from _some_at_a_time(made)
            begun += sent
            given += len(made)
        self._pieces.clear()
        self._body = b""
        yield from self._of_data(self._last, begun)

    def _parsed(self, text: bytes) -> tuple[dict[str, object], list[object]] | None:
        """Read a page as plain data: its members, and its items; None where it is no page."""
        try:
            data: object = from_json(text)
        except ValueError:
            return None
        members = cast("dict[str, object]", data) if isinstance(data, dict) else {}
        items = members.get(self._name)
        return (members, cast("list[object]", items)) if isinstance(items, list) else None

    def _in_one(self, begun: int, given: int) -> Iterator[list[object]]:
        """Go on with a page that cannot be read in pieces."""
        if (found := self._parsed(self._body)) is not None:
            yield from self._of_data(found[1][begun:], begun)
            return
        response, unparsed = self._whole()
        self.is_told = True
        self.misfits.values.update(unparsed)
        yield from _some_at_a_time(getattr(response, self._field)[given:])

    def _of_data(self, items: list[object], begun: int) -> Iterator[list[object]]:
        """Make items of plain data, some at a time, and let go of what they were made of."""
        items.reverse()
        while items:
            data = items[: -SLICE - 1 : -1]
            del items[-SLICE:]
            sent = len(data)
            yield self._items(data, begun)
            begun += sent

    def _items(self, data: list[object], begun: int) -> list[object]:
        def validate(items: object) -> list[object]:
            return self._adapter.validate_python(items, context=self._sharing)

        def place(location: Location) -> Location:
            return (self._name, begun + int(location[0]), *location[1:])

        try:
            return validate(data)
        except ValidationError as error:
            return self.misfits.without(data, error, validate, place=place)


@cache
def adapter_of(items_type: object) -> TypeAdapter[list[object]]:
    """Build what reads the items of a page, once."""
    return TypeAdapter(cast("type[list[object]]", items_type))


@cache
def _beginning_of(name: str) -> re.Pattern[bytes]:
    """Find a list of objects by its name, and how the first of them begins."""
    return re.compile(rb'"%b"\s*:\s*\[\s*(\{\s*"[^"\\]+"\s*:)' % re.escape(name.encode()))


def _cut(body: bytes, name: str) -> tuple[bytes, list[tuple[int, int]]] | None:
    """Cut a page where items begin as the first one does.

    A cut may fall into a list within an item, whose structures begin alike. The piece before it
    ends deeper than it began then, and is no JSON by itself, so it is found out before the next.

    Returns:
        The page without the pieces, which is a page by itself, and where they lie; None where it
        is short, its items do not begin alike, or there may be two such lists.
    """
    first = _beginning_of(name).search(body)
    if first is None:
        return None
    start, opening = first.start(1), first[1]
    between = b"}, " if body.find(b"}," + opening, start) < 0 else b"},"
    separator = between + opening
    pieces: list[tuple[int, int]] = []
    at = start
    while (found := body.find(separator, at + _STEP)) >= 0:
        pieces.append((at, found + 1))
        at = found + len(between)
    frame = body[:start] + body[at:]
    # Where the list may be there twice, the last one counts, so nothing is made of the first.
    return (frame, pieces) if pieces and frame.count(b'"%b"' % name.encode()) == 1 else None


def _some_at_a_time(items: list[object]) -> Iterator[list[object]]:
    for at in range(0, len(items), SLICE):
        yield items[at : at + SLICE]


def _list_of(text: bytes) -> list[object] | None:
    try:
        data: object = from_json(text)
    except ValueError:
        return None
    return cast("list[object]", data) if isinstance(data, list) else None
