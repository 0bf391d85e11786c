"""Ctrl-C and SIGTERM end a command at a point where nothing is left half done."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from drs_sdk.recovery.command.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Coroutine

ResultT = TypeVar("ResultT")

CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class Interrupted(Exception):  # noqa: N818 - what happened is no error
    """The process was told to stop.

    Attributes:
        code: The exit code of it.
    """

    def __init__(self, code: ExitCode) -> None:
        """Keep what it was."""
        super().__init__(code.meaning)
        self.code = code


async def interruptible(work: Coroutine[object, object, ResultT]) -> ResultT:
    """Do something until it is done or a signal comes; a second signal ends the process at once.

    Raises:
        Interrupted: A signal came.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    came: list[signal.Signals] = []

    def stop(name: signal.Signals) -> None:
        came.append(name)
        loop.remove_signal_handler(name)
        task.cancel()

    for name in CODES:
        with suppress(NotImplementedError):  # on Windows Ctrl-C ends asyncio.run instead
            loop.add_signal_handler(name, stop, name)
    try:
        return await task
    except asyncio.CancelledError:
        if came:
            raise Interrupted(CODES[came[0]]) from None
        raise
    finally:
        for name in CODES:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(name)
