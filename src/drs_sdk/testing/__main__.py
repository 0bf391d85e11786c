"""`python -m drs_sdk.testing`: the emulator as a server, for boto3, the AWS CLI and others."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, urlsplit

from drs_sdk.testing.admin.endpoint import describe_place
from drs_sdk.testing.admin.methods import Method, Setting, methods_of, settings_of
from drs_sdk.testing.clock import EmulatorClock
from drs_sdk.testing.emulator import DRSEmulator
from drs_sdk.testing.loading.load import read_source
from drs_sdk.testing.options import parse_arguments
from drs_sdk.testing.service.refusals import ServiceError
from drs_sdk.testing.settings import Quotas

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Mapping, Sequence

_Named = TypeVar("_Named", Method, Setting)

READY = "# ready "
"""How the line begins that says, in JSON, where the emulator listens."""


def export_lines(emulator: DRSEmulator) -> str:
    """Return the shell lines that point other clients at the emulator."""
    return "\n".join(
        (
            f"export AWS_ENDPOINT_URL_DRS={emulator.url}",
            f"export AWS_ENDPOINT_URL_STS={emulator.url}",
            # boto3 reads the second name only, the AWS CLI and other SDKs the first.
            f"export AWS_REGION={emulator.region}",
            f"export AWS_DEFAULT_REGION={emulator.region}",
            f"export AWS_ACCESS_KEY_ID={emulator.access_key_id}",
            f"export AWS_SECRET_ACCESS_KEY={emulator.secret_access_key}",
        )
    )


def ready_line(emulator: DRSEmulator, *, has_admin: bool) -> str:
    """Return the line for programs: where the emulator listens, its places and their keys."""
    admin_url = emulator.admin_url if has_admin else None
    ready = {
        "url": emulator.url,
        "port": urlsplit(emulator.url).port,
        "admin_url": admin_url,
        "admin_port": urlsplit(admin_url).port if admin_url else None,
        "places": [describe_place(place) for place in emulator.places],
    }
    return READY + json.dumps(ready)


def build_emulator(options: argparse.Namespace) -> DRSEmulator:
    """Make the emulator that the options describe, without its contents."""
    return DRSEmulator(
        region=options.region,
        regions=options.regions,
        accounts=options.accounts,
        seed=options.seed,
        clock=_build_clock(options),
        quotas=Quotas(**dict(options.quota)),
        check_signatures=options.check_signatures,
        # Without the endpoint nobody could read them, and they would fill the memory.
        record_requests=options.admin_port is not None,
        port=options.port,
        admin_port=options.admin_port,
    )


async def fill(emulator: DRSEmulator, options: argparse.Namespace) -> None:
    """Put into the emulator what the options say.

    Raises:
        ValueError: A file, a call or a fault is not what the emulator takes.
    """
    # At once, so that it does not matter which file holds a job and which its log.
    sources = [read_source(path) for path in options.load]
    with _blaming(", ".join(options.load)):
        emulator.load(sources)
    emulator.add_source_servers(options.seed_servers)
    for target, document in options.call:
        await _call(emulator, target, document)
    for name, document in options.set:
        setting = _named("setting", name, settings_of(DRSEmulator))
        for place in emulator.places:
            with _blaming(f"--set {name}"):
                setting.set(place, document.encode())
    inject = methods_of(DRSEmulator)["inject"]
    for document in options.fault:
        for place in emulator.places:
            with _blaming("--fault"):
                await inject.call(place, document.encode())


async def serve(options: argparse.Namespace) -> None:
    """Run the emulator until the process is told to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Not every platform lets a loop handle signals; Ctrl-C then ends asyncio.run.
        with suppress(NotImplementedError):
            loop.add_signal_handler(name, stopped.set)
    if options.until_stdin_closes:
        _when_stdin_closes(lambda: loop.call_soon_threadsafe(stopped.set))
    emulator = build_emulator(options)
    await fill(emulator, options)
    servers = sum(len(place.desk.account().source_servers) for place in emulator.places)
    has_admin = options.admin_port is not None
    async with emulator:
        _say(
            f"# The DRS emulator listens on {emulator.url} with {servers} source servers. "
            "Ctrl-C stops it."
        )
        if has_admin:
            _say(f"# Its admin endpoint is {emulator.admin_url}")
        _say(export_lines(emulator))
        _say(ready_line(emulator, has_admin=has_admin))
        await stopped.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = parse_arguments(arguments)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(options))
    except (OSError, ValueError, ServiceError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _when_stdin_closes(stop: Callable[[], object]) -> None:
    """Call `stop` from a thread once standard input ends: no event loop reads it everywhere."""

    def read() -> None:
        # Not by sys.stdin: a thread that waits in it keeps the interpreter from ending.
        with suppress(OSError):
            while os.read(0, 4096):
                pass
        with suppress(RuntimeError):  # the loop has ended already
            stop()

    Thread(target=read, daemon=True).start()


def _build_clock(options: argparse.Namespace) -> EmulatorClock:
    if options.virtual_clock:
        return EmulatorClock.virtual(options.start, auto_advance=False)
    if options.speed == 1 and options.start is None:
        return EmulatorClock.real()
    return EmulatorClock.scaled(options.speed, options.start)


async def _call(emulator: DRSEmulator, target: str, document: str) -> None:
    """Call a method as the admin endpoint does: the place stands in the query."""
    name, _, query = target.partition("?")
    where = {key: values[-1] for key, values in parse_qs(query).items()}
    method = _named("method", name, methods_of(DRSEmulator))
    if unknown := sorted(where.keys() - {"region", "account_id"}):
        raise ValueError(f"{target}: a place has no {', '.join(unknown)}")
    place = emulator.at(region=where.get("region"), account_id=where.get("account_id"))
    with _blaming(f"--call {target}"):
        await method.call(place if method.of_place else emulator, document.encode())


@contextmanager
def _blaming(option: str) -> Generator[None]:
    """Say which option an error is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from error


def _named(kind: str, name: str, table: Mapping[str, _Named]) -> _Named:
    if name not in table:
        raise ValueError(f"there is no {kind} {name}; there are: {', '.join(table) or 'none'}")
    return table[name]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
