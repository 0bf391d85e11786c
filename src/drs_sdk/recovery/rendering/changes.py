"""What has changed since the last look at a run, a line for each change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.server_labels import ServerLabels
from drs_sdk.recovery.rendering.words import distance, known, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.recovery.status import RunStatus, ServerStatus, WaveStatus


class Changes:
    """Remembers what was told of a run."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._told: dict[tuple[str, str], str] = {}

    def since_last(self, status: RunStatus) -> Iterator[str]:
        """Tell what is new.

        Of the run and its waves every change; of servers only what needs attention, or a thousand
        of them would hide it.
        """
        begun, seen = status.started, status.at
        when = distance(seen - begun) if begun is not None and seen is not None else "-"
        now = {key: line for key, line in _lines(status) if line}
        for key, line in now.items():
            if self._told.get(key) != line:
                yield f"{when:>12}  {line}"
        for kind, place in self._told:
            if kind == "place" and (kind, place) not in now:
                yield f"{when:>12}  {known(place)} can be read again"
        self._told = now


def _lines(status: RunStatus) -> Iterator[tuple[tuple[str, str], str]]:
    closed = f" (closed: {plain(status.closed)})" if status.closed is not None else ""
    yield ("run", ""), f"{status.mode} {known(status.run)}: {status.state}{closed}"
    for place, why in status.unreadable.items():
        yield ("place", place), f"cannot be read: {known(place)}: {known(why)}"
    labels = ServerLabels(status.servers)
    for wave in status.waves:
        yield ("wave", wave.name), _wave(wave)
        for server in wave.servers:
            line = _server(server, labels[server.source_server_id])
            yield ("server", f"{server.region_name} {server.source_server_id}"), line


def _wave(wave: WaveStatus) -> str:
    failed = sum(server.state in {"failed", "gone"} for server in wave.servers)
    told = f"wave {known(wave.name)}: {wave.state}, {wave.launched} of {len(wave.servers)} up"
    told += f", {failed} failed" if failed else ""
    return told + (f": {plain(wave.reason)}" if wave.reason else "")


def _server(server: ServerStatus, label: str) -> str:
    again = f", launched again since by job {known(server.launched_again_by)}"
    told = again if server.launched_again_by is not None else ""
    if server.state in {"launched", "not launched"} and not told:
        return ""
    if server.state == "launching" and server.attempt <= 1 and not told:
        return ""
    why = f": {plain(server.reason)}" if server.reason else ""
    return f"server {label}: {server.state}, attempt {server.attempt}{told}{why}"
