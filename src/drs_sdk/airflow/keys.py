"""Names of runs and jobs: the same for every try of a task, and for no other task."""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol

from drs_sdk.recovery.record import fit

_DIGITS = 16


class TaskPlace(Protocol):
    """What tells a task instance from others, whichever try it is in."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None


def run_key(place: TaskPlace, *, longest: int = 256) -> str:
    """Name what a task instance launches: DAG, run, task and map index, never the try.

    The names go into a tag. Where they do not fit they are cut, or have characters replaced, and
    end in a digest of the whole.

    Args:
        place: The task instance.
        longest: How many characters there is room for.
    """
    parts = [place.dag_id, place.run_id, place.task_id]
    if place.map_index is not None and place.map_index >= 0:
        parts.append(str(place.map_index))
    text = "/".join(parts)
    fitting = fit(text)
    if fitting == text and len(text) <= longest:
        return text
    digest = sha256(text.encode()).hexdigest()[:_DIGITS]
    return f"{fitting[: longest - _DIGITS - 1].rstrip()}-{digest}"
