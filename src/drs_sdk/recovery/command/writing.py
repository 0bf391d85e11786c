"""Writes a report: to standard output, and to the files that were asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drs_sdk.recovery.command.exit_codes import ExitCode, code_of_report

if TYPE_CHECKING:
    from drs_sdk.recovery.command.given import Given
    from drs_sdk.recovery.command.terminal import Terminal
    from drs_sdk.recovery.report import RecoveryReport
    from drs_sdk.recovery.status import Plain
    from drs_sdk.recovery.way_back.report import WayBackReport


def give(result: Plain, text: str, given: Given, terminal: Terminal) -> None:
    """Give a result as JSON where that is wanted, else as text."""
    terminal.give(result.to_json(indent=2) if given.json else text)


def give_report(report: RecoveryReport, given: Given, terminal: Terminal) -> ExitCode:
    """Give a report, and find the code of what it tells."""
    if terminal.is_live:
        terminal.say("")  # off the live table
    give(report, str(report), given, terminal)
    return write_files(report, given, terminal, code_of_report(report))


def write_files(
    report: RecoveryReport | WayBackReport, given: Given, terminal: Terminal, code: ExitCode
) -> ExitCode:
    """Write a report to the files that were asked for.

    Returns:
        The code of what it tells; one of its own where all is well but a file.
    """
    for file, write in ((given.html, report.to_html), (given.markdown, report.to_markdown)):
        if file is None:
            continue
        try:
            Path(file).write_text(write(), encoding="utf-8")
        except OSError as error:
            terminal.say(f"error: {file} cannot be written: {error.strerror or error}")
            code = code or ExitCode.NOT_WRITTEN
        else:
            terminal.say(f"The report stands in {file}.")
    return code
