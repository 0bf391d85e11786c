"""The waits, methods and docs' tables: from the conditions and what is said of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from codegen.overlay import FOLDER
from drs_sdk.waiters import conditions

if TYPE_CHECKING:
    from datetime import timedelta

    from drs_sdk.waiters.condition import Condition

PAGE = Path(__file__).parent.parent / "docs" / "waiters.md"
FILE = "waiters/methods.py"

_READING = {
    "job": ("job", "JobLike", "given_job(job)"),
    "recovery plan execution": ("execution", "ExecutionLike", "given_execution(execution)"),
}
"""Of each kind of which one is waited for: the parameter, its type, and how it is read."""

_UNITS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}


@dataclass(frozen=True)
class Option:
    """A parameter that only one wait has."""

    name: str
    type: str
    default: str
    description: str


@dataclass(frozen=True)
class WaitMethod:
    """A wait and its twin, as the template wants them."""

    wait: str
    watch: str
    condition: str
    operation: str
    model: str
    parameter: str
    takes: str
    reads: str
    judged: bool
    single: bool
    timeout: timedelta
    min_delay: timedelta
    max_delay: timedelta
    options: tuple[Option, ...]
    said: dict[str, str]

    @property
    def timeout_code(self) -> str:
        """The default deadline, as code."""
        number, unit = words(self.timeout).split()
        return f"timedelta({unit.removesuffix('s')}s={number})"


def words(duration: timedelta) -> str:
    """A duration in words, such as ``2 minutes``; what is below two minutes in seconds."""
    seconds = round(duration.total_seconds())
    if seconds < 120:  # noqa: PLR2004 - see above
        return f"{seconds} s"
    unit = next(unit for unit, size in _UNITS.items() if unit != "day" and seconds % size == 0)
    number = seconds // _UNITS[unit]
    return f"{number} {unit}{'' if number == 1 else 's'}"


def short(duration: timedelta) -> str:
    """A duration for the docs, such as ``2 min``."""
    seconds = round(duration.total_seconds())
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def after(folder: Path = FOLDER) -> dict[str, list[str]]:
    """The waits that usually come after an operation, by operation."""
    said = tomllib.loads((folder / "waits.toml").read_text("utf-8"))
    found: dict[str, list[str]] = {}
    for wait, entry in said.items():
        for operation in entry.get("after", []):
            found.setdefault(operation, []).append(wait)
    return found


def methods(folder: Path = FOLDER) -> list[WaitMethod]:
    """Put the table of conditions and what is said of them together."""
    said = tomllib.loads((folder / "waits.toml").read_text("utf-8"))
    table = {each.wait: cast("Condition[Any]", each) for each in conditions.WAITS}
    if said.keys() != table.keys():
        raise ValueError(f"waits.toml does not fit the conditions: {said.keys() ^ table.keys()}")
    return [_method(condition, said[name]) for name, condition in table.items()]


def _method(condition: Condition[Any], said: dict[str, Any]) -> WaitMethod:
    kind = condition.kind
    constant = next((n for n, value in vars(conditions).items() if value is condition), "")
    plural = f"{kind.name.replace(' ', '_')}s"
    takes = f"{''.join(word.title() for word in kind.name.split())}sLike"
    parameter, takes, reads = _READING.get(
        kind.name, (plural, takes, f"given({plural}, waiters.kinds.{plural.upper()})")
    )
    return WaitMethod(
        wait=condition.wait,
        watch=condition.watch,
        condition=said.get("condition", f"waiters.conditions.{constant}"),
        operation=kind.operation,
        model=kind.shape().__name__,
        parameter=parameter,
        takes=takes,
        reads=reads,
        judged=kind.name == "job",
        single=condition.single,
        timeout=condition.timeout,
        min_delay=condition.min_delay,
        max_delay=condition.max_delay,
        options=tuple(Option(**option) for option in said.get("options", [])),
        said={name: text for name, text in said.items() if isinstance(text, str)},
    )


def page(text: str) -> str:
    """The docs' page with its tables rebuilt."""
    waits = ["| Wait | Ends well when | Fails when | Deadline | Delay |", "|---|---|---|---|---|"]
    watches = ["| Wait | Watch |", "|---|---|"]
    for each in methods():
        delays = f"{short(each.min_delay)} to {short(each.max_delay)}"
        fails = f" {each.said['fails']} " if each.said["fails"] else " "
        waits.append(
            f"| `{each.wait}` | {each.said['ends_well']} |{fails}"
            f"| {short(each.timeout)} | {delays} |"
        )
        watches.append(f"| `{each.wait}` | `{each.watch}` |")
    for name, rows in (("waits", waits), ("watches", watches)):
        before, start, rest = text.partition(f"<!-- generated: {name} -->\n")
        _, end, after = rest.partition("\n<!-- end -->")
        text = before + start + "\n".join(rows) + end + after
    return text
