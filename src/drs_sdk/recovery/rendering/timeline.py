"""The jobs of a run over time, wave by wave, drawn as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.axis import axis_of, is_running
from drs_sdk.recovery.rendering.elements import element
from drs_sdk.recovery.rendering.words import (
    count,
    cut,
    known,
    listed,
    measured,
    moment,
    objective,
    utc,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from drs_sdk.recovery.outcomes import JobOutcome, RunOutcome, WaveOutcome
    from drs_sdk.recovery.rendering.axis import Axis
    from drs_sdk.recovery.rendering.server_labels import ServerLabels

_WIDTH = 1020.0
_LEFT = 290.0
_RIGHT = 110.0
_TOP = 30.0
_ROW = 24.0
_BAR = 14.0
_LABEL = 40
_WAVE = 22
_NAMES = 20


def timeline_of(report: RunOutcome, labels: ServerLabels) -> Element | None:
    """Draw a run; None where no job has a time."""
    axis = axis_of(report, left=_LEFT, width=_WIDTH - _LEFT - _RIGHT)
    if axis is None:
        return None
    y = _TOP
    rows: list[Element] = []
    for wave in report.waves:
        jobs = [job for job in report.jobs if job.wave == wave.name]
        height = _ROW * (1 + len(jobs))
        rows += _objective_marks(report, wave, axis, y, height)
        rows += _wave_rows(wave, axis, y)
        for number, job in enumerate(jobs, 1):
            rows += _job_rows(report, job, axis, y + number * _ROW, labels)
        y += height
    return element(
        "svg",
        [
            element("title", f"Timeline of {known(report.run)}"),
            element("desc", "A bar for each job, from its request to its end; times from start."),
            *_grid(axis, y),
            *rows,
        ],
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH:g} {y + 8:g}",
            "role": "img",
            "class": "timeline",
        },
    )


def _grid(axis: Axis, bottom: float) -> Iterator[Element]:
    for at, label in axis.ticks():
        x = axis.x(at)
        yield _line(x, _TOP - 6, bottom, "tick")
        yield _text(x, _TOP - 12, label, "scale", anchor="middle")


def _wave_rows(wave: WaveOutcome, axis: Axis, y: float) -> Iterator[Element]:
    middle = y + _ROW / 2
    yield _line(0, y, y, "rule", to=_WIDTH)
    yield _text(0, middle, cut(known(wave.name), _WAVE), "wave")
    if wave.asked_at is None:
        yield _text(_LEFT + 4, middle, wave.state, "quiet")
        return
    begin = axis.x(wave.asked_at)
    end = axis.x(wave.ended_at) if wave.ended_at is not None else axis.x(axis.last)
    took = utc(wave.ended_at) - utc(wave.asked_at) if wave.ended_at is not None else None
    yield _box(begin, middle - 2, end - begin, 4, f"span {_tone(wave.state)}")
    told = wave.state if took is None else f"{wave.state}, {measured(took)}"
    yield _text(end + 6, middle, told, "quiet")


def _job_rows(
    report: RunOutcome, job: JobOutcome, axis: Axis, y: float, labels: ServerLabels
) -> Iterator[Element]:
    middle = y + _ROW / 2
    where = " ".join(known(part) for part in (job.account_id, job.region_name) if part)
    name = f"attempt {job.attempt}" + (f", {where}" if where else "")
    yield _text(16, middle, cut(name, _LABEL), "job")
    if job.asked_at is None:
        yield _text(_LEFT + 4, middle, "nobody knows when", "quiet")
        return
    begin = axis.x(job.asked_at)
    until = job.ended_at if job.ended_at is not None else axis.last
    width = max(axis.x(until) - begin, 3.0)
    parts = [_box(begin, middle - _BAR / 2, width, _BAR, "open" + (" going" * is_running(job)))]
    total = len(job.servers)
    if total and not is_running(job):
        good = _BAR * len(job.launched) / total
        bad = _BAR * len(job.failed) / total
        if good:
            parts.append(_box(begin, middle - _BAR / 2, width, good, "good"))
        if bad:
            parts.append(_box(begin, middle + _BAR / 2 - bad, width, bad, "bad"))
    yield element("g", [element("title", _told(job, labels)), *parts])
    shown = f"{len(job.launched)} of {total} up"
    failed = [element("tspan", f"\u2715 {len(job.failed)}", {"class": "failed", "dx": 6})] * bool(
        job.failed
    )
    yield element(
        "text", [shown, *failed], {"x": begin + width + 6, "y": middle + 4, "class": "quiet"}
    )
    yield from _lost(report, job, axis, middle)


def _told(job: JobOutcome, labels: ServerLabels) -> str:
    """Tell of a job what its bar cannot, for who points at it."""
    told = [f"{known(job.job_id)}: asked for {moment(job.asked_at)}, ended {moment(job.ended_at)}"]
    if job.failed:
        told.append(f"failed: {listed(labels.of(job.failed), _NAMES)}")
    told.append(count(len(job.servers), "server"))
    return "; ".join(told)


def _lost(report: RunOutcome, job: JobOutcome, axis: Axis, middle: float) -> Iterator[Element]:
    """Draw how far back the oldest point in time of a job lies."""
    points = [
        server.point_in_time
        for server in report.servers
        if server.job_id == job.job_id and server.point_in_time is not None
    ]
    if not points or job.asked_at is None:
        return
    earliest = min(map(utc, points))
    asked, oldest = axis.x(job.asked_at), axis.x(earliest)
    if oldest < asked:
        yield _box(oldest, middle - 2, asked - oldest, 4, "lost")
    if not axis.shows(earliest):
        yield _text(axis.left - 2, middle, "\u2190", "lost", anchor="end")


def _objective_marks(
    report: RunOutcome, wave: WaveOutcome, axis: Axis, y: float, height: float
) -> Iterator[Element]:
    wanted = wave.recovery_time_objective
    if wanted is None or report.started is None:
        return
    due = utc(report.started) + wanted
    missed = any(
        s.meets_recovery_time_objective is False for s in report.servers if s.wave == wave.name
    )
    kind = "objective missed" if missed else "objective"
    is_shown = axis.shows(due)
    if is_shown:
        yield _line(axis.x(due), y + 2, y + height - 2, kind)
    label = f"RTO {objective(wanted)}" + ("" if is_shown else " \u2192")
    yield _text(_LEFT - 12, y + _ROW / 2, label, kind, anchor="end")


def _tone(state: str) -> str:
    return {"up": "good", "failed": "bad"}.get(state, "open")


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> Element:
    return element("text", text, {"x": x, "y": y + 4, "class": kind, "text-anchor": anchor})


def _line(x: float, y: float, bottom: float, kind: str, *, to: float | None = None) -> Element:
    x2 = x if to is None else to
    return element("line", (), {"x1": x, "x2": x2, "y1": y, "y2": bottom, "class": kind})


def _box(x: float, y: float, width: float, height: float, kind: str) -> Element:
    return element(
        "rect", (), {"x": x, "y": y, "width": width, "height": height, "rx": 2, "class": kind}
    )
