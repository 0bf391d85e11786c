"""The event loop and the process that something was opened in, and that alone may use it."""

from __future__ import annotations

import asyncio
import os

from drs_sdk._core.errors import ClientClosedError


class Home:
    """Where a client or a fleet belongs, once it is opened."""

    def __init__(self, what: str) -> None:
        """Belong nowhere yet; errors name what is at home here."""
        self._what = what
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0

    @property
    def is_settled(self) -> bool:
        """Whether it belongs anywhere."""
        return self._loop is not None

    @property
    def is_in_a_fork(self) -> bool:
        """Whether this process was forked since: what goes on is the parent's."""
        return self.is_settled and self._pid != os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether this is the loop and the process, if there are any."""
        return not self.is_in_a_fork and not self._is_in_another_loop

    def settle(self) -> None:
        """Belong to the loop that runs, and to this process."""
        self._loop = asyncio.get_running_loop()
        self._pid = os.getpid()

    def leave(self) -> None:
        """Belong nowhere again."""
        self._loop = None

    def require(self) -> None:
        """Refuse to work elsewhere.

        Raises:
            ClientClosedError: It belongs to another event loop or process.
        """
        if self.is_in_a_fork:
            raise ClientClosedError(
                f"the {self._what} was opened before a fork; open one in each process"
            )
        if self._is_in_another_loop:
            raise ClientClosedError(
                f"the {self._what} belongs to another event loop; open one in each"
            )

    def require_closable(self) -> None:
        """Refuse to be closed where it would take something from its owner.

        Raises:
            ClientClosedError: It belongs to another event loop, which still lives.
        """
        is_alive = self._loop is not None and not self._loop.is_closed()
        if is_alive and self._is_in_another_loop and not self.is_in_a_fork:
            raise ClientClosedError(
                f"the {self._what} belongs to another event loop; close it there"
            )

    @property
    def _is_in_another_loop(self) -> bool:
        return self._loop is not None and self._loop is not asyncio.get_running_loop()
