"""Waits: know how it went, without hammering the service.

- `kinds`: what can be waited for, and how many are asked for in one call
- `conditions`: which states succeed, fail, or mean wait on; `condition`: what one is made of
- `polling`: one poller for each kind of subject, shared by all waits of a client
- `weather`: which failures of a poll are waited out
- `subscription`: one wait's place in a poller, and when it is due
- `engine`: one wait, its deadline and its updates; `pace`: how often it asks
- `judging`: how a job went, once it has ended
- `monitor`: one watch without an end; `ledger`: what it has told; `listing`: all there is as what
  is polled for; `changes`: what it yields; `watching`: how clients get one
- `alarm`: time limits
- `updates`: what ``on_update`` is told
- `methods`: ``wait_until_*`` and ``watch_*``, generated from `conditions`
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.waiters import conditions as conditions, kinds as kinds
    from drs_sdk.waiters.changes import Change
    from drs_sdk.waiters.updates import WaitUpdate

__all__ = ["Change", "WaitUpdate"]

_HOMES = {
    "Change": "drs_sdk.waiters.changes",
    "WaitUpdate": "drs_sdk.waiters.updates",
}
_MODULES = frozenset({"conditions", "kinds"})

if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        """Load a name when it is first used: a client that never waits loads no engine."""
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted({*__all__, *_MODULES})
