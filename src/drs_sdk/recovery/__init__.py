"""Recovery runs: a fleet comes up in waves, once, whoever dies on the way.

- `recovery`, `handle`, `options`: a run, and what can be done with it
- `runbook`, `wave`, `servers`: what is planned; `loading`: runbook files; `order`, `digest`,
  `fields`, `part`: what a plan is made of
- `run`, `places`, `whereabouts`, `record`: a runbook under a key, where it runs, where its machines
  came from, and its record in the service
- `look`, `survey`, `judging`, `standing`, `status`: what is seen, and where a run stands by it
- `guards`, `run_errors`: what keeps a run from going on
- `launching`, `memory`, `asking`, `filling`, `starting`, `limits`, `pacing`: what starts, and
  when it is looked at again
- `hooks`, `marking`: the caller's say; approvals and the end of a run
- `preflight`: what stands in the way, found by reading
- `ensure`, `jobs`: one job under a key; a look at one
- `way_back`: re-protect, come home, and practise it
- `clean_up`, `runs`, `report`, `outcomes`, `reporting`, `past_jobs`, `reasons`, `causes`,
  `instances`: afterwards; `rendering`: the report as text, Markdown and HTML
- `progress`: a live table of a launch; `command`: the command line
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.recovery.clean_up import CleanUp
    from drs_sdk.recovery.ensure import EnsuredJob, ensure_recovery
    from drs_sdk.recovery.hooks import HookContext, LaunchedInstance, WaveGate
    from drs_sdk.recovery.jobs import JobLook, look_at_job
    from drs_sdk.recovery.limits import Limits
    from drs_sdk.recovery.outcomes import HookOutcome, JobOutcome, ServerOutcome, WaveOutcome
    from drs_sdk.recovery.preflight.findings import Finding, Preflight
    from drs_sdk.recovery.progress import RecoveryProgress as RecoveryProgress
    from drs_sdk.recovery.recovery import Recovery
    from drs_sdk.recovery.report import RecoveryReport
    from drs_sdk.recovery.runbook import Runbook
    from drs_sdk.recovery.runs import RunList, RunSummary, list_runs
    from drs_sdk.recovery.servers import Servers, ServersDict, TargetPattern, TargetPatternDict
    from drs_sdk.recovery.status import RunStatus, ServerStatus, WaveStatus
    from drs_sdk.recovery.wave import Wave, WaveDict
    from drs_sdk.recovery.way_back.report import WayBackReport
    from drs_sdk.recovery.way_back.server import ServerWayBack

__all__ = [
    "CleanUp",
    "EnsuredJob",
    "Finding",
    "HookContext",
    "HookOutcome",
    "JobLook",
    "JobOutcome",
    "LaunchedInstance",
    "Limits",
    "Preflight",
    "Recovery",
    "RecoveryReport",
    "RunList",
    "RunStatus",
    "RunSummary",
    "Runbook",
    "ServerOutcome",
    "ServerStatus",
    "ServerWayBack",
    "Servers",
    "ServersDict",
    "TargetPattern",
    "TargetPatternDict",
    "Wave",
    "WaveDict",
    "WaveGate",
    "WaveOutcome",
    "WaveStatus",
    "WayBackReport",
    "ensure_recovery",
    "list_runs",
    "look_at_job",
]

_HOMES = {
    "CleanUp": "drs_sdk.recovery.clean_up",
    "EnsuredJob": "drs_sdk.recovery.ensure",
    "Finding": "drs_sdk.recovery.preflight.findings",
    "HookContext": "drs_sdk.recovery.hooks",
    "HookOutcome": "drs_sdk.recovery.outcomes",
    "JobLook": "drs_sdk.recovery.jobs",
    "JobOutcome": "drs_sdk.recovery.outcomes",
    "LaunchedInstance": "drs_sdk.recovery.hooks",
    "Limits": "drs_sdk.recovery.limits",
    "Preflight": "drs_sdk.recovery.preflight.findings",
    "Recovery": "drs_sdk.recovery.recovery",
    "RecoveryProgress": "drs_sdk.recovery.progress",
    "RecoveryReport": "drs_sdk.recovery.report",
    "RunList": "drs_sdk.recovery.runs",
    "RunStatus": "drs_sdk.recovery.status",
    "RunSummary": "drs_sdk.recovery.runs",
    "Runbook": "drs_sdk.recovery.runbook",
    "ServerOutcome": "drs_sdk.recovery.outcomes",
    "ServerStatus": "drs_sdk.recovery.status",
    "ServerWayBack": "drs_sdk.recovery.way_back.server",
    "Servers": "drs_sdk.recovery.servers",
    "ServersDict": "drs_sdk.recovery.servers",
    "TargetPattern": "drs_sdk.recovery.servers",
    "TargetPatternDict": "drs_sdk.recovery.servers",
    "Wave": "drs_sdk.recovery.wave",
    "WaveDict": "drs_sdk.recovery.wave",
    "WaveGate": "drs_sdk.recovery.hooks",
    "WaveOutcome": "drs_sdk.recovery.outcomes",
    "WaveStatus": "drs_sdk.recovery.status",
    "WayBackReport": "drs_sdk.recovery.way_back.report",
    "ensure_recovery": "drs_sdk.recovery.ensure",
    "list_runs": "drs_sdk.recovery.runs",
    "look_at_job": "drs_sdk.recovery.jobs",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        """Load a name when it is first used: reading a runbook loads no engine."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted(__all__)
