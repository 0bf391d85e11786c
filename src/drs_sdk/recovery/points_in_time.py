"""The point in time that a server is launched from, where it is not the latest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk.client import DRSClient


class SnapshotFinder:
    """Finds the last point in time at or before a moment, once for each server."""

    def __init__(self) -> None:
        """Know none yet."""
        self._found: dict[tuple[str, datetime], str | None] = {}

    async def find(self, drs: DRSClient, server_id: str, moment: datetime) -> str | None:
        """Find the snapshot's id; None where there is none so old.

        Raises:
            DRSError: The service could not be asked.
        """
        key = (server_id, moment)
        if key not in self._found:
            best: tuple[datetime, str] | None = None
            pager = drs.describe_recovery_snapshots(
                server_id, filters={"to_date_time": moment}, order="DESC"
            )
            async for snapshot in pager:
                taken = snapshot.timestamp or snapshot.expected_timestamp
                if snapshot.snapshot_id is None or taken is None or taken > moment:
                    continue
                if best is None or taken > best[0]:
                    best = (taken, snapshot.snapshot_id)
                    break  # newest first
            self._found[key] = best[1] if best is not None else None
        return self._found[key]
