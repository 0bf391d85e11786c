"""An emulator of AWS Elastic Disaster Recovery, to test your own code on.

`DRSEmulator` is an in-memory account on a real loopback HTTP server. It is stateful, lives by
a clock that can be real, scaled or virtual, and can be made to fail on demand::

    async with DRSEmulator() as emulator, emulator.client() as drs:
        emulator.add_source_servers(3)
        emulator.inject("DescribeSourceServers", Fault.throttle())
        page = await drs.describe_source_servers()

With pytest, use the fixtures `drs_emulator` and `drs`. For any other client (boto3, the AWS
CLI) run `python -m drs_sdk.testing`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.testing.clock import EmulatorClock
    from drs_sdk.testing.emulator import DRSEmulator
    from drs_sdk.testing.faults import Fault
    from drs_sdk.testing.front.place import Place
    from drs_sdk.testing.job_durations import JobDurations
    from drs_sdk.testing.quirks import Quirks
    from drs_sdk.testing.recording import RecordedRequest
    from drs_sdk.testing.settings import Quotas

__all__ = [
    "DRSEmulator",
    "EmulatorClock",
    "Fault",
    "JobDurations",
    "Place",
    "Quirks",
    "Quotas",
    "RecordedRequest",
]

_HOMES = {
    "DRSEmulator": "emulator",
    "EmulatorClock": "clock",
    "Fault": "faults",
    "JobDurations": "job_durations",
    "Place": "front.place",
    "Quirks": "quirks",
    "Quotas": "settings",
    "RecordedRequest": "recording",
}


if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted(__all__)
