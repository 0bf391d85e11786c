"""Requests that go beyond the service model: operations and members that botocore does not know.

botocore serialises, signs and sends what it knows. So an operation that it lacks travels as one
that it has, and is put in that one's place right before it is signed; members that it lacks are
put into the body.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import quote, urlencode

from drs_sdk._core.errors import RequestValidationError
from drs_sdk._core.raw import RawRequest
from drs_sdk._transport.parameters import parameters_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk._core.base import Request, Response

CARRIER = "DescribeJobs"
"""What an unknown operation travels as: a POST that needs no member, and would only read."""

_BODILESS = frozenset({"GET", "DELETE"})
_PLACEHOLDER = re.compile(r"\{([^{}/]+)\}")


class _Member(Protocol):
    serialization: Mapping[str, str]


class _Structure(Protocol):
    members: Mapping[str, _Member]


class _Operation(Protocol):
    http: Mapping[str, str]
    input_shape: _Structure | None


class Service(Protocol):
    """What is used of botocore's service model."""

    operation_names: list[str]

    def operation_model(self, operation_name: str) -> _Operation:
        """Describe an operation."""
        ...


def botocore_call(
    request: Request[Response], extra: Mapping[str, object], service: Service
) -> tuple[str, dict[str, object]]:
    """Say which operation botocore is to be asked for, with which parameters.

    Args:
        request: What is asked.
        extra: Members that are added to it.
        service: What botocore knows.

    Raises:
        RequestValidationError: Something in it cannot be sent.
    """
    if type(request) is not RawRequest:
        parameters = parameters_of(request)
        if extra:
            _require_new(request, extra)
            _require_body(service.operation_model(request.operation), request.operation, extra)
        return request.operation, parameters
    if _is_unknown(request, service):
        _placed(request, extra)
        return CARRIER, {}
    operation = service.operation_model(request.name)
    located = _located(operation)
    rest = [name for name in (*request.members, *extra) if name not in located]
    _require_body(operation, request.name, rest)
    return request.name, {name: request.members[name] for name in located & {*request.members}}


def put_in(
    params: dict[str, object],
    request: Request[Response],
    extra: Mapping[str, object],
    service: Service,
) -> None:
    """Put what botocore does not know into what it has made of the request.

    Args:
        params: What botocore is about to sign; it is changed.
        request: What is asked.
        extra: Members that are added to it.
        service: What botocore knows.
    """
    members = dict(extra)
    if type(request) is RawRequest:
        if _is_unknown(request, service):
            _replace(params, request, extra)
            return
        located = _located(service.operation_model(request.name))
        members = {
            name: value
            for name, value in {**request.members, **extra}.items()
            if name not in located
        }
    if members:
        body = cast("bytes", params["body"]) or b"{}"
        _set_body(params, {**cast("dict[str, object]", json.loads(body)), **members})


def _replace(params: dict[str, object], request: RawRequest, extra: Mapping[str, object]) -> None:
    """Put an unknown operation in the place of the one that it travels as."""
    path, query, body = _placed(request, extra)
    url, carried = cast("str", params["url"]), cast("str", params["url_path"])
    base = url[: url.rindex(carried)]
    params["method"] = request.method or "POST"
    params["url_path"] = path
    params["url"] = f"{base}{path}{query}"
    if body is None:
        params["body"] = b""
        cast("dict[str, str]", params["headers"]).pop("Content-Type", None)
    else:
        _set_body(params, body)


def _set_body(params: dict[str, object], members: Mapping[str, object]) -> None:
    params["body"] = json.dumps(members).encode()
    cast("dict[str, str]", params["headers"])["Content-Type"] = "application/json"


def _placed(
    request: RawRequest, extra: Mapping[str, object]
) -> tuple[str, str, dict[str, object] | None]:
    """Say where the members of an unknown operation go: path, query string, body."""
    members = {**request.members, **extra}

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        value = members.pop(name, None)
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise RequestValidationError.of(
                f"members.{name}", "must be a text or a number, as it stands in the path"
            )
        return quote(str(value), safe="-_.~")

    path = _PLACEHOLDER.sub(fill, request.path or f"/{request.name}")
    if (request.method or "POST") not in _BODILESS:
        return path, "", members
    pairs: list[tuple[str, str]] = []
    for name, value in members.items():
        for each in cast("list[object]", value) if isinstance(value, list) else [value]:
            if not isinstance(each, str | int | float):
                raise RequestValidationError.of(
                    f"members.{name}", "must be a text, a number, true or false, or a list of such"
                )
            pairs.append((name, str(each).lower() if isinstance(each, bool) else str(each)))
    return path, f"?{urlencode(pairs, quote_via=quote)}" if pairs else "", None


def _is_unknown(request: RawRequest, service: Service) -> bool:
    says_where = request.method is not None or request.path is not None
    return says_where or request.name not in service.operation_names


def _located(operation: _Operation) -> frozenset[str]:
    """Name the members that do not stand in the body: botocore knows where."""
    if operation.input_shape is None:
        return frozenset()
    members = operation.input_shape.members.items()
    return frozenset(name for name, member in members if "location" in member.serialization)


def _require_new(request: Request[Response], extra: Mapping[str, object]) -> None:
    """Refuse to write over a field: a drill must not become a recovery on the way out."""
    for name, field in type(request).model_fields.items():
        for known in {name, field.serialization_alias} & {*extra}:
            raise RequestValidationError.of(
                f"extra_members.{known}", f"is a field of the request: set {name} there"
            )


def _require_body(operation: _Operation, name: str, members: object) -> None:
    method = operation.http["method"]
    if members and method in _BODILESS:
        raise RequestValidationError.of(
            "members", f"cannot be added: {name} is a {method}, which has no body to put them in"
        )
