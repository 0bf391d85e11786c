"""Where the real service breaks its own model: the one table of known deviations.

The emulator follows the real service there, so its answers break the model too, on purpose.
Every other difference between an answer and the model is a defect of the emulator, which
`DRSEmulator(check_answers=True)` reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_sdk.testing.service.constraints import violations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_sdk.testing.service.constraints import Rule, Violation
    from drs_sdk.testing.service.model import Shape

_OFFSET_DATETIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00"
_DURATION = r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One known difference between the service and its model.

    Attributes:
        why: What was seen.
        rules: The kinds of constraint that it breaks.
        shape: The shape at fault (empty: any).
        owner: The structure that holds the member (empty: any).
        member: The member at fault (empty: any).
        value: What the value looks like, as a pattern (empty: anything).
    """

    why: str
    rules: tuple[Rule, ...]
    shape: str = ""
    owner: str = ""
    member: str = ""
    value: str = ""

    def covers(self, violation: Violation) -> bool:
        """Tell whether a violation is this deviation."""
        return (
            violation.rule in self.rules
            and self.shape in {"", violation.shape}
            and self.owner in {"", violation.owner}
            and self.member in {"", violation.member}
            and (not self.value or re.fullmatch(self.value, str(violation.value)) is not None)
        )


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "the event that ends a launch is missing from the enum",
        ("enum",),
        shape="JobLogEvent",
        value="LAUNCH_END",
    ),
    Deviation(
        "an execution can end by time",
        ("enum",),
        shape="RecoveryPlanExecutionStatus",
        value="TIMED_OUT",
    ),
    Deviation(
        "real date-times end in +00:00 (loaded captures keep theirs)",
        ("pattern", "length"),
        shape="ISO8601DatetimeString",
        value=_OFFSET_DATETIME,
    ),
    Deviation(
        "typed as a date-time, carries a duration",
        ("pattern", "length"),
        owner="RecoveryInstanceDataReplicationInfo",
        member="lagDuration",
        value=_DURATION,
    ),
    Deviation(
        "typed as a date-time, carries a duration",
        ("pattern", "length"),
        owner="RecoveryInstanceFailback",
        member="elapsedReplicationDuration",
        value=_DURATION,
    ),
    Deviation(
        "the pattern admits the identifiers of today, the length does not",
        ("length",),
        shape="EbsVolumeID",
        value="vol-[0-9a-f]{17}",
    ),
    Deviation("seen, modelled nowhere", ("unknown",), member="usageOperationData"),
    Deviation("seen, modelled nowhere", ("unknown",), member="recoverySnapshotVolumes"),
    Deviation(
        "seen, modelled nowhere",
        ("unknown",),
        owner="StagingSourceServer",
        member="sourceServerID",
    ),
    Deviation(
        "a source network whose replication has just been started",
        ("enum",),
        shape="ReplicationStatus",
        value="STARTED",
    ),
    Deviation(
        "seen, modelled nowhere", ("unknown",), owner="SourceNetwork", member="lastUpdatedDateTime"
    ),
)


def answer_violations(shape: Shape, answer: object) -> list[Violation]:
    """List what is wrong with an answer, known deviations left out."""
    return unexplained(violations(shape, answer, unknown_members=True))


def unexplained(found: Iterable[Violation]) -> list[Violation]:
    """Leave out the violations that the table explains."""
    return [v for v in found if not any(deviation.covers(v) for deviation in DEVIATIONS)]
