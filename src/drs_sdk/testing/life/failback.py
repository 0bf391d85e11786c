"""The failback of a recovery instance: how it is shown, and how it is begun and stopped.

There are two ways back. An instance that came from EC2 is *reversed*: a source server replicates
it (`life.reversing`). Any other machine runs a *failback client*, which replicates the instance
back without a source server. What replicates is shown on the instance too, computed when it is
shown (`render`), and decides its failback state, until the launch back has completed it. One
that was itself launched home is on no way back when it is reversed: it is protected again.

`state["client"]` of an instance: `since` the failback client runs, and the `seconds` its sync
takes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.life import replication, repointing
from drs_sdk.testing.service.isotime import format_datetime, format_duration, parse_datetime
from drs_sdk.testing.state import recovery_instances, reversals, source_servers

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

CLIENT_STEPS = (
    "LINK_FAILBACK_CLIENT_WITH_RECOVERY_INSTANCE",
    "COMPLETE_VOLUME_MAPPING",
    "ESTABLISH_RECOVERY_INSTANCE_COMMUNICATION",
    "DOWNLOAD_REPLICATION_SOFTWARE_TO_FAILBACK_CLIENT",
    "CONFIGURE_REPLICATION_SOFTWARE",
    "PAIR_AGENT_WITH_REPLICATION_SOFTWARE",
    "ESTABLISH_AGENT_REPLICATOR_SOFTWARE_COMMUNICATION",
)
CLIENT_STEP = 15
"""How many seconds each step of a failback client takes."""

READY = "FAILBACK_READY_FOR_LAUNCH"
_IN_PROGRESS = "FAILBACK_IN_PROGRESS"
_COMPLETED = "FAILBACK_COMPLETED"
_NOT_STARTED = "FAILBACK_NOT_STARTED"
_REVERSED_INFO = (
    "lagDuration",
    "etaDateTime",
    "dataReplicationState",
    "dataReplicationError",
    "stagingAvailabilityZone",
)


def render(account: Account, instance: Resource) -> Doc:
    """Show a recovery instance as it is at `account.now`."""
    doc, state = instance.doc, instance.state
    failback: Doc = {"state": _NOT_STARTED, **doc.get("failback", {})}
    running = doc.get("ec2InstanceState") == "RUNNING" and not recovery_instances.is_disconnected(
        instance
    )
    if "live" in state and state.get("initialized") and running:
        failback["agentLastSeenByServiceDateTime"] = account.stamp()
    replicating = reversals.replicated_by(account, instance)
    server = replicating[1] if replicating is not None else None
    if server is not None and not {"live"} & (state.keys() | server.state.keys()):
        # Both were loaded, and nothing has happened to them since.
        return doc
    if replicating is not None:
        shown = source_servers.render(*replicating)
        info = _info_of_server(shown)
        life: Doc = shown["lifeCycle"]
        failback["agentLastSeenByServiceDateTime"] = life["lastSeenByServiceDateTime"]
        moved: Doc = {
            n: life[n] for n in ("firstByteDateTime", "elapsedReplicationDuration") if n in life
        }
    elif "client" in state:
        info, moved = _info_of_client(account, instance)
        failback["failbackClientLastSeenByServiceDateTime"] = account.stamp()
    else:
        if "reversed" in state and failback["state"] == _IN_PROGRESS:
            # The source server that replicated it is deleted.
            failback["state"] = _NOT_STARTED
        return {**doc, "failback": failback} if "live" in state else doc
    if failback["state"] == _NOT_STARTED:
        # It is protected again, and on no way back.
        return {**doc, "failback": failback, "dataReplicationInfo": info}
    failback.update(moved)
    if failback["state"] != _COMPLETED:
        failback["state"] = _state_of(info["dataReplicationState"], server)
    return {**doc, "failback": failback, "dataReplicationInfo": info}


def require_ready(account: Account, instance: Resource) -> None:
    """Refuse when the instance cannot be launched back yet.

    Raises:
        ServiceError: ConflictException.
    """
    recovery_instances.require_initialized(instance)
    found = reversals.replicated_by(account, instance)
    if found is not None:
        raise recovery_instances.conflict(
            instance, f"has no failback client: launch source server {found[1].id} in its place"
        )
    state: str = render(account, instance).get("failback", {}).get("state", _NOT_STARTED)
    if state != READY:
        raise recovery_instances.conflict(instance, f"is not ready for a failback launch: {state}")


def pair_client(account: Account, instance: Resource) -> None:
    """Let a failback client replicate an instance back to the machine it runs on."""
    disks = instance.doc.get("recoveryInstanceProperties", {}).get("disks", [])
    total: int = sum(disk.get("bytes", 0) for disk in disks)
    instance.state["client"] = {
        "since": account.stamp(),
        "seconds": max(1.0, total / account.settings.sync_bytes_per_second),
    }
    begin(account, instance, to_original=True)


def stop(account: Account, instance: Resource) -> None:
    """Stop a failback: what was replicated is gone, and the instance shows no trace of it.

    A launch back that a job runs at that moment goes on, but completes nothing any more.
    """
    if "client" not in instance.state and not recovery_instances.is_failing_back(instance):
        return
    instance.state.pop("client", None)
    found = reversals.unlink(account, instance)
    if found is not None:
        there, server = found
        if source_servers.is_replicating(server) and not server.state.get("job"):
            replication.stop(there, server)
    instance.doc["failback"] = {"state": _NOT_STARTED}


def disconnect(account: Account, instance: Resource) -> None:
    """Cut the agent on an instance off: nothing replicates it any more.

    Raises:
        ServiceError: ConflictException while a source server replicates it.
    """
    recovery_instances.require_not_replicated(account, instance, "it cannot be disconnected")
    instance.state.pop("client", None)
    reversals.unlink(account, instance)


def begin(account: Account, instance: Resource, *, to_original: bool) -> None:
    """Let an instance show that its failback has begun."""
    instance.doc["failback"] = {
        "state": _IN_PROGRESS,
        "failbackInitiationTime": account.stamp(),
        "failbackToOriginalServer": to_original,
    }
    if to_original:
        instance.doc["failback"]["failbackClientID"] = account.new_id("fbc")


def _state_of(replicated: str, server: Resource | None) -> str:
    if replicated in {"STOPPED", "DISCONNECTED"}:
        return "FAILBACK_NOT_READY_FOR_LAUNCH"
    if server is not None and repointing.is_under_way(server):
        # What it could launch is what it replicated before.
        return _IN_PROGRESS
    ready = replicated == "CONTINUOUS" if server is None else source_servers.is_launchable(server)
    if ready:
        return READY
    return "FAILBACK_ERROR" if replicated == "STALLED" else _IN_PROGRESS


def _info_of_server(shown: Doc) -> Doc:
    """Show a source server's replication as the instance shows it."""
    info: Doc = shown["dataReplicationInfo"]
    own: Doc = {name: info[name] for name in _REVERSED_INFO if name in info}
    own["replicatedDisks"] = info.get("replicatedDisks", [])
    if "dataReplicationInitiation" in info:
        begun: Doc = info["dataReplicationInitiation"]
        own["dataReplicationInitiation"] = {
            name: value for name, value in begun.items() if name != "nextAttemptDateTime"
        }
    return own


