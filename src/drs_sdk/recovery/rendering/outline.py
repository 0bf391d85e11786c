"""What every rendering of a report tells: a heading, figures, and sections of tables and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering import sections
from drs_sdk.recovery.rendering.server_labels import ServerLabels
from drs_sdk.recovery.rendering.tallies import states, tone_of, up
from drs_sdk.recovery.rendering.words import measured, moment, plain

if TYPE_CHECKING:
    from drs_sdk.recovery.outcomes import RunOutcome
    from drs_sdk.recovery.rendering.sections import Section
    from drs_sdk.recovery.rendering.tallies import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A report, before it is text, Markdown or HTML.

    Attributes:
        title: Mode and name of the run.
        verdict: How it went, in a line.
        tone: How that is to be taken.
        figures: What the whole run is judged by, name and value.
        sections: The rest, in order.
    """

    title: str
    verdict: str
    tone: Tone
    figures: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def outline_of(report: RunOutcome) -> Outline:
    """Bring a report into order."""
    labels = ServerLabels(report.servers)
    found = (
        sections.waves(report),
        sections.objectives(report, labels),
        sections.servers(report, labels),
        sections.causes(report, labels),
        sections.membership(report, labels),
        sections.hooks(report),
        sections.unreadable(report),
        sections.left_to_do(report),
    )
    return Outline(
        title=f"{report.mode.capitalize()} {plain(report.run)}",
        verdict=_verdict(report),
        tone=tone_of(report.state),
        figures=_figures(report),
        sections=tuple(section for section in found if section is not None),
    )


def _verdict(report: RunOutcome) -> str:
    others = states(report.servers)
    told = f"{report.state}: {up(report.servers)} servers up" + (f", {others}" if others else "")
    if report.unreadable:
        told += ", and what cannot be read"
    return told


def _figures(report: RunOutcome) -> tuple[tuple[str, str], ...]:
    figures = [
        ("began", moment(report.started)),
        ("last job ended", moment(report.ended_at)),
        ("took", measured(report.time_taken)),
        ("seen at", moment(report.at)),
    ]
    if report.already_complete:
        figures.append(("this launch", "did nothing: all was up before"))
    if report.closed is not None:
        figures.append(("closed", plain(report.closed) or "without a reason"))
    return tuple(figures)
