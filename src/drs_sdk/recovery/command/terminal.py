"""The person, or the pipe, at the other end."""

from __future__ import annotations

import sys

from drs_sdk.recovery.command.typed_lines import TypedLines


class Terminal:
    """Results go to standard output; questions, progress and errors to standard error."""

    def __init__(self) -> None:
        """Look who is there."""
        self.is_live = sys.stderr.isatty()
        typed = sys.__stdin__  # None where the process was started without
        self.can_ask = self.is_live and typed is not None and typed.isatty()
        self._lines = TypedLines(typed.fileno()) if typed is not None and self.can_ask else None

    def give(self, text: str) -> None:
        """Write a result."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def say(self, text: str, *, end: str = "\n") -> None:
        """Tell something by the way."""
        sys.stderr.write(text + end)
        sys.stderr.flush()

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
