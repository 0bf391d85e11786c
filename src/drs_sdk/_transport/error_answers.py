"""Error answers are made safe for botocore's parser, which trusts them.

Between the client and the service stand proxies and load balancers, and what they answer need be
neither JSON nor what the service model says. Where botocore's parser breaks, a call ends in some
error of Python's, and the HTTP status, which decides on retries, is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser  # pyright: ignore[reportUnknownVariableType]
from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    class _ServiceModel(Protocol):
        resolved_protocol: str

        def shape_for_error_code(self, error_code: str) -> object: ...


class OperationModel(Protocol):
    """What is used of botocore's model of an operation."""

    name: str
    service_model: _ServiceModel
    output_shape: object


class _Parser(Protocol):
    def parse(self, response: Mapping[str, object], shape: object) -> dict[str, object]: ...


_RETRY_AFTER = "Retry-After"
_FIELDS = "fieldList"
_NO_NUMBERS = frozenset({"__type", "code", "Code"})
_LONGEST_TEXT = 2000
_MOST_DIGITS = 9
_MULTIPLE_CHOICES = 300


def parse_error(answer: Mapping[str, object], model: OperationModel) -> dict[str, object]:
    """Read an error answer as botocore does: code, message, and what its exception models.

    Args:
        answer: Its ``status_code``, ``headers`` and ``body``; left as it is.
        model: The operation that was answered so.
    """
    tamed = dict(answer)
    added = tame(tamed)
    if tamed["status_code"] == _MULTIPLE_CHOICES:  # botocore's parser reads it as a success
        tamed["body"] = b"{}"
    service = model.service_model
    parser = cast("_Parser", create_parser(service.resolved_protocol))
    parsed = {**parser.parse(tamed, model.output_shape), **added}
    code = cast("dict[str, str]", parsed.get("Error") or {}).get("Code")
    shape = None if code is None else service.shape_for_error_code(code)
    if shape is not None:
        parsed.update(parser.parse(tamed, shape))
    return parsed


def tame(answer: MutableMapping[str, object]) -> dict[str, object]:
    """Leave nothing in an error answer that botocore's parser would break on.

    Args:
        answer: What botocore is about to parse; its ``body`` and ``headers`` may be replaced.

    Returns:
        Members to add to what botocore reads.
    """
    answer["body"] = _tame_body(cast("bytes", answer["body"]))
    headers = cast("Mapping[str, str]", answer["headers"])
    wait = headers.get(_RETRY_AFTER)
    if wait is None or (wait.strip().isdecimal() and len(wait) <= _MOST_DIGITS):
        return {}
    # A date, a fraction, a number beyond all bounds: the model knows whole seconds only.
    others = {name: text for name, text in headers.items() if name.lower() != "retry-after"}
    answer["headers"] = HeadersDict(others)
    return {"retryAfterSeconds": wait}


def _tame_body(body: bytes) -> bytes:
    start = body.lstrip()[:1]
    if start in {b"", b"<"}:
        return body.decode("utf-8", "replace")[:_LONGEST_TEXT].encode()
    try:
        content: object = from_json(body)
    except ValueError:
        content = {"message": body.decode("utf-8", "replace")[:_LONGEST_TEXT]}
    if not isinstance(content, dict):
        return b"{}"
    members = cast("dict[str, object]", content)
    kept = {name: value for name, value in members.items() if _is_plain(name, value)}
    kept.pop(_FIELDS, None)
    if isinstance(fields := members.get(_FIELDS), list):
        kept[_FIELDS] = [_tame_field(field) for field in cast("list[object]", fields)]
    return to_json(kept)


def _is_plain(name: str, value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, (int, float)) and name not in _NO_NUMBERS)


def _tame_field(field: object) -> dict[str, str]:
    members = cast("dict[str, object]", field) if isinstance(field, dict) else {}
    return {name: value for name, value in members.items() if isinstance(value, str)}
