"""Recovery runs: a fleet comes up in waves, once, whoever dies on the way.

- `runbook`: waves of servers, and what each asks for
- `servers`: which servers a wave launches
- `loading`: runbook files: TOML, JSON, YAML
- `order`: who comes after whom, and circles
- `digest`: what makes two runbooks the same plan
- `fields`, `part`: what a runbook's fields take, and how they are refused
- `errors`: what is raised
- `outcomes`, `report`: what became of a run; `rendering`: the report as text, Markdown and HTML
- `progress`: a live table of a launch
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.recovery.hooks import HookContext, LaunchedInstance, WaveGate
    from drs_sdk.recovery.limits import Limits
    from drs_sdk.recovery.outcomes import HookOutcome, JobOutcome, ServerOutcome, WaveOutcome
    from drs_sdk.recovery.progress import RecoveryProgress as RecoveryProgress
    from drs_sdk.recovery.recovery import Recovery
    from drs_sdk.recovery.report import RecoveryReport
    from drs_sdk.recovery.runbook import Runbook
    from drs_sdk.recovery.servers import Servers, ServersDict, TargetPattern, TargetPatternDict
    from drs_sdk.recovery.status import RunStatus, ServerStatus, WaveStatus
    from drs_sdk.recovery.wave import Wave, WaveDict

__all__ = [
    "HookContext",
    "HookOutcome",
    "JobOutcome",
    "LaunchedInstance",
    "Limits",
    "Recovery",
    "RecoveryReport",
    "RunStatus",
    "Runbook",
    "ServerOutcome",
    "ServerStatus",
    "Servers",
    "ServersDict",
    "TargetPattern",
    "TargetPatternDict",
    "Wave",
    "WaveDict",
    "WaveGate",
    "WaveOutcome",
    "WaveStatus",
]

_HOMES = {
    "HookContext": "drs_sdk.recovery.hooks",
    "HookOutcome": "drs_sdk.recovery.outcomes",
    "JobOutcome": "drs_sdk.recovery.outcomes",
    "LaunchedInstance": "drs_sdk.recovery.hooks",
    "Limits": "drs_sdk.recovery.limits",
    "Recovery": "drs_sdk.recovery.recovery",
    "RecoveryProgress": "drs_sdk.recovery.progress",
    "RecoveryReport": "drs_sdk.recovery.report",
    "RunStatus": "drs_sdk.recovery.status",
    "Runbook": "drs_sdk.recovery.runbook",
    "ServerOutcome": "drs_sdk.recovery.outcomes",
    "ServerStatus": "drs_sdk.recovery.status",
    "Servers": "drs_sdk.recovery.servers",
    "ServersDict": "drs_sdk.recovery.servers",
    "TargetPattern": "drs_sdk.recovery.servers",
    "TargetPatternDict": "drs_sdk.recovery.servers",
    "Wave": "drs_sdk.recovery.wave",
    "WaveDict": "drs_sdk.recovery.wave",
    "WaveGate": "drs_sdk.recovery.hooks",
    "WaveOutcome": "drs_sdk.recovery.outcomes",
    "WaveStatus": "drs_sdk.recovery.status",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        """Load a name when it is first used: reading a runbook loads no engine."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
