"""All checks of a preflight, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.guards import require_our_own, require_records, stop_if_over
from drs_sdk.recovery.judging import stand
from drs_sdk.recovery.preflight import (
    place_checks,
    run_checks,
    server_checks,
    setting_checks,
)
from drs_sdk.recovery.preflight.findings import Finding, Preflight
from drs_sdk.recovery.preflight.reading import read
from drs_sdk.recovery.survey import Scope, survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.preflight.reading import Facts
    from drs_sdk.recovery.run import Run

_CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    run_checks.unreadable,
    run_checks.empty_waves,
    server_checks.launchable,
    server_checks.in_the_way,
    server_checks.held,
    server_checks.data_loss,
    setting_checks.settings,
    place_checks.quotas,
    server_checks.history,
    run_checks.origin,
    run_checks.rights,
)


async def preflight(run: Run, origin: Places | None) -> Preflight:
    """Look for what stands in the way of a run; reads only."""
    found = await survey(run, Scope(lists_jobs=True, instances=True))
    try:
        standing = stand(run, found, attempts=lambda wave: wave.attempts)
        facts = await read(run, standing, origin)
    except RecoveryError as error:  # a server is in two waves
        return Preflight(
            run=run.name, mode=run.mode, at=None, servers=0, findings=(_refusal(error),)
        )
    findings = [
        *_refusals(facts),
        *(finding for check in _CHECKS for finding in check(facts)),
    ]
    findings.sort(key=lambda finding: finding.severity != "blocking")
    return Preflight(
        run=run.name,
        mode=run.mode,
        at=standing.at,
        servers=len(list(standing.members)),
        findings=tuple(findings),
    )


def _refusals(facts: Facts) -> Iterator[Finding]:
    """Find what a launch under this key is refused for."""
    standing = facts.standing
    for guard in (
        lambda: require_records(standing.survey),
        lambda: require_our_own(standing, ()),
        lambda: stop_if_over(standing),
    ):
        try:
            guard()
        except RecoveryError as error:
            yield _refusal(error)


def _refusal(error: RecoveryError) -> Finding:
    return Finding(
        severity="blocking",
        check="run",
        cause=str(error),
        remedy=f"see {type(error).__name__}",
    )
