"""The exit codes: each end of a command has its own, so that a script can tell them apart."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Self

from drs_sdk._core.errors import ConfigurationError, RequestValidationError
from drs_sdk.recovery.errors import RecoveryError, RunbookError
from drs_sdk.recovery.run_errors import RunClosedError, RunMismatchError

if TYPE_CHECKING:
    from drs_sdk._core.errors import DRSError
    from drs_sdk.recovery.report import RecoveryReport
    from drs_sdk.recovery.status import RunState


class ExitCode(IntEnum):
    """How a command has ended. 1 is left to Python, for errors of the program itself."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a code with its meaning."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    SUCCEEDED = 0, "done: every server has come up, nothing blocks, nothing is left"
    USAGE = 2, "the command line, the runbook or the configuration is wrong; nothing was sent"
    ALREADY_COMPLETE = 3, "the run was complete before: nothing was launched"
    SERVERS_FAILED = 4, "servers have not come up"
    WAITING_FOR_APPROVAL = 5, "a wave waits for an approval"
    CLOSED = 6, "the run is over or closed; take a new key"
    MISMATCH = 7, "the key stands for another run"
    REFUSED = 8, "refused: an instance in the way, a server held, a record lost, not confirmed"
    UNREADABLE = 9, "a place cannot be read: no answer, no credentials, no rights"
    UNDER_WAY = 10, "the run goes on: the time was up, or only its status was asked for"
    BLOCKED = 11, "preflight found something that blocks"
    LEFT_OVER = 12, "clean-up left instances standing"
    NOT_BEGUN = 13, "nothing of the run was launched yet"
    NOT_WRITTEN = 14, "all went well, but a file could not be written"
    INTERRUPTED = 130, "interrupted (Ctrl-C); jobs under way go on"
    TERMINATED = 143, "told to stop (SIGTERM); jobs under way go on"


def table() -> str:
    """List the codes, a line each."""
    return "\n".join(f"  {code.value:>3}  {code.meaning}" for code in ExitCode)


_OF_STATES: dict[RunState, ExitCode] = {
    "succeeded": ExitCode.SUCCEEDED,
    "failed": ExitCode.SERVERS_FAILED,
    "waiting for approval": ExitCode.WAITING_FOR_APPROVAL,
    "closed": ExitCode.CLOSED,
    "unknown": ExitCode.UNREADABLE,
    "running": ExitCode.UNDER_WAY,
    "not begun": ExitCode.NOT_BEGUN,
}

_OF_ERRORS: tuple[tuple[type[DRSError], ExitCode], ...] = (
    (RunMismatchError, ExitCode.MISMATCH),
    (RunClosedError, ExitCode.CLOSED),
    (RunbookError, ExitCode.USAGE),
    (RequestValidationError, ExitCode.USAGE),
    (ConfigurationError, ExitCode.USAGE),
    (RecoveryError, ExitCode.REFUSED),
)


def code_of_report(report: RecoveryReport) -> ExitCode:
    """Find the code of where a run stands."""
    return ExitCode.ALREADY_COMPLETE if report.already_complete else _OF_STATES[report.state]


def code_of_error(error: DRSError) -> ExitCode:
    """Find the code of an error; what the service or the way there raised is the rest."""
    return next((code for kind, code in _OF_ERRORS if isinstance(error, kind)), ExitCode.UNREADABLE)
