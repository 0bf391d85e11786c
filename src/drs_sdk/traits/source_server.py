"""What a source server can be asked beyond its members."""

from __future__ import annotations

from math import nextafter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from drs_sdk.enums import DataReplicationState

# States that may come before the initial sync has completed, or after.
_BEFORE_OR_AFTER = frozenset({"BACKLOG", "PAUSED", "RESCAN", "STALLED"})


class _Disk(Protocol):
    @property
    def total_storage_bytes(self) -> int | None: ...
    @property
    def replicated_storage_bytes(self) -> int | None: ...
    @property
    def backlogged_storage_bytes(self) -> int | None: ...


class _ReplicationInfo(Protocol):
    @property
    def data_replication_state(self) -> DataReplicationState | None: ...
    @property
    def lag_duration(self) -> timedelta | None: ...
    @property
    def replicated_disks(self) -> Sequence[_Disk]: ...


class _Hints(Protocol):
    @property
    def hostname(self) -> str | None: ...
    @property
    def fqdn(self) -> str | None: ...


class _Properties(Protocol):
    @property
    def identification_hints(self) -> _Hints | None: ...


class HasReplication(Protocol):
    """What tells how a server's replication stands."""

    @property
    def data_replication_info(self) -> _ReplicationInfo | None:
        """The state, the lag and the disks."""
        ...


class HasProperties(Protocol):
    """What tells what an agent reports of its machine."""

    @property
    def source_properties(self) -> _Properties | None:
        """The names of the machine, among others."""
        ...


class HasNames(HasProperties, Protocol):
    """What tells how a server may be called."""

    @property
    def source_server_id(self) -> str | None:
        """The id."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags."""
        ...


def _state(server: HasReplication) -> DataReplicationState | None:
    info = server.data_replication_info
    return info.data_replication_state if info else None


def _hostname(server: HasProperties) -> str | None:
    properties = server.source_properties
    hints = properties.identification_hints if properties else None
    return (hints.hostname or hints.fqdn) if hints else None


def _progress(server: HasReplication) -> float | None:
    if _state(server) == "CONTINUOUS":
        return 1.0
    info = server.data_replication_info
    disks = info.replicated_disks if info else ()
    total = sum(disk.total_storage_bytes or 0 for disk in disks)
    if not total:
        return None
    done = sum(
        min(disk.replicated_storage_bytes or 0, disk.total_storage_bytes or 0) for disk in disks
    )
    counted = (
        count
        for disk in disks
        for count in (disk.total_storage_bytes, disk.replicated_storage_bytes)
    )
    complete = done == total and all(count is not None for count in counted)
    return 1.0 if complete else min(done / total, nextafter(1.0, 0.0))


class SourceServerTraits:
    """Derived facts of a `SourceServer`."""

    @property
    def name(self: HasNames) -> str | None:
        """What people call it: the ``Name`` tag, else the host name, else the id."""
        return self.tags.get("Name") or _hostname(self) or self.source_server_id

    @property
    def hostname(self: HasProperties) -> str | None:
        """The host name, else the fully qualified one, as the agent reports them.

        From ``source_properties.identification_hints``.
        """
        return _hostname(self)

    @property
    def replication_state(self: HasReplication) -> DataReplicationState | None:
        """Where replication stands; short for ``data_replication_info.data_replication_state``."""
        return _state(self)

    @property
    def lag(self: HasReplication) -> timedelta | None:
        """How far the replica is behind; zero when it is up to date, None when not known.

        From ``data_replication_info.lag_duration``. The service leaves it out after a disconnect.
        """
        info = self.data_replication_info
        return info.lag_duration if info else None

    @property
    def is_replicating(self: HasReplication) -> bool:
        """Whether replication is healthy: the state is ``CONTINUOUS``, the only healthy one."""
        return _state(self) == "CONTINUOUS"

    @property
    def is_launchable(self: HasReplication) -> bool:
        """Whether a recovery can be launched: the initial sync has completed.

        No member of the service says so, so this is careful: ``CONTINUOUS`` holds; ``BACKLOG``,
        ``STALLED``, ``PAUSED`` and ``RESCAN`` hold if the replica of every disk is known to be
        complete. Nothing else holds: not ``CREATING_SNAPSHOT``, where the snapshot to launch from
        may be the first one and not there yet, not what was stopped or disconnected, and no state
        that is not known.
        """
        state = _state(self)
        return state == "CONTINUOUS" or (state in _BEFORE_OR_AFTER and _progress(self) == 1)

    @property
    def initial_sync_progress(self: HasReplication) -> float | None:
        """How much of the disks the initial sync has copied, from 0 to 1; None when not known.

        From the bytes in ``data_replication_info.replicated_disks``. Always 1 in ``CONTINUOUS``,
        else only when every byte of every disk is known to be there.
        """
        return _progress(self)

    @property
    def backlog_bytes(self: HasReplication) -> int:
        """Bytes that changed on the source and are not in the replica yet, over all disks."""
        info = self.data_replication_info
        disks = info.replicated_disks if info else ()
        return sum(disk.backlogged_storage_bytes or 0 for disk in disks)
