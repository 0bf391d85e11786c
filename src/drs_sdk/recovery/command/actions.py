"""What each command does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery.command.approving import Approver
from drs_sdk.recovery.command.confirming import is_confirmed
from drs_sdk.recovery.command.display import Display
from drs_sdk.recovery.command.exit_codes import ExitCode
from drs_sdk.recovery.command.opening import opened, service_of
from drs_sdk.recovery.command.tables import table_of_runs, text_of_clean_up
from drs_sdk.recovery.command.writing import give, give_report
from drs_sdk.recovery.runbook import Runbook
from drs_sdk.recovery.runs import list_runs

if TYPE_CHECKING:
    from drs_sdk.clock import Clock
    from drs_sdk.recovery.command.given import Given
    from drs_sdk.recovery.command.terminal import Terminal
    from drs_sdk.recovery.status import RunStatus


async def preflight(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Look for what stands in the way."""
    async with opened(given, clock) as recovery:
        found = await recovery.preflight()
    give(found, str(found), given, terminal)
    return ExitCode.SUCCEEDED if found.is_clear else ExitCode.BLOCKED


async def launch(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Launch the waves, asking for approvals and showing how it goes."""
    async with opened(given, clock) as recovery:
        if not await is_confirmed(recovery, terminal, yes=given.yes):
            terminal.say("Not confirmed: nothing was launched.")
            return ExitCode.REFUSED
        with Display(terminal) as display:
            approver = Approver(terminal, display)

            def see(status: RunStatus) -> None:
                approver.note(status)
                display(status)

            report = await recovery.launch(
                approve=approver.ask if terminal.can_ask else None,
                approved=given.approved,
                attempts=given.attempts,
                replace_instances_of=given.replace_instances_of,
                not_launched=given.not_launched,
                on_update=see,
                timeout=given.timeout,
            )
    return give_report(report, given, terminal)


async def status(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Tell where the run stands."""
    async with opened(given, clock) as recovery:
        report = await recovery.status()
    return give_report(report, given, terminal)


async def approve(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Approve waves for whoever carries the run out."""
    async with opened(given, clock) as recovery:
        for wave in given.waves:  # all, or none where a name is wrong
            recovery.runbook.wave(wave)
        for wave in given.waves:
            await recovery.approve(wave, by=given.by)
    _tell(given, terminal, {"run": recovery.name, "approved": list(given.waves), "by": given.by})
    return ExitCode.SUCCEEDED


async def close(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Let nothing more start under the key."""
    async with opened(given, clock) as recovery:
        await recovery.close(reason=given.reason)
    _tell(given, terminal, {"run": recovery.name, "closed": given.reason})
    return ExitCode.SUCCEEDED


async def clean_up(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """Remove what a drill has launched."""
    async with opened(given, clock) as recovery:
        terminal.say(
            f"Cleaning up {recovery.name}: it is closed, its instances are terminated, and it is "
            "looked after until nothing of it can still arrive, six minutes after its last launch."
        )
        cleaned = await recovery.clean_up(timeout=given.timeout)
    give(cleaned, text_of_clean_up(cleaned), given, terminal)
    if cleaned.unreadable:
        return ExitCode.UNREADABLE
    return ExitCode.SUCCEEDED if cleaned.is_clean else ExitCode.LEFT_OVER


async def runs(given: Given, terminal: Terminal, clock: Clock) -> ExitCode:
    """List runs."""
    runbook = None if given.runbook is None else Runbook.load(given.runbook).name
    since = clock.now() - given.since if isinstance(given.since, timedelta) else given.since
    async with service_of(given, clock) as service:
        listed = await list_runs(service, since=since)
    found = [run for run in listed if runbook is None or run.run.startswith(f"{runbook}/")]
    if given.json:
        terminal.give(json.dumps([run.model_dump(mode="json") for run in found], indent=2))
    else:
        terminal.give(table_of_runs(found))
    for target, error in listed.failures.items():
        terminal.say(f"error: {target} cannot be read: {error}")
    return ExitCode.UNREADABLE if listed.failures else ExitCode.SUCCEEDED


def _tell(given: Given, terminal: Terminal, done: dict[str, str | list[str]]) -> None:
    if given.json:
        terminal.give(json.dumps(done, indent=2))
        return
    shown = (f"{name}: {', '.join(v) if isinstance(v, list) else v}" for name, v in done.items())
    terminal.give("\n".join(shown))
