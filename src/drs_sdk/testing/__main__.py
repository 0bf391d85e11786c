"""`python -m drs_sdk.testing`: the emulator as a server, for boto3, the AWS CLI and others."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from drs_sdk.testing.clock import EmulatorClock
from drs_sdk.testing.emulator import DRSEmulator
from drs_sdk.testing.loading.load import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FASTEST = 1_000_000
"""Twelve days a second: beyond that a client sees nothing happen, only the end."""


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m drs_sdk.testing",
        description="Emulate AWS Elastic Disaster Recovery on 127.0.0.1.",
    )
    parser.add_argument(
        "--port", type=_whole(0, 65535), default=0, help="port to listen on (default: free one)"
    )
    parser.add_argument("--region", default="us-east-1", help="Region of the account")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="seconds of emulated time in a real second"
    )
    parser.add_argument(
        "--seed-servers",
        type=_whole(0, 100_000),
        default=0,
        metavar="N",
        help="add N replicating source servers",
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
        "--check-signatures",
        action="store_true",
        help="refuse requests that are not signed with the keys printed at the start",
    )
    return parser.parse_args(arguments)


def export_lines(emulator: DRSEmulator) -> str:
    """Return the shell lines that point other clients at the emulator."""
    return "\n".join(
        (
            f"export AWS_ENDPOINT_URL_DRS={emulator.url}",
            # boto3 reads the second name only, the AWS CLI and other SDKs the first.
            f"export AWS_REGION={emulator.region}",
            f"export AWS_DEFAULT_REGION={emulator.region}",
            f"export AWS_ACCESS_KEY_ID={emulator.access_key_id}",
            f"export AWS_SECRET_ACCESS_KEY={emulator.secret_access_key}",
        )
    )


async def serve(options: argparse.Namespace) -> None:
    """Run the emulator until the process is told to stop."""
    speed: float = options.speed
    emulator = DRSEmulator(
        region=options.region,
        seed=options.seed,
        clock=EmulatorClock.real() if speed == 1 else EmulatorClock.scaled(speed),
        check_signatures=options.check_signatures,
        record_requests=False,
        port=options.port,
    )
    # At once, so that it does not matter which file holds a job and which its log.
    sources = [read_source(path) for path in options.load]
    try:
        found = emulator.load(sources)
    except ValueError as error:
        raise ValueError(f"{', '.join(options.load)}: {error}") from error
    loaded = [i for i in found if i.startswith("s-")]
    emulator.add_source_servers(options.seed_servers)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Not every platform lets a loop handle signals; Ctrl-C then ends asyncio.run.
        with suppress(NotImplementedError):
            loop.add_signal_handler(name, stopped.set)
    async with emulator:
        _say(
            f"# The DRS emulator listens on {emulator.url} with "
            f"{len(loaded) + options.seed_servers} source servers. Ctrl-C stops it."
        )
        _say(export_lines(emulator))
        await stopped.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = parse_arguments(arguments)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Make the reader of an argument that is a whole number."""

    def read(text: str) -> int:
        with suppress(ValueError):
            number = int(text)
            if least <= number <= most:
                return number
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least:,} to {most:,}")

    return read


def _speed(text: str) -> float:
    with suppress(ValueError):
        speed = float(text)
        # Never true of NaN.
        if 0 < speed <= _FASTEST:
            return speed
    raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, up to {_FASTEST:,}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
