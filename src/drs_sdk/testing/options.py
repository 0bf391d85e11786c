"""The options of `python -m drs_sdk.testing`."""

from __future__ import annotations

import argparse
import re
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drs_sdk.testing.settings import Quotas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FASTEST = 1_000_000
"""Twelve days a second: beyond that a client sees nothing happen, only the end."""
_HIGHEST_PORT = 65535
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m drs_sdk.testing",
        description="Emulate AWS Elastic Disaster Recovery on 127.0.0.1.",
    )
    _add_ports(parser)
    _add_world(parser)
    _add_time(parser)
    _add_contents(parser)
    options = parser.parse_args(arguments)
    if options.virtual_clock and options.admin_port is None:
        parser.error("a virtual clock is moved by the admin endpoint: give --admin-port too")
    return options


def _add_ports(parser: argparse.ArgumentParser) -> None:
    port = _whole(0, _HIGHEST_PORT)
    parser.add_argument(
        "--port", type=port, default=0, help="port to listen on (default: free one)"
    )
    parser.add_argument(
        "--admin-port",
        type=port,
        metavar="N",
        help="port of the admin endpoint, 0 for a free one (default: no such endpoint); "
        "requests are recorded then",
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="stop when standard input ends, too: with the process that started this one",
    )


def _add_world(parser: argparse.ArgumentParser) -> None:
    regions = parser.add_mutually_exclusive_group()
    regions.add_argument(
        "--region", help="the only Region, whichever one requests name (default: us-east-1)"
    )
    regions.add_argument(
        "--regions",
        type=_several("Region", _REGION),
        metavar="A,B",
        help="Regions where the service is in use, the first one first",
    )
    parser.add_argument(
        "--accounts",
        type=_several("account", _ACCOUNT),
        metavar="A,B",
        help="accounts, the first one first (default: 111122223333)",
    )
    parser.add_argument(
        "--quota",
        action="append",
        type=_quota,
        default=[],
        metavar="NAME=N",
        help="a quota other than the service's default, such as concurrent_jobs=2",
    )
    parser.add_argument(
        "--check-signatures",
        action="store_true",
        help="refuse requests that are not signed with the keys printed at the start",
    )


def _add_time(parser: argparse.ArgumentParser) -> None:
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed", type=_speed, default=1.0, help="seconds of emulated time in a real second"
    )
    pace.add_argument(
        "--virtual-clock",
        action="store_true",
        help="let time stand still until the admin endpoint moves it",
    )
    parser.add_argument(
        "--start",
        type=_moment,
        metavar="TIME",
        help="first reading of the clock, such as 2026-09-01T00:00:00Z",
    )


def _add_contents(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed-servers",
        type=_whole(0, 100_000),
        default=0,
        metavar="N",
        help="add N replicating source servers to the first place",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of identifiers and fleets")
    parser.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="FILE",
        help="take over what the AWS CLI's describe, list and get commands printed",
    )
    parser.add_argument(
        "--call",
        action="append",
        nargs=2,
        default=[],
        metavar=("METHOD", "JSON"),
        help="call a method of the emulator at the start, as the admin endpoint does: "
        "'add_source_servers?region=us-west-2' '{\"count\": 3}'",
    )
    parser.add_argument(
        "--set",
        action="append",
        nargs=2,
        default=[],
        metavar=("SETTING", "JSON"),
        help="set something of every place, as the admin endpoint does by PUT",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="JSON",
        help="arm a fault in every place, with the arguments of inject: "
        '\'{"operation": "*", "fault": {"kind": "throttle"}, "probability": 0.1}\'',
    )


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Make the reader of an argument that is a whole number."""

    def read(text: str) -> int:
        with suppress(ValueError):
            number = int(text)
            if least <= number <= most:
                return number
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least:,} to {most:,}")

    return read


def _several(kind: str, form: re.Pattern[str]) -> Callable[[str], list[str]]:
    """Make the reader of a list with commas."""

    def read(text: str) -> list[str]:
        found = text.split(",")
        for item in found:
            if form.fullmatch(item) is None:
                raise argparse.ArgumentTypeError(f"{item!r} is no {kind}")
        if len(set(found)) != len(found):
            raise argparse.ArgumentTypeError(f"{text!r} is no list with each {kind} once")
        return found

    return read


def _quota(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    known = [field.name for field in fields(Quotas)]
    if name not in known:
        raise argparse.ArgumentTypeError(f"{name!r} is no quota; there are: {', '.join(known)}")
    return name, _whole(0, 1_000_000)(number)


def _speed(text: str) -> float:
    with suppress(ValueError):
        speed = float(text)
        # Never true of NaN.
        if 0 < speed <= _FASTEST:
            return speed
    raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, up to {_FASTEST:,}")


def _moment(text: str) -> datetime:
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    raise argparse.ArgumentTypeError(f"{text!r} is no date and time of ISO 8601")
