"""What a run's status says about what to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.recovery.runbook import Runbook
    from drs_sdk.recovery.status import RunStatus


def running_jobs(status: RunStatus) -> list[str]:
    """Name the jobs that are under way."""
    return sorted(
        {
            server.job_id
            for server in status.servers
            if server.state == "launching" and server.job_id is not None
        }
    )


def awaited_waves(runbook: Runbook, status: RunStatus) -> list[int]:
    """Number the waves that wait for an approval, by their place in the runbook."""
    numbers = {wave.name: number for number, wave in enumerate(runbook.waves)}
    return [numbers[wave.name] for wave in status.waves if wave.state == "waiting for approval"]


def may_start_more(runbook: Runbook, status: RunStatus, attempts: int | None = None) -> bool:
    """Whether something may start before a job of the run has ended.

    That is a wave of which servers are left over, as a quota or another job is in their way, or
    one that nothing of the run keeps from starting.

    Args:
        runbook: What is launched.
        status: Where the run stands.
        attempts: How often a server is launched in all; the wave's own unless given.
    """
    states = {wave.name: wave.state for wave in status.waves}

    def lets_start(name: str) -> bool:
        passes_over = runbook.wave(name).on_failure == "continue"
        return states[name] == "up" or (states[name] == "failed" and passes_over)

    for wave in status.waves:
        most = attempts if attempts is not None else runbook.wave(wave.name).attempts
        left = any(
            server.state == "not launched" or (server.state == "failed" and server.attempt < most)
            for server in wave.servers
        )
        if wave.state == "unknown" or (wave.state == "launching" and left):
            return True
        if wave.state == "waiting" and all(map(lets_start, runbook.after(wave.name))):
            return True
    return False


def told(status: RunStatus) -> str:
    """Tell where a run stands, in a line for the log and one for each wave."""
    waves = (
        f"  {wave.name}: {wave.state}, {wave.launched} of {len(wave.servers)} up"
        f"{f' ({wave.reason})' if wave.reason else ''}"
        for wave in status.waves
    )
    return "\n".join((f"{status.run} ({status.mode}) is {status.state}", *waves))
