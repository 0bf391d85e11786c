"""A live table for any wait, on rich.

In a terminal the table fits: where there are more subjects than lines, those that failed come
first, then those under way. Elsewhere, as in the log of a build, there is a line whenever something
has changed, and at the end one for each subject, never cut off.

Needs the ``progress`` extra: ``pip install "drs-sdk[progress]"``.

    from drs_sdk.progress import JobProgress, WaitProgress

    with WaitProgress() as progress:
        await drs.wait_until_source_servers_launchable(ids, on_update=progress)

    async with JobProgress(drs, job) as progress:
        await drs.wait_until_job_completed(job, on_update=progress)
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

try:
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f'drs_sdk.progress needs rich: pip install "drs-sdk[progress]" ({_missing})',
        name=_missing.name,
    ) from _missing

from drs_sdk._core.errors import DRSError
from drs_sdk.clock import SystemClock
from drs_sdk.models import Job, RecoveryInstance, RecoveryPlanExecution, SourceNetwork, SourceServer
from drs_sdk.reports.job_report import events_of, phases_of
from drs_sdk.waiters.subjects import id_of_job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta
    from types import TracebackType
    from typing import Self

    from rich.console import ConsoleOptions, RenderResult

    from drs_sdk.clock import Clock
    from drs_sdk.operations import Operations
    from drs_sdk.reports.job_report import PhaseReport
    from drs_sdk.waiters.subjects import JobLike
    from drs_sdk.waiters.updates import WaitUpdate

SubjectT = TypeVar("SubjectT")
Row: TypeAlias = tuple[str, str, float | None, str]
"""What a table row shows: a name, a state, a share done from 0 to 1, a detail."""

_BAR = 16
_FRAME = 4
"""Lines around the rows: the title, the head, the summary, the footer."""
_LOG_INTERVAL = 15.0
_DONE = {"PENDING": 0.0, "LAUNCHED": 1.0, "TERMINATED": 1.0, "FAILED": 1.0}
_PHASE_SHARE = {"cleanup": 0.05, "snapshot": 0.1, "conversion": 0.35, "launch": 0.7}
_STYLES = {
    "CONTINUOUS": "green",
    "LAUNCHED": "green",
    "TERMINATED": "green",
    "RUNNING": "green",
    "COMPLETED": "green",
    "PROTECTED": "green",
    "FAILED": "bold red",
    "ERROR": "bold red",
    "STALLED": "red",
    "DISCONNECTED": "red",
}


class WaitProgress:
    """Shows a wait as a live table: one row for each subject, its state and how far it is.

    Pass it as ``on_update``, inside its ``with`` block.
    """

    def __init__(self, *, console: Console | None = None, title: str | None = None) -> None:
        """Prepare a display.

        Args:
            console: Where to show it; the terminal unless given.
            title: What stands above the table; the condition unless given.
        """
        self._console = console or Console()
        self._picture = _Picture(title)
        self._live = Live(self._picture, console=self._console, auto_refresh=False, transient=False)
        self._is_live = self._console.is_jupyter or (
            self._console.is_terminal and not self._console.is_dumb_terminal
        )
        self._pace = ""
        self._poll_error: str | None = None
        self._said: tuple[str, str] = ("", "")

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
            return
        for line in self._picture.lines():
            self._say(line)

    def __call__(self, update: WaitUpdate[SubjectT]) -> None:
        """Take an update of a wait."""
        self._picture.title = self._picture.title or f"Waiting until {update.condition}"
        self._picture.rows = list(self._rows_of(update.subjects))
        self._pace = f"{_short(update.elapsed)} in, asked {update.polls} times"
        self._poll_error = update.last_error and type(update.last_error).__name__
        self.show()

    def show(self) -> None:
        """Draw the table anew; where nothing can be drawn, say what has changed."""
        trouble = self._trouble()
        self._picture.footer = Text.assemble((self._pace, "dim"), (trouble, "yellow"))
        if self._is_live:
            self._live.refresh()
            return
        summary = _summary(self._picture.rows).plain
        if (summary, trouble) != self._said:
            self._said = (summary, trouble)
            self._say(f"{self._pace}: {summary}{trouble}")

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)

    def _trouble(self) -> str:
        """Why what is shown may be old."""
        return f"  last poll failed: {self._poll_error}" if self._poll_error else ""

    def _rows_of(self, subjects: Mapping[str, SubjectT | None]) -> Iterator[Row]:
        for name, subject in subjects.items():
            if isinstance(subject, Job):
                yield from self._job_rows(subject)
            else:
                yield _row(name, subject)

    def _job_rows(self, job: Job) -> Iterator[Row]:
        for server in job.participating_servers:
            status = str(server.launch_status or "PENDING")
            yield server.source_server_id or "?", status, _DONE.get(status), ""
        if not job.participating_servers:
            yield job.job_id or "?", str(job.status), 1.0 if job.is_completed else None, ""


class JobProgress(WaitProgress):
    """Shows a job with the phase that each server is in, read from the job's log.

    Pass it as ``on_update``, inside its ``async with`` block.
    """

    def __init__(
        self,
        drs: Operations,
        job: JobLike,
        *,
        clock: Clock | None = None,
        console: Console | None = None,
        title: str | None = None,
    ) -> None:
        """Prepare a display.

        Args:
            drs: An open client, to read the log with.
            job: The job, its id, or the response that holds it.
            clock: Paces the reading of the log; real time unless given.
            console: Where to show it; the terminal unless given.
            title: What stands above the table; the condition unless given.
        """
        super().__init__(console=console, title=title)
        self._drs = drs
        self._job_id = id_of_job(job)
        self._clock = clock or SystemClock()
        self._job: Job | None = None
        self._phases: dict[str, tuple[PhaseReport, ...]] = {}
        self._following: asyncio.Task[None] | None = None
        self._log_error: str | None = None

    async def __aenter__(self) -> Self:
        """Begin to show, and to follow the log."""
        self.__enter__()
        self._following = asyncio.create_task(self._follow(), name="drs_sdk job log")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop following; leave the last state standing."""
        try:
            if self._following is not None:
                self._following.cancel()
                await asyncio.wait([self._following])
            if kind is None or issubclass(kind, DRSError):
                await self._read_log()
        finally:  # cancelled in the middle of it, too: the terminal is the caller's again
            self.__exit__(kind, error, trace)

    async def _follow(self) -> None:
        while True:
            await self._clock.sleep(_LOG_INTERVAL)
            await self._read_log()

    async def _read_log(self) -> None:
        try:
            events = await events_of(self._drs, self._job_id)
        except DRSError as error:  # the wait goes on without phases; say why they stand still
            self._log_error = type(error).__name__
            self.show()
            return
        self._log_error = None
        self._phases = phases_of(events)
        if self._job is not None:
            self._picture.rows = list(self._job_rows(self._job))
            self.show()

    def _trouble(self) -> str:
        unread = f"  (job log: {self._log_error})" if self._log_error else ""
        return super()._trouble() + unread

    def _job_rows(self, job: Job) -> Iterator[Row]:
        self._job = job
        for name, status, share, _ in super()._job_rows(job):
            phases = self._phases.get(name, ())
            done = _share_of(phases) if share is None else share
            yield name, status, done, _phases_text(phases)


