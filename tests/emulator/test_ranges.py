"""Numbers that make no sense are refused where they are said, and change nothing."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from drs_sdk.testing import DRSEmulator, Fault, JobDurations, Quirks, Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

NAN, INFINITE = float("nan"), float("inf")
NO_SECONDS = [-1.0, NAN, INFINITE, 1e300]
DAY = timedelta(days=1)
TOO_LONG = timedelta.max

OF_SCENARIOS: dict[str, Callable[[DRSEmulator, str], object]] = {
    "a lag below zero": lambda e, s: e.set_lag(s, -DAY),
    "a lag for ever": lambda e, s: e.set_lag(s, TOO_LONG),
    "a lag that explodes": lambda e, s: e.set_lag(s, DAY, growth=1e300),
    "a lag that implodes": lambda e, s: e.set_lag(s, DAY, growth=-INFINITE),
    "a lag that grows by nothing": lambda e, s: e.set_lag(s, DAY, growth=NAN),
    "an early status": lambda e, s: e.delay_launch_status(s, -DAY),
    "a status that never comes": lambda e, s: e.delay_launch_status(s, TOO_LONG),
    "an early initialisation": lambda e, s: e.delay_initialization(s, -DAY),
    "an initialisation that never ends": lambda e, s: e.delay_initialization(s, TOO_LONG),
    "no failing launch": lambda e, s: e.fail_launch(s, times=0),
    "less than no failing launch": lambda e, s: e.fail_launch(s, times=-1, silently=True),
    "no failing action": lambda e, s: e.fail_launch_action(s, times=0),
    "fewer servers than none": lambda e, _: e.add_source_servers(-1),
}


@pytest.mark.parametrize("said", OF_SCENARIOS.values(), ids=OF_SCENARIOS)
def test_what_a_scenario_cannot_say(said: Callable[[DRSEmulator, str], object]) -> None:
    emulator = DRSEmulator()
    (server_id,) = emulator.add_source_servers(1)
    before = emulator.snapshot()
    with pytest.raises(ValueError, match=r"below zero|a century|a number up to|1 at least"):
        said(emulator, server_id)
    assert emulator.snapshot() == before


@pytest.mark.parametrize("name", [field.name for field in fields(Quotas)])
def test_a_quota_below_zero(name: str) -> None:
    given: dict[str, Any] = {name: -1}
    with pytest.raises(ValueError, match=f"the quota {name} cannot be below zero"):
        Quotas(**given)
    given[name] = 0
    assert getattr(Quotas(**given), name) == 0


@pytest.mark.parametrize("seconds", NO_SECONDS)
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((JobDurations, field.name) for field in fields(JobDurations)),
        *((Quirks, name) for name in ("job_listing_delay", "job_retention")),
    ],
)
def test_what_is_no_length_of_time(kind: type[Any], name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a finite number"):
        kind(**{name: seconds})


@pytest.mark.parametrize(
    "made",
    [
        *(lambda s=s: Fault.delay(s) for s in NO_SECONDS),
        *(lambda s=s: Fault.late(s) for s in NO_SECONDS),
        *(lambda s=s: Fault.late(s, after=False) for s in NO_SECONDS),
        *(lambda at=at: Fault.truncate(at) for at in (-0.1, 1.1, NAN, INFINITE)),
        *(lambda status=status: Fault.server_error(status) for status in (0, 200, 399, 600)),
        lambda: Fault.throttle(retry_after=-1),
        lambda: Fault.server_error(retry_after=-1),
        lambda: Fault.error("Two\r\nHeaders: 1"),
        lambda: Fault.error("\N{SNOWMAN}Exception"),
    ],
)
def test_a_fault_that_cannot_happen(made: Callable[[], Fault]) -> None:
    with pytest.raises(ValueError, match=r"seconds|retry_after|a share|HTTP status|error code"):
        made()
