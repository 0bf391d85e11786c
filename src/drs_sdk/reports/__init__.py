"""What became of a job: read from the service, server by server, and printable."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.reports.job_report import (
        JobReport,
        PhaseReport,
        ServerReport,
    )

__all__ = ["JobReport", "PhaseReport", "ServerReport"]

_HOME = "drs_sdk.reports.job_report"

if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        """Load a name when it is first used: a client that never asks loads no report."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOME), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted(__all__)
