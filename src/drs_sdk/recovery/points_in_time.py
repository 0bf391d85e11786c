"""The point in time that a server is launched from, where it is not the latest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk.client import DRSClient


@dataclass(frozen=True, slots=True)
class PointInTime:
    """A point in time that a server can be launched from.

    Attributes:
        snapshot_id: The recovery snapshot.
        taken_at: When it was taken.
    """

    snapshot_id: str
    taken_at: datetime


class SnapshotFinder:
    """Finds the last point in time at or before a moment, once for each server."""

    def __init__(self) -> None:
        """Know none yet."""
        self._found: dict[tuple[str, datetime], PointInTime | None] = {}

    async def find(self, drs: DRSClient, server_id: str, moment: datetime) -> PointInTime | None:
        """Find it; None where there is none so old.

        Raises:
            DRSError: The service could not be asked.
        """
        key = (server_id, moment)
        if key not in self._found:
            best: PointInTime | None = None
            pager = drs.describe_recovery_snapshots(
                server_id, filters={"to_date_time": moment}, order="DESC"
            )
            async for snapshot in pager:
                taken = snapshot.timestamp or snapshot.expected_timestamp
                if snapshot.snapshot_id is None or taken is None or taken > moment:
                    continue
                if best is None or taken > best.taken_at:
                    best = PointInTime(snapshot.snapshot_id, taken)
            self._found[key] = best
        return self._found[key]
