"""How servers come home: what every way of launching them there is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.recovery.memory import LaunchOptions
    from drs_sdk.recovery.way_back.steps import Deadline, Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Homecoming:
    """How servers come home.

    Attributes:
        launching: How they are launched.
        launch_again: Source servers whose instance at home is gone, as a person has found.
        leaving: Source servers that stay where they are.
        deadline: When to give up waiting.
        teller: Who is told.
    """

    launching: LaunchOptions
    launch_again: frozenset[str] = field(default_factory=frozenset[str])
    leaving: frozenset[str] = field(default_factory=frozenset[str])
    deadline: Deadline
    teller: Teller
