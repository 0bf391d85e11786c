"""The record of a run: the tags on its jobs. It stands in the service, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from drs_sdk._core.errors import RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.models import Job

Mode: TypeAlias = Literal["drill", "recovery"]
"""The service's words: a drill, or the real thing."""

Step: TypeAlias = Literal["launch", "launch-back"]
"""There, or home again."""

PREFIX = "drs-sdk:"
RUN = "drs-sdk:run"
STEP = "drs-sdk:step"
WAVE = "drs-sdk:wave"
ATTEMPT = "drs-sdk:attempt"
PLAN = "drs-sdk:plan"
STARTED = "drs-sdk:started"
CLOSED = "drs-sdk:closed"
APPROVED = "drs-sdk:approved-"

_LONGEST = 256
_NOT_ALLOWED = re.compile(r"[^\w\s.:/=+\-@]")
_MODES: dict[str, Mode] = {
    "START_DRILL": "drill",
    "START_RECOVERY": "recovery",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a job of a run says of itself.

    Attributes:
        run: The run's name.
        step: There, or home again.
        wave: The name of the wave.
        attempt: Which attempt for its servers, from 1.
        plan: The digest of the plan.
        started: When the run began, by the service's time.
    """

    run: str
    step: Step
    wave: str
    attempt: int
    plan: str
    started: datetime

    def tags(self) -> dict[str, str]:
        """Write it as tags."""
        return {
            RUN: self.run,
            STEP: self.step,
            WAVE: self.wave,
            ATTEMPT: str(self.attempt),
            PLAN: self.plan,
            STARTED: self.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def record_of(job: Job) -> Record | None:
    """Read the record on a job; None where it is no job of a run, or the tags are not ours."""
    tags = job.tags
    step = tags.get(STEP)
    if RUN not in tags or step not in {"launch", "launch-back"}:
        return None
    try:
        started = datetime.fromisoformat(tags[STARTED])
        attempt = int(tags[ATTEMPT])
    except (KeyError, ValueError):
        return None
    if started.tzinfo is None:
        return None
    return Record(
        run=tags[RUN],
        step="launch" if step == "launch" else "launch-back",
        wave=tags.get(WAVE, ""),
        attempt=attempt,
        plan=tags.get(PLAN, ""),
        started=started,
    )


def mode_of(job: Job) -> Mode | None:
    """Tell what a job was initiated as; None where it was neither drill nor recovery."""
    return _MODES.get(str(job.initiated_by)) if job.initiated_by is not None else None


def closed_reason(job: Job) -> str | None:
    """Read why the run of a job was closed; None where it was not."""
    return job.tags.get(CLOSED)


def approved_waves(job: Job) -> set[int]:
    """Read which waves were approved on a job, by their place in the runbook."""
    numbers = (name.removeprefix(APPROVED) for name in job.tags if name.startswith(APPROVED))
    return {int(number) for number in numbers if number.isdecimal()}


def fit(text: str) -> str:
    """Make a tag value of free text: other characters become ``-``, and it is cut."""
    return _NOT_ALLOWED.sub("-", text).strip()[:_LONGEST]


def require_fitting(field: str, value: str) -> None:
    """Refuse what is no tag value, word for word.

    Raises:
        RequestValidationError: It is empty, too long, or has characters that tags do not take.
    """
    if not value or not value.strip():
        raise RequestValidationError.of(field, "must not be empty")
    if len(value) > _LONGEST:
        raise RequestValidationError.of(
            field, f"must fit {_LONGEST} characters as a tag, has {len(value)}"
        )
    if _NOT_ALLOWED.search(value) or value != value.strip():
        raise RequestValidationError.of(
            field, "may have letters, digits, spaces and _ . : / = + - @, as tags do"
        )


def own_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Take a caller's own tags for the jobs of a run.

    Raises:
        RequestValidationError: A name that the record uses.
    """
    for name in tags or {}:
        if name.startswith(PREFIX):
            raise RequestValidationError.of("tags", f"names with {PREFIX} belong to the record")
    return dict(tags or {})
