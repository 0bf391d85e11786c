"""What a preflight tells: findings, each with its cause and what to do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from drs_sdk.recovery.record import Mode
from drs_sdk.recovery.status import Plain

Severity: TypeAlias = Literal["blocking", "warning"]
"""``blocking``: the launch would be refused, or would surely fail."""


class Finding(Plain):
    """Something that a preflight has found.

    Attributes:
        severity: Whether a launch would be refused or fail, or whether it deserves a look.
        check: What was looked for, in a word: ``lag``, ``quota``.
        wave: The wave, where it is about one.
        target: The place, as ``111122223333/eu-west-1``, where it is about one.
        server: The source server, where it is about one.
        cause: What was found.
        remedy: What to do about it.
    """

    severity: Severity
    check: str
    cause: str
    remedy: str
    wave: str | None = None
    target: str | None = None
    server: str | None = None

    def __str__(self) -> str:
        """Read as a line."""
        where = " ".join(part for part in (self.target, self.wave, self.server) if part)
        place = f" [{where}]" if where else ""
        return f"{self.severity} {self.check}{place}: {self.cause}; {self.remedy}"


class Preflight(Plain):
    """What stands in the way of a run.

    Attributes:
        run: The run's name.
        mode: Drill or recovery.
        at: When it was seen, by the service's time.
        servers: How many servers the runbook selects.
        findings: What was found, what blocks first.
    """

    run: str
    mode: Mode
    at: datetime | None
    servers: int
    findings: tuple[Finding, ...]

    @property
    def is_clear(self) -> bool:
        """Whether nothing blocks."""
        return not self.blocking

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that block."""
        return tuple(one for one in self.findings if one.severity == "blocking")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that deserve a look."""
        return tuple(one for one in self.findings if one.severity == "warning")

    def __str__(self) -> str:
        """Read as lines: a summary, then the findings."""
        head = (
            f"{self.run} ({self.mode}): {self.servers} servers, {len(self.blocking)} blocking, "
            f"{len(self.warnings)} warnings"
        )
        return "\n".join([head, *(f"  {finding}" for finding in self.findings)])
