"""Groups of options; a command takes those that concern it."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery.command import readers

if TYPE_CHECKING:
    from argparse import ArgumentParser


def a_run(parser: ArgumentParser) -> None:
    """Which run it is about."""
    parser.add_argument("runbook", metavar="RUNBOOK", help="file: .toml, .json, .yaml")
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--key", required=True, help="tells this run from others of the runbook, such as 2026-q4"
    )
    mode = group.add_mutually_exclusive_group(required=True)
    mode.add_argument("--drill", dest="mode", action="store_const", const="drill", help="a drill")
    mode.add_argument(
        "--recovery", dest="mode", action="store_const", const="recovery", help="the real thing"
    )
    group.add_argument(
        "--horizon",
        type=readers.duration,
        default=timedelta(days=14),
        metavar="DURATION",
        help="how long ago the run can have begun (default: 14d)",
    )


def places(parser: ArgumentParser) -> None:
    """Where the servers are recovered."""
    group = parser.add_argument_group(
        "places", "Where servers are recovered; every account in every Region."
    )
    group.add_argument(
        "--region",
        dest="regions",
        action="append",
        default=[],
        metavar="REGION",
        help="a Region; may be given again (default: the Region of the environment)",
    )
    group.add_argument(
        "--account",
        dest="accounts",
        action="append",
        default=[],
        metavar="ACCOUNT",
        help="an account, by its role; may be given again (default: that of the credentials)",
    )
    group.add_argument(
        "--role-name", metavar="NAME", help="the role to work in, by the same name in each account"
    )
    group.add_argument("--external-id", metavar="ID", help="what the roles' trust policies ask for")
    group.add_argument(
        "--profile", metavar="NAME", help="a profile of the shared AWS configuration"
    )
    group.add_argument("--endpoint-url", metavar="URL", help="where requests to DRS go")
    group.add_argument("--sts-endpoint-url", metavar="URL", help="where roles are asked for")


def origin(parser: ArgumentParser) -> None:
    """Where the machines came from."""
    group = parser.add_argument_group("origin", "Where the machines came from, for the way back.")
    group.add_argument(
        "--origin",
        type=readers.place,
        action="append",
        default=[],
        metavar="PLACE",
        help="eu-west-1 or 111122223333/eu-west-1; may be given again",
    )
    group.add_argument(
        "--origin-role-name", metavar="NAME", help="the role there (default: --role-name)"
    )
    group.add_argument(
        "--origin-external-id", metavar="ID", help="what it asks for (default: --external-id)"
    )
    group.add_argument(
        "--origin-profile", metavar="NAME", help="a profile for it (default: --profile)"
    )


def quotas(parser: ArgumentParser) -> None:
    """How much a place takes."""
    parser.add_argument(
        "--limits",
        type=readers.limits,
        action="append",
        default=[],
        metavar="[PLACE:]NAME=N,...",
        help="raised quotas: servers-in-one-job (100), servers-in-all-jobs (500), "
        "concurrent-jobs (20); may be given again",
    )


def launching(parser: ArgumentParser) -> None:
    """What a launch may do."""
    group = parser.add_argument_group("launch")
    group.add_argument(
        "--approve",
        "--approved",
        dest="approved",
        action="append",
        default=[],
        metavar="WAVE",
        help="a wave that is approved already; may be given again",
    )
    group.add_argument(
        "--attempts",
        type=readers.whole(1),
        metavar="N",
        help="how often a server is launched in all (default: as its wave says)",
    )
    group.add_argument(
        "--replace-instances-of",
        action="append",
        default=[],
        metavar="SERVER",
        help="a source server whose instance, not of this run, may be removed",
    )
    group.add_argument(
        "--not-launched",
        action="append",
        default=[],
        metavar="SERVER",
        help="a source server of which you know that this run has not launched it",
    )
    group.add_argument(
        "--tag",
        dest="tags",
        type=readers.tag,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one more tag for the jobs; may be given again",
    )
    group.add_argument(
        "--yes", action="store_true", help="do not ask to type the name of a real recovery"
    )
    _timeout(parser, timedelta(hours=24), "24h")


def cleaning_up(parser: ArgumentParser) -> None:
    """How long a clean-up waits."""
    _timeout(parser, timedelta(hours=2), "2h")


def approving(parser: ArgumentParser) -> None:
    """What is approved, and by whom."""
    group = parser.add_argument_group("approval")
    group.add_argument(
        "--wave",
        dest="waves",
        action="append",
        metavar="WAVE",
        required=True,
        help="the wave; may be given again",
    )
    group.add_argument("--by", default=_user(), help="who approves (default: the user's name)")


def closing(parser: ArgumentParser) -> None:
    """Why a run is closed."""
    parser.add_argument("--reason", required=True, help="why; stands in a tag of its jobs")


def looking_back(parser: ArgumentParser) -> None:
    """Which runs are listed."""
    parser.add_argument(
        "runbook", metavar="RUNBOOK", nargs="?", help="only the runs of this runbook"
    )
    parser.add_argument(
        "--since",
        type=readers.since,
        metavar="WHEN",
        help="how long ago, or a moment: 30d, 2026-11-01T00:00:00Z (default: 14d)",
    )


def as_json(parser: ArgumentParser) -> None:
    """For programs."""
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output, and nothing else there"
    )


def report_files(parser: ArgumentParser) -> None:
    """For people who were not there."""
    group = parser.add_argument_group("report")
    group.add_argument(
        "--html", type=readers.file_to_write, metavar="FILE", help="write it as one HTML page"
    )
    group.add_argument(
        "--markdown", type=readers.file_to_write, metavar="FILE", help="write it as Markdown"
    )


def _timeout(parser: ArgumentParser, default: timedelta, told: str) -> None:
    parser.add_argument(
        "--timeout",
        type=readers.duration_or_none,
        default=default,
        metavar="DURATION",
        help=f"when to give up waiting: 90m, 24h, none (default: {told}); jobs go on",
    )


def _user() -> str:
    """Name the user, where the system knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
