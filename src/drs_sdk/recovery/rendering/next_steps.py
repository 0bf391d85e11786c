"""What is left for a person to do after a run, or in the middle of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.words import count, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.recovery.outcomes import RunOutcome


def next_steps(report: RunOutcome) -> tuple[str, ...]:
    """Say what is left to do, the most pressing first; each a sentence."""
    return tuple(_steps(report))


def _steps(report: RunOutcome) -> Iterator[str]:
    for place, why in report.unreadable.items():
        yield (
            f"Make {plain(place)} readable ({plain(why)}), then launch again under the same key: "
            "what cannot be read is neither launched nor counted as lost."
        )
    yield from _of_servers(report)
    yield from _of_waves(report)
    if report.closed is not None:
        yield "The run is closed. Take a new key for a new run."
    elif report.state == "running":
        yield "It goes on: launch again under the same key to see it through, from any process."
    elif report.state == "not begun":
        yield "Nothing was launched yet: launch it."
    elif report.state == "succeeded" and report.mode == "recovery":
        yield "Protect what runs now, so that there is a way back: reprotect."
    is_over = report.state not in {"running", "waiting for approval", "not begun"}
    if report.mode == "drill" and is_over and any(s.outcome == "launched" for s in report.servers):
        yield "When the drill is over, clean up: its instances cost money until then."


def _of_servers(report: RunOutcome) -> Iterator[str]:
    failed = [s for s in report.servers if s.outcome == "failed" and s.is_selected]
    if failed and report.closed is None:
        most = max(server.attempt for server in failed) + 1
        yield (
            f"Mend what made {count(len(failed), 'server')} fail (see Causes), then launch again "
            f"under the same key with attempts={most}: what is up is not launched again."
        )
    gone = [s for s in report.servers if s.outcome == "gone"]
    if gone:
        yield (
            f"The instances of {count(len(gone), 'server')} stand no more. This run does not "
            "launch them a second time: where they are needed, launch them under a new key."
        )
    again = sorted({s.launched_again_by for s in report.servers if s.launched_again_by})
    for job in again:
        yield f"Ask who started job {plain(job)}: it launched servers of this run again."
    if report.kept:
        yield (
            f"{count(len(report.kept), 'server')} came up that the runbook no longer selects: see "
            "whether the runbook or the selection is right."
        )


def _of_waves(report: RunOutcome) -> Iterator[str]:
    for wave in report.waves:
        name = plain(wave.name)
        if wave.state == "waiting for approval" and report.closed is None:
            how = (
                f'recovery.approve("{name}", by=...)'
                if report.jobs
                else f'launch(approved=["{name}"])'
            )
            yield f"Approve the wave {name}, or close the run: {how}."
        if wave.state == "failed" and not any(s.wave == wave.name for s in report.servers):
            yield f"Let the wave {name} select servers: it selects none."
    for hook in report.hooks:
        if hook.error is not None:
            which = _HOOKS.get(hook.when, hook.when)
            about = f" the wave {plain(hook.wave)}" if hook.wave else ""
            yield f"See why {which}{about} failed."


_HOOKS = {
    "approve": "the approval of",
    "before": "the check before",
    "after": "the check after",
    "update": "your on_update",
}
