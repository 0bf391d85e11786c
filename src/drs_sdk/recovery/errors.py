"""What goes wrong with recovery runs. Users find these in `drs_sdk.errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import DRSError, FieldProblem

if TYPE_CHECKING:
    from collections.abc import Iterable


class FormatError(Exception):
    """What a parser found. It never gets out: `RunbookError` tells it with the file's name.

    Attributes:
        line: The line, from 1, where that is known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        """Say what is wrong, and in which line."""
        super().__init__(message)
        self.line = line


class RecoveryError(DRSError):
    """The base of what goes wrong with a recovery run."""

    __module__ = "drs_sdk.errors"


class RunbookError(RecoveryError, ValueError):
    """A runbook, or a part of one, is wrong; nothing was sent.

    Attributes:
        problems: Every field at fault, by its path (``waves[1].after[0]``), with what it may be.
            Empty when the file cannot be read at all.
        file: The file that was read; None for what was built in Python.
        line: The line where the file's syntax breaks, from 1; None when it does not, or when
            its parser does not tell.
    """

    __module__ = "drs_sdk.errors"

    def __init__(
        self,
        message: str,
        *,
        problems: Iterable[FieldProblem] = (),
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        """Say what is wrong, and where."""
        super().__init__(message)
        self.problems: tuple[FieldProblem, ...] = tuple(problems)
        self.file = file
        self.line = line

    @classmethod
    def listing(
        cls, what: str, problems: Iterable[FieldProblem], *, file: str | None = None
    ) -> RunbookError:
        """Name everything that is wrong with a part of a runbook."""
        found = tuple(problems)
        listed = "\n".join(f"  {problem}" for problem in found)
        return cls(f"{file or what} is not valid:\n{listed}", problems=found, file=file)

    @classmethod
    def in_file(cls, file: str, message: str, *, line: int | None = None) -> RunbookError:
        """Say why a file cannot be read."""
        place = file if line is None else f"{file}, line {line}"
        return cls(f"{place}: {message}", file=file, line=line)
