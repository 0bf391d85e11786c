"""The sections of a report. Each is left out where it has nothing to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_sdk.recovery.errands import LATE, STUBBORN
from drs_sdk.recovery.rendering.next_steps import next_steps
from drs_sdk.recovery.rendering.tallies import (
    Verdict,
    by_wave,
    failed_first,
    states,
    tone_of,
    up,
    worst,
)
from drs_sdk.recovery.rendering.words import (
    count,
    distance,
    known,
    listed,
    measured,
    moment,
    objective,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from drs_sdk.recovery.outcomes import HookOutcome, RunOutcome, ServerOutcome, WaveOutcome
    from drs_sdk.recovery.rendering.server_labels import ServerLabels
    from drs_sdk.recovery.rendering.tallies import Tone

NONE = "-"
"""What does not apply, as against what is not known."""

_LISTED = 12
_LEAST_NAME = 20
_LEAST_WAVE = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: What stands above it.
        is_brief: Whether it is shown where there is little room.
        least: How narrow it may become there; None where it must not be cut: a figure.
    """

    title: str
    is_brief: bool = True
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        cells: A text for each column.
        tone: How it is to be taken.
        note: What else there is to tell, in a line.
        brief_note: The same where there is little room: with what columns that are not brief
            tell of what needs attention, without what another section tells.
    """

    cells: tuple[str, ...]
    tone: Tone = "open"
    note: str | None = None
    brief_note: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A section.

    Attributes:
        title: Its heading.
        columns: The columns of its table.
        rows: The rows of its table; none where it is lines.
        lines: Its lines.
        is_long: Whether a short rendering shows only some of the rows that need no attention.
    """

    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    lines: tuple[str, ...] = ()
    is_long: bool = False


def waves(report: RunOutcome) -> Section:
    """Tell of each wave."""
    columns = (
        Column("wave", least=_LEAST_NAME),
        Column("state"),
        Column("up"),
        Column("jobs"),
        Column("asked at", is_brief=False),
        Column("began"),
        Column("took"),
    )
    servers = by_wave(report)
    return Section(
        "Waves", columns, tuple(_wave(report, wave, servers[wave.name]) for wave in report.waves)
    )


def _wave(report: RunOutcome, wave: WaveOutcome, servers: list[ServerOutcome]) -> Row:
    after = _since(report, wave)
    took = wave.ended_at - wave.asked_at if wave.ended_at and wave.asked_at else None
    begun = bool(wave.jobs)
    note = plain(wave.reason or "") or states(servers) or None
    return Row(
        (
            known(wave.name),
            wave.state,
            up(servers),
            str(len(wave.jobs)),
            moment(wave.asked_at) if begun else NONE,
            distance(after) if begun else NONE,
            measured(took) if begun else NONE,
        ),
        tone_of(wave.state),
        note,
        note,
    )


def _since(report: RunOutcome, wave: WaveOutcome) -> timedelta | None:
    if report.started is None or wave.asked_at is None:
        return None
    return wave.asked_at - report.started


def objectives(report: RunOutcome, labels: ServerLabels) -> Section | None:
    """Tell which objectives were met."""
    rows = tuple(_objectives(report, labels))
    columns = (
        Column("wave", least=_LEAST_WAVE),
        *map(Column, ("objective", "asked for", "worst", "servers")),
    )
    return Section("Objectives", columns, rows) if rows else None


def _objectives(report: RunOutcome, labels: ServerLabels) -> Iterator[Row]:
    servers = by_wave(report)
    for wave in report.waves:
        own = servers[wave.name]
        if wave.recovery_point_objective is not None:
            answers = [s.meets_recovery_point_objective for s in own]
            values = [s.data_lost for s in own]
            yield _objective(
                (wave.name, "RPO: data lost", wave.recovery_point_objective),
                values,
                answers,
                labels.of(s.source_server_id for s in own),
            )
        if wave.recovery_time_objective is not None:
            answers = [s.meets_recovery_time_objective for s in own]
            values = [s.time_taken for s in own]
            yield _objective(
                (wave.name, "RTO: time taken", wave.recovery_time_objective),
                values,
                answers,
                labels.of(s.source_server_id for s in own),
            )


def _objective(
    what: tuple[str, str, timedelta],
    values: list[timedelta | None],
    answers: list[bool | None],
    names: list[str],
) -> Row:
    wave, kind, asked_for = what
    verdict = Verdict.of(answers)
    missed = [
        f"{name} ({measured(value)})"
        for name, value, answer in zip(names, values, answers, strict=True)
        if answer is False
    ]
    is_told = 0 < len(missed) < len(names)  # the counts tell of all
    note = f"missed by {listed(missed, _LISTED)}" if is_told else None
    return Row(
        (known(wave), kind, objective(asked_for), worst(values), str(verdict)),
        verdict.tone,
        note,
        note,
    )


