"""Recovery runs on Temporal: activities, a workflow, and how errors are told.

Needs the ``temporal`` extra: ``pip install "drs-sdk[temporal]"``.

    from drs_sdk.temporal import DRSActivities, DRSPlugin, RecoveryWorkflow, RunRequest

    async with DRSClient() as drs:
        client = await Client.connect("localhost:7233", plugins=[DRSPlugin(DRSActivities(drs))])
        async with Worker(client, task_queue="recovery"):
            ...

- `activities`: what a worker does, each thing safe to do again; `heartbeats`: that it is alive
- `requests`: what goes to them and comes back, as JSON
- `failures`: which errors may be tried again, and when
- `workflow`: a run as a workflow, with approvals; `plugin`: all of it for a client and its workers
"""

from importlib import import_module
from typing import TYPE_CHECKING

try:
    import temporalio as _temporalio
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f'drs_sdk.temporal needs temporalio: pip install "drs-sdk[temporal]" ({_missing})',
        name=_missing.name,
    ) from _missing

if TYPE_CHECKING:
    from temporalio.contrib.pydantic import pydantic_data_converter

    from drs_sdk.temporal.activities import DRSActivities
    from drs_sdk.temporal.failures import as_failure
    from drs_sdk.temporal.plugin import DRSPlugin
    from drs_sdk.temporal.requests import (
        Advance,
        Approval,
        EnsureRecovery,
        JobAt,
        RunRequest,
        StartedJob,
        WaitForJobs,
    )
    from drs_sdk.temporal.workflow import RecoveryWorkflow

__all__ = [
    "Advance",
    "Approval",
    "DRSActivities",
    "DRSPlugin",
    "EnsureRecovery",
    "JobAt",
    "RecoveryWorkflow",
    "RunRequest",
    "StartedJob",
    "WaitForJobs",
    "as_failure",
    "pydantic_data_converter",
]

_HOMES = {
    "Advance": "drs_sdk.temporal.requests",
    "Approval": "drs_sdk.temporal.requests",
    "DRSActivities": "drs_sdk.temporal.activities",
    "DRSPlugin": "drs_sdk.temporal.plugin",
    "EnsureRecovery": "drs_sdk.temporal.requests",
    "JobAt": "drs_sdk.temporal.requests",
    "RecoveryWorkflow": "drs_sdk.temporal.workflow",
    "RunRequest": "drs_sdk.temporal.requests",
    "StartedJob": "drs_sdk.temporal.requests",
    "WaitForJobs": "drs_sdk.temporal.requests",
    "as_failure": "drs_sdk.temporal.failures",
    "pydantic_data_converter": "temporalio.contrib.pydantic",
}

del _temporalio

if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        """Load a name when it is first used: a workflow needs less than a worker."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted(__all__)
