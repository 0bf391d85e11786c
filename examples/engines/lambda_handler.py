"""A Lambda function that moves a recovery run on; the state machine beside it calls it again."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

from drs_sdk import DRSClient
from drs_sdk.recovery import Recovery, Runbook

RUNBOOK = Runbook.load(Path(__file__).with_name("erp.toml"))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Do what can be done now; say when to call again."""
    return asyncio.run(advance(event))


async def advance(event: dict[str, Any]) -> dict[str, Any]:
    """Move the run on."""
    async with DRSClient() as drs:
        recovery = Recovery(drs, RUNBOOK, key=event["key"], mode=event["mode"])
        status = await recovery.advance(approved=event["approved"])
    # Without the servers: a thousand of them are more than the 256 KiB of Step Functions.
    told = status.model_dump(mode="json", exclude={"waves": {"__all__": {"servers"}}})
    if status.next_look_in is not None:
        told["next_look_in"] = math.ceil(status.next_look_in)  # a Wait takes whole seconds
    told["waits_for"] = [w.name for w in status.waves if w.state == "waiting for approval"]
    return told
