"""The admin endpoint: JSON over HTTP, for tests that do not run in the emulator's process."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic_core import to_jsonable_python

from drs_sdk.testing.admin.guard import check_request
from drs_sdk.testing.admin.methods import Method, World, methods_of, methods_of_clock
from drs_sdk.testing.service.refusals import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from drs_sdk.testing.front.place import Place

    _Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

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
    "call": Route("POST", "/{method}", "Call a method of a place or of the emulator."),
}
"""The routes, by the method of `_Endpoint` that answers each."""


def build_runner(world: World) -> web.AppRunner:
    """Make the endpoint of an emulator, ready to be given a port."""
    app = web.Application(middlewares=[_as_json, _guarded], client_max_size=_LARGEST_BODY)
    endpoint = _Endpoint(world)
    for name, route in ROUTES.items():
        app.router.add_route(route.method, route.path, getattr(endpoint, name))
    return web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)


class _Endpoint:
    """Answers the routes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._methods = methods_of(type(world))
        self._clock_methods = methods_of_clock()

    async def index(self, _request: web.Request) -> web.Response:
        return _answer(
            {
                "routes": [asdict(route) for route in ROUTES.values()],
                "methods": {name: _described(m) for name, m in self._methods.items()},
                "clock_methods": {name: _described(m) for name, m in self._clock_methods.items()},
            }
        )

    async def places(self, _request: web.Request) -> web.Response:
        return _answer({"places": [describe_place(place) for place in self._world.places]})

    async def clock(self, _request: web.Request) -> web.Response:
        return _answer(self._reading())

    async def move_clock(self, request: web.Request) -> web.Response:
        method = _named(request, self._clock_methods)
        await method.call(self._world.clock, await request.read())
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
        method = _named(request, self._methods)
        place = self._place(request)
        target = place if method.of_place else self._world
        return _answer({"result": await method.call(target, await request.read())})

    def _place(self, request: web.Request, *further: str) -> Place:
        if unknown := sorted(request.query.keys() - {"region", "account_id", *further}):
            raise web.HTTPBadRequest(text=f"The query does not take {', '.join(unknown)}.")
        try:
            return self._world.at(
                region=request.query.get("region"), account_id=request.query.get("account_id")
            )
        except ValueError as error:
            raise web.HTTPNotFound(text=str(error)) from None

    def _reading(self) -> dict[str, object]:
        clock = self._world.clock
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


def _named(request: web.Request, methods: Mapping[str, Method]) -> Method:
    name = request.match_info["method"]
    if name not in methods:
        raise web.HTTPNotFound(text=f"There is no {name}; there are: {', '.join(methods)}.")
    return methods[name]


def _described(method: Method) -> dict[str, object]:
    return {
        "summary": method.summary,
        "of_place": method.of_place,
        "arguments": method.arguments.schema(),
    }


@web.middleware
async def _guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
    check_request(request.method, request.headers, request.content_type)
    return await handler(request)


@web.middleware
async def _as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer every error in JSON, and none with a trace."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _refusal(error.status, error.reason.replace(" ", ""), error.text or "", headers)
    except ServiceError as error:
        return _refusal(web.HTTPBadRequest.status_code, error.code, error.message)
    except (ValueError, OverflowError) as error:
        return _refusal(web.HTTPBadRequest.status_code, "BadArguments", str(error))
    except RuntimeError as error:  # a clock that cannot be moved
        return _refusal(web.HTTPConflict.status_code, "Conflict", str(error))
    except Exception as error:  # noqa: BLE001 - no failure may pass for an answer
        _log.exception("the admin endpoint failed in %s %s", request.method, request.path)
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
