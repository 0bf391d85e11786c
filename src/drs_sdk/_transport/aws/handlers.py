"""botocore's own event handlers, without those for services that are never called here.

Most of them rewrite requests to S3, RDS, Glacier and their like; registering them takes a tenth of
the time that a client takes to open. Kept are those for every service, for DRS, and for what
credentials come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

from aiobotocore.hooks import AioHierarchicalEmitter
from botocore import handlers
from botocore.hooks import EventAliaser

if TYPE_CHECKING:
    from collections.abc import Callable

    _Spec: TypeAlias = tuple[str, Callable[..., object]] | tuple[str, Callable[..., object], object]

_CALLED = frozenset({"*", "drs", "sts", "sso", "sso-oidc", "signin"})


def emitter() -> AioHierarchicalEmitter:
    """Make an emitter for one session, with the handlers that it needs, in botocore's order."""
    made = AioHierarchicalEmitter()
    events = EventAliaser(made)
    ways: dict[object, Callable[..., object]] = {
        handlers.REGISTER_FIRST: cast("Callable[..., object]", events.register_first),  # pyright: ignore[reportUnknownMemberType]
        handlers.REGISTER_LAST: cast("Callable[..., object]", events.register_last),  # pyright: ignore[reportUnknownMemberType]
    }
    register = cast("Callable[..., object]", events.register)  # pyright: ignore[reportUnknownMemberType]
    for event, handler, *way in cast("list[_Spec]", handlers.BUILTIN_HANDLERS):
        if is_needed(event):
            (ways[way[0]] if way else register)(event, handler)
    return made


def is_needed(event: str) -> bool:
    """Say whether a handler of an event can be called by a client of ours.

    Args:
        event: Where it is registered: ``before-call``, ``before-call.s3``,
            ``docs.*.s3.CopyObject.complete-section``.
    """
    parts = event.split(".")
    place = 2 if parts[0] == "docs" else 1
    return len(parts) <= place or parts[place] in _CALLED
