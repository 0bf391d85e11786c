"""From the arguments to the exit status."""

from __future__ import annotations

import asyncio
import shlex
import sys
from typing import TYPE_CHECKING

from drs_sdk._core.errors import DRSError
from drs_sdk.clock import SystemClock
from drs_sdk.recovery.command.arguments import PROGRAM, parse
from drs_sdk.recovery.command.exit_codes import ExitCode, code_of_error
from drs_sdk.recovery.command.signals import Interrupted, interruptible
from drs_sdk.recovery.command.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.clock import Clock
    from drs_sdk.recovery.command.commands import Command
    from drs_sdk.recovery.command.given import Given


def main(arguments: Sequence[str] | None = None, *, clock: Clock | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: The command line, without the program; that of the process unless given.
        clock: Where time comes from; tests pass an `EmulatorClock`.
    """
    words = sys.argv[1:] if arguments is None else arguments
    command, given = parse(words)
    try:
        return asyncio.run(perform(command, given, words, clock=clock or SystemClock()))
    except KeyboardInterrupt:  # where the loop cannot handle signals
        sys.stderr.write(_how_to_go_on(command, words) + "\n")
        return ExitCode.INTERRUPTED


async def perform(
    command: Command, given: Given, words: Sequence[str], *, clock: Clock
) -> ExitCode:
    """Do what a command says, and find the code of how it ended."""
    terminal = Terminal()
    try:
        return await interruptible(command.act(given, terminal, clock))
    except DRSError as error:
        terminal.say(f"error: {error}")
        return code_of_error(error)
    except OSError as error:
        terminal.say(f"error: the result cannot be written: {error.strerror or error}")
        return ExitCode.NOT_WRITTEN
    except Interrupted as interrupted:
        terminal.say(_how_to_go_on(command, words))
        return interrupted.code


def _how_to_go_on(command: Command, words: Sequence[str]) -> str:
    if not command.can_go_on:
        return "\nInterrupted."
    return (
        "\nInterrupted. Jobs under way go on in the service; nothing more is started. Go on with "
        f"the same command:\n  {PROGRAM} {shlex.join(words)}"
    )
