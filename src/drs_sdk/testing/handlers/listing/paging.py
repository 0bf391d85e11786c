"""Pages and their tokens.

A token says where the page before ended (the `seq` of its last item), which operation and
which filters it belongs to, and carries a check value: a token that was made up, or is used
with other filters, is refused with a ValidationException, as the service does. Tokens stay
good when resources come and go, and making a page costs what the page holds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from drs_sdk.testing.service import refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource

_T = TypeVar("_T")
_CHECK_BYTES = 8
LARGEST_PAGE = 1000
_ARRANGED = 1 << 40
"""Above every `seq`: a place and a `seq` go into one number."""


def page_of(
    account: Account,
    operation: str,
    params: Doc,
    collection: Collection,
    *,
    ids: Sequence[str] | None = None,
    matches: Callable[[Resource], bool] | None = None,
    newest_first: bool = False,
    largest: int = LARGEST_PAGE,
) -> tuple[list[Resource], str | None]:
    """Take one page of a collection.

    Args:
        account: The account.
        operation: Name of the operation that pages.
        params: Its parameters; `maxResults` and `nextToken` are read, the rest is the query.
        collection: What is listed.
        ids: Only these resources.
        matches: Only the resources it is true for.
        newest_first: Order of the listing.
        largest: The most that this operation puts on a page.

    Returns:
        The resources of the page, and the token of the next page or None.

    Raises:
        ServiceError: The token is not one of this listing.
    """
    position = _position(account, operation, params)
    resources: Iterable[Resource]
    if ids is None:
        resources = collection.after(position, newest_first=newest_first)
    else:
        chosen = collection.select(ids)
        if newest_first:
            chosen.reverse()
            resources = [r for r in chosen if position is None or r.seq < position]
        else:
            resources = [r for r in chosen if position is None or r.seq > position]
    if matches is not None:
        resources = filter(matches, resources)
    size = min(_size(account, params), largest)
    taken: list[Resource] = []
    for resource in resources:
        if len(taken) == size:
            return taken, make_token(account, operation, params, taken[-1].seq)
        taken.append(resource)
    return taken, None


def page_of_list(
    account: Account, operation: str, params: Doc, items: Sequence[_T]
) -> tuple[list[_T], str | None]:
    """Take one page of a plain sequence that only ever grows at its end (as a job's log)."""
    start = _position(account, operation, params) or 0
    end = start + _size(account, params)
    token = make_token(account, operation, params, end) if end < len(items) else None
    return list(items[start:end]), token


def page_in_order(
    account: Account,
    operation: str,
    params: Doc,
    items: Sequence[_T],
    *,
    place: Callable[[_T], int],
    largest: int = LARGEST_PAGE,
) -> tuple[list[_T], str | None]:
    """Take one page of items that have an order of their own.

    Args:
        account: The account.
        operation: Name of the operation that pages.
        params: Its parameters.
        items: All items, in order.
        place: Gives the place of an item: a number that grows with the order, no two alike.
        largest: The most that this operation puts on a page.
    """
    after = _position(account, operation, params)
    left = [item for item in items if after is None or place(item) > after]
    size = min(_size(account, params), largest)
    if len(left) <= size:
        return left, None
    page = left[:size]
    return page, make_token(account, operation, params, place(page[-1]))


def page_of_arranged(
    account: Account, operation: str, params: Doc, resources: Sequence[Resource]
) -> tuple[list[Resource], str | None]:
    """Take one page of resources that a user may put into another order between two pages.

    The next page goes on behind the last one of this page, wherever that stands by then, or
    where it stood if it is gone.
    """
    position = _position(account, operation, params)
    first = 0
    if position is not None:
        index, seq = divmod(position, _ARRANGED)
        first = next((i for i, r in enumerate(resources, start=1) if r.seq == seq), index)
    end = first + _size(account, params)
    page = list(resources[first:end])
    if end >= len(resources):
        return page, None
    return page, make_token(account, operation, params, (end - 1) * _ARRANGED + page[-1].seq)


def page_of_stream(
    account: Account,
    operation: str,
    params: Doc,
    after: Callable[[int | None], Iterable[_T]],
    *,
    place: Callable[[_T], int],
) -> tuple[list[_T], str | None]:
    """Take one page of items that are made as they are asked for.

    Args:
        account: The account.
        operation: Name of the operation that pages.
        params: Its parameters.
        after: Makes the items beyond a place, or all of them, in order.
        place: Gives the place of an item.
    """
    taken: list[_T] = []
    size = _size(account, params)
    for item in after(_position(account, operation, params)):
        if len(taken) == size:
            return taken, make_token(account, operation, params, place(taken[-1]))
        taken.append(item)
    return taken, None


def paged(member: str, items: Sequence[Doc], token: str | None) -> Doc:
    """Build the answer of a listing; the token is absent on the last page."""
    answer: Doc = {member: list(items)}
    if token is not None:
        answer["nextToken"] = token
    return answer


def make_token(
    account: Account, operation: str, params: Doc, position: int | None, salt: int = 0
) -> str:
    """Make the token that goes on after `position` (None: from the start)."""
    payload = json.dumps([operation, _query(params), position, salt]).encode()
    return base64.urlsafe_b64encode(_check(account, payload) + payload).decode()


def equivalent_token(account: Account, operation: str, params: Doc) -> str:
    """Make a token that leads where the request itself leads, yet reads differently."""
    token = params.get("nextToken")
    position, salt = _read(account, operation, params, token) if token else (None, 0)
    return make_token(account, operation, params, position, salt + 1)


def _position(account: Account, operation: str, params: Doc) -> int | None:
    token = params.get("nextToken")
    return _read(account, operation, params, token)[0] if token else None


def _read(account: Account, operation: str, params: Doc, token: str) -> tuple[int | None, int]:
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        _refuse()
    check, payload = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    if check != _check(account, payload):
        _refuse()
    made_by, query, position, salt = cast("tuple[str, str, int | None, int]", json.loads(payload))
    if made_by != operation or query != _query(params):
        _refuse()
    return position, salt


def _refuse() -> NoReturn:
    raise refusals.invalid(
        "The pagination token is invalid.",
        fields=[("nextToken", "is not a token of this listing")],
    )


def _size(account: Account, params: Doc) -> int:
    return min(params.get("maxResults") or account.settings.page_size, LARGEST_PAGE)


def _query(params: Doc) -> str:
    query = {k: v for k, v in params.items() if k not in {"nextToken", "maxResults"}}
    text = json.dumps(query, sort_keys=True).encode()
    return hashlib.blake2b(text, digest_size=_CHECK_BYTES).hexdigest()


def _check(account: Account, payload: bytes) -> bytes:
    settings = account.settings
    key = f"{settings.account_id}/{settings.region}/{settings.seed}".encode()
    return hashlib.blake2b(payload, digest_size=_CHECK_BYTES, key=key[:64]).digest()
