"""What servers are called in a report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.words import known, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_sdk.recovery.outcomes import ServerOutcome
    from drs_sdk.recovery.status import ServerStatus


class ServerLabels:
    """Names of servers: what people call them, with the id where two are called the same."""

    def __init__(self, servers: Iterable[ServerOutcome | ServerStatus]) -> None:
        """Learn the names."""
        names = {s.source_server_id: plain(s.name or "") for s in servers}
        often = Counter(names.values())
        self._labels = {
            server_id: _label(server_id, name, is_unique=often[name] == 1)
            for server_id, name in names.items()
        }

    def __getitem__(self, source_server_id: str) -> str:
        """Name a server; by its id where nothing else is known."""
        return self._labels.get(source_server_id) or known(source_server_id)

    def of(self, source_server_ids: Iterable[str]) -> list[str]:
        """Name servers."""
        return [self[server_id] for server_id in source_server_ids]


def _label(server_id: str, name: str, *, is_unique: bool) -> str:
    if not name:
        return known(server_id)
    return name if is_unique else f"{name} {known(server_id)}"
