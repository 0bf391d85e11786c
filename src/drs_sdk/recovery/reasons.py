"""Why servers of a job failed, in words, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.iam import actions_for
from drs_sdk.recovery.causes import cause_in_words
from drs_sdk.reports.job_report import events_of, failing_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_sdk.client import DRSClient


async def failure_reasons(drs: DRSClient, job_id: str, server_ids: Iterable[str]) -> dict[str, str]:
    """Read the log of a job for why servers failed.

    Raises:
        DRSError: The service could not be asked.
    """
    wanted = list(server_ids)
    if not wanted:
        return {}
    failing = failing_events(await events_of(drs, job_id))
    return {
        name: cause_in_words(failing[name]) if name in failing else silent_failure()
        for name in wanted
    }


def silent_failure() -> str:
    """Say what is most often behind a failure that the job's log does not tell of."""
    rights = sorted(
        action
        for action in actions_for("StartRecovery")
        if not action.startswith(("drs:Describe", "ec2:Describe"))
    )
    return (
        "failed without a word in the job's log. Most often the caller's own EC2 rights are "
        f"missing, as DRS launches with them: {', '.join(rights)}"
    )
