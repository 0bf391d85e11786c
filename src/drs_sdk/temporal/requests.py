"""What goes to the activities and comes back: plain data, JSON in Temporal's history.

It stands there in clear text, unless the data converter encrypts: see the guide.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from drs_sdk.recovery.record import Mode
from drs_sdk.recovery.runbook import Runbook
from drs_sdk.recovery.status import Plain, RunStatus

LAUNCH_TIMEOUT = timedelta(seconds=20)
"""How long one attempt of a launch may take. A worker that is killed costs no more than this."""


class JobAt(Plain):
    """A job, and where it runs.

    Attributes:
        job_id: The job.
        region_name: Its Region; only a worker with a fleet needs it.
        account_id: Its account; the same.
    """

    job_id: str
    region_name: str | None = None
    account_id: str | None = None


class EnsureRecovery(Plain):
    """One job under a key, to be started once: see `drs_sdk.recovery.ensure_recovery`.

    Tags are no member: `DRSActivities` has them, so that they stay out of the history.

    Attributes:
        key: What tells this job from others: the same key is the same job.
        servers: Ids of source servers, as many as fit in one job.
        is_drill: Whether it is a drill.
        attempt: Which attempt of the launch this is; not Temporal's.
        replace_instances_of: Source servers whose instance, not made under the key, may be removed.
        not_launched: Source servers that were not launched under the key, where the record is gone.
        region_name: Where; only a worker with a fleet needs it.
        account_id: In which account; the same.
    """

    key: str
    servers: tuple[str, ...]
    is_drill: bool
    attempt: int = 1
    replace_instances_of: tuple[str, ...] = ()
    not_launched: tuple[str, ...] = ()
    region_name: str | None = None
    account_id: str | None = None


class StartedJob(Plain):
    """The job of a key.

    Attributes:
        job: The job, and where it runs.
        started_here: Whether this attempt of the activity started it; else it stood already.
    """

    job: JobAt
    started_here: bool


class WaitForJobs(Plain):
    """Jobs to wait for, until the first of them has ended.

    Attributes:
        jobs: The jobs, at least one.
        poll_every: The longest time between two looks. All waits of a worker that say the same
            share their looks.
    """

    jobs: tuple[JobAt, ...] = Field(min_length=1)
    poll_every: timedelta = timedelta(seconds=10)


class RunRequest(Plain):
    """A run to carry out: a runbook under a key.

    Attributes:
        runbook: What is launched, in which order.
        key: What tells this run from others of the runbook.
        mode: ``drill``, or ``recovery`` for the real thing.
        attempts: How often a server is launched in all; the wave's own unless given.
        replace_instances_of: Source servers whose instance, not made by this run, may be removed.
        not_launched: Source servers that this run has not launched, where the record is gone.
        approved: Names of waves that are approved from the start.
        poll_every: The longest time between two looks at jobs that run.
        launch_timeout: How long one look, with what it starts, may take before another attempt
            is made. The workflow doubles it where it proves too short.
    """

    runbook: Runbook
    key: str
    mode: Mode
    attempts: int | None = None
    replace_instances_of: tuple[str, ...] = ()
    not_launched: tuple[str, ...] = ()
    approved: tuple[str, ...] = ()
    poll_every: timedelta = timedelta(seconds=10)
    launch_timeout: timedelta = LAUNCH_TIMEOUT


class Advance(Plain):
    """What the workflow gives to the activity that moves a run on.

    Attributes:
        run: The run.
        approved: Names of all waves that are approved by now.
    """

    run: RunRequest
    approved: tuple[str, ...] = ()


class Approval(Plain):
    """Somebody's word that a wave may start.

    Attributes:
        wave: The wave's name.
        by: Who says so.
    """

    wave: str
    by: str


class Progress(Plain):
    """What the workflow answers to the query ``status``.

    Attributes:
        status: Where the run stood at the last look; None before the first.
        approvals: Who approved which wave, by signal or update.
        trouble: Why the last look failed, where it did: the workflow goes on trying.
    """

    status: RunStatus | None
    approvals: tuple[Approval, ...] = ()
    trouble: str | None = None
