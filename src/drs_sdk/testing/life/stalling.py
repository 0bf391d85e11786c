"""What goes wrong with a source server's replication: it stalls, or it lags behind.

A stall takes back what was to come and notes in `state["held"]` what replication was at (a
state of `_RUNS`, or a rescan), so that it can go on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.life.replication import (
    EVENTS,
    run_sync,
    schedule_step,
    snapshot_taken,
    start,
    sync_ended,
    sync_seconds,
)
from drs_sdk.testing.state.source_servers import (
    forget,
    is_replicating,
    lag_seconds,
    state_of,
    sync_share,
    touch,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.source_servers import ReplicationState
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_STALLED = "STALLED"
_AGENT_SILENT = "AGENT_NOT_SEEN"
_STEP_FAILED = "FAILED_TO_"
_RUNS: dict[str, ReplicationState] = {
    "replication.step": "INITIATING",
    "replication.synced": "INITIAL_SYNC",
    "replication.continuous": "CREATING_SNAPSHOT",
}
"""What a server is at while such an event is to come. A rescan is a sync of one that was synced."""
_SYNCS = frozenset({"INITIAL_SYNC", "RESCAN"})


def stall(account: Account, server: Resource, error: str = _AGENT_SILENT) -> None:
    """Let replication stall: bytes stand still, and the lag of a server that was synced grows.

    Raises:
        ValueError: The server is not replicating.
    """
    _require_replicating(server, "stall")
    at = _at(account, server)
    account.timeline.cancel(server.id, EVENTS)
    info, state = touch(account, server), server.state
    if at in _RUNS.values() or at in _SYNCS:
        state["held"] = at
    if at in _SYNCS:
        sync = state.get("sync") or _loaded_sync(account, server)
        state["sync"] = {**sync, "start": sync_share(sync, account), "since": None}
    step = _step_under_way(info) if at == "INITIATING" else None
    if step is not None and error.startswith(_STEP_FAILED):
        step["status"] = "FAILED"
    if state.get("synced") and state.get("lag", {}).get("growth") != 1.0:
        seconds = lag_seconds(state["lag"], account) if "lag" in state else 0
        state["lag"] = {"since": account.stamp(), "seconds": seconds, "growth": 1.0}
    if error == _AGENT_SILENT:
        state.setdefault("unseen_since", account.stamp())
    else:
        forget(server, "unseen_since")
    info.update(dataReplicationState=_STALLED, dataReplicationError={"error": error})
    info.pop("etaDateTime", None)


def resume(account: Account, server: Resource) -> None:
    """End a stall or a lag: what was not finished goes on where it stood, a lag is caught up.

    Raises:
        ValueError: The server is not replicating.
    """
    _require_replicating(server, "resume")
    if "live" not in server.state and state_of(server) in {*_RUNS.values(), *_SYNCS}:
        return
    info, state = touch(account, server), server.state
    info.pop("dataReplicationError", None)
    forget(server, "unseen_since", "lag")
    if account.timeline.coming(server.id, EVENTS):
        # It only lagged meanwhile.
        info["dataReplicationState"] = _at(account, server)
        return
    held = state.pop("held", "")
    if held in _SYNCS:
        run_sync(account, server, state["sync"]["seconds"], state["sync"]["start"])
    elif held == "INITIATING":
        _go_on_initiating(account, server)
    elif held == "CREATING_SNAPSHOT":
        sync_ended(account, server.id, {})
    else:
        snapshot_taken(account, server.id, {})


def set_lag(
    account: Account,
    server: Resource,
    lag: timedelta,
    growth: float = 0.0,
    state: ReplicationState = "CONTINUOUS",
) -> None:
    """Let a server lag: by so much now, and by `growth` seconds more each second."""
    info = touch(account, server)
    info["dataReplicationState"] = state
    if state != _STALLED:
        info.pop("dataReplicationError", None)
        forget(server, "unseen_since")
    server.state["lag"] = {
        "since": account.stamp(),
        "seconds": lag.total_seconds(),
        "growth": growth,
    }


def _go_on_initiating(account: Account, server: Resource) -> None:
    """Run the step that a stall held up again; start anew where a loaded server shows none."""
    info: Doc = server.doc["dataReplicationInfo"]
    step = _step_under_way(info)
    if step is None:
        start(account, server)
        return
    step["status"] = "IN_PROGRESS"
    info["dataReplicationState"] = "INITIATING"
    schedule_step(account, server, info["dataReplicationInitiation"]["steps"].index(step))


def _step_under_way(info: Doc) -> Doc | None:
    steps: list[Doc] = info.get("dataReplicationInitiation", {}).get("steps", [])
    return next((s for s in steps if s.get("status") not in {"SUCCEEDED", "SKIPPED"}), None)


def _at(account: Account, server: Resource) -> str:
    """Return what replication is at, whatever lag or stall it shows."""
    coming = account.timeline.coming(server.id, EVENTS)
    at: str = _RUNS[coming[0].kind] if coming else server.state.get("held", state_of(server))
    return "RESCAN" if at in _SYNCS and server.state.get("synced") else at


def _require_replicating(server: Resource, what: str) -> None:
    if not is_replicating(server):
        raise ValueError(f"{server.id} is {state_of(server)}: there is nothing to {what}")


def _loaded_sync(account: Account, server: Resource) -> Doc:
    """Tell how far the sync of a loaded server has come, by its disks."""
    disks: list[Doc] = server.doc["dataReplicationInfo"].get("replicatedDisks", [])
    total = sum(disk.get("totalStorageBytes", 0) for disk in disks)
    done = sum(disk.get("replicatedStorageBytes", 0) for disk in disks)
    share = min(1.0, done / total) if total else 0.0
    return {"since": None, "seconds": sync_seconds(account, server), "start": share}
