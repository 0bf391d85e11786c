"""Bytes become models: one validating call, and a second look only where that fails.

pydantic-core reads the JSON and builds the models in one go, and equal small structures become one
object. When something does not fit its member, the values at fault are taken out one by one and
kept aside, so that a page never fails for one bad value.
"""

from __future__ import annotations

import json
import logging
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from drs_sdk._core.errors import ResponseDecodeError
from drs_sdk._core.paths import python_path, to_member
from drs_sdk._core.sharing import Sharing
from drs_sdk._transport.unreadable import cut, restore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk._core.base import Response

ResponseT = TypeVar("ResponseT", bound="Response")
Location: TypeAlias = tuple[str | int, ...]

logger: logging.Logger = logging.getLogger("drs_sdk")

_EXCERPT = 200
_PATHS_IN_LOG = 10
_GONE = object()
"""Stands in a list where a value was, until the list is closed up."""

_sharing = Sharing()  # one for the process: the fleet of an hour ago is the fleet of now


def decode(
    response_type: type[ResponseT],
    body: bytes,
    *,
    operation: str,
    request_id: str | None,
    http_status: int,
) -> tuple[ResponseT, dict[str, object]]:
    """Read a successful answer.

    Args:
        response_type: The class of the answer.
        body: The JSON text; it may be empty where the operation answers nothing.
        operation: The service's name of the operation.
        request_id: The service's id of the request.
        http_status: The HTTP status code.

    Returns:
        The response, and the values that did not fit, by path.

    Raises:
        ResponseDecodeError: The body is no JSON object.
    """
    content = body or (b"" if response_type.model_fields else b"{}")
    try:
        return _validated(response_type, content), {}
    except ValidationError as error:
        first = error
    whole = _faults_of_the_whole(first)
    lost: dict[str, object] = {}
    if "json_invalid" in whole and (mended := _mended(response_type, content)) is not None:
        content, lost = mended
        if lost:
            _warn(operation, request_id, list(lost))
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
    response, unparsed = _without_misfits(response_type, from_json(content), first)
    _warn(operation, request_id, list(unparsed))
    return response, {**lost, **unparsed}


def _validated(response_type: type[ResponseT], content: bytes) -> ResponseT:
    return response_type.model_validate_json(content, context=_sharing)


def _faults_of_the_whole(error: ValidationError) -> set[str]:
    """Find what is wrong with a body as such, rather than with a member of it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return {each["type"] for each in found if not each["loc"]}


def _mended(response_type: type[Response], body: bytes) -> tuple[bytes, dict[str, object]] | None:
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
    lost: dict[str, object] = {}
    numbers: dict[str, int] = {}
    thinned: dict[int, list[object]] = {}
    for location in restore(data, out):
        found = _take_out(data, to_member(response_type, location), thinned)
        if found is not None:
            lost[_free(python_path(response_type, found[0]), lost, numbers)] = found[1]
    for items in thinned.values():
        items[:] = [item for item in items if item is not _GONE]
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"), lost


def _excerpt(body: bytes) -> str:
    return body[:_EXCERPT].decode("utf-8", "replace")


def _quotable(body: bytes) -> str:
    """Quote a body, unless it may be a broken answer of the service, with tags in it."""
    if not body:
        return "it is empty"
    is_broken = body.removeprefix(BOM_UTF8).lstrip()[:1] in {b"{", b"[", b'"'}
    return "broken JSON, see excerpt" if is_broken else repr(_excerpt(body))


def _without_misfits(
    response_type: type[ResponseT], data: object, error: ValidationError
) -> tuple[ResponseT, dict[str, object]]:
    """Take out what does not fit until the rest does; every round removes at least one value.

    A round takes time in proportion to the answer, however much of it is at fault.
    """
    unparsed: dict[str, object] = {}
    numbers: dict[str, int] = {}
    while True:
        removed = False
        thinned: dict[int, list[object]] = {}
        for location in _deepest_first(error):
            found = _take_out(data, location, thinned)
            if found is not None:
                removed = True
                path = _free(python_path(response_type, found[0]), unparsed, numbers)
                unparsed[path] = found[1]
        for items in thinned.values():
            items[:] = [item for item in items if item is not _GONE]
        if not removed:
            raise error
        try:
            return _validated(response_type, to_json(data)), unparsed
        except ValidationError as next_error:
            error = next_error


def _free(path: str, taken: Mapping[str, object], numbers: dict[str, int]) -> str:
    """Tell values apart that share a path, as those of a map with sensitive keys do.

    Args:
        path: The path that is wanted.
        taken: The paths that are in use.
        numbers: The last number given, by path: the search goes on from there.
    """
    if path not in taken:
        return path
    while True:
        numbers[path] = numbers.get(path, 1) + 1
        name = f"{path} ({numbers[path]})"
        if name not in taken:
            return name


def _deepest_first(error: ValidationError) -> list[Location]:
    """Order locations so that what lies in a value goes before the value."""
    locations = {found["loc"] for found in error.errors(include_url=False, include_input=False)}

    def order(location: Location) -> list[tuple[int, int, str]]:
        return [(1, part, "") if isinstance(part, int) else (0, 0, part) for part in location]

    return sorted(locations, key=order, reverse=True)


def _take_out(
    data: object, location: Location, thinned: dict[int, list[object]]
) -> tuple[Location, object] | None:
    """Remove the value at a location, or the nearest one above it; say where it was.

    Args:
        data: The answer, as plain data.
        location: Where the fault is.
        thinned: Takes the lists that have gaps now: they are closed once, when all is taken out,
            as each closing moves what follows.
    """
    container: object = data
    holder: tuple[dict[str, object] | list[object], str | int] | None = None
    depth = 0
    for part in location:
        if isinstance(container, dict) and part in container:
            mapping = cast("dict[str, object]", container)
            holder, container = (mapping, part), mapping[str(part)]
        elif (
            isinstance(container, list)
            and isinstance(part, int)
            and part < len(cast("list[object]", container))
        ):
            items = cast("list[object]", container)
            holder, container = (items, part), items[part]
        else:
            break
        depth += 1
    if holder is None:
        return None
    owner, key = holder
    if container is _GONE:
        return None
    if isinstance(owner, list):
        owner[int(key)] = _GONE
        thinned[id(owner)] = owner
    else:
        del owner[str(key)]
    return location[:depth], cast("object", container)


def _warn(operation: str, request_id: str | None, paths: list[str]) -> None:
    shown = ", ".join(paths[:_PATHS_IN_LOG])
    more = len(paths) - _PATHS_IN_LOG
    logger.warning(
        "%s answered with %d value(s) that do not fit; they are left out: %s%s",
        operation,
        len(paths),
        shown,
        f" and {more} more" if more > 0 else "",
        extra={"operation": operation, "request_id": request_id, "paths": paths},
    )
