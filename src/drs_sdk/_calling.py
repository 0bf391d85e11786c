"""What the generated methods call: one place that makes requests out of arguments."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar, cast

import drs_sdk.models as models
from drs_sdk._core.base import Request
from drs_sdk._core.errors import RequestValidationError
from drs_sdk._core.raw import RawRequest, plain
from drs_sdk.pagination import Pager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drs_sdk._core.base import Response, Safety
    from drs_sdk._core.raw import JSON, Method

    ResponseT = TypeVar("ResponseT", bound=Response)
    ItemT = TypeVar("ItemT")


class OperationCaller(ABC):
    """The base of the operation mixins."""

    @abstractmethod
    async def send(self, request: Request[ResponseT]) -> ResponseT:
        """Send any request object and return its response."""

    async def _give_way(self) -> None:
        """Give the event loop its turn in the midst of long work."""
        await asyncio.sleep(0)

    async def call(
        self,
        operation: str,
        members: Mapping[str, JSON] | None = None,
        /,
        *,
        safety: Safety | None = None,
        method: Method | None = None,
        path: str | None = None,
    ) -> dict[str, JSON]:
        """Call any operation by the service's own names: JSON goes out, JSON comes back.

        For an operation, or a member deep in a request, that this release does not know. Nothing
        is checked but that it can be sent. An operation that is not known is taken for unsafe:
        it is sent once, and not again where its outcome is not known.

        Args:
            operation: The service's name of the operation, such as ``StartRecovery``.
            members: What is asked, by the service's names.
            safety: What a repeat can do, for an operation that is not known: ``read``,
                ``idempotent`` or ``unsafe``, which is the default.
            method: The HTTP method of an operation that is not known; ``POST`` unless given. The
                members go into the body, for ``GET`` and ``DELETE`` into the query string.
            path: Its path, such as ``/things/{thingID}`` with a member in it; ``/`` and the
                operation's name unless given.

        Returns:
            The answer.

        Raises:
            RequestValidationError: The members are no JSON, or what is said of an operation
                contradicts what is known of it.
            APIError: The service refused the request or failed; see its subclasses.
            ConnectionFailedError: There was no answer.
            ResponseDecodeError: The answer is no JSON object.
            AmbiguousOutcomeError: The operation is unsafe, and it may or may not have happened.
            ClientClosedError: The client is not open.
        """
        request = RawRequest(
            name=operation,
            members=plain(members or {}, "members"),
            harm=_harm(operation, safety, method, path),
            method=method,
            path=path,
        )
        answer = await self.send(request)
        return cast("dict[str, JSON]", answer.model_extra)

    async def _call(
        self, request_type: type[Request[ResponseT]], members: Mapping[str, object]
    ) -> ResponseT:
        return await self.send(_build(request_type, members))

    def _paginate(
        self,
        request_type: type[Request[ResponseT]],
        members: Mapping[str, object],
        *,
        field: str,
        items: Callable[[ResponseT], list[ItemT]],
        token: Callable[[ResponseT], str | None],
    ) -> Pager[ResponseT, ItemT]:
        request = _build(request_type, members)
        return Pager(self.send, request, field=field, items=items, token=token, turn=self._give_way)


def _build(
    request_type: type[Request[ResponseT]], members: Mapping[str, object]
) -> Request[ResponseT]:
    return request_type(**{name: value for name, value in members.items() if value is not None})


def known_request(operation: str) -> type[Request[Response]] | None:
    """Find the class of an operation's requests; None where this release does not know it."""
    found: object = getattr(models, f"{operation}Request", None)
    if isinstance(found, type) and issubclass(found, Request):
        return cast("type[Request[Response]]", found)
    return None


_HARM: tuple[Safety, ...] = ("read", "idempotent", "unsafe")


def _harm(operation: str, given: Safety | None, method: Method | None, path: str | None) -> Safety:
    """Say what a repeat can do: what is known, or what the caller says of what is not."""
    if given is not None and given not in _HARM:
        raise RequestValidationError.of("safety", f"must be one of {', '.join(_HARM)}")
    if path is not None and (at_path := path.strip("/")) != operation and known_request(at_path):
        raise RequestValidationError.of("path", f"is that of {at_path}: call it by its name")
    known = known_request(operation)
    if known is None:
        return given or "unsafe"
    for name, value in (("method", method), ("path", path)):
        if value is not None:
            raise RequestValidationError.of(name, f"is known for {operation}: leave it out")
    if given is not None and _HARM.index(given) < _HARM.index(known.safety):
        raise RequestValidationError.of(
            "safety", f"cannot be {given}: {operation} is {known.safety}"
        )
    return given or known.safety
