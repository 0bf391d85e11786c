"""A live table for any wait, on rich.

Needs the ``progress`` extra: ``pip install "drs-sdk[progress]"``.

    from drs_sdk.progress import JobProgress, WaitProgress

    with WaitProgress() as progress:
        await drs.wait_until_source_servers_launchable(ids, on_update=progress)

    async with JobProgress(drs, job) as progress:
        await drs.wait_until_job_completed(job, on_update=progress)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias, TypeVar

try:
    from rich.console import Console, Group
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

    from drs_sdk.clock import Clock
    from drs_sdk.operations import Operations
    from drs_sdk.reports.job_report import PhaseReport
    from drs_sdk.waiters.subjects import JobLike
    from drs_sdk.waiters.updates import WaitUpdate

SubjectT = TypeVar("SubjectT")
Row: TypeAlias = tuple[str, str, float | None, str]
"""What a table row shows: a name, a state, a share done from 0 to 1, a detail."""

_BAR = 16
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
        self._title = title
        self._live = Live(console=console or Console(), auto_refresh=False, transient=False)
        self._rows: list[Row] = []
        self._footer = Text()

    def __enter__(self) -> Self:
        """Begin to show."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state standing."""
        self._live.stop()
        if not self._live.console.is_terminal:
            self._live.console.line()

    def __call__(self, update: WaitUpdate[SubjectT]) -> None:
        """Take an update of a wait."""
        self._title = self._title or f"Waiting until {update.condition}"
        self._rows = list(self._rows_of(update.subjects))
        self._footer = _footer(update)
        self.show()

    def show(self) -> None:
        """Draw the table anew."""
        table = _table(self._title, self._rows)
        self._live.update(Group(table, self._whole_footer()), refresh=True)

    def _whole_footer(self) -> Text:
        return self._footer

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
            self._rows = list(self._job_rows(self._job))
            self.show()

    def _whole_footer(self) -> Text:
        footer = self._footer.copy()
        if self._log_error is not None:
            footer.append(f"  (job log: {self._log_error})", style="yellow")
        return footer

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


def _table(title: str | None, rows: list[Row]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(no_wrap=True, min_width=max((len(row[0]) for row in rows), default=0))
    table.add_column("state", no_wrap=True, min_width=max((len(row[1]) for row in rows), default=0))
    table.add_column(no_wrap=True, min_width=_BAR)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, state, share, detail in rows:
        bar = "" if share is None else ProgressBar(total=1.0, completed=share, width=_BAR)
        table.add_row(name, Text(state, style=_STYLES.get(state, "cyan")), bar, detail)
    return table


def _footer(update: WaitUpdate[SubjectT]) -> Text:
    text = Text(f"{_short(update.elapsed)} in, asked {update.polls} times", style="dim")
    if update.last_error is not None:
        text.append(f"  last poll failed: {type(update.last_error).__name__}", style="yellow")
    return text


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
