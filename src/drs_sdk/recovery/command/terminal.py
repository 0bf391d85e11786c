"""The person, or the pipe, at the other end."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from drs_sdk.recovery.command.typed_lines import TypedLines

if TYPE_CHECKING:
    from typing import TextIO


class Terminal:
    """Results go to standard output; questions, progress and errors to standard error."""

    def __init__(self) -> None:
        """Look who is there."""
        self.is_live: bool = sys.stderr.isatty()
        typed = sys.__stdin__  # None where the process was started without
        self.can_ask: bool = self.is_live and typed is not None and typed.isatty()
        self._lines = TypedLines(typed.fileno()) if typed is not None and self.can_ask else None

    def give(self, text: str) -> None:
        """Write a result; a reader that has gone away has seen enough.

        Raises:
            OSError: It cannot be written.
        """
        try:
            _write(sys.stdout, text + "\n")
        except BrokenPipeError:
            return

    def say(self, text: str, *, end: str = "\n") -> None:
        """Tell something by the way; where nobody hears it, a run goes on all the same."""
        with suppress(OSError):
            _write(sys.stderr, text + end)

    async def ask(self, question: str) -> str | None:
        """Ask for a line; None where nobody answers any more."""
        if self._lines is None:
            return None
        self._lines.forget()
        self.say(f"{question} ", end="")
        answer = await self._lines.next()
        if answer is None:
            self.say("")
        return answer


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        # What is still in its buffer would fail again when Python ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        raise
