"""The report of a run: what became of it, for people and for programs."""

from __future__ import annotations

from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.outcomes import RunOutcome


class RecoveryFailedError(RecoveryError):
    """Servers of a run have not come up.

    Attributes:
        report: The whole report.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, message: str, report: RecoveryReport) -> None:
        """Say which, and carry the report."""
        super().__init__(message)
        self.report = report


class RecoveryReport(RunOutcome):
    """What became of a run: `str` and `print` give it as tables of at most 80 columns.

    What is not known is None, and shown as ``?``: never zero. Measured durations are shown rounded
    up to the second.
    """

    def __str__(self) -> str:
        """Read it as text: waves, servers, causes, and what is left to do."""
        from drs_sdk.recovery.rendering.text import as_text

        return as_text(self)

    def to_markdown(self) -> str:
        """Write it as Markdown with tables, as GitHub reads them."""
        from drs_sdk.recovery.rendering.markdown import as_markdown
        from drs_sdk.recovery.rendering.outline import outline_of

        return as_markdown(outline_of(self))

    def to_html(self) -> str:
        """Write it as one HTML page with the timeline drawn.

        The page holds all that it needs: it asks no host for anything and runs no script.
        """
        from drs_sdk.recovery.rendering.html import as_html
        from drs_sdk.recovery.rendering.outline import outline_of

        return as_html(outline_of(self), self)

    def raise_if_failed(self) -> None:
        """Raise unless every server has come up.

        Raises:
            RecoveryFailedError: Some have not; it carries the report.
        """
        if self.succeeded:
            return
        wrong = [s for s in self.servers if s.outcome != "launched"]
        shown = "; ".join(
            f"{s.name or s.source_server_id} {s.outcome}{f' ({s.reason})' if s.reason else ''}"
            for s in wrong[:_SHOWN]
        )
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        blind = f"; cannot be read: {', '.join(self.unreadable)}" if self.unreadable else ""
        raise RecoveryFailedError(
            f"{self.run} is {self.state}: {len(wrong)} of {len(self.servers)} servers have not "
            f"come up: {shown}{more}{blind}",
            self,
        )


_SHOWN = 5