def servers(report: RunOutcome, labels: ServerLabels) -> Section | None:
    """Tell of each server, failed first."""
    if not report.servers:
        return None
    has_places = len({(s.account_id, s.region_name) for s in report.servers}) > 1
    columns = (
        Column("server", least=_LEAST_NAME),
        Column("source server", is_brief=False),
        Column("wave", least=_LEAST_WAVE),
        Column("account", is_brief=False),
        Column("Region", is_brief=False),
        Column("state"),
        Column("try"),
        Column("lost (RPO)"),
        Column("took (RTO)"),
        Column("asked for", is_brief=False),
        Column("job ended", is_brief=False),
        Column("point in time", is_brief=False),
        Column("job", is_brief=False),
        Column("recovery instance", is_brief=False),
        Column("EC2 instance", is_brief=False),
    )
    rows = tuple(
        _server(server, labels, has_places=has_places) for server in failed_first(report.servers)
    )
    return Section("Servers", columns, rows, is_long=True)


def _server(server: ServerOutcome, labels: ServerLabels, *, has_places: bool) -> Row:
    launched = server.job_id is not None or server.attempt > 0

    def told(text: str) -> str:
        return text if launched else NONE

    return Row(
        (
            labels[server.source_server_id],
            known(server.source_server_id),
            known(server.wave),
            known(server.account_id),
            known(server.region_name),
            server.outcome,
            str(server.attempt),
            told(measured(server.data_lost)),
            told(measured(server.time_taken)),
            told(moment(server.asked_at)),
            told(moment(server.ended_at)),
            told(moment(server.point_in_time)),
            told(known(server.job_id)),
            told(known(server.recovery_instance_id)),
            told(known(server.ec2_instance_id)),
        ),
        tone_of(server.outcome),
        _note(server),
        _brief_note(server, has_places=has_places),
    )


def _note(server: ServerOutcome) -> str | None:
    notes = [known(server.reason)] if server.reason else []
    return "; ".join([*notes, *_oddities(server)]) or None


def _brief_note(server: ServerOutcome, *, has_places: bool) -> str | None:
    has_failed = server.outcome in {"failed", "gone"}  # why is told by the causes
    notes = [known(server.reason)] if server.reason and not has_failed else []
    notes += _oddities(server)
    if has_failed and server.job_id is not None:
        notes.insert(0, f"job {known(server.job_id)}")
    if has_places and (notes or has_failed):
        place = " ".join(known(part) for part in (server.account_id, server.region_name) if part)
        notes.insert(0, place or "in a place that is not known")
    return "; ".join(notes) or None


def _oddities(server: ServerOutcome) -> Iterator[str]:
    if server.launched_again_by is not None:
        yield f"launched again since by job {known(server.launched_again_by)}"
    if not server.is_selected:
        yield "no longer selected"
    if server.meets_recovery_point_objective is False:
        yield "misses the RPO"
    if server.meets_recovery_time_objective is False:
        yield "misses the RTO"


def causes(report: RunOutcome, labels: ServerLabels) -> Section | None:
    """Tell why servers have not come up, each cause once with its servers."""
    found: dict[str, list[str]] = {}
    for server in failed_first(report.servers):
        if server.outcome in {"failed", "gone"}:
            why = plain(server.reason or "") or "the service does not say why"
            found.setdefault(why, []).append(labels[server.source_server_id])
    lines = tuple(f"{listed(names, _LISTED)}: {why}" for why, names in found.items())
    return Section("Causes", lines=lines) if lines else None


def membership(report: RunOutcome, labels: ServerLabels) -> Section | None:
    """Tell who came, who left, and what was replaced or launched again."""
    again = [s.source_server_id for s in report.servers if s.launched_again_by is not None]
    repeated = [s.source_server_id for s in report.servers if s.attempt > 1]
    lists = (
        ("launched in more than one attempt", repeated),
        ("launched again since by somebody else", again),
        ("kept, though the runbook no longer selects them", report.kept),
        ("joined after their wave had begun", report.newcomers),
        ("left the selection before they were launched", report.dropped),
    )
    lines = [
        f"{count(len(ids), 'server')} {what}: {listed(labels.of(ids), _LISTED)}"
        for what, ids in lists
        if ids
    ]
    if report.replaced:
        pairs = [f"{labels[name]} ({known(what)})" for name, what in report.replaced.items()]
        lines.append(
            f"{count(len(pairs), 'instance')} of drills replaced by this launch: "
            f"{listed(pairs, _LISTED)}"
        )
    return Section("Worth knowing", lines=tuple(lines)) if lines else None


def hooks(report: RunOutcome) -> Section | None:
    """Tell what the caller's checks have found."""
    columns = (
        Column("wave", least=_LEAST_NAME),
        Column("when"),
        Column("result", least=_LEAST_NAME),
    )
    rows = tuple(
        Row(
            (
                known(hook.wave) if hook.when != "update" else "all",
                known(hook.when),
                _came_to(hook),
            ),
            "bad" if hook.error is not None else "open",
        )
        for hook in report.hooks
    )
    return Section("Approvals and checks", columns, rows) if rows else None


def _came_to(hook: HookOutcome) -> str:
    if hook.error is not None:
        told = known(hook.error)
        return told if hook.error in {LATE, STUBBORN} else f"raised {told}"
    return f"returned {known(hook.returned)}" if hook.returned is not None else "passed"


def unreadable(report: RunOutcome) -> Section | None:
    """Tell which places could not be read."""
    lines = tuple(f"{known(place)}: {known(why)}" for place, why in report.unreadable.items())
    return Section("Cannot be read", lines=lines) if lines else None


def left_to_do(report: RunOutcome) -> Section | None:
    """Tell what a person has to do."""
    lines = next_steps(report)
    return Section("To do", lines=lines) if lines else None
