"""How much a place takes at a time, and how servers are packed into jobs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from drs_sdk._core.errors import RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_sdk.models import Job

SERVERS_IN_ONE_JOB = "L-B827C881"
"""The code of the quota that waiting does not make larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The service's quotas of one account in one Region, as far as launches need them.

    Quotas can be raised for an account, and are not to be read from DRS: say yours.

    Attributes:
        servers_in_one_job: Servers in one job (quota L-B827C881).
        servers_in_all_jobs: Servers in all running jobs together (L-05AFA8C6).
        concurrent_jobs: Jobs that run at the same time (L-D88FAC3A).
    """

    servers_in_one_job: int = 100
    servers_in_all_jobs: int = 500
    concurrent_jobs: int = 20

    def __post_init__(self) -> None:
        """Refuse what is no quota.

        Raises:
            RequestValidationError: A limit below 1, or more servers in a job than a request takes.
        """
        for field in fields(self):
            value: object = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise RequestValidationError.of(field.name, "must be a whole number of at least 1")
        if self.servers_in_one_job > _MOST_IN_A_REQUEST:
            raise RequestValidationError.of(
                "servers_in_one_job", f"a request takes {_MOST_IN_A_REQUEST} at most"
            )


_MOST_IN_A_REQUEST = 200


@dataclass(slots=True)
class Room:
    """What a place takes now, beside the jobs that run there, whoever started them."""

    limits: Limits
    jobs: int
    servers: int

    @classmethod
    def beside(cls, limits: Limits, jobs: Iterable[Job]) -> Room:
        """Count the jobs that run."""
        running = [job for job in jobs if not job.is_completed]
        return cls(
            limits,
            limits.concurrent_jobs - len(running),
            limits.servers_in_all_jobs - sum(len(job.participating_servers) for job in running),
        )

    def pack(self, servers: Sequence[str]) -> list[list[str]]:
        """Take as many servers as there is room for, in as few jobs as it allows."""
        packed: list[list[str]] = []
        waiting = deque(servers)
        while waiting and self.jobs > 0 and self.servers > 0:
            size = min(len(waiting), self.limits.servers_in_one_job, self.servers)
            packed.append([waiting.popleft() for _ in range(size)])
            self.jobs -= 1
            self.servers -= size
        return packed
