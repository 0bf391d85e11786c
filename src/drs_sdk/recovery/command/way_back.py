"""What the commands of the way back do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.command.approving import Approver
from drs_sdk.recovery.command.confirming import is_confirmed
from drs_sdk.recovery.command.display import Display
from drs_sdk.recovery.command.exit_codes import ExitCode
from drs_sdk.recovery.command.opening import opened
from drs_sdk.recovery.command.writing import give, write_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.clock import Clock
    from drs_sdk.recovery.command.given import Given
    from drs_sdk.recovery.command.terminal import Terminal
    from drs_sdk.recovery.way_back.report import WayBackReport


async def reprotect(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Replicate a recovery's instances home."""
    async with opened(given, clock) as recovery:
        report = await recovery.reprotect(
            instances=dict(given.instances), on_update=_teller(terminal), timeout=given.timeout
        )
    return _give(report, given, terminal)


async def fail_back(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Bring a recovery home."""
    async with opened(given, clock) as recovery:
        if not await is_confirmed(recovery, terminal, yes=given.yes):
            terminal.say("Not confirmed: nothing was launched home.")
            return ExitCode.REFUSED
        approver = Approver(terminal, Display(terminal))
        report = await recovery.fail_back(
            instances=dict(given.instances),
            launch_again=given.launch_again,
            leaving=given.leaving,
            not_launched=given.not_launched,
            approve=approver.ask if terminal.can_ask else None,
            approved=given.approved,
            attempts=given.attempts,
            on_update=_teller(terminal),
            timeout=given.timeout,
        )
    return _give(report, given, terminal)


async def rehearse(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Practise the way back of a drill."""
    async with opened(given, clock) as recovery:
        report = await recovery.rehearse_way_back(
            on_update=_teller(terminal), timeout=given.timeout
        )
    return _give(report, given, terminal)


def _teller(terminal: Terminal) -> Callable[[WayBackReport], None]:
    """Say a line for each server whose stage has changed."""
    known: dict[str, str] = {}

    def tell(report: WayBackReport) -> None:
        for one in report.servers:
            if known.get(one.source_server_id) != one.stage:
                known[one.source_server_id] = one.stage
                why = f": {one.reason}" if one.reason else ""
                terminal.say(f"{one.wave}: {one.name or one.source_server_id} {one.stage}{why}")

    return tell


def _give(report: WayBackReport, given: Given, terminal: Terminal) -> ExitCode:
    give(report, str(report), given, terminal)
    return write_files(report, given, terminal, _code_of(report))


def _code_of(report: WayBackReport) -> ExitCode:
    if report.succeeded:
        return ExitCode.SUCCEEDED
    if report.failed or any(one.stage in {"failed home", "not launched"} for one in report.behind):
        return ExitCode.SERVERS_FAILED
    if any("approval" in (one.reason or "") for one in report.behind):
        return ExitCode.WAITING_FOR_APPROVAL
    return ExitCode.LEFT_OVER if report.left else ExitCode.UNDER_WAY
