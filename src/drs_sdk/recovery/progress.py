"""A live table of a launch, on rich.

Needs the ``progress`` extra: ``pip install "drs-sdk[progress]"``.

    from drs_sdk.recovery import RecoveryProgress

    with RecoveryProgress() as progress:
        report = await recovery.launch(on_update=progress)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f'drs_sdk.recovery.progress needs rich: pip install "drs-sdk[progress]" ({_missing})',
        name=_missing.name,
    ) from _missing

from drs_sdk.clock import SystemClock
from drs_sdk.recovery.rendering.changes import Changes
from drs_sdk.recovery.rendering.screen import Screen

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Self

    from rich.console import ConsoleOptions, RenderResult

    from drs_sdk.clock import Clock
    from drs_sdk.recovery.status import RunStatus


class RecoveryProgress:
    """Shows a launch: its waves, then the servers that need attention, failed and slowest first.

    Pass it as ``on_update``, inside its ``with`` block. It fits the terminal whatever the number of
    servers: what finds no room is counted. Where the output is no terminal it writes a line for
    each change instead.
    """

    def __init__(
        self,
        *,
        console: Console | None = None,
        title: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Prepare a display.

        Args:
            console: Where to show it; standard output unless given.
            title: What stands above it; mode and name of the run unless given.
            clock: Counts on between two updates; real time unless given.
        """
        self._console = console or Console()
        self._title = title
        self._clock = clock or SystemClock()
        self._changes = Changes()
        self._screen: Screen | None = None
        self._status: RunStatus | None = None
        self._told_at: datetime | None = None
        self._is_live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._live = Live(
            self, console=self._console, auto_refresh=self._is_live, refresh_per_second=1
        )

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._is_live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state standing."""
        if self._is_live:
            self._live.stop()

    def __call__(self, status: RunStatus) -> None:
        """Take in where the run stands."""
        self._told_at = self._clock.now()
        self._status = status
        self._screen = Screen(status, title=self._title)
        if self._is_live:
            self._live.refresh()
            return
        for line in self._changes.since_last(status):
            self._console.print(Text(line), soft_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw what fits."""
        if self._screen is None:
            yield Text("Looking where the run stands", style="dim")
            return
        lines = self._screen.lines(width=options.max_width, height=console.height, more=self._more)
        for text, style in lines:
            yield Text(text, style=style, no_wrap=True, overflow="ellipsis")

    @property
    def _more(self) -> timedelta | None:
        """Tell how long ago the last update was; None where nothing goes on."""
        if self._told_at is None or self._status is None or self._status.is_over:
            return None
        return self._clock.now() - self._told_at
