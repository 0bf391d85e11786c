"""Everything there is of a kind, as a subject to be polled for: one listing for all who watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk.waiters.kinds import SOURCE_SERVERS, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_sdk.models import SourceServer
    from drs_sdk.operations import Operations

SubjectT = TypeVar("SubjectT")

WHOLE = "all"
"""What stands for the id of a listing."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[SubjectT]):
    """All there is of a kind, by id."""

    subjects: Mapping[str, SubjectT]


async def _list_source_servers(drs: Operations, _ids: Sequence[str]) -> list[Listing[SourceServer]]:
    named = {
        server.source_server_id: server
        async for server in drs.describe_source_servers(max_results=SOURCE_SERVERS.batch)
    }
    return [Listing({name: server for name, server in named.items() if name is not None})]


LISTED_SOURCE_SERVERS: Kind[Listing[SourceServer]] = Kind(
    name="listing of source servers",
    shape=lambda: Listing,
    operation="DescribeSourceServers",
    batch=1,
    describe=_list_source_servers,
    id_of=lambda _: WHOLE,
    walks=True,
)
