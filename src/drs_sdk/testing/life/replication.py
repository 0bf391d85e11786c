"""The life of a source server's replication over time.

What changes in steps is a transition on the timeline: the eleven steps of the initiation,
the end of the sync, the first snapshot. What changes all the time is computed when the server
is shown (`source_servers`, which also lists the keys of its `state`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.service.isotime import format_datetime
from drs_sdk.testing.state import source_servers
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.source_servers import ReplicationState
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

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
EVENTS = "replication."
_STEP_LENGTHS = dict(INITIATION_STEPS)


def start(account: Account, server: Resource) -> None:
    """Begin at the beginning: the eleven steps, then the sync."""
    account.timeline.cancel(server.id, EVENTS)
    names = [name for name, _ in INITIATION_STEPS]
    source_servers.touch(account, server)
    source_servers.forget(server, "sync", "lag", "unseen_since", "held", "repointed")
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
        source_servers.render(account, server)
        .get("dataReplicationInfo", {})
        .get("replicatedDisks", [])
    )
    _end(account, server, "DISCONNECTED", [{**disk, "totalStorageBytes": 0} for disk in disks])
    server.state.setdefault("unseen_since", account.stamp())


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
    """All data is there: the first snapshot begins, but for a rescan, which has one."""
    server = account.source_servers.get(subject)
    if server is not None and server.state.get("synced") and "sync" in server.state:
        source_servers.forget(server, "sync")
        snapshot_taken(account, subject, {})
    elif server is not None:
        info = server.doc["dataReplicationInfo"]
        info["dataReplicationState"] = "CREATING_SNAPSHOT"
        info["replicatedDisks"] = _disks(server, replicated=True)
        source_servers.forget(server, "sync")
        account.schedule(FIRST_SNAPSHOT, "replication.continuous", subject)


@transition("replication.continuous")
def snapshot_taken(account: Account, subject: str, _args: Doc) -> None:
    """The first snapshot exists: the server is protected."""
    server = account.source_servers.get(subject)
    if server is not None:
        server.state["synced"] = True
        source_servers.forget(server, "repointed")
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


def _end(account: Account, server: Resource, state: ReplicationState, disks: list[Doc]) -> None:
    account.timeline.cancel(server.id, EVENTS)
    info = source_servers.touch(account, server)
    server.doc["lifeCycle"] = source_servers.render(account, server)["lifeCycle"]
    for gone in ("lagDuration", "etaDateTime", "dataReplicationError", "dataReplicationInitiation"):
        info.pop(gone, None)
    info.update(dataReplicationState=state, replicatedDisks=disks)
    source_servers.forget(server, "sync", "lag", "held", "repointed")
    source_servers.forget(server, "synced", "protected_since", "snapshots")


def _disks(server: Resource, *, replicated: bool) -> list[Doc]:
    return [
        {
            "deviceName": disk.get("deviceName", ""),
            "totalStorageBytes": disk.get("bytes", 0),
            "replicatedStorageBytes": disk.get("bytes", 0) if replicated else 0,
            # The service shows a healthy disk as rescanned to its last byte.
            "rescannedStorageBytes": disk.get("bytes", 0) if replicated else 0,
            "backloggedStorageBytes": 0,
        }
        for disk in server.doc.get("sourceProperties", {}).get("disks", [])
    ]
