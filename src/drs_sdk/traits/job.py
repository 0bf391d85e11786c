"""What a job can be asked beyond its members. COMPLETED does not mean success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from drs_sdk.enums import JobStatus, JobType, LaunchStatus


class HasLaunchStatus(Protocol):
    """A part of a job, which tells how it went."""

    @property
    def launch_status(self) -> LaunchStatus | None:
        """How its launch or termination went."""
        ...


ServerT = TypeVar("ServerT", bound=HasLaunchStatus)
ServerT_co = TypeVar("ServerT_co", bound=HasLaunchStatus, covariant=True)


class HasServers(Protocol[ServerT_co]):
    """A job and the servers that take part in it."""

    @property
    def type(self) -> JobType | None:
        """What the job is for."""
        ...

    @property
    def participating_servers(self) -> Sequence[ServerT_co]:
        """The servers."""
        ...


class HasStatus(Protocol):
    """What tells how far a job is."""

    @property
    def status(self) -> JobStatus | None:
        """How far it is."""
        ...


class HasParts(HasServers[HasLaunchStatus], HasStatus, Protocol):
    """A job with everything that takes part in it."""

    @property
    def participating_resources(self) -> Sequence[HasLaunchStatus]:
        """The networks."""
        ...


class HasTimes(Protocol):
    """What tells when a job began and ended."""

    @property
    def creation_date_time(self) -> datetime | None:
        """When it was made."""
        ...

    @property
    def end_date_time(self) -> datetime | None:
        """When it ended."""
        ...


_PENDING = frozenset({"PENDING", "IN_PROGRESS"})

# Jobs of these types are about servers or networks: one that names none tells nothing.
_ABOUT_PARTS = frozenset({"LAUNCH", "TERMINATE"})


def _is_pending(part: HasLaunchStatus) -> bool:
    return part.launch_status is None or part.launch_status in _PENDING


def _good_end(job_type: JobType | None) -> str:
    """The launch status that means success in a job of this type."""
    return "TERMINATED" if job_type == "TERMINATE" else "LAUNCHED"


class ParticipatingServerTraits:
    """Derived facts of a `ParticipatingServer`."""

    @property
    def is_pending(self: HasLaunchStatus) -> bool:
        """Whether its part of the job is still to end: ``PENDING``, ``IN_PROGRESS`` or unsaid."""
        return _is_pending(self)


class JobTraits:
    """Derived facts of a `Job`.

    A job only says that it ended. How it went stands in the ``launch_status`` of each server,
    and what is good depends on the job: ``LAUNCHED`` in a launch, ``TERMINATED`` in a
    termination.
    """

    @property
    def is_completed(self: HasStatus) -> bool:
        """Whether the job has ended, well or badly: its status is ``COMPLETED``."""
        return self.status == "COMPLETED"

    @property
    def launched_servers(self: HasServers[ServerT]) -> list[ServerT]:
        """The servers that read ``LAUNCHED``."""
        return [
            server for server in self.participating_servers if server.launch_status == "LAUNCHED"
        ]

    @property
    def terminated_servers(self: HasServers[ServerT]) -> list[ServerT]:
        """The servers that read ``TERMINATED``."""
        return [
            server for server in self.participating_servers if server.launch_status == "TERMINATED"
        ]

    @property
    def pending_servers(self: HasServers[ServerT]) -> list[ServerT]:
        """The servers that are still to end.

        For a moment a ``COMPLETED`` job can have some: their outcome is not known yet.
        """
        return [server for server in self.participating_servers if _is_pending(server)]

    @property
    def failed_servers(self: HasServers[ServerT]) -> list[ServerT]:
        """The servers that ended, but not in this job's good end.

        ``FAILED`` in any job; in a launch also a server that reads ``TERMINATED``, as nothing of
        it runs. The reason stands in the job log, see ``describe_job_log_items``.
        """
        good = _good_end(self.type)
        return [
            server
            for server in self.participating_servers
            if not _is_pending(server) and server.launch_status != good
        ]

    @property
    def succeeded(self: HasParts) -> bool:
        """Whether the job has ended and every server and resource reached the good end.

        A launch or a termination that names no server and no resource has not succeeded: nothing
        in it says that anything came up, or went down.
        """
        good = _good_end(self.type)
        parts = [*self.participating_servers, *self.participating_resources]
        if not parts and self.type in _ABOUT_PARTS:
            return False
        return self.status == "COMPLETED" and all(part.launch_status == good for part in parts)

    @property
    def duration(self: HasTimes) -> timedelta | None:
        """From creation to end; None while the job runs."""
        if self.creation_date_time is None or self.end_date_time is None:
            return None
        return self.end_date_time - self.creation_date_time
