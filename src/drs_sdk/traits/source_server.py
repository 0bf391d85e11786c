"""What a source server can be asked beyond its members."""

from __future__ import annotations

from math import nextafter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from drs_sdk.models import DataReplicationInfo, DataReplicationState, SourceProperties

# States that may come before the initial sync has completed, or after.
_BEFORE_OR_AFTER = frozenset({"BACKLOG", "PAUSED", "RESCAN", "STALLED"})


class SourceServerTraits:
    """Derived facts of a `SourceServer`."""

    if TYPE_CHECKING:
        source_server_id: str | None
        data_replication_info: DataReplicationInfo | None
        source_properties: SourceProperties | None
        tags: dict[str, str]

    @property
    def name(self) -> str | None:
        """What people call it: the ``Name`` tag, else the host name, else the id."""
        return self.tags.get("Name") or self.hostname or self.source_server_id

    @property
    def hostname(self) -> str | None:
        """The host name, else the fully qualified one, as the agent reports them.

        From ``source_properties.identification_hints``.
        """
        properties = self.source_properties
        hints = properties.identification_hints if properties else None
        return (hints.hostname or hints.fqdn) if hints else None

    @property
    def replication_state(self) -> DataReplicationState | None:
        """Where replication stands; short for ``data_replication_info.data_replication_state``."""
        info = self.data_replication_info
        return info.data_replication_state if info else None

    @property
    def lag(self) -> timedelta | None:
        """How far the replica is behind; zero when it is up to date, None when not known.

        From ``data_replication_info.lag_duration``. The service leaves it out after a disconnect.
        """
        info = self.data_replication_info
        return info.lag_duration if info else None

    @property
    def is_replicating(self) -> bool:
        """Whether replication is healthy: the state is ``CONTINUOUS``, the only healthy one."""
        return self.replication_state == "CONTINUOUS"

    @property
    def is_launchable(self) -> bool:
        """Whether a recovery can be launched: the initial sync has completed.

        No member of the service says so, so this is careful: ``CONTINUOUS`` holds; ``BACKLOG``,
        ``STALLED``, ``PAUSED`` and ``RESCAN`` hold if the replica of every disk is known to be
        complete. Nothing else holds: not ``CREATING_SNAPSHOT``, where the snapshot to launch from
        may be the first one and not there yet, not what was stopped or disconnected, and no state
        that is not known.
        """
        state = self.replication_state
        return state == "CONTINUOUS" or (
            state in _BEFORE_OR_AFTER and self.initial_sync_progress == 1
        )

    @property
    def initial_sync_progress(self) -> float | None:
        """How much of the disks the initial sync has copied, from 0 to 1; None when not known.

        From the bytes in ``data_replication_info.replicated_disks``. Always 1 in ``CONTINUOUS``,
        else only when every byte of every disk is known to be there.
        """
        if self.is_replicating:
            return 1.0
        info = self.data_replication_info
        disks = info.replicated_disks if info else []
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

    @property
    def backlog_bytes(self) -> int:
        """Bytes that changed on the source and are not in the replica yet, over all disks."""
        info = self.data_replication_info
        disks = info.replicated_disks if info else []
        return sum(disk.backlogged_storage_bytes or 0 for disk in disks)
