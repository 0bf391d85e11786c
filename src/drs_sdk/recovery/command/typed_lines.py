"""Lines that a person types, waited for without holding the event loop."""

from __future__ import annotations

import asyncio
import os
import threading


class TypedLines:
    """The lines of an input, one after the other.

    A thread reads, because not every platform lets a loop watch a terminal. It reads the
    descriptor itself: a thread that is still in `sys.stdin` when Python ends would stop it.
    """

    def __init__(self, descriptor: int) -> None:
        """Read nothing yet."""
        self._descriptor = descriptor
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._thread: threading.Thread | None = None
        self._has_ended = False

    def forget(self) -> None:
        """Drop what was typed before anybody asked: it is no answer."""
        while not self._lines.empty():
            self._take(self._lines.get_nowait())

    async def next(self) -> str | None:
        """Wait for a line; None at the end of the input."""
        if self._has_ended:
            return None
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._read, args=[loop], daemon=True)
            self._thread.start()
        return self._take(await self._lines.get())

    def _take(self, line: str | None) -> str | None:
        self._has_ended = self._has_ended or line is None
        return line

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        rest = b""
        while True:
            try:
                read = os.read(self._descriptor, 4096)
            except OSError:  # the terminal is gone
                read = b""
            *lines, rest = (rest + read).split(b"\n")
            texts: list[str | None] = [line.decode(errors="replace").strip() for line in lines]
            if not read:
                texts.append(None)
            try:
                for text in texts:
                    loop.call_soon_threadsafe(self._lines.put_nowait, text)
            except RuntimeError:  # the loop is closed: nobody asks any more
                return
            if not read:
                return
