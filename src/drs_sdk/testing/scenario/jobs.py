"""What others do with jobs: nothing here is recorded as a request."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from drs_sdk.testing.life import launching, terminating
from drs_sdk.testing.scenario.stage import Stage
from drs_sdk.testing.state import jobs, recovery_instances

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_sdk.testing.job_durations import JobDurations


class JobScenario(Stage):
    """The part of `DRSEmulator` about jobs."""

    def start_foreign_launch(
        self,
        source_server_ids: Sequence[str],
        *,
        is_drill: bool = True,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Let somebody else launch source servers; the service's rules hold for them, too.

        Args:
            source_server_ids: The servers.
            is_drill: Whether it is a drill.
            tags: The tags of the job.

        Returns:
            The job's identifier.

        Raises:
            ServiceError: What StartRecovery would be refused with.
        """
        account = self._settled()
        servers = [account.source_servers.require(i) for i in dict.fromkeys(source_server_ids)]
        return launching.start_launch(account, servers, is_drill=is_drill, tags=tags).id

    def start_foreign_termination(self, recovery_instance_ids: Sequence[str]) -> str:
        """Let somebody else terminate recovery instances; the service's rules hold, too.

        Args:
            recovery_instance_ids: The instances.

        Returns:
            The job's identifier.

        Raises:
            ServiceError: What TerminateRecoveryInstances would be refused with.
        """
        account = self._settled()
        known = recovery_instances.instances_of(account)
        targets = [known.require(i) for i in dict.fromkeys(recovery_instance_ids)]
        return terminating.start_termination(account, targets).id

    def forget_job(self, job_id: str) -> None:
        """Let the service forget a job and its log, as after DeleteJob by somebody else.

        Args:
            job_id: A job that has ended.

        Raises:
            ValueError: It still runs.
            ServiceError: No such job.
        """
        known = jobs.jobs_of(self._settled())
        job = known.require(job_id)
        if jobs.is_running(job):
            raise ValueError(f"{job_id} is running")
        known.remove(job.id)

    def set_job_durations(self, source_server_id: str, durations: JobDurations | None) -> None:
        """Set how long the steps of a server's jobs take from the next step on.

        Args:
            source_server_id: The server.
            durations: The lengths, or None to go by the place's `job_durations` again.

        Raises:
            ServiceError: No such server.
        """
        server = self._settled().source_servers.require(source_server_id)
        if durations is None:
            server.state.pop("durations", None)
        else:
            server.state["durations"] = asdict(durations)
