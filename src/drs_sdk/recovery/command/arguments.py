"""From the words of the command line to what they mean."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from drs_sdk.recovery.command import exit_codes
from drs_sdk.recovery.command.commands import COMMANDS
from drs_sdk.recovery.command.given import Given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.recovery.command.commands import Command

PROGRAM = "python -m drs_sdk.recovery"


def parse(arguments: Sequence[str]) -> tuple[Command, Given]:
    """Read the command line: which command, and what it is given.

    Raises:
        SystemExit: It is wrong, or asks for help.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Carry a runbook out: servers come up in waves, once, whoever dies on the way.",
        epilog=f"exit status:\n{exit_codes.table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands"
    )
    for command in COMMANDS:
        one = commands.add_parser(
            command.name,
            help=command.summary,
            description=f"{command.summary[0].upper()}{command.summary[1:]}.",
            allow_abbrev=False,
        )
        for add in command.options:
            add(one)
    given = parser.parse_args(arguments, namespace=Given())
    _check(parser, given)
    return next(one for one in COMMANDS if one.name == given.command), given


def _check(parser: argparse.ArgumentParser, given: Given) -> None:
    """Refuse what does not go together."""
    placed = any(limits.place is not None for limits in given.limits)
    for option, is_given in (("--account", bool(given.accounts)), ("--limits of a place", placed)):
        if is_given and not given.regions:
            parser.error(f"{option} goes with --region")
