"""Source servers: what is remembered of their replication, and how they are shown.

What changes all the time (bytes, ETA, lag, when the agent was last seen) is computed from the
clock when the server is shown: `render` is the one way to show a source server, for every family.

Keys of a source server's `state`:

* `live`: the emulator moves it (a loaded server is shown as it was loaded until it is touched).
* `synced`: the initial sync is done, so a launch is possible (`is_launchable`).
* `protected_since`: the first snapshot was taken then.
* `snapshots`: the recovery snapshots that were loaded, oldest first.
* `sync`: the running sync: `since`, `seconds` it takes, `start`, the share done before.
* `lag`: `since`, `seconds` of lag then, `growth` in seconds of lag a second.
* `unseen_since`: the agent went silent then.
* `held`: what replication was at when it stalled, see `life.stalling`.
* `durations`: what the steps of its jobs take, where that is not the account's `JobDurations`.
* `extends`: the ARN of the server in a staging account, in the world, that it is extended from.
* `reverses`, `opposite`: see `state.reversals`; `repointed`: see `life.repointing`.
* `job`: identifier of the job that processes the server. The jobs family sets and removes it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from drs_sdk.testing.job_durations import JobDurations
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.isotime import format_datetime, format_duration, parse_datetime

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

ReplicationState = Literal[
    "STOPPED",
    "INITIATING",
    "INITIAL_SYNC",
    "BACKLOG",
    "CREATING_SNAPSHOT",
    "CONTINUOUS",
    "PAUSED",
    "RESCAN",
    "STALLED",
    "DISCONNECTED",
]

LAG_BYTES_PER_SECOND = 2 * 1024 * 1024
_NOT_REPLICATING = frozenset({"STOPPED", "DISCONNECTED"})
_OWN_LIFE = ("addedToServiceDateTime", "lastLaunch")


def state_of(server: Resource) -> str:
    """Return the data replication state of a server."""
    return server.doc.get("dataReplicationInfo", {}).get("dataReplicationState", "")


def is_replicating(server: Resource) -> bool:
    """Tell whether the server counts against the quota of replicating servers."""
    return state_of(server) not in _NOT_REPLICATING


def is_launchable(server: Resource) -> bool:
    """Tell whether a launch is possible: the initial sync is done, lag or stall do not matter."""
    if not is_replicating(server):
        return False
    if "live" in server.state:
        return bool(server.state.get("synced"))
    return state_of(server) not in {"INITIATING", "INITIAL_SYNC"}


def job_durations_of(account: Account, server_id: str) -> JobDurations:
    """Return how long the steps of jobs take a server; an unknown one has the account's."""
    server = account.source_servers.get(server_id)
    own: Doc | None = server.state.get("durations") if server is not None else None
    return account.settings.job_durations if own is None else JobDurations(**own)


def require_idle(server: Resource, what: str) -> None:
    """Refuse when a job processes the server.

    Raises:
        ServiceError: ConflictException.
    """
    if server.state.get("job"):
        raise refusals.conflict(
            f"Source server {server.id} is being processed by job {server.state['job']}: {what}.",
            "source-server",
            server.id,
        )


def render(account: Account, server: Resource) -> Doc:
    """Show a source server as it is at `account.now`."""
    if "extends" in server.state:
        return _extended(account, server)
    doc, state = server.doc, server.state
    if "live" not in state:
        return doc
    life, info = doc["lifeCycle"], doc["dataReplicationInfo"]
    shown_life = {**life, "lastSeenByServiceDateTime": state.get("unseen_since", account.stamp())}
    replication = info["dataReplicationState"]
    if replication not in _NOT_REPLICATING:
        first_byte = life.get("firstByteDateTime")
        if first_byte:
            elapsed = account.now - parse_datetime(first_byte)
            shown_life["elapsedReplicationDuration"] = format_duration(elapsed)
        if "sync" in state or "lag" in state:
            info = _moving(account, info, state)
    return {**doc, "lifeCycle": shown_life, "dataReplicationInfo": info}


def _extended(account: Account, server: Resource) -> Doc:
    """Show an extended server: it replicates in its staging account, or cannot be seen there."""
    found = account.owner_of(server.state["extends"])
    if found is None:
        error: Doc = {
            "status": "EXTENSION_ERROR",
            "errorMessage": "The source server in the staging account is not there any more.",
        }
        return {**server.doc, "stagingArea": {**server.doc["stagingArea"], **error}}
    shown = render(*found)
    names = ("dataReplicationInfo", "sourceProperties")
    seen: Doc = {name: shown[name] for name in names if name in shown}
    life: Doc = {
        **shown.get("lifeCycle", {}),
        **{n: server.doc["lifeCycle"][n] for n in _OWN_LIFE if n in server.doc["lifeCycle"]},
    }
    return {**server.doc, **seen, "lifeCycle": life}


def touch(account: Account, server: Resource) -> Doc:
    """Take a server into the emulator's hands, and return its replication info to change."""
    if "live" not in server.state:
        server.state.update(live=True, synced=is_launchable(server))
        server.doc.setdefault("lifeCycle", {"lastSeenByServiceDateTime": account.stamp()})
    info: Doc = server.doc.setdefault("dataReplicationInfo", {})
    return info


def forget(server: Resource, *keys: str) -> None:
    """Drop keys of the state."""
    for key in keys:
        server.state.pop(key, None)


def sync_share(sync: Doc, account: Account) -> float:
    """Return which share of a sync is done."""
    if sync["since"] is None:
        return sync["start"]
    elapsed = (account.now - parse_datetime(sync["since"])).total_seconds()
    # Below zero where the clock was set back.
    return min(1.0, sync["start"] + max(0.0, elapsed) / sync["seconds"])


def lag_seconds(lag: Doc, account: Account) -> float:
    """Return the lag at `account.now`."""
    elapsed = (account.now - parse_datetime(lag["since"])).total_seconds()
    return max(0.0, lag["seconds"] + lag["growth"] * max(0.0, elapsed))


def _moving(account: Account, info: Doc, state: Doc) -> Doc:
    """Show the bytes of a running sync, or the lag, at `account.now`."""
    shown = dict(info)
    disks: list[Doc] = info.get("replicatedDisks", [])
    sync, lag = state.get("sync"), state.get("lag")
    if sync:
        share = sync_share(sync, account)
        moved = "rescannedStorageBytes" if state.get("synced") else "replicatedStorageBytes"
        disks = [{**disk, moved: int(disk.get("totalStorageBytes", 0) * share)} for disk in disks]
        if sync["since"] is not None:
            left = timedelta(seconds=sync["seconds"] * (1 - share))
            shown["etaDateTime"] = format_datetime(account.now + left)
    if lag:
        seconds = lag_seconds(lag, account)
        shown["lagDuration"] = format_duration(timedelta(seconds=seconds))
        backlog = int(seconds * LAG_BYTES_PER_SECOND)
        disks = [
            {**disk, "backloggedStorageBytes": min(backlog, disk.get("totalStorageBytes", 0))}
            for disk in disks
        ]
    shown["replicatedDisks"] = disks
    return shown
