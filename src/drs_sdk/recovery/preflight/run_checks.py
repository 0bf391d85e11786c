"""Checks of the run as a whole: its record, its selection, its rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.iam import actions_for
from drs_sdk.recovery.preflight.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.recovery.preflight.reading import Facts

OPERATIONS = (
    "DescribeSourceServers",
    "DescribeJobs",
    "DescribeJobLogItems",
    "DescribeRecoveryInstances",
    "DescribeRecoverySnapshots",
    "StartRecovery",
    "TagResource",
    "TerminateRecoveryInstances",
)
"""What a run and its clean-up call."""


def empty_waves(facts: Facts) -> Iterator[Finding]:
    """Find waves that select no server."""
    survey = facts.standing.survey
    for wave in facts.standing.waves.values():
        if not wave.members:
            blind = bool(survey.failures)
            yield Finding(
                severity="warning" if blind else "blocking",
                check="selection",
                wave=wave.wave.name,
                cause="selects no server" + (" in the places that can be read" if blind else ""),
                remedy="look at its selector, and at the tags and names of the servers",
            )


def unreadable(facts: Facts) -> Iterator[Finding]:
    """Find places that cannot be read, and those where DRS was never initialised."""
    survey = facts.standing.survey
    for target, error in survey.failures.items():
        yield Finding(
            severity="blocking",
            check="access",
            target=str(target),
            cause=f"cannot be read: {error}",
            remedy="waves that may have servers there wait, unless they say on_failure=continue",
        )
    for target in sorted(survey.absent, key=str):
        yield Finding(
            severity="warning",
            check="initialised",
            target=str(target),
            cause="DRS was never initialised there, so no server is there",
            remedy="leave the place out of the fleet, or call InitializeService",
        )
    for what, why in facts.unread.items():
        yield Finding(
            severity="warning",
            check="access",
            cause=f"{what} could not be looked at in full: {why}",
            remedy="grant the rights to read, or look by hand",
        )


def rights(facts: Facts) -> Iterator[Finding]:
    """Name the rights that a launch needs: DRS launches with the caller's own."""
    yield Finding(
        severity="warning",
        check="rights",
        cause=(
            f"{len({a for name in OPERATIONS for a in actions_for(name)})} actions of the caller "
            f"are needed for {facts.run.mode}, of EC2 above all, and DRS cannot say whether they "
            "are granted: a launch without them fails without a word"
        ),
        remedy=f"compare with drs_sdk.iam.policy_for({list(OPERATIONS)})",
    )


def origin(facts: Facts) -> Iterator[Finding]:
    """Find servers of a recovery whose way back leads to a place that nobody gave."""
    if facts.run.is_drill:
        return
    known = {
        (target.account_id, target.region_name)
        for places in (facts.run.places, facts.origin)
        if places is not None
        for target in places.targets
    }
    regions = {region for _, region in known}
    missing: dict[tuple[str | None, str | None], list[str]] = {}
    for member in facts.members():
        cloud = member.server.source_cloud_properties if member.server is not None else None
        if cloud is None or cloud.origin_region is None:
            continue
        place = (cloud.origin_account_id, cloud.origin_region)
        if place not in known and (None, cloud.origin_region) not in known:
            missing.setdefault(place, []).append(member.server_id)
    for (account, region), servers in missing.items():
        near = " (another account of a Region that was given)" if region in regions else ""
        yield Finding(
            severity="warning",
            check="origin",
            target=f"{account}/{region}",
            cause=f"{len(servers)} servers came from there{near}, so the way back needs it",
            remedy="give origin=, or a fleet with that place, before re-protecting",
        )
