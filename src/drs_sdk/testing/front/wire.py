"""rest-json on the wire: requests into parameters, answers and errors into bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

from pydantic_core import to_json  # half the time of json on a large page

from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.constraints import violations
from drs_sdk.testing.service.documents import Doc, without_nulls
from drs_sdk.testing.state import tagging

if TYPE_CHECKING:
    from drs_sdk.testing.service.model import Operation, Service, Shape

_MODEL_ERROR_STATUS = 400
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """An HTTP answer: status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


def parse_request(operation: Operation, labels: dict[str, str], query: str, body: bytes) -> Doc:
    """Collect the parameters of a request from its path, its query and its body.

    Nothing is checked here except that it can be read; members that the input shape does not
    know are kept, and ignored from then on, as the service does. A null means "not sent".

    Raises:
        ServiceError: The body is not a JSON object (ValidationException, cannotParse).
    """
    params: Doc = {}
    members = operation.input.members
    if body and any(not member.location for member in members.values()):
        params.update(_parse_body(body))
    arguments = parse_qs(query, keep_blank_values=True) if query else {}
    for name, member in members.items():
        if member.location == "uri":
            params[name] = labels[member.wire_name]
        elif member.location == "querystring" and member.wire_name in arguments:
            params[name] = _query_value(member.shape, arguments[member.wire_name])
    return params


def check_request(operation: Operation, params: Doc) -> Doc:
    """Refuse parameters that break the input shape.

    Returns:
        A copy for the handler, without the members that the shape does not know.

    Raises:
        ServiceError: ValidationException with every member at fault.
    """
    found = violations(operation.input, params)
    if found:
        fields = [(violation.path, violation.message) for violation in found]
        listed = "; ".join(f"{name} {text}" for name, text in fields)
        raise refusals.invalid(f"Request validation failed: {listed}", fields=fields)
    known = cast("Doc", _known_part(operation.input, params))
    tagging.require_few(known.get("tags", {}))
    return known


def render_answer(operation: Operation, answer: Doc | None) -> WireAnswer:
    """Write a successful answer.

    Handlers return documents in wire form, so no walk over the shape is needed: the service
    puts every member of a successful answer into the body, and date-times are strings (its
    only timestamp shape asks for ISO 8601 as well).
    """
    body = b""
    if answer is not None and operation.output is not None and operation.status != _NO_CONTENT:
        body = to_json(answer)
    return WireAnswer(operation.status, {"Content-Type": "application/json"}, body)


def error_document(error: refusals.ServiceError) -> Doc:
    """Return the members of an error answer, header-located ones included."""
    return {"message": error.message, **error.members}


def render_error(service: Service, error: refusals.ServiceError) -> WireAnswer:
    """Write an error answer as the real service does."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
    document = error_document(error)
    modelled = service.errors.get(error.code)
    status = error.status or (modelled.status if modelled else _MODEL_ERROR_STATUS)
    if modelled is not None:
        for name, member in modelled.shape.members.items():
            if member.location == "header" and name in document:
                headers[member.wire_name] = str(document.pop(name))
    return WireAnswer(status, headers, to_json(document))


def _known_part(shape: Shape, value: object) -> object:
    if shape.kind == "structure":
        known = shape.members
        return {
            name: _known_part(known[name].shape, item)
            for name, item in cast("Doc", value).items()
            if name in known
        }
    if shape.kind == "list" and shape.element is not None:
        element = shape.element
        return [_known_part(element, item) for item in cast("list[object]", value)]
    return dict(cast("Doc", value)) if shape.kind == "map" else value


def _parse_body(body: bytes) -> Doc:
    try:
        value = without_nulls(json.loads(body))
        # JSON can name half of a character (a lone surrogate), which no answer could repeat.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise refusals.invalid(f"Cannot parse the body: {error}", reason="cannotParse") from error
    if not isinstance(value, dict):
        raise refusals.invalid("The body must be a JSON object.", reason="cannotParse")
    return cast("Doc", value)


def _query_value(shape: Shape, texts: list[str]) -> object:
    if shape.kind == "list" and shape.element is not None:
        element = shape.element
        return [_query_value(element, [text]) for text in texts]
    text = texts[-1]
    if shape.kind in {"integer", "long"}:
        # What is no number, or an absurd one, stays a string: the check of the shape names it.
        with suppress(ValueError):
            return int(text) if text.removeprefix("-").isdecimal() else text
    if shape.kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text
