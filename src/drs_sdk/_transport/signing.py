"""Signing has a deadline: a credential provider that hangs must not hang the calls that wait.

Nearly every signature is made at once, from credentials that are there. So no call has a timer of
its own: one watches over all calls of a client, and is set about once a minute.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk._transport.call import Call


class SigningWatch:
    """Ends the calls of one client whose signer waits for too long."""

    def __init__(self) -> None:
        """Watch over nothing yet."""
        self._until: dict[Call, float] = {}  # the one that began first stands first
        self._is_set = False

    def begins(self, call: Call, patience: float) -> None:
        """Give the signer so many seconds from now on."""
        loop = asyncio.get_running_loop()
        until = self._until[call] = loop.time() + patience
        if not self._is_set:
            self._set(loop, until)

    def ends(self, call: Call) -> None:
        """Note that the signer is done, or has given up."""
        self._until.pop(call, None)

    def _set(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        self._is_set = True
        # In a context of its own: this task's would be kept alive until then.
        loop.call_at(until, self._look, loop, context=Context())

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_set = False
        now = loop.time()
        for call, until in list(self._until.items()):
            if until > now:
                self._set(loop, until)
                return
            del self._until[call]
            call.is_unsigned = True
            call.end()
