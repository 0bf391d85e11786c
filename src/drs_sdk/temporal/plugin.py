"""All that Temporal needs of the SDK, as one plugin for a client and its workers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultPayloadConverter
from temporalio.plugin import SimplePlugin
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from drs_sdk.temporal.workflow import RecoveryWorkflow

if TYPE_CHECKING:
    from temporalio.worker import WorkerConfig, WorkflowRunner

    from drs_sdk.temporal.activities import DRSActivities

_PASSED_THROUGH = ("drs_sdk", "pydantic", "pydantic_core", "annotated_types")
"""Modules that a workflow takes from outside its sandbox: they are the same for each, and loading
them anew for each would cost seconds."""

_ACTIVITIES = 1000
"""How many activities a worker has at once, unless its user says so. One that waits costs next to
nothing, and with Temporal's own 100 a hundred waits would keep a launch from starting."""


class DRSPlugin(SimplePlugin):
    """Activities, `RecoveryWorkflow`, the converter and the sandbox's settings.

        client = await Client.connect("localhost:7233", plugins=[DRSPlugin(DRSActivities(drs))])
        async with Worker(client, task_queue="recovery"): ...

    A client's plugins are its workers', too. A client that only starts workflows takes a
    `DRSPlugin()` without activities.
    """

    def __init__(self, activities: DRSActivities | None = None) -> None:
        """Take the activities of the workers; None for a client without workers of its own."""
        super().__init__(
            "drs_sdk.DRSPlugin",
            data_converter=_with_pydantic,
            activities=activities.all if activities is not None else None,
            workflows=[RecoveryWorkflow],
            workflow_runner=_with_modules,
        )

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """Add what a worker needs; see the base class."""
        config = super().configure_worker(config)
        if config.get("tuner") is None and config.get("max_concurrent_activities") is None:
            config["max_concurrent_activities"] = _ACTIVITIES
        return config


def _with_pydantic(converter: DataConverter | None) -> DataConverter:
    """Put pydantic's JSON in the place of the default; a codec, such as an encryption, stays."""
    if converter is None:
        return pydantic_data_converter
    if converter.payload_converter_class is not DefaultPayloadConverter:
        return converter  # the user's own, which may be a pydantic one
    return replace(
        converter, payload_converter_class=pydantic_data_converter.payload_converter_class
    )


def _with_modules(runner: WorkflowRunner | None) -> WorkflowRunner:
    if runner is None:
        runner = SandboxedWorkflowRunner()
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    return replace(
        runner, restrictions=runner.restrictions.with_passthrough_modules(*_PASSED_THROUGH)
    )
