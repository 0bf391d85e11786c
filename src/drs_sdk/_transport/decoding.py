"""Bytes become models: one validating call, and a second look only where that fails.

pydantic-core reads the JSON and builds the models in one go, and equal small structures become one
object. When something does not fit its member, the values at fault are taken out one by one and
kept aside, so that a page never fails for one bad value. The items of a page that is walked over
become models in slices, as they are asked for, so that the event loop gets its turn.
"""

from __future__ import annotations

import json
import logging
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from drs_sdk._core.errors import ResponseDecodeError
from drs_sdk._core.paths import to_member
from drs_sdk._core.sharing import Sharing
from drs_sdk._transport.misfits import Misfits
from drs_sdk._transport.page_slices import PageSlices
from drs_sdk._transport.unreadable import cut, restore

if TYPE_CHECKING:
    from collections.abc import Generator

    from drs_sdk._core.base import Response
    from drs_sdk._core.unread import Unread

ResponseT = TypeVar("ResponseT", bound="Response")

logger: logging.Logger = logging.getLogger("drs_sdk")

_EXCERPT = 200

_sharing = Sharing()  # one for the process: the fleet of an hour ago is the fleet of now


def decode(
    response_type: type[ResponseT],
    body: bytes,
    *,
    operation: str,
    request_id: str | None,
    http_status: int,
    unread: Unread | None = None,
) -> tuple[ResponseT, dict[str, object]]:
    """Read a successful answer.

    Args:
        response_type: The class of the answer.
        body: The JSON text; it may be empty where the operation answers nothing.
        operation: The service's name of the operation.
        request_id: The service's id of the request.
        http_status: The HTTP status code.
        unread: Takes the items of a page that is walked over; the response holds none of them
            then. What is broken otherwise is read whole.

    Returns:
        The response, and the values that did not fit, by path.

    Raises:
        ResponseDecodeError: The body is no JSON object.
    """
    if unread is not None and len(body) >= unread.least:
        framed = _framed(response_type, body, unread, operation, request_id, http_status)
        if framed is not None:
            return framed
    content = body or (b"" if response_type.model_fields else b"{}")
    try:
        return _validated(response_type, content), {}
    except ValidationError as error:
        first = error
    whole = _faults_of_the_whole(first)
    lost: dict[str, object] = {}
    if "json_invalid" in whole and (mended := _mended(response_type, content)) is not None:
        content, misfits = mended
        lost = misfits.values
        if lost:
            misfits.warn(operation, request_id)
        else:
            logger.warning(
                "%s answered with text that is no Unicode; what is not has been replaced",
                operation,
                extra={"operation": operation, "request_id": request_id, "paths": []},
            )
        try:
            return _validated(response_type, content), lost
        except ValidationError as error:
            first = error
            whole = _faults_of_the_whole(first)
    if whole:
        raise ResponseDecodeError(
            f"{operation} was answered with HTTP {http_status} (request id {request_id}), but the "
            f"body is no JSON object: {_quotable(body)}",
            operation=operation,
            request_id=request_id,
            http_status=http_status,
            excerpt=_excerpt(body),
        ) from first
    misfits = Misfits(response_type)
    response = misfits.without(
        from_json(content), first, lambda data: _validated(response_type, to_json(data))
    )
    misfits.warn(operation, request_id)
    return response, {**lost, **misfits.values}


def _validated(response_type: type[ResponseT], content: bytes) -> ResponseT:
    return response_type.model_validate_json(content, context=_sharing)


def _framed(
    response_type: type[ResponseT],
    body: bytes,
    unread: Unread,
    operation: str,
    request_id: str | None,
    http_status: int,
) -> tuple[ResponseT, dict[str, object]] | None:
    """Read all of a page but its items, which are left unread; None where it has no such list."""

    def whole() -> tuple[ResponseT, dict[str, object]]:
        return decode(
            response_type,
            body,
            operation=operation,
            request_id=request_id,
            http_status=http_status,
        )

    def validate(frame: object) -> ResponseT:
        return response_type.model_validate(frame, context=_sharing)

    page = PageSlices(response_type, body, unread.field, _sharing, whole)
    members = page.frame()
    if members is None:
        return None
    try:
        response = validate(members)
    except ValidationError as error:
        response = page.misfits.without(members, error, validate)

    def told() -> Generator[list[object]]:
        try:
            yield from page.slices()
        finally:  # once, and of a page that is left half-way, too
            if not page.is_told:
                page.misfits.warn(operation, request_id)

    unread.slices = told()
    return response, page.misfits.values


def _faults_of_the_whole(error: ValidationError) -> set[str]:
    """Find what is wrong with a body as such, rather than with a member of it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return {each["type"] for each in found if not each["loc"]}


def _mended(response_type: type[Response], body: bytes) -> tuple[bytes, Misfits] | None:
    """Replace what is no Unicode in JSON that is sound otherwise; None where it is not.

    Half a surrogate pair, a stray byte in a name that an agent reported, or a byte order mark
    must not cost a page. Python's parser, which botocore uses, takes them. Nor must a number or
    a nesting that no parser takes: its member is taken out, and given by its path.
    """
    text, out = cut(body.decode("utf-8-sig", "replace"))
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    misfits = Misfits(response_type)
    misfits.take_out(data, [to_member(response_type, found) for found in restore(data, out)])
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"), misfits


def _excerpt(body: bytes) -> str:
    return body[:_EXCERPT].decode("utf-8", "replace")


def _quotable(body: bytes) -> str:
    """Quote a body, unless it may be a broken answer of the service, with tags in it."""
    if not body:
        return "it is empty"
    is_broken = body.removeprefix(BOM_UTF8).lstrip()[:1] in {b"{", b"[", b'"'}
    return "broken JSON, see excerpt" if is_broken else repr(_excerpt(body))
