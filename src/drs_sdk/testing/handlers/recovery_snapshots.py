"""Recovery snapshots: listing the points in time of a source server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of_stream, paged
from drs_sdk.testing.handlers.listing.periods import period_of
from drs_sdk.testing.service.isotime import parse_datetime
from drs_sdk.testing.state import recovery_snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account


@handles("DescribeRecoverySnapshots")
def describe_recovery_snapshots(account: Account, params: Doc) -> Doc:
    """List the snapshots of a source server, oldest first unless the request says otherwise."""
    server = account.source_servers.require(params["sourceServerID"])
    filters: Doc = params.get("filters", {})
    period = period_of(filters, "fromDateTime", "toDateTime")
    newest_first = params.get("order") == "DESC"

    def after(position: int | None) -> Iterator[Doc]:
        for snapshot in recovery_snapshots.snapshots_after(
            account, server, position, newest_first=newest_first
        ):
            if period.includes(parse_datetime(recovery_snapshots.taken_at(snapshot))):
                yield snapshot

    page, token = page_of_stream(
        account, "DescribeRecoverySnapshots", params, after, place=recovery_snapshots.place_of
    )
    return paged("items", page, token)
