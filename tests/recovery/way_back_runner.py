"""Goes there and back in processes of their own and kills them; started by `way_back_crashes`.

Reads one JSON object a line, forks a process that carries it out, and answers with a line of JSON.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any

from aiobotocore.session import AioSession
from crash_runner import Killer, MovingClock, fork, gather

from drs_sdk import DRSClient
from drs_sdk.errors import RunClosedError
from drs_sdk.recovery import Recovery, Runbook

_SESSION = AioSession()


async def carry_out(child: dict[str, Any]) -> dict[str, Any]:
    """Recover and come home, from wherever it stands."""
    killer = Killer(child.get("kill_at"))
    _SESSION.register("before-send.drs", killer)
    _SESSION.register("response-received.drs", killer)
    clock: Any = MovingClock(child["admin_url"])
    there, home = child["places"]
    async with (
        _client(there, clock) as drs,
        _client(home, clock) as at_home,
    ):
        waves = [
            {"name": f"w{number}", "servers": {"source_server_ids": ids}}
            for number, ids in enumerate(child["waves"])
        ]
        runbook = Runbook(name="erp", waves=waves)
        recovery = Recovery(drs, runbook, key="k", mode="recovery", origin=at_home)
        with suppress(RunClosedError):  # all are home: it was killed at its end
            await recovery.launch(min_delay=560, max_delay=560)
        await recovery.reprotect()
        report = await recovery.fail_back(min_delay=560, max_delay=560)
        boundaries, changes = killer.boundaries, list(killer.changes)
        b1s = await drs.describe_source_servers().collect()
        return {
            "boundaries": boundaries,
            "changes": changes,
            "succeeded": report.succeeded,
            "told": str(report),
            "protecting": sum(b1.is_replicating for b1 in b1s),
            "left": len(await drs.describe_recovery_instances().collect())
            + len(await at_home.describe_recovery_instances().collect())
            + len(await at_home.describe_source_servers().collect()),
        }


def _client(place: dict[str, Any], clock: Any) -> DRSClient:  # noqa: ANN401 - the moving one
    return DRSClient(
        region_name=place["region"],
        endpoint_url=place["url"],
        aws_access_key_id=place["access_key_id"],
        aws_secret_access_key=place["secret_access_key"],
        session=_SESSION,
        clock=clock,
    )


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        pid, pipe = fork(json.loads(line), carry_out)
        print(json.dumps(gather(pid, pipe)), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
