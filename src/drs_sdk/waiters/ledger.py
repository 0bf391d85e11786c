"""What somebody was told about subjects, and what is still to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk.waiters.changes import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SubjectT = TypeVar("SubjectT")


class Ledger(Generic[SubjectT]):
    """How each subject is now, and how it was when that was last told.

    It keeps no queue: a reader that is slow is told the newest state, once.
    """

    __slots__ = ("_now", "_pending", "_told")

    def __init__(self) -> None:
        """Know of nothing yet."""
        self._told: dict[str, SubjectT] = {}
        self._now: dict[str, SubjectT] = {}
        self._pending: dict[str, None] = {}

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._pending)

    @property
    def names(self) -> frozenset[str]:
        """The subjects that are there now."""
        return frozenset(self._now)

    def note(self, found: Mapping[str, SubjectT], gone: Iterable[str]) -> None:
        """Take down what was found, and what was not found any more."""
        for name in gone:
            del self._now[name]
            self._compare(name)
        for name, subject in found.items():
            told = self._told.get(name)
            self._now[name] = subject if told is None or subject != told else told
            self._compare(name)

    def take(self) -> Change[SubjectT]:
        """Tell what has waited longest to be told."""
        name = next(iter(self._pending))
        del self._pending[name]
        previous, now = self._told.get(name), self._now.get(name)
        if now is None:
            last = self._told.pop(name)
            return Change(kind="gone", subject=last, previous=previous)
        self._told[name] = now
        kind = "appeared" if previous is None else "changed"
        return Change(kind=kind, subject=now, previous=previous)

    def _compare(self, name: str) -> None:
        """Have a subject told about if it is not as it was told."""
        if self._now.get(name) is self._told.get(name):
            self._pending.pop(name, None)
        else:
            self._pending[name] = None