def _info_of_client(account: Account, instance: Resource) -> tuple[Doc, Doc]:
    """Return the replication of a failback client, and since when its bytes move."""
    client: Doc = instance.state["client"]
    since = parse_datetime(client["since"])
    elapsed = max(0.0, (account.now - since).total_seconds())  # the clock may be set back
    done = min(len(CLIENT_STEPS), int(elapsed / CLIENT_STEP))
    info: Doc = {
        "dataReplicationState": "INITIATING",
        "dataReplicationInitiation": {
            "startDateTime": client["since"],
            "steps": [
                {"name": name, "status": _step_status(index, done)}
                for index, name in enumerate(CLIENT_STEPS)
            ],
        },
        "replicatedDisks": _client_disks(instance, 0.0),
    }
    if done < len(CLIENT_STEPS):
        return info, {}
    begun = since + timedelta(seconds=CLIENT_STEP * len(CLIENT_STEPS))
    moving = account.now - begun
    share = min(1.0, moving.total_seconds() / client["seconds"])
    info["replicatedDisks"] = _client_disks(instance, share)
    if share < 1:
        end_of_sync = begun + timedelta(seconds=client["seconds"])
        info.update(dataReplicationState="INITIAL_SYNC", etaDateTime=format_datetime(end_of_sync))
    else:
        info.update(dataReplicationState="CONTINUOUS", lagDuration="P0D")
    moved: Doc = {
        "firstByteDateTime": format_datetime(begun),
        "elapsedReplicationDuration": format_duration(moving),
    }
    return info, moved


def _step_status(index: int, done: int) -> str:
    if index < done:
        return "SUCCEEDED"
    return "IN_PROGRESS" if index == done else "NOT_STARTED"


def _client_disks(instance: Resource, share: float) -> list[Doc]:
    return [
        {
            "deviceName": disk.get("internalDeviceName", ""),
            "totalStorageBytes": disk.get("bytes", 0),
            "replicatedStorageBytes": int(disk.get("bytes", 0) * share),
            "rescannedStorageBytes": disk.get("bytes", 0) if share >= 1 else 0,
            "backloggedStorageBytes": 0,
        }
        for disk in instance.doc.get("recoveryInstanceProperties", {}).get("disks", [])
    ]
