"""A wave: servers that are launched together, when, and what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, NotRequired, Required, TypedDict

from pydantic import Field, StrictBool

from drs_sdk.recovery.fields import Objective, PointInTime, TagText
from drs_sdk.recovery.part import Part
from drs_sdk.recovery.servers import Servers, ServersDict

_EXAMPLE_DURATIONS = ["PT5M", 300]


class Wave(Part, frozen=True):
    """Servers that are launched together, once the waves that they need have come up."""

    name: TagText = Field(
        description="Name, unique in the runbook; it stands in a tag of the wave's jobs.",
        examples=["database"],
    )
    """Name, unique in the runbook; it stands in a tag of the wave's jobs."""

    servers: Servers = Field(description="Which servers are launched.")
    """Which servers are launched."""

    after: tuple[TagText, ...] | None = Field(
        default=None,
        description=(
            "Names of the waves that must have come up before this one starts. Left out: the wave "
            "before it in the list. Empty: none, it starts at once."
        ),
        examples=[["database"], []],
    )
    """Names of the waves that must have come up before this one starts.

    None: the wave before it in the list. Empty: none, it starts at once.
    """

    pause_before: StrictBool = Field(
        default=False, description="Whether the wave waits for an approval before it starts."
    )
    """Whether the wave waits for an approval before it starts."""

    recovery_point_objective: Objective | None = Field(
        default=None,
        description=(
            "RPO: the most data that may be lost, as the age of the point in time a server is "
            "launched from. ISO 8601 or seconds."
        ),
        examples=_EXAMPLE_DURATIONS,
    )
    """RPO: the most data that may be lost.

    Measured as the age of the point in time a server is launched from. In a file: ISO 8601
    (``PT5M``) or seconds.
    """

    recovery_time_objective: Objective | None = Field(
        default=None,
        description=(
            "RTO: the longest time from the beginning of the run until its servers are up. "
            "ISO 8601 or seconds."
        ),
        examples=_EXAMPLE_DURATIONS,
    )
    """RTO: the longest time from the beginning of the run until its servers are up.

    In a file: ISO 8601 (``PT5M``) or seconds.
    """

    attempts: Annotated[int, Field(ge=1, strict=True)] = Field(
        default=1,
        description="How often a server is launched in all, when its launch fails; at least 1.",
    )
    """How often a server is launched in all, when its launch fails; at least 1."""

    on_failure: Literal["stop", "continue"] = Field(
        default="stop",
        description=(
            "What follows when a server has not come up after all attempts: ``stop`` keeps the "
            "waves after this one from starting, ``continue`` lets them start."
        ),
    )
    """What follows when a server has not come up after all attempts.

    ``stop`` keeps the waves after this one from starting, ``continue`` lets them start.
    """

    point_in_time: PointInTime = Field(
        default="latest",
        description=(
            "From which point in time servers are launched: ``latest``, or the last one at or "
            "before a moment, which has its offset from UTC."
        ),
        examples=["latest", "2026-11-26T08:00:00Z"],
    )
    """From which point in time servers are launched.

    ``latest``, or the last one at or before a moment, which has its offset from UTC.
    """

    fail_back_after: tuple[TagText, ...] | None = Field(
        default=None,
        description=(
            "Names of the waves that must be home before this one is launched home. Left out: the "
            "waves that come after this one on the way out. Empty: none."
        ),
        examples=[["application"], []],
    )
    """Names of the waves that must be home before this one is launched home.

    None: the waves that come after this one on the way out. Empty: none.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str,
            servers: Servers | ServersDict,
            after: Sequence[str] | None = None,
            pause_before: bool = False,
            recovery_point_objective: timedelta | float | None = None,
            recovery_time_objective: timedelta | float | None = None,
            attempts: int = 1,
            on_failure: Literal["stop", "continue"] = "stop",
            point_in_time: datetime | Literal["latest"] = "latest",
            fail_back_after: Sequence[str] | None = None,
        ) -> None:
            """Plan a wave.

            Args:
                name: Name, unique in the runbook, at most 256 characters that tags allow.
                servers: Which servers are launched.
                after: Names of the waves that must have come up before this one starts. None: the
                    wave before it in the list. Empty: none, it starts at once.
                pause_before: Whether the wave waits for an approval before it starts.
                recovery_point_objective: RPO: the most data that may be lost; a number is seconds.
                recovery_time_objective: RTO: the longest time from the beginning of the run until
                    its servers are up; a number is seconds.
                attempts: How often a server is launched in all, when its launch fails.
                on_failure: Whether the waves after this one start when a server has not come up.
                point_in_time: ``latest``, or the last point at or before a moment.
                fail_back_after: Names of the waves that must be home before this one is launched
                    home. None: the waves that come after this one on the way out.

            Raises:
                RunbookError: A field cannot be so; each is named.
            """


class WaveDict(TypedDict, total=False):
    """`Wave` as a dict."""

    name: Required[str]
    servers: Required[Servers | ServersDict]
    after: NotRequired[Sequence[str] | None]
    pause_before: NotRequired[bool]
    recovery_point_objective: NotRequired[timedelta | float | None]
    recovery_time_objective: NotRequired[timedelta | float | None]
    attempts: NotRequired[int]
    on_failure: NotRequired[Literal["stop", "continue"]]
    point_in_time: NotRequired[datetime | Literal["latest"]]
    fail_back_after: NotRequired[Sequence[str] | None]
