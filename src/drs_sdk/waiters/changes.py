"""What a watch without an end yields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

SubjectT = TypeVar("SubjectT")
ChangeKind: TypeAlias = Literal["appeared", "changed", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[SubjectT]):
    """That something is new, is different, or is not there any more.

    Attributes:
        kind: ``"appeared"``, ``"changed"`` or ``"gone"``.
        subject: How it is now; for what is gone, how it was last seen.
        previous: How it was when the watch yielded it before; None for what appeared.
    """

    kind: ChangeKind
    subject: SubjectT
    previous: SubjectT | None