def _share_of(phases: tuple[PhaseReport, ...]) -> float:
    """How far a server's part of a job is, by where real launches are at each phase's start."""
    if not phases:
        return 0.0
    begun = _PHASE_SHARE[phases[-1].name]
    if phases[-1].ended_at is None:
        return begun
    return min((share for share in _PHASE_SHARE.values() if share > begun), default=1.0)


def _row(name: str, subject: object) -> Row:
    if isinstance(subject, SourceServer):
        label = f"{subject.name} {name}" if subject.name != name else name
        lag = "" if subject.lag is None else f"lag {_short(subject.lag)}"
        state = str(subject.replication_state or "?")
        return label, state, subject.initial_sync_progress or 0.0, lag
    if isinstance(subject, RecoveryInstance):
        failback = subject.failback.state if subject.failback else None
        return name, str(subject.ec2_instance_state or "?"), None, str(failback or "")
    if isinstance(subject, SourceNetwork):
        return name, str(subject.replication_status or "?"), None, ""
    if isinstance(subject, RecoveryPlanExecution):
        return name.rpartition("/")[2], str(subject.status or "?"), None, str(subject.mode or "")
    return name, "not seen yet", None, ""


class _Picture:
    """What is shown: a table that fits its terminal, or plain lines."""

    def __init__(self, title: str | None) -> None:
        self.title = title
        self.rows: list[Row] = []
        self.footer = Text()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw no more lines than the terminal has, and no wider."""
        rows = self.rows
        hidden = len(rows) + _FRAME - options.size.height
        if hidden > 0:
            hidden = min(hidden + 1, len(rows) - 1)  # a line says how many they are
            rows = sorted(rows, key=_urgency)[: len(rows) - hidden]
        if self.title:
            yield Text(self.title, style="bold", no_wrap=True, overflow="ellipsis")
        yield _table(rows, options.max_width)
        if hidden > 0:
            yield Text(f"and {hidden} more", style="dim")
        if len(self.rows) > 1:
            yield _summary(self.rows)
        self.footer.no_wrap, self.footer.overflow = True, "ellipsis"
        yield self.footer

    def lines(self) -> Iterator[str]:
        """All of it as text, however wide."""
        if self.title:
            yield self.title
        names, states, _ = _widths(self.rows)
        for name, state, share, detail in self.rows:
            done = "" if share in {None, 1.0} else f"{share:.0%}"
            row = f"{name:{names}}  {state:{states}}  {done:>4}  {detail}"
            yield row.rstrip()
        if len(self.rows) > 1:
            yield _summary(self.rows).plain
        yield self.footer.plain


def _widths(rows: list[Row]) -> tuple[int, int, int]:
    """The longest name, state and detail."""
    lengths = [(len(name), len(state), len(detail)) for name, state, _, detail in rows]
    names, states, details = zip((0, 0, 0), *lengths, strict=True)
    return max(names), max(states), max(details)


def _table(rows: list[Row], width: int) -> Table:
    names, states, details = _widths(rows)
    has_bars = names + states + _BAR + details + 6 <= width  # what happens tells more than a bar
    table = Table(box=None, pad_edge=False)
    table.add_column(no_wrap=True, min_width=names)
    table.add_column("state", no_wrap=True, min_width=states)
    if has_bars:
        table.add_column(no_wrap=True, min_width=_BAR)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, state, share, detail in rows:
        bar = "" if share is None else ProgressBar(total=1.0, completed=share, width=_BAR)
        text = Text(state, style=_style(state))
        table.add_row(name, text, *([bar] if has_bars else []), detail)
    return table


def _style(state: str) -> str:
    return _STYLES.get(state, "cyan")


def _urgency(row: Row) -> int:
    """What failed is shown first, then what is under way, then what is well."""
    style = _style(row[1])
    return 0 if style.endswith("red") else 2 if style == "green" else 1


def _summary(rows: list[Row]) -> Text:
    """How many are in which state: ``1 FAILED, 29 LAUNCHED``."""
    counts = Counter(state for _, state, _, _ in sorted(rows, key=_urgency))
    parts = [Text(f"{count} {state}", style=_style(state)) for state, count in counts.items()]
    summary = Text(", ").join(parts)
    summary.no_wrap, summary.overflow = True, "ellipsis"
    return summary


def _phases_text(phases: tuple[PhaseReport, ...]) -> str:
    return ", ".join(f"{phase.name} {_phase_text(phase)}" for phase in phases)


def _phase_text(phase: PhaseReport) -> str:
    if phase.failed:
        return "failed"
    return "..." if phase.duration is None else _short(phase.duration)


def _short(duration: timedelta) -> str:
    seconds = round(duration.total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
