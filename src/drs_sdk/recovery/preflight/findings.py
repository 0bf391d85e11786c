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
        """Read as lines: a summary, then the findings; what was found alike, once."""
        head = (
            f"{self.run} ({self.mode}): {self.servers} servers, {len(self.blocking)} blocking, "
            f"{len(self.warnings)} warnings"
        )
        alike: dict[tuple[str, ...], list[Finding]] = {}
        for one in self.findings:
            alike.setdefault((one.severity, one.check, one.cause, one.remedy), []).append(one)
        return "\n".join([head, *(f"  {_line(findings)}" for findings in alike.values())])


def _line(alike: list[Finding]) -> str:
    first = alike[0]
    if len(alike) <= _SINGLE:
        return "\n  ".join(str(finding) for finding in alike)
    named = [finding.server or finding.wave or finding.target or "" for finding in alike]
    listed = ", ".join(named[:_SINGLE])
    return (
        f"{first.severity} {first.check} [{listed} and {len(alike) - _SINGLE} more]: "
        f"{first.cause}; {first.remedy}"
    )


_SINGLE = 3
"""So many findings that say the same are told one by one."""
