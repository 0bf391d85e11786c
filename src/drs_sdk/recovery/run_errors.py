"""What keeps a run from going on: each says what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.errors import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class RunMismatchError(RecoveryError):
    """The key stands for another run: another mode, step, plan or list of servers.

    Nothing more is launched by the one that gets it.

    Attributes:
        run: The run's name, `<runbook>/<key>`.
        differences: What differs, each as "mode: drill there, recovery here".
        owner_job_id: The job that owns the run: the earliest.
        launched: Jobs that this side had started when it found out.
    """

    __module__ = "drs_sdk.errors"

    def __init__(
        self,
        run: str,
        differences: Collection[str],
        *,
        owner_job_id: str | None = None,
        launched: Collection[str] = (),
    ) -> None:
        """Say what differs, and what stands in the service."""
        told = f" Job {owner_job_id} owns the run." if owner_job_id else ""
        ours = f" This side had started {', '.join(sorted(launched))}." if launched else ""
        super().__init__(
            f"run {run} is another one: {'; '.join(differences)}.{told}{ours} "
            "Take another key for another run."
        )
        self.run = run
        self.differences: tuple[str, ...] = tuple(differences)
        self.owner_job_id = owner_job_id
        self.launched: tuple[str, ...] = tuple(sorted(launched))


class RunClosedError(RecoveryError):
    """The run is over: closed, cleaned up, its instances gone, or too long ago.

    Attributes:
        run: The run's name, `<runbook>/<key>`.
        reason: Why it is over.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, run: str, reason: str) -> None:
        """Say why it is over."""
        super().__init__(
            f"run {run} is over, {reason}: nothing is launched under its key any more. "
            "Take a new key for a new run."
        )
        self.run = run
        self.reason = reason


class InstanceInTheWayError(RecoveryError):
    """A launch would remove instances that the run did not make; nothing was launched.

    Attributes:
        instances: The recovery instance that stands, by source server.
        live: Those servers among them whose instance comes of a real recovery.
    """

    __module__ = "drs_sdk.errors"

    def __init__(
        self, instances: Mapping[str, str], *, live: Collection[str] = (), is_drill: bool
    ) -> None:
        """Name the instances."""
        listed = ", ".join(f"{name} ({instance})" for name, instance in sorted(instances.items()))
        remedy = (
            "terminate them, or name their servers in replace_instances_of"
            if not (is_drill and live)
            else "a drill replaces no instance of a real recovery: leave these servers out"
        )
        super().__init__(
            f"a launch would remove instances that this run did not make: {listed}. Nothing was "
            f"launched; {remedy}."
        )
        self.instances: dict[str, str] = dict(instances)
        self.live: frozenset[str] = frozenset(live)


class ServerHeldError(RecoveryError):
    """Other people's launches hold servers of the run; their end would put instances in the way.

    Attributes:
        holders: The job that holds each source server.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, holders: Mapping[str, str], *, why: str = "") -> None:
        """Name servers and jobs."""
        listed = ", ".join(f"{name} by {job}" for name, job in sorted(holders.items()))
        super().__init__(
            f"source servers are held by jobs of somebody else: {listed}. Nothing was launched on "
            f"them; speak to whoever started these jobs.{' ' + why if why else ''}"
        )
        self.holders: dict[str, str] = dict(holders)


class RecordLostError(RecoveryError):
    """The job that a server names is gone, so nobody can tell whether this run launched it.

    Attributes:
        servers: The id of the lost job, by source server.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, servers: Mapping[str, str]) -> None:
        """Name servers and jobs."""
        listed = ", ".join(f"{name} by {job}" for name, job in sorted(servers.items()))
        super().__init__(
            f"whether this run has launched these servers cannot be told, as their jobs are gone: "
            f"{listed}. Look at the servers, and name those that were not launched by this run in "
            "not_launched."
        )
        self.servers: dict[str, str] = dict(servers)


class RecordNotKeptError(RecoveryError):
    """A job was started, but the tags that make it the run's could not be put on it.

    Attributes:
        job_id: The job.
        tags: The tags that it lacks.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, job_id: str, tags: Mapping[str, str], why: str) -> None:
        """Name the job and what stands in the way."""
        super().__init__(
            f"job {job_id} was started, but its tags could not be set ({why}), so that another "
            f"process cannot know it: tag it by hand before anything else. It needs "
            f"{', '.join(f'{name}={value}' for name, value in tags.items())}; the caller needs "
            "drs:TagResource."
        )
        self.job_id = job_id
        self.tags: dict[str, str] = dict(tags)


class OriginNeededError(RecoveryError):
    """The way back needs a client of the place where the machines came from.

    Attributes:
        account_id: The account.
        region_name: The Region.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, account_id: str | None, region_name: str | None) -> None:
        """Name the place."""
        super().__init__(
            f"the way back goes to account {account_id or 'unknown'} in "
            f"{region_name or 'an unknown Region'}; give a client of it as origin=, or a fleet "
            "that has it as a target. Nothing was changed."
        )
        self.account_id = account_id
        self.region_name = region_name


class WrongOrderError(RecoveryError):
    """A step was asked for before its time; nothing was changed.

    Attributes:
        letter: What the step would have touched, by the letters of the guide: ``B2``.
        first: What has to be done before.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, message: str, *, letter: str, first: str) -> None:
        """Say what has to come first."""
        super().__init__(f"{letter}: {message}. First: {first}. Nothing was changed.")
        self.letter = letter
        self.first = first
