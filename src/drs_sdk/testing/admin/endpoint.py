"""The admin endpoint: JSON over HTTP, for tests that do not run in the emulator's process."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web
from pydantic_core import to_jsonable_python

from drs_sdk.testing.admin.guard import check_request
from drs_sdk.testing.admin.methods import (
    Emulator,
    Method,
    Setting,
    methods_of,
    methods_of_clock,
    settings_of,
)
from drs_sdk.testing.service.refusals import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from drs_sdk.testing.front.place import Place

    _Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_Named = TypeVar("_Named", Method, Setting)

_log = logging.getLogger("drs_sdk.testing")
_LARGEST_BODY = 256 * 1024 * 1024
"""Bytes; a snapshot of 4,000 servers has twelve million."""
_SHUTDOWN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Route:
    """One route, as `GET /` and the documentation list it."""

    method: str
    path: str
    summary: str


ROUTES: Mapping[str, Route] = {
    "index": Route("GET", "/", "What there is: routes, and methods with their arguments."),
    "places": Route("GET", "/places", "The places, with their access keys."),
    "clock": Route("GET", "/clock", "The clock: its kind and its reading."),
    "move_clock": Route("POST", "/clock/{method}", "Move virtual time: `advance` or `set`."),
    "requests": Route("GET", "/requests", "What arrived at a place, in order."),
    "clear_requests": Route("DELETE", "/requests", "Forget what arrived at a place."),
    "faults": Route("GET", "/faults", "The faults that are armed at a place."),
    "setting": Route("GET", "/{setting}", "What is set on a place."),
    "set": Route("PUT", "/{setting}", "Set it; what is left out takes its default."),
    "call": Route("POST", "/{method}", "Call a method of a place or of the emulator."),
}
"""The routes, by the method of `_Endpoint` that answers each."""


def build_runner(emulator: Emulator) -> web.AppRunner:
    """Make the endpoint of an emulator, ready to be given a port."""
    app = web.Application(middlewares=[_as_json, _guarded], client_max_size=_LARGEST_BODY)
    endpoint = _Endpoint(emulator)
    for name, route in ROUTES.items():
        app.router.add_route(route.method, route.path, getattr(endpoint, name))
    return web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)


class _Endpoint:
    """Answers the routes."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._methods = methods_of(type(emulator))
        self._clock_methods = methods_of_clock()
        self._settings = settings_of(type(emulator))

    async def index(self, _request: web.Request) -> web.Response:
        return _answer(
            {
                "routes": [asdict(route) for route in ROUTES.values()],
                "methods": {name: _described(m) for name, m in self._methods.items()},
                "clock_methods": {name: _described(m) for name, m in self._clock_methods.items()},
                "settings": {name: _described(s) for name, s in self._settings.items()},
            }
        )

    async def places(self, _request: web.Request) -> web.Response:
        return _answer({"places": [describe_place(place) for place in self._emulator.places]})

    async def clock(self, _request: web.Request) -> web.Response:
        return _answer(self._reading())

    async def move_clock(self, request: web.Request) -> web.Response:
        method = _named(request, "method", self._clock_methods)
        await method.call(self._emulator.clock, await request.read())
        return _answer(self._reading())

    async def requests(self, request: web.Request) -> web.Response:
        place, operation = self._place(request, "operation"), request.query.get("operation")
        found = [r for r in place.requests if operation in {None, r.operation}]
        return _answer({"requests": [asdict(record) for record in found]})

    async def clear_requests(self, request: web.Request) -> web.Response:
        self._place(request).requests.clear()
        return _answer({"requests": []})

    async def faults(self, request: web.Request) -> web.Response:
        return _answer({"faults": self._place(request).desk.faults.armed()})

    async def call(self, request: web.Request) -> web.Response:
        method = _named(request, "method", self._methods)
        place = self._place(request)
        target = place if method.of_place else self._emulator
        return _answer({"result": await method.call(target, await request.read())})

    async def setting(self, request: web.Request) -> web.Response:
        setting = _named(request, "setting", self._settings)
        return _answer({setting.name: getattr(self._place(request), setting.name)})

    async def set(self, request: web.Request) -> web.Response:
        setting = _named(request, "setting", self._settings)
        setting.set(self._place(request), await request.read())
        return await self.setting(request)

    def _place(self, request: web.Request, *further: str) -> Place:
        if unknown := sorted(request.query.keys() - {"region", "account_id", *further}):
            raise web.HTTPBadRequest(text=f"The query does not take {', '.join(unknown)}.")
        try:
            return self._emulator.at(
                region=request.query.get("region"), account_id=request.query.get("account_id")
            )
        except ValueError as error:
            raise web.HTTPNotFound(text=str(error)) from None

    def _reading(self) -> dict[str, object]:
        clock = self._emulator.clock
        return {"mode": clock.mode, "now": clock.now(), "speed": clock.speed}


def describe_place(place: Place) -> dict[str, object]:
    """Return what a client needs to work in a place."""
    return {
        "region": place.region,
        "account_id": place.account_id,
        "url": place.url,
        "access_key_id": place.access_key_id,
        "secret_access_key": place.secret_access_key,
    }


def _named(request: web.Request, kind: str, table: Mapping[str, _Named]) -> _Named:
    name = request.match_info[kind]
    if name not in table:
        known = ", ".join(table) or "none"
        raise web.HTTPNotFound(text=f"There is no {kind} {name}; there are: {known}.")
    return table[name]


def _described(named: Method | Setting) -> dict[str, object]:
    where = {"of_place": named.of_place} if isinstance(named, Method) else {}
    return {"summary": named.summary, **where, "arguments": named.arguments.schema()}


@web.middleware
async def _guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
    check_request(request.method, request.headers, request.content_type)
    return await handler(request)


@web.middleware
async def _as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer every error in JSON, and none with a trace."""
    try:
        return await handler(request)
    except ConnectionResetError:  # the client hung up: nobody waits for an answer
        return web.Response()
    except web.HTTPException as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _refusal(error.status, error.reason.replace(" ", ""), error.text or "", headers)
    except Exception as error:  # noqa: BLE001 - no failure may pass for an answer
        return _explained(error, request)


def _explained(error: Exception, request: web.Request) -> web.Response:
    if isinstance(error, ServiceError):
        return _refusal(web.HTTPBadRequest.status_code, error.code, error.message)
    if isinstance(error, ValueError | OverflowError):
        return _refusal(web.HTTPBadRequest.status_code, "BadArguments", str(error))
    if isinstance(error, RuntimeError):  # a clock that cannot be moved
        return _refusal(web.HTTPConflict.status_code, "Conflict", str(error))
    _log.error("the admin endpoint failed in %s %s", request.method, request.path, exc_info=error)
    return _refusal(web.HTTPInternalServerError.status_code, "EmulatorDefect", repr(error))


def _refusal(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    return _answer({"error": {"code": code, "message": message}}, status=status, headers=headers)


def _answer(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    # By json: a header may hold half a character, which pydantic's writer refuses.
    write = partial(json.dumps, default=to_jsonable_python)
    body = write(value).encode() + b"\n"
    further = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return web.Response(body=body, status=status, headers=further, content_type="application/json")
