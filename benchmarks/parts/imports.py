"""What an import costs, in a fresh process with nothing else loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processes import Cost, read_fresh
from rounds import cpu_ratio, interleave, milliseconds
from tables import Column, Table

if TYPE_CHECKING:
    from processes import Service

_MODULES = {
    "session": ("aiobotocore.session",),
    "ours": ("drs_sdk",),
    "client": ("drs_sdk.client",),
    "capo": ("capo_drs",),
    "models": ("aws_resource_validator.pydantic_models.drs",),
    "floor": ("aiohttp", "orjson"),
}
_TITLES = {
    "session": "`import aiobotocore.session`",
    "ours": "**`import drs_sdk`**",
    "client": "**`from drs_sdk import DRSClient`**",
    "capo": "`import capo_drs`",
    "models": "`import aws_resource_validator.pydantic_models.drs`",
    "floor": "`import aiohttp, orjson`",
}
_ROUNDS = 11
_QUICK_ROUNDS = 3
_COLUMNS = (
    Column("cpu", "CPU ms", 1),
    Column("wall", "wall ms", 1),
    Column("session", "CPU against `aiobotocore.session`", 2),
)


def measure(_service: Service, quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Start processes that import."""

    def run(name: str) -> Cost:
        return Cost(*read_fresh("import_time.py", *_MODULES[name]))

    costs = interleave(tuple(_MODULES), _QUICK_ROUNDS if quick else _ROUNDS, run)
    rows = {
        name: {
            "cpu": milliseconds(cost.cpu for cost in costs[name]),
            "wall": milliseconds(cost.wall for cost in costs[name]),
            "session": cpu_ratio(costs, name, "session"),
        }
        for name in _MODULES
    }
    return Table("imports", "Imports", _COLUMNS, rows, _TITLES)
