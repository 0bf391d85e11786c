"""What a source network can be asked beyond its members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from drs_sdk.enums import ReplicationStatus


class HasReplicationStatus(Protocol):
    """What tells whether a network is replicated."""

    @property
    def replication_status(self) -> ReplicationStatus | None:
        """How its replication stands."""
        ...


class SourceNetworkTraits:
    """Derived facts of a `SourceNetwork`."""

    @property
    def is_protected(self: HasReplicationStatus) -> bool:
        """Whether the network's configuration is replicated; from ``replication_status``."""
        return self.replication_status == "PROTECTED"
