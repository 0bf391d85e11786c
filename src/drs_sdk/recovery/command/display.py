"""Shows how a launch goes: a live table at a terminal, a line for each change elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType
    from typing import Self

    from drs_sdk.recovery.command.terminal import Terminal
    from drs_sdk.recovery.progress import RecoveryProgress
    from drs_sdk.recovery.status import RunStatus


class Display:
    """Pass it as ``on_update``, inside its ``with`` block."""

    def __init__(self, terminal: Terminal) -> None:
        """Prepare a display; without rich it is lines everywhere."""
        self._terminal = terminal
        self._changes = Changes()
        self._table = _table() if terminal.is_live else None
        self._is_paused = False

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._table is not None:
            self._table.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state standing."""
        if self._table is not None:
            self._table.__exit__(kind, error, trace)

    def __call__(self, status: RunStatus) -> None:
        """Take in where the run stands."""
        changes = list(self._changes.since_last(status))
        if self._table is not None and not self._is_paused:
            self._table(status)
            return
        if self._is_paused and changes:
            self._terminal.say("")  # off the line with the question
        for line in changes:
            self._terminal.say(line)

    @contextmanager
    def paused(self) -> Generator[None]:
        """Hold the table still while the person types: news come as lines meanwhile."""
        if self._table is None:
            yield
            return
        self._table.__exit__(None, None, None)
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False
            self._table.__enter__()


def _table() -> RecoveryProgress | None:
    """Make a live table, where rich is installed."""
    try:
        from rich.console import Console

        from drs_sdk.recovery.progress import RecoveryProgress
    except ModuleNotFoundError:
        return None
    return RecoveryProgress(console=Console(stderr=True))
