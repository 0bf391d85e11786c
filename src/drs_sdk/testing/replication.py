"""The life of a source server's replication over time.

What changes in steps is a transition on the timeline: the eleven steps of the initiation,
the end of the sync, the first snapshot. What changes all the time (bytes, ETA, lag, when the
agent was last seen) is computed from the clock when the server is shown: `render` is the one
way to show a source server, for every family.

Keys of a source server's `state`:

* `live`: the emulator moves it (a loaded server is shown as it was loaded until it is touched).
* `synced`: the initial sync is done, so a launch is possible (`is_launchable`).
* `protected_since`: the first snapshot was taken then.
* `snapshots`: the recovery snapshots that were loaded, oldest first.
* `sync`: the running sync: `since`, `seconds` it takes, `start`, the share done before.
* `lag`: `since`, `seconds` of lag then, `growth` in seconds of lag a second.
* `unseen_since`: the agent went silent then.
* `held`: what replication was at when it stalled, see `stalling`.
* `job`: identifier of the job that processes the server. The jobs family sets and removes it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from drs_sdk.testing import refusals
from drs_sdk.testing.isotime import format_datetime, format_duration, parse_datetime
from drs_sdk.testing.timeline import transition

if TYPE_CHECKING:
    from drs_sdk.testing.account import Account, Resource
    from drs_sdk.testing.documents import Doc

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

INITIATION_STEPS: tuple[tuple[str, int], ...] = (
    ("WAIT", 15),
    ("CREATE_SECURITY_GROUP", 5),
    ("LAUNCH_REPLICATION_SERVER", 45),
    ("BOOT_REPLICATION_SERVER", 90),
    ("AUTHENTICATE_WITH_SERVICE", 5),
    ("DOWNLOAD_REPLICATION_SOFTWARE", 30),
    ("CREATE_STAGING_DISKS", 20),
    ("ATTACH_STAGING_DISKS", 15),
    ("PAIR_REPLICATION_SERVER_WITH_AGENT", 10),
    ("CONNECT_AGENT_TO_REPLICATION_SERVER", 10),
    ("START_DATA_TRANSFER", 5),
)
"""Name and length in seconds of each step of the initiation."""

FIRST_SNAPSHOT = timedelta(seconds=60)
RESCAN_SPEED_UP = 4
LAG_BYTES_PER_SECOND = 2 * 1024 * 1024
_NOT_REPLICATING = frozenset({"STOPPED", "DISCONNECTED"})
EVENTS = "replication."
_STEP_LENGTHS = dict(INITIATION_STEPS)


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


def start(account: Account, server: Resource) -> None:
    """Begin at the beginning: the eleven steps, then the sync."""
    account.timeline.cancel(server.id, EVENTS)
    names = [name for name, _ in INITIATION_STEPS]
    touch(account, server)
    forget(server, "sync", "lag", "unseen_since", "held")
    server.doc["dataReplicationInfo"] = {
        "dataReplicationState": "INITIATING",
        "dataReplicationInitiation": {
            "startDateTime": account.stamp(),
            "nextAttemptDateTime": format_datetime(account.now + timedelta(minutes=30)),
            "steps": [
                {"name": name, "status": "NOT_STARTED" if i else "IN_PROGRESS"}
                for i, name in enumerate(names)
            ],
        },
        "replicatedDisks": _disks(server, replicated=False),
        "stagingAvailabilityZone": f"{account.settings.region}a",
    }
    schedule_step(account, server, 0)


def begin_sync(account: Account, server: Resource) -> None:
    """Begin to move data: all of it the first time, a rescan later."""
    seconds = sync_seconds(account, server)
    server.doc["lifeCycle"].setdefault("firstByteDateTime", account.stamp())
    if server.state.get("synced"):
        seconds /= RESCAN_SPEED_UP
    run_sync(account, server, seconds, 0.0)


def stop(account: Account, server: Resource) -> None:
    """Stop replicating; what was replicated is gone."""
    _end(account, server, "STOPPED", [])


def disconnect(account: Account, server: Resource) -> None:
    """Cut the agent off: nothing is seen of the server from now on."""
    disks: list[Doc] = (
        render(account, server).get("dataReplicationInfo", {}).get("replicatedDisks", [])
    )
    _end(account, server, "DISCONNECTED", [{**disk, "totalStorageBytes": 0} for disk in disks])
    server.state.setdefault("unseen_since", account.stamp())


def render(account: Account, server: Resource) -> Doc:
    """Show a source server as it is at `account.now`."""
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


@transition("replication.step")
def _step_ended(account: Account, subject: str, args: Doc) -> None:
    server = account.source_servers.get(subject)
    if server is None:
        return
    index: int = args["step"]
    steps = server.doc["dataReplicationInfo"]["dataReplicationInitiation"]["steps"]
    steps[index]["status"] = "SUCCEEDED"
    if index + 1 < len(steps):
        steps[index + 1]["status"] = "IN_PROGRESS"
        schedule_step(account, server, index + 1)
    else:
        begin_sync(account, server)


@transition("replication.synced")
def sync_ended(account: Account, subject: str, _args: Doc) -> None:
    """All data is there: the first snapshot begins."""
    server = account.source_servers.get(subject)
    if server is not None:
        info = server.doc["dataReplicationInfo"]
        info["dataReplicationState"] = "CREATING_SNAPSHOT"
        info["replicatedDisks"] = _disks(server, replicated=True)
        forget(server, "sync")
        account.schedule(FIRST_SNAPSHOT, "replication.continuous", subject)


@transition("replication.continuous")
def snapshot_taken(account: Account, subject: str, _args: Doc) -> None:
    """The first snapshot exists: the server is protected."""
    server = account.source_servers.get(subject)
    if server is not None:
        server.state["synced"] = True
        server.state.setdefault("protected_since", account.stamp())
        server.doc["dataReplicationInfo"].update(
            dataReplicationState="CONTINUOUS",
            lagDuration="P0D",
            replicatedDisks=_disks(server, replicated=True),
        )


def schedule_step(account: Account, server: Resource, index: int) -> None:
    """Let a step of the initiation, which has begun, end in its time."""
    steps = server.doc["dataReplicationInfo"]["dataReplicationInitiation"]["steps"]
    length = timedelta(seconds=_STEP_LENGTHS.get(steps[index].get("name"), 0))
    account.schedule(length, "replication.step", server.id, {"step": index})


def sync_seconds(account: Account, server: Resource) -> float:
    """Return how long the initial sync of a server takes."""
    total = sum(disk["totalStorageBytes"] for disk in _disks(server, replicated=False))
    return max(1.0, total / account.settings.sync_bytes_per_second)


def run_sync(account: Account, server: Resource, seconds: float, start: float) -> None:
    """Let a sync run on from the share that is done: a rescan where there was one before."""
    server.state["sync"] = {"since": account.stamp(), "seconds": seconds, "start": start}
    state: ReplicationState = "RESCAN" if server.state.get("synced") else "INITIAL_SYNC"
    server.doc["dataReplicationInfo"]["dataReplicationState"] = state
    left = timedelta(seconds=seconds * (1 - start))
    account.schedule(left, "replication.synced", server.id)


def sync_share(sync: Doc, account: Account) -> float:
    """Return which share of a sync is done."""
    if sync["since"] is None:
        return sync["start"]
    elapsed = (account.now - parse_datetime(sync["since"])).total_seconds()
    return min(1.0, sync["start"] + elapsed / sync["seconds"])


def lag_seconds(lag: Doc, account: Account) -> float:
    """Return the lag at `account.now`."""
    elapsed = (account.now - parse_datetime(lag["since"])).total_seconds()
    return max(0.0, lag["seconds"] + lag["growth"] * elapsed)


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


def _end(account: Account, server: Resource, state: ReplicationState, disks: list[Doc]) -> None:
    account.timeline.cancel(server.id, EVENTS)
    info = touch(account, server)
    server.doc["lifeCycle"] = render(account, server)["lifeCycle"]
    for gone in ("lagDuration", "etaDateTime", "dataReplicationError", "dataReplicationInitiation"):
        info.pop(gone, None)
    info.update(dataReplicationState=state, replicatedDisks=disks)
    forget(server, "sync", "lag", "held", "synced", "protected_since", "snapshots")


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


def _disks(server: Resource, *, replicated: bool) -> list[Doc]:
    return [
        {
            "deviceName": disk.get("deviceName", ""),
            "totalStorageBytes": disk.get("bytes", 0),
            "replicatedStorageBytes": disk.get("bytes", 0) if replicated else 0,
            "rescannedStorageBytes": 0,
            "backloggedStorageBytes": 0,
        }
        for disk in server.doc.get("sourceProperties", {}).get("disks", [])
    ]
