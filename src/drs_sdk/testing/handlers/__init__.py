"""What each operation does: one module per resource family, and the registry they enter.

To add an operation, write a function in the family's module of this package::

    @handles("DescribeJobs")
    def describe_jobs(account: Account, params: Doc) -> Doc:
        items, token = page_of(account, "DescribeJobs", params, account.collection("jobs"), ...)
        return paged("items", [render(account, job) for job in items], token)

It gets the account, settled at the present moment (`account.now`), and parameters that the
input shape has already judged; it returns the answer in the service's terms, or None where
the service answers nothing. It refuses by raising what `refusals` makes. It must not await,
which is why nothing needs a lock. Every module of this package is found by itself.

What a handler finds elsewhere:

* `account.collection("jobs")`: the resources of a kind, made on first use (`world`).
* `account.schedule(delay, kind, subject, args)` and `@transition(kind)`: what happens later
  (`world`, `life`). Quantities that change all the time are computed where they are shown.
* `account.quotas`: the quotas, refused with `refusals.quota_exceeded` (`settings`).
* `account.launch_faults[server_id]`: what `DRSEmulator.fail_launch` asked for (`scenario`).
* `server.state["job"]`: the job that holds a source server; `source_servers.render` shows one.
* Faults on the wire, signatures, validation and the check that the account is initialised are
  the server's business; no handler sees them.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account

    Handler = Callable[[Account, Doc], Doc | None]
    _H = TypeVar("_H", bound=Handler)

_HANDLERS: dict[str, Handler] = {}


def handles(operation: str) -> Callable[[_H], _H]:
    """Enter a function as the handler of an operation.

    Raises:
        ValueError: The service has no such operation, or it has a handler already.
    """
    if load_service().operations.get(operation) is None:
        raise ValueError(f"DRS has no operation called {operation!r}")

    def register(function: _H) -> _H:
        if operation in _HANDLERS:
            raise ValueError(f"{operation} has two handlers")
        _HANDLERS[operation] = function
        return function

    return register


@cache
def load_handlers() -> Mapping[str, Handler]:
    """Import every family and return the handlers by operation."""
    for module in pkgutil.iter_modules(__path__, prefix=f"{__name__}."):
        import_module(module.name)
    return _HANDLERS
