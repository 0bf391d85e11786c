"""The libraries that are compared, each behind the same few methods."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from peers.base import Peer

RAW, VALIDATED, OURS, CAPO, MODELS, FLOOR = NAMES = (
    "raw",
    "validated",
    "ours",
    "capo",
    "resource_validator",
    "floor",
)

TITLES = {
    RAW: "aiobotocore, untyped dicts",
    VALIDATED: "aiobotocore, then `model_validate` of its dicts",
    OURS: "**drs-sdk**",
    CAPO: "capo-drs",
    MODELS: "aiobotocore, then aws-resource-validator-drs models",
    FLOOR: "aiohttp and `orjson.loads`, unsigned: the floor",
}


def load(name: str) -> type[Peer]:
    """Import one peer and nothing of the others."""
    return cast("type[Peer]", import_module(f"peers.{name}").Client)
