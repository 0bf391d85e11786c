"""What a job's log says of a failure, in words, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.models import JobLog

_SETTINGS = (
    "look at its launch settings: instance type, subnet, private IP, security groups, and EC2's "
    "own quotas"
)
_CAUSES: dict[str, tuple[str, str]] = {
    "CLEANUP_FAIL": (
        "what an earlier launch had left could not be removed",
        "look at its recovery instance in EC2 (termination protection, for one), and remove it",
    ),
    "SNAPSHOT_FAIL": (
        "no snapshot of its disks could be taken",
        "look at its replication and at the quota of EBS snapshots",
    ),
    "USING_PREVIOUS_SNAPSHOT_FAILED": (
        "no new snapshot could be taken, and an earlier one could not be used",
        "look at its replication, and whether it has a point in time at all",
    ),
    "CONVERSION_FAIL": (
        "its disks could not be converted to boot in EC2",
        "look at the conversion server: its subnet, its instance type, what boots on the machine",
    ),
    "LAUNCH_FAILED": ("EC2 has not launched its instance", _SETTINGS),
    "SERVER_SKIPPED": (
        "DRS left it out of the job",
        "look at its replication: a server without a point in time cannot be launched",
    ),
    "JOB_CANCEL": ("the job was cancelled", "find out by whom, and launch it again"),
}
"""By the event: what has happened, and where to look. Where to look is our advice; the service
gives none."""


def cause_in_words(event: JobLog) -> str:
    """Say why a server failed, with the event and the service's own words, and what to do."""
    name = str(event.event)
    raw = event.event_data.raw_error if event.event_data else None
    told = f"{name}: {raw}" if raw else name
    if name not in _CAUSES:
        return told
    happened, advice = _CAUSES[name]
    return f"{happened} ({told}); {advice}"
