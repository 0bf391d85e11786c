"""Where a run stands, in as many lines as a terminal has."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from drs_sdk.recovery.rendering.server_labels import ServerLabels
from drs_sdk.recovery.rendering.tallies import tone_of
from drs_sdk.recovery.rendering.words import cells, cut, known, measured, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_sdk.recovery.status import RunStatus, ServerStatus, WaveStatus

Line: TypeAlias = tuple[str, str]
"""A line and its style."""

_STYLES = {"good": "green", "bad": "bold red", "open": "cyan"}
_QUIET = "dim"
_GAP = "  "
_BAR = 12
_WIDEST = 28
"""How wide a column may become, but for the last."""
_NARROW = 60
_SERVER_ORDER = ("failed", "gone", "launching", "not launched", "launched")
_WAVE_ORDER = ("failed", "unknown", "waiting for approval", "launching")
_FEWEST_WAVES = 3


class Screen:
    """One state of a run, ready to be shown in any size."""

    def __init__(self, status: RunStatus, *, title: str | None = None) -> None:
        """Bring it into order: failed first, then the slowest."""
        self._status = status
        self._title = title or f"{status.mode.capitalize()} {status.run}"
        self._labels = ServerLabels(status.servers)
        self._servers = sorted(status.servers, key=_urgency)

    def lines(self, *, width: int, height: int, more: timedelta | None = None) -> list[Line]:
        """Draw it in one line less than there are, the cursor's.

        Args:
            width: Columns.
            height: Lines.
            more: The time since this was seen; None where time no longer counts.
        """
        room = max(height - 1, 1)
        lines = self._head(more)
        left = room - len(lines) - 2
        waves, servers = len(self._status.waves), len(self._servers)
        for_waves = waves if waves + servers <= left else max(left // 2, _FEWEST_WAVES)
        shown = _waves(self._status.waves, for_waves, width)
        lines += [("", ""), *shown]
        left = room - len(lines) - 1
        if left > 0 and self._servers:
            lines += [("", ""), *self._server_lines(left, width, more)]
        return [(cut(text, width), style) for text, style in lines[:room]]

    def _head(self, more: timedelta | None) -> list[Line]:
        status = self._status
        numbers = Counter(server.state for server in status.servers)
        told = [status.state]
        if status.started is not None and status.at is not None:
            told.append(f"{measured(status.at - status.started + (more or timedelta()))} in")
        told.append(f"{numbers['launched']} of {len(status.servers)} servers up")
        told += [f"{numbers[name]} {name}" for name in ("failed", "gone") if numbers[name]]
        lines = [
            (plain(self._title), "bold"),
            (", ".join(told), _STYLES[tone_of(status.state)]),
        ]
        if status.closed is not None:
            lines.append((f"closed: {plain(status.closed)}", "yellow"))
        if status.unreadable:
            places = list(status.unreadable.items())
            rest = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
            place, why = places[0]
            lines.append((f"cannot be read: {known(place)}{rest}: {known(why)}", "yellow"))
        return lines

    def _server_lines(self, room: int, width: int, more: timedelta | None) -> list[Line]:
        fit = len(self._servers) if len(self._servers) <= room else room - 1
        has_wave = width >= _NARROW
        lines = _table(
            [self._server_row(server, more, has_wave=has_wave) for server in self._servers[:fit]]
        )
        rest = self._servers[fit:]
        if rest:
            lines.append((_rest((s.state for s in rest), _SERVER_ORDER), _QUIET))
        return lines

    def _server_row(
        self, server: ServerStatus, more: timedelta | None, *, has_wave: bool
    ) -> tuple[Sequence[str], str]:
        takes = self._so_far(server, more) if server.state == "launching" else ""
        attempt = f"attempt {server.attempt}" if server.attempt > 1 else ""
        texts = [
            self._labels[server.source_server_id],
            *([known(server.wave)] if has_wave else []),
            server.state,
            attempt,
            takes,
            plain(server.reason or ""),
        ]
        return texts, _STYLES[tone_of(server.state)]

    def _so_far(self, server: ServerStatus, more: timedelta | None) -> str:
        """Tell how long a launch has taken."""
        seen, asked = self._status.at, server.asked_at
        if seen is None or asked is None:
            return measured(None)
        return measured(max(seen - asked, timedelta()) + (more or timedelta()))


def _urgency(server: ServerStatus) -> tuple[int, bool, float]:
    """Order servers: failed first, of those that launch the slowest, of the others who waits."""
    asked = server.asked_at.timestamp() if server.asked_at is not None else float("inf")
    rank = _SERVER_ORDER.index(server.state)
    return rank, server.reason is None, asked if server.state == "launching" else 0.0


def _waves(waves: Sequence[WaveStatus], room: int, width: int) -> list[Line]:
    chosen: Sequence[int] = range(len(waves))
    if len(waves) > room:
        urgent = sorted(chosen, key=lambda number: (_rank(waves[number]), number))
        chosen = sorted(urgent[: max(room - 1, 1)])
    shown = [waves[number] for number in chosen]
    bar = width >= _NARROW
    lines = _table([(_wave_row(wave, has_bar=bar), _STYLES[tone_of(wave.state)]) for wave in shown])
    rest = [waves[number].state for number in set(range(len(waves))).difference(chosen)]
    if rest:
        lines.append((_rest(rest, (*_WAVE_ORDER, "waiting", "up")), _QUIET))
    return lines


def _rank(wave: WaveStatus) -> int:
    if wave.state in _WAVE_ORDER:
        return _WAVE_ORDER.index(wave.state)
    return len(_WAVE_ORDER) + (wave.state == "up")


def _wave_row(wave: WaveStatus, *, has_bar: bool) -> Sequence[str]:
    total = len(wave.servers)
    failed = sum(server.state in {"failed", "gone"} for server in wave.servers)
    done = _BAR * wave.launched // total if total else 0
    bar = [f"[{'#' * done}{'-' * (_BAR - done)}]"] if has_bar else []
    counts = f"{wave.launched} of {total} up"
    return [
        known(wave.name),
        *bar,
        wave.state,
        counts,
        f"{failed} failed" if failed else "",
        plain(wave.reason or ""),
    ]


def _rest(states: Iterable[str], order: Sequence[str]) -> str:
    numbers = Counter(states)
    counts = ", ".join(f"{numbers[name]} {name}" for name in order if numbers[name])
    return f"{_GAP}... and {sum(numbers.values())} more: {counts}"


def _table(rows: Sequence[tuple[Sequence[str], str]]) -> list[Line]:
    """Align all columns but the last."""
    if not rows:
        return []
    columns = range(len(rows[0][0]) - 1)
    widths = [min(max(cells(texts[index]) for texts, _ in rows), _WIDEST) for index in columns]
    return [(_aligned(texts, widths), style) for texts, style in rows]


def _aligned(texts: Sequence[str], widths: Sequence[int]) -> str:
    fitted = [cut(text, width) for text, width in zip(texts, widths, strict=False)]
    padded = [
        text + " " * (width - cells(text))
        for text, width in zip(fitted, widths, strict=True)
        if width
    ]
    return (_GAP + _GAP.join([*padded, texts[-1]])).rstrip()
