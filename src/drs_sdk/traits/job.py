"""What a job can be asked beyond its members. COMPLETED does not mean success."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from drs_sdk.models import (
        JobStatus,
        JobType,
        LaunchStatus,
        ParticipatingResource,
        ParticipatingServer,
    )

_PENDING = frozenset({"PENDING", "IN_PROGRESS"})

# Jobs of these types are about servers or networks: one that names none tells nothing.
_ABOUT_PARTS = frozenset({"LAUNCH", "TERMINATE"})


def _good_end(job_type: JobType | None) -> str:
    """The launch status that means success in a job of this type."""
    return "TERMINATED" if job_type == "TERMINATE" else "LAUNCHED"


class ParticipatingServerTraits:
    """Derived facts of a `ParticipatingServer`."""

    if TYPE_CHECKING:
        launch_status: LaunchStatus | None

    @property
    def is_pending(self) -> bool:
        """Whether its part of the job is still to end: ``PENDING``, ``IN_PROGRESS`` or unsaid."""
        return self.launch_status is None or self.launch_status in _PENDING


class JobTraits:
    """Derived facts of a `Job`.

    A job only says that it ended. How it went stands in the ``launch_status`` of each server,
    and what is good depends on the job: ``LAUNCHED`` in a launch, ``TERMINATED`` in a
    termination.
    """

    if TYPE_CHECKING:
        type: JobType | None
        status: JobStatus | None
        creation_date_time: datetime | None
        end_date_time: datetime | None
        participating_servers: list[ParticipatingServer]
        participating_resources: list[ParticipatingResource]

    @property
    def is_completed(self) -> bool:
        """Whether the job has ended, well or badly: its status is ``COMPLETED``."""
        return self.status == "COMPLETED"

    @property
    def launched_servers(self) -> list[ParticipatingServer]:
        """The servers that read ``LAUNCHED``."""
        return [
            server for server in self.participating_servers if server.launch_status == "LAUNCHED"
        ]

    @property
    def terminated_servers(self) -> list[ParticipatingServer]:
        """The servers that read ``TERMINATED``."""
        return [
            server for server in self.participating_servers if server.launch_status == "TERMINATED"
        ]

    @property
    def pending_servers(self) -> list[ParticipatingServer]:
        """The servers that are still to end.

        For a moment a ``COMPLETED`` job can have some: their outcome is not known yet.
        """
        return [server for server in self.participating_servers if server.is_pending]

    @property
    def failed_servers(self) -> list[ParticipatingServer]:
        """The servers that ended, but not in this job's good end.

        ``FAILED`` in any job; in a launch also a server that reads ``TERMINATED``, as nothing of
        it runs. The reason stands in the job log, see ``describe_job_log_items``.
        """
        good = _good_end(self.type)
        return [
            server
            for server in self.participating_servers
            if not server.is_pending and server.launch_status != good
        ]

    @property
    def succeeded(self) -> bool:
        """Whether the job has ended and every server and resource reached the good end.

        A launch or a termination that names no server and no resource has not succeeded: nothing
        in it says that anything came up, or went down.
        """
        good = _good_end(self.type)
        parts = [*self.participating_servers, *self.participating_resources]
        if not parts and self.type in _ABOUT_PARTS:
            return False
        return self.is_completed and all(part.launch_status == good for part in parts)

    @property
    def duration(self) -> timedelta | None:
        """From creation to end; None while the job runs."""
        if self.creation_date_time is None or self.end_date_time is None:
            return None
        return self.end_date_time - self.creation_date_time
