"""What the generated methods call: one place that makes requests out of arguments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar

from drs_sdk.pagination import Pager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drs_sdk._core.base import Request, Response

    ResponseT = TypeVar("ResponseT", bound=Response)
    ItemT = TypeVar("ItemT")


class OperationCaller(ABC):
    """The base of the operation mixins."""

    @abstractmethod
    async def send(self, request: Request[ResponseT]) -> ResponseT:
        """Send any request object and return its response."""

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
        return Pager(self.send, request, field=field, items=items, token=token)


def _build(
    request_type: type[Request[ResponseT]], members: Mapping[str, object]
) -> Request[ResponseT]:
    return request_type(**{name: value for name, value in members.items() if value is not None})
