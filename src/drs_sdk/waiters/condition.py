"""What a wait waits for: its subjects, the states that end it, and how often it asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.waiters.kinds import Kind

SubjectT = TypeVar("SubjectT")
Outcome: TypeAlias = Literal["success", "failure"]
Standing: TypeAlias = Literal["success", "failure", "open"]

_APPEARING = timedelta(minutes=2)
"""How long a subject may be missing: what was just made is not always listed at once."""


@dataclass(frozen=True, slots=True)
class Acceptor(Generic[SubjectT]):
    """A state that ends the wait for one subject.

    Attributes:
        outcome: How it ends.
        fits: Whether a subject is in the state.
        reason: Why it is a failure, in words.
        settling: How long the state must last before it counts.
        remembering: Whether it counts only if the subject named parts before.
    """

    outcome: Outcome
    fits: Callable[[SubjectT], bool]
    reason: Callable[[SubjectT], str] = lambda _: ""
    settling: timedelta = timedelta()
    remembering: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Generic[SubjectT]):
    """Something that can be waited for.

    Attributes:
        name: What it is, in words: "wait until ...".
        wait: The method that waits for it; none if the SDK alone does.
        watch: Its twin.
        timeout: The deadline by default.
        kind: What kind of subject it is about.
        acceptors: The states that end it, in order of precedence.
        min_delay: The shortest delay between polls by default.
        max_delay: The longest delay that polls back off to by default.
        appearing: How long a subject may be missing.
        single: Whether it is about one subject only, which errors then carry bare.
        passing: Whether a good state can pass, so that it must be seen of all in one poll.
        absent: What it means that a subject is missing for so long.
        counted: How a subject that the wait was given must stand for that to count as the first
            look. An ended job stays as it is; a server may have changed since it was read.
        names: Finds the parts that a subject names, which the wait remembers.
    """

    name: str
    wait: str = ""
    watch: str = ""
    timeout: timedelta = timedelta(hours=1)
    kind: Kind[SubjectT]
    acceptors: tuple[Acceptor[SubjectT], ...]
    min_delay: timedelta
    max_delay: timedelta
    appearing: timedelta = _APPEARING
    single: bool = False
    passing: bool = False
    absent: Outcome = "failure"
    counted: frozenset[Standing] = frozenset()
    names: Callable[[SubjectT], frozenset[str]] = lambda _: frozenset()

    def standing(self, subject: SubjectT) -> Standing:
        """How a subject stands by what it shows now."""
        fitting = (each for each in self.acceptors if each.fits(subject))
        first = next((each for each in fitting if not each.remembering), None)
        return "open" if first is None or first.settling else first.outcome
