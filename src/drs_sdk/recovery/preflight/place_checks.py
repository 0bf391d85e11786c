"""Checks of each place: quotas, and what runs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.limits import Room
from drs_sdk.recovery.preflight.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.recovery.preflight.reading import Facts


def quotas(facts: Facts) -> Iterator[Finding]:
    """Find places that do not take a wave's servers in one go."""
    for target, look in facts.standing.survey.looks.items():
        limits = facts.run.limits_of(target)
        for wave in facts.standing.waves.values():
            ids = [m.server_id for m in facts.members(target) if m.wave is wave.wave]
            room = Room.beside(limits, look.jobs.values())
            others = limits.concurrent_jobs - room.jobs
            packed = sum(len(batch) for batch in room.pack(ids))
            if packed < len(ids):
                beside = f" beside {others} jobs that run there" if others else ""
                yield Finding(
                    severity="warning",
                    check="quota",
                    wave=wave.wave.name,
                    target=str(target),
                    cause=(
                        f"{len(ids)} servers, of which the place takes {packed} at a time{beside} "
                        f"({limits.servers_in_all_jobs} servers in {limits.concurrent_jobs} jobs)"
                    ),
                    remedy="they come up in rounds; ask for larger quotas and say them as limits=",
                )
