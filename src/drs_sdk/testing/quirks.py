"""What the service does at times, undocumented, and a test can switch on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from drs_sdk.testing.ranges import require_seconds

RecoveryTags: TypeAlias = Literal["KEPT", "LOST", "REFUSED"]
"""What becomes of the tags of a StartRecovery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Habits of the service that production users have met, all off unless switched on.

    Each was seen by somebody, not by everybody. Code that stands all of them stands the
    service.

    Attributes:
        empty_terminate_jobs: A terminate job has no `participatingServers` any more once it is
            COMPLETED.
        job_listing_delay: Seconds for which a new job is missing where jobs are listed without
            their identifiers. Asked for by its identifier it is there at once.
        empty_last_launch: The service does not write down the launches of source servers:
            `lifeCycle.lastLaunch` stays as it was. Only `lastLaunchResult` tells of them.
        recovery_tags: What becomes of the tags of a StartRecovery: `KEPT` by its job, `LOST`
            (the job starts without them; TagResource works), or `REFUSED` with a
            ValidationException.
        job_retention: Seconds after its end at which a job is forgotten, and its log; None
            keeps all. How long the service keeps them is not public.
    """

    empty_terminate_jobs: bool = False
    job_listing_delay: float = 0.0
    empty_last_launch: bool = False
    recovery_tags: RecoveryTags = "KEPT"
    job_retention: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: A number of seconds below zero, over a century or not finite, or no such
                fate of tags.
        """
        for name, seconds in (
            ("job_listing_delay", self.job_listing_delay),
            ("job_retention", self.job_retention or 0.0),
        ):
            require_seconds(name, seconds)
        if self.recovery_tags not in get_args(RecoveryTags):
            raise ValueError(f"recovery_tags cannot be {self.recovery_tags!r}")
