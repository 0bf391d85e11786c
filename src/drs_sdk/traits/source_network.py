"""What a source network can be asked beyond its members."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.models import ReplicationStatus


class SourceNetworkTraits:
    """Derived facts of a `SourceNetwork`."""

    if TYPE_CHECKING:
        replication_status: ReplicationStatus | None

    @property
    def is_protected(self) -> bool:
        """Whether the network's configuration is replicated; from ``replication_status``."""
        return self.replication_status == "PROTECTED"
