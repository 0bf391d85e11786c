"""Recovery on Apache Airflow: a hook, operators, a sensor and triggers (extra ``airflow``).

- `hook`: a client of an Airflow connection; `clients`: one for all triggers of a triggerer
- `start_recovery`, `sensor`: one job, started once and waited for
- `run_recovery`: a runbook, wave by wave; `approvals`: asking people in Airflow
- `triggers`: what waits while no worker does
- `link`, `keys`, `failing`: the way to the console, names of runs, what a retry cannot mend
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

try:
    import_module("airflow.providers.amazon")
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f'drs_sdk.airflow needs apache-airflow: pip install "drs-sdk[airflow]" ({_missing})',
        name=_missing.name,
    ) from _missing

if TYPE_CHECKING:
    from drs_sdk.airflow.hook import DrsHook
    from drs_sdk.airflow.link import DrsJobLink
    from drs_sdk.airflow.run_recovery import DrsRecoveryOperator
    from drs_sdk.airflow.sensor import DrsJobSensor
    from drs_sdk.airflow.start_recovery import DrsStartRecoveryOperator
    from drs_sdk.airflow.triggers import DrsJobCompletedTrigger, DrsRecoveryTrigger

__all__ = [
    "DrsHook",
    "DrsJobCompletedTrigger",
    "DrsJobLink",
    "DrsJobSensor",
    "DrsRecoveryOperator",
    "DrsRecoveryTrigger",
    "DrsStartRecoveryOperator",
]

_HOMES = {
    "DrsHook": "hook",
    "DrsJobCompletedTrigger": "triggers",
    "DrsJobLink": "link",
    "DrsJobSensor": "sensor",
    "DrsRecoveryOperator": "run_recovery",
    "DrsRecoveryTrigger": "triggers",
    "DrsStartRecoveryOperator": "start_recovery",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        """Load a name when it is first used: a DAG file is parsed often."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted(__all__)
