"""What the renderings of a way back tell: how far each server is, what is lost, left and to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.outline import Outline
from drs_sdk.recovery.rendering.sections import NONE, Column, Row, Section
from drs_sdk.recovery.rendering.words import known, measured, moment, plain
from drs_sdk.recovery.way_back.server import STAGES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from drs_sdk.recovery.rendering.tallies import Tone
    from drs_sdk.recovery.way_back.server import ServerWayBack, Stage

_COLUMNS = tuple(
    Column(title)
    for title in (
        "wave",
        "server",
        "state",
        "source server (B1)",
        "instance (B2)",
        "replicates home (A2)",
        "at home (A3)",
        "home at",
        "data lost",
        "lag",
    )
)
_AT_HOME = STAGES.index("home")


def outline_of(
    *,
    title: str,
    wanted: Stage,
    succeeded: bool,
    servers: Sequence[ServerWayBack],
    behind: Collection[ServerWayBack],
    left: Mapping[str, str],
    failed: Mapping[str, str],
    for_people: Mapping[str, str],
    notes: Sequence[str],
) -> Outline:
    """Bring the report of a way back into order.

    Args:
        title: What way back it is.
        wanted: The stage that the step was to reach.
        succeeded: Whether it did, for all.
        servers: The servers, wave by wave.
        behind: Those of them that are not as far.
        left: What could not be removed, with the reason.
        failed: In a rehearsal, whose launch home failed, with the reason.
        for_people: What somebody has to do, by source server.
        notes: What else is worth knowing.
    """
    names = {one.source_server_id: one.name for one in servers}
    home = [one for one in servers if _is_home(one)]
    reached = len(servers) - len(behind)
    stages = Counter(one.stage for one in behind)
    others = "".join(f", {stages[stage]} {stage}" for stage in STAGES if stages[stage])
    found = (
        Section("Servers", _COLUMNS, tuple(_row(one, behind, failed) for one in servers)),
        Section("Left for a person", lines=_lines(for_people, names)),
        Section("Could not be removed", lines=_lines(left, names)),
        Section("Failed to come home", lines=_lines(failed, names)),
        Section("Notes", lines=tuple(plain(note) for note in notes)),
    )
    return Outline(
        title=plain(title),
        verdict=f"{reached} of {len(servers)} {wanted}{others}",
        tone="good" if succeeded else "bad" if failed or left else "open",
        figures=(
            ("last server home at", moment(_latest(home)) if home else NONE),
            ("most data lost on the way home", measured(_most_lost(home)) if home else NONE),
        ),
        sections=tuple(section for section in found if section.rows or section.lines),
    )


def _is_home(server: ServerWayBack) -> bool:
    return STAGES.index(server.stage) >= _AT_HOME


def _latest(home: Sequence[ServerWayBack]) -> datetime | None:
    return max((one.home_at for one in home if one.home_at is not None), default=None)


def _most_lost(home: Sequence[ServerWayBack]) -> timedelta | None:
    """Find the most; not known where it is not known of one."""
    lost = [one.data_lost for one in home if one.data_lost is not None]
    return max(lost) if len(lost) == len(home) else None


def _row(
    server: ServerWayBack, behind: Collection[ServerWayBack], failed: Mapping[str, str]
) -> Row:
    tone: Tone = "good"
    if server in behind:
        tone = "open"
    if server.stage == "failed home" or server.source_server_id in failed:
        tone = "bad"
    is_home = _is_home(server)
    return Row(
        cells=(
            plain(server.wave),
            known(server.name),
            server.stage,
            server.source_server_id,
            server.recovery_instance_id or NONE,
            server.reversed_source_server_id or NONE,
            server.home_instance_id or NONE,
            moment(server.home_at) if is_home else NONE,
            measured(server.data_lost) if is_home else NONE,
            measured(server.lag) if server.lag is not None else NONE,
        ),
        tone=tone,
        note=plain(server.reason) if server.reason is not None else None,
    )


def _lines(told: Mapping[str, str], names: Mapping[str, str | None]) -> tuple[str, ...]:
    return tuple(
        f"{plain(names.get(one) or '')} {one}: {plain(what)}".lstrip() for one, what in told.items()
    )
