"""Reports and states of runs of every shape, for tests of how they are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from drs_sdk.recovery import (
    HookOutcome,
    JobOutcome,
    RecoveryReport,
    RunStatus,
    ServerOutcome,
    ServerStatus,
    WaveOutcome,
    WaveStatus,
)

BEGAN = datetime(2026, 11, 26, 8, tzinfo=UTC)

HOSTILE = (
    "<script>alert(1)</script>",
    "a | b",
    "`code` **bold** _it_ [x](http://evil.example) ![y](//evil.example/z.png)",
    "\x1b[31mred\x1b[0m",
    "two\nlines\r\nand\ttabs",
    '"><img src=x onerror=alert(1)>',
    "&amp; &lt; \\| \\",
    "\u202egnp.exe",
    "データベース" * 12,
    "1. first",
    "- dash",
    "https://evil.example www.evil.example",
    "[bold red]markup[/]",
)
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
MAYBE = st.none() | NAMES
MOMENTS = st.none() | st.timedeltas(timedelta(0), timedelta(days=300)).map(
    lambda passed: BEGAN - timedelta(days=200) + passed
)
DURATIONS = st.timedeltas(timedelta(0), timedelta(days=40))
MAYBE_DURATIONS = st.none() | DURATIONS
ANSWERS = st.none() | st.booleans()
STATES = st.sampled_from(["not launched", "launching", "launched", "failed", "gone"])
WAVE_STATES = st.sampled_from(
    ["waiting", "waiting for approval", "launching", "up", "failed", "unknown"]
)
RUN_STATES = st.sampled_from(
    ["not begun", "running", "waiting for approval", "succeeded", "failed", "unknown", "closed"]
)
WAVE_NAMES = ("db", "app", "<b>|x", "\x1b[2J")


def server(number: int, **fields: Any) -> ServerOutcome:  # noqa: ANN401 - fields of any type
    """A server that has come up, or whatever is said."""
    told: dict[str, Any] = {
        "source_server_id": f"s-{number:017x}",
        "name": f"srv-{number:04}",
        "wave": "db",
        "region_name": "us-east-1",
        "account_id": None,
        "outcome": "launched",
        "attempt": 1,
        "job_id": "drsjob-1",
    }
    return ServerOutcome(**{**told, **fields})


def report(**fields: Any) -> RecoveryReport:  # noqa: ANN401 - same
    """A report with little in it."""
    told: dict[str, Any] = {
        "run": "erp/2026-q4",
        "runbook": "erp",
        "key": "2026-q4",
        "mode": "drill",
        "state": "succeeded",
        "started": BEGAN,
        "at": BEGAN + timedelta(hours=1),
        "waves": (WaveOutcome(name="db", state="up"),),
        "servers": (),
    }
    return RecoveryReport(**{**told, **fields})


_IDS = tuple(f"s-{number:017x}" for number in range(8))
_SOME = st.lists(st.sampled_from(_IDS), unique=True, max_size=4).map(tuple)
_SERVERS = st.builds(
    ServerOutcome,
    source_server_id=st.just(""),
    name=MAYBE,
    wave=st.sampled_from(WAVE_NAMES),
    region_name=st.none() | st.sampled_from(["us-east-1", "ap-southeast-2"]),
    account_id=st.none() | st.sampled_from(["111122223333", "444455556666"]),
    outcome=STATES,
    reason=MAYBE,
    attempt=st.integers(0, 9),
    job_id=st.none() | st.sampled_from(["drsjob-0", "drsjob-1"]),
    recovery_instance_id=MAYBE,
    ec2_instance_id=MAYBE,
    asked_at=MOMENTS,
    ended_at=MOMENTS,
    point_in_time=MOMENTS,
    data_lost=MAYBE_DURATIONS,
    time_taken=MAYBE_DURATIONS,
    meets_recovery_point_objective=ANSWERS,
    meets_recovery_time_objective=ANSWERS,
    is_selected=st.booleans(),
    launched_again_by=MAYBE,
)
_WAVES = st.builds(
    WaveOutcome,
    name=st.just(""),
    state=WAVE_STATES,
    reason=MAYBE,
    recovery_point_objective=MAYBE_DURATIONS,
    recovery_time_objective=MAYBE_DURATIONS,
    asked_at=MOMENTS,
    ended_at=MOMENTS,
    jobs=st.lists(st.sampled_from(["drsjob-0", "drsjob-1"]), unique=True).map(tuple),
)
_JOBS = st.builds(
    JobOutcome,
    job_id=st.sampled_from(["drsjob-0", "drsjob-1", "drsjob-2"]),
    wave=st.sampled_from(WAVE_NAMES),
    attempt=st.integers(1, 3),
    region_name=MAYBE,
    account_id=MAYBE,
    asked_at=MOMENTS,
    ended_at=MOMENTS,
    servers=_SOME,
    launched=_SOME,
    failed=_SOME,
)
_HOOKS = st.builds(
    HookOutcome,
    wave=NAMES,
    when=st.sampled_from(["approve", "before", "after"]),
    returned=MAYBE,
    error=MAYBE,
)


def _with_ids(servers: list[ServerOutcome]) -> tuple[ServerOutcome, ...]:
    named = zip(_IDS, servers, strict=False)
    return tuple(one.model_copy(update={"source_server_id": name}) for name, one in named)


def _with_names(waves: list[WaveOutcome]) -> tuple[WaveOutcome, ...]:
    named = zip(WAVE_NAMES, waves, strict=False)
    return tuple(one.model_copy(update={"name": name}) for name, one in named)


def reports() -> st.SearchStrategy[RecoveryReport]:
    """Any report; servers and jobs may even be of waves that it does not have."""
    return _REPORTS


_REPORTS = st.builds(
    RecoveryReport,
    run=NAMES,
    runbook=NAMES,
    key=NAMES,
    mode=st.sampled_from(["drill", "recovery"]),
    state=RUN_STATES,
    started=MOMENTS,
    at=MOMENTS,
    waves=st.lists(_WAVES, max_size=len(WAVE_NAMES)).map(_with_names),
    servers=st.lists(_SERVERS, max_size=len(_IDS)).map(_with_ids),
    jobs=st.lists(_JOBS, max_size=4).map(tuple),
    already_complete=st.booleans(),
    kept=_SOME,
    newcomers=_SOME,
    dropped=st.lists(NAMES, max_size=3).map(tuple),
    replaced=st.dictionaries(NAMES, NAMES, max_size=2),
    hooks=st.lists(_HOOKS, max_size=3).map(tuple),
    unreadable=st.dictionaries(NAMES, NAMES, max_size=2),
    closed=MAYBE,
)


def status_server(number: int, **fields: Any) -> ServerStatus:  # noqa: ANN401 - same
    """A server of a run that goes on: not launched yet, or whatever is said."""
    told: dict[str, Any] = {
        "source_server_id": f"s-{number:017x}",
        "name": f"srv-{number:04}",
        "wave": "db",
        "region_name": "us-east-1",
        "account_id": None,
        "state": "not launched",
    }
    return ServerStatus(**{**told, **fields})


def status(*waves: WaveStatus, **fields: Any) -> RunStatus:  # noqa: ANN401 - same
    """A run that goes on."""
    told: dict[str, Any] = {
        "run": "erp/2026-q4",
        "mode": "drill",
        "state": "running",
        "started": BEGAN,
        "at": BEGAN + timedelta(minutes=12, seconds=3),
        "waves": waves,
    }
    return RunStatus(**{**told, **fields})


_STATUS_SERVERS = st.builds(
    ServerStatus,
    source_server_id=st.integers(0, 50).map(lambda number: f"s-{number:017x}"),
    name=MAYBE,
    wave=NAMES,
    region_name=st.none() | st.just("us-east-1"),
    account_id=st.none(),
    state=STATES,
    attempt=st.integers(0, 9),
    job_id=st.none(),
    asked_at=MOMENTS,
    reason=MAYBE,
    launched_again_by=MAYBE,
)
_STATUS_WAVES = st.builds(
    WaveStatus,
    name=NAMES,
    state=WAVE_STATES,
    reason=MAYBE,
    servers=st.lists(_STATUS_SERVERS, max_size=5).map(tuple),
)
STATUSES = st.builds(
    RunStatus,
    run=NAMES,
    mode=st.sampled_from(["drill", "recovery"]),
    state=RUN_STATES,
    started=MOMENTS,
    at=MOMENTS,
    waves=st.lists(_STATUS_WAVES, max_size=8).map(tuple),
    unreadable=st.dictionaries(NAMES, NAMES, max_size=2),
    closed=MAYBE,
)
"""Any state of a run."""
