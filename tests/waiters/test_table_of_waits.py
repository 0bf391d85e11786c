"""Every wait and its watch: how it succeeds, fails, settles, misses its subject and gives up."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from scripted import (
    ScriptedService,
    execution,
    execution_arn,
    instance,
    instance_id,
    job,
    job_id,
    network,
    network_id,
    run_of,
    server,
    server_id,
    walk,
)

from drs_sdk import DRSClient
from drs_sdk.errors import WaiterFailedError, WaiterTimeoutError
from drs_sdk.waiters import conditions

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from drs_sdk._core.base import Shape
    from drs_sdk.waiters.condition import Condition
    from drs_sdk.waiters.watch import Watch


@dataclass(frozen=True)
class Row:
    """One wait of the table: what it is called, and what its subject looks like.

    Attributes:
        wait: The method that waits.
        watch: Its twin.
        subject: What is waited for.
        under_way: States that are waited out.
        good: States that end it well.
        bad: States that end it at once, and what the error says.
        settling: States that end it badly when they last for two minutes, and what it says.
        returns_list: Whether it returns a list.
    """

    wait: str
    watch: str
    subject: str
    under_way: tuple[Shape, ...]
    good: tuple[Shape, ...]
    bad: tuple[tuple[Shape, str], ...] = ()
    settling: tuple[tuple[Shape, str], ...] = ()
    returns_list: bool = True

    def __str__(self) -> str:
        return self.wait

    def call(self, service: ScriptedService, **options: Any) -> Awaitable[Any]:  # noqa: ANN401
        return getattr(service, self.wait)(self.subject, **options)

    def open(self, service: ScriptedService, **options: Any) -> Watch[Any]:  # noqa: ANN401
        return getattr(service, self.watch)(self.subject, **options)


ROWS = [
    Row(
        "wait_until_job_completed",
        "watch_job",
        job_id(),
        under_way=(job("PENDING"), job("STARTED"), job("STARTED", ["IN_PROGRESS", "LAUNCHED"])),
        good=(
            job("COMPLETED", ["LAUNCHED"]),
            job("COMPLETED", ["LAUNCHED", "LAUNCHED"], resources=["LAUNCHED"]),
            job("COMPLETED", ["TERMINATED"], type="TERMINATE"),
            job("COMPLETED", ["LAUNCHED"], type="CREATE_CONVERTED_SNAPSHOT"),
        ),
        bad=(
            (job("COMPLETED", ["LAUNCHED", "FAILED"]), server_id(2)),
            (job("COMPLETED", ["TERMINATED"]), "launch status TERMINATED"),
            (job("COMPLETED", ["LAUNCHED"], type="TERMINATE"), "launch status LAUNCHED"),
            (job("COMPLETED", ["FAILED"], type="TERMINATE"), "launch status FAILED"),
            (job("COMPLETED", ["LAUNCHED"], resources=["FAILED"]), network_id()),
        ),
        settling=(
            (job("COMPLETED", ["LAUNCHED", "PENDING"]), f"{server_id(2)}: still PENDING"),
            (job("COMPLETED", ["IN_PROGRESS"]), "still IN_PROGRESS"),
            (job("COMPLETED", [None]), server_id(1)),
            (job("COMPLETED", ["LAUNCHED"], resources=["PENDING"]), network_id()),
            (job("COMPLETED", ["LAUNCHED"], resources=["TERMINATED"]), network_id()),
            (job("COMPLETED", ["FAILED", "PENDING"]), f"{server_id(2)}: still PENDING"),
        ),
        returns_list=False,
    ),
    Row(
        "wait_until_source_servers_replicating",
        "watch_source_servers_replicating",
        server_id(),
        under_way=tuple(
            server(state)
            for state in (
                "INITIATING",
                "INITIAL_SYNC",
                "BACKLOG",
                "CREATING_SNAPSHOT",
                "PAUSED",
                "RESCAN",
                "STALLED",
                "A_STATE_OF_THE_FUTURE",
            )
        ),
        good=(server("CONTINUOUS"), server("CONTINUOUS", lag="PT11M")),
        settling=(
            (server("STOPPED"), "replication is STOPPED"),
            (server("DISCONNECTED"), "replication is DISCONNECTED"),
            (server("DISCONNECTED", error="AGENT_NOT_SEEN"), "AGENT_NOT_SEEN"),
        ),
    ),
    Row(
        "wait_until_source_servers_launchable",
        "watch_source_servers_launchable",
        server_id(),
        under_way=(
            server("INITIATING"),
            server("INITIAL_SYNC", copied=0.99),
            server("CREATING_SNAPSHOT", copied=1),
            server("STALLED", copied=0.5),
            server("PAUSED", copied=0.5),
        ),
        good=(
            server("CONTINUOUS"),
            server("BACKLOG", lag="PT3H", copied=1),
            server("STALLED", copied=1),
            server("PAUSED", copied=1),
            server("RESCAN", copied=1),
        ),
        settling=(
            (server("STOPPED", copied=1), "replication is STOPPED"),
            (server("DISCONNECTED"), "replication is DISCONNECTED"),
        ),
    ),
    Row(
        "wait_until_source_servers_disconnected",
        "watch_source_servers_disconnected",
        server_id(),
        under_way=(server("CONTINUOUS"), server("STOPPED"), server("STALLED")),
        good=(server("DISCONNECTED"),),
    ),
    Row(
        "wait_until_recovery_instances_running",
        "watch_recovery_instances_running",
        instance_id(),
        under_way=(instance("PENDING"), instance("STOPPED"), instance("STOPPING")),
        good=(instance("RUNNING"),),
        bad=(
            (instance("TERMINATED"), "the EC2 instance is TERMINATED"),
            (instance("SHUTTING-DOWN"), "the EC2 instance is SHUTTING-DOWN"),
        ),
        settling=((instance("NOT_FOUND"), "the EC2 instance is NOT_FOUND"),),
    ),
    Row(
        "wait_until_failback_ready",
        "watch_failback_ready",
        instance_id(),
        under_way=(
            instance(),
            instance(failback="FAILBACK_NOT_STARTED"),
            instance(failback="FAILBACK_IN_PROGRESS"),
            instance(failback="FAILBACK_NOT_READY_FOR_LAUNCH"),
            instance(failback="FAILBACK_LAUNCH_STATE_NOT_AVAILABLE"),
        ),
        good=(instance(failback="FAILBACK_READY_FOR_LAUNCH"),),
        bad=((instance(failback="FAILBACK_COMPLETED"), "the failback is FAILBACK_COMPLETED"),),
        settling=((instance(failback="FAILBACK_ERROR"), "the failback is FAILBACK_ERROR"),),
    ),
    Row(
        "wait_until_launch_actions_completed",
        "watch_launch_actions",
        job_id(),
        under_way=(
            job("STARTED"),
            job("COMPLETED", ["PENDING"]),
            job("COMPLETED", ["LAUNCHED"], runs=[[run_of("SUCCEEDED"), run_of("IN_PROGRESS")]]),
            job(
                "COMPLETED",
                ["LAUNCHED", "LAUNCHED"],
                runs=[[run_of("FAILED")], [run_of("IN_PROGRESS")]],
            ),
        ),
        good=(
            job("COMPLETED", ["LAUNCHED"], runs=[[run_of("SUCCEEDED"), run_of("SUCCEEDED")]]),
            job("COMPLETED", ["LAUNCHED"], runs=[[run_of("FAILED", optional=True)]]),
        ),
        bad=(
            (
                job("COMPLETED", ["LAUNCHED"], runs=[[run_of("FAILED", reason="exit 1")]]),
                "patch failed: exit 1",
            ),
            (
                job("COMPLETED", ["FAILED", "LAUNCHED"], runs=[None, [run_of("SUCCEEDED")]]),
                f"{server_id(1)}: launch status FAILED",
            ),
        ),
        settling=(
            (
                job(
                    "COMPLETED",
                    ["LAUNCHED", "LAUNCHED"],
                    runs=[[run_of("FAILED")], None],
                ),
                "patch failed",
            ),
        ),
        returns_list=False,
    ),
    Row(
        "wait_until_source_network_protected",
        "watch_source_network_protected",
        network_id(),
        under_way=(network("IN_PROGRESS"),),
        good=(network("PROTECTED"),),
        bad=((network("ERROR", details="no such VPC"), "is ERROR: no such VPC"),),
        settling=((network("STOPPED"), "is STOPPED"),),
    ),
    Row(
        "wait_until_recovery_plan_execution_completed",
        "watch_recovery_plan_execution",
        execution_arn(),
        under_way=(execution("CREATED"), execution("IN_PROGRESS"), execution("CANCELLING")),
        good=(execution("COMPLETED"),),
        bad=(
            (execution("FAILED", message="step 2 failed"), "is FAILED: step 2 failed"),
            (execution("CANCELLED"), "is CANCELLED"),
            (execution("TIMED_OUT"), "is TIMED_OUT"),
        ),
        returns_list=False,
    ),
]
CONDITIONS: dict[str, Condition[Any]] = {each.wait: each for each in conditions.WAITS}
"""Where the default delays of each wait stand."""

SETTLING = {"wait_until_launch_actions_completed": 300.0}
"""How long a bad state must last, where that is not two minutes."""

each_row = pytest.mark.parametrize("row", ROWS, ids=str)


def cases(*fields: str) -> pytest.MarkDecorator:
    """Each state of these fields, of each row."""
    found = [
        pytest.param(row, state, id=f"{row}-{field}-{index}")
        for row in ROWS
        for field in fields
        for index, state in enumerate(getattr(row, field))
    ]
    return pytest.mark.parametrize(("row", "state"), found)


def only(row: Row, answer: Any) -> Any:  # noqa: ANN401
    """The one subject in what a wait returned or carried."""
    if row.returns_list:
        assert len(answer) == 1
        return answer[0]
    return answer


def max_delay_of(row: Row) -> float:
    """The longest default delay of a wait, in seconds."""
    return CONDITIONS[row.wait].max_delay.total_seconds()


def test_the_table_names_every_wait_of_the_client() -> None:
    waits = {name for name in dir(DRSClient) if name.startswith("wait_until_")}
    watches = {name for name in dir(DRSClient) if name.startswith("watch_")}
    assert waits == {row.wait for row in ROWS}
    assert watches - {"watch_source_servers"} == {row.watch for row in ROWS}


@each_row
def test_twins_take_the_same_arguments(row: Row) -> None:
    wait = inspect.signature(getattr(DRSClient, row.wait)).parameters
    watch = inspect.signature(getattr(DRSClient, row.watch)).parameters
    only_of_waits = {"on_update", "raise_on_failure"}
    assert list(watch) == [name for name in wait if name not in only_of_waits]
    assert all(watch[name].default == wait[name].default for name in watch)
    assert {"timeout", "min_delay", "max_delay"} <= set(watch)


@cases("good")
async def test_a_good_state_ends_the_wait(row: Row, state: Shape, service: ScriptedService) -> None:
    service.put(row.subject, (0, state))
    assert only(row, await row.call(service)) == state
    assert service.elapsed == 0
    assert len(service.calls) == 1


@cases("under_way")
async def test_a_state_under_way_is_waited_out(
    row: Row, state: Shape, service: ScriptedService
) -> None:
    service.put(row.subject, (0, state), (1000, row.good[0]))
    assert only(row, await row.call(service, timeout=None)) == row.good[0]
    assert 1000 <= service.elapsed <= 1000 + max_delay_of(row)


@cases("bad")
async def test_a_bad_state_fails_the_wait_at_once(
    row: Row, state: tuple[Shape, str], service: ScriptedService
) -> None:
    bad, told = state
    service.put(row.subject, (0, row.under_way[0]), (100, bad))
    with pytest.raises(WaiterFailedError) as raised:
        await row.call(service)
    assert told in str(raised.value)
    assert only(row, raised.value.last) == bad
    assert 100 <= service.elapsed <= 100 + max_delay_of(row)


@cases("settling")
async def test_a_bad_state_that_may_pass_fails_the_wait_when_it_lasts(
    row: Row, state: tuple[Shape, str], service: ScriptedService
) -> None:
    bad, told = state
    service.put(row.subject, (0, bad))
    with pytest.raises(WaiterFailedError) as raised:
        await row.call(service)
    assert told in str(raised.value)
    assert only(row, raised.value.last) == bad
    settling = SETTLING.get(row.wait, 120.0)
    assert settling <= service.elapsed <= settling + max_delay_of(row)


@cases("settling")
async def test_a_bad_state_that_passes_does_not_fail_the_wait(
    row: Row, state: tuple[Shape, str], service: ScriptedService
) -> None:
    service.put(row.subject, (0, state[0]), (60, row.good[0]))
    assert only(row, await row.call(service, min_delay=5, max_delay=10)) == row.good[0]
    assert 60 <= service.elapsed <= 70


@cases("settling")
async def test_settling_starts_afresh_when_the_state_comes_back(
    row: Row, state: tuple[Shape, str], service: ScriptedService
) -> None:
    good = row.under_way[0]
    service.put(row.subject, (0, state[0]), (90, good), (100, state[0]), (190, row.good[0]))
    assert only(row, await row.call(service, min_delay=5, max_delay=5)) == row.good[0]


@each_row
async def test_what_is_not_there_yet_is_waited_for(row: Row, service: ScriptedService) -> None:
    service.put(row.subject, (0, None), (90, row.good[0]))
    assert only(row, await row.call(service)) == row.good[0]


@each_row
async def test_what_never_shows_up_fails_the_wait(row: Row, service: ScriptedService) -> None:
    with pytest.raises(WaiterFailedError, match=r"there is no \w+( \w+)* " + row.subject) as raised:
        await row.call(service)
    assert raised.value.last == ([] if row.returns_list else None)
    assert list(raised.value.reasons) == [row.subject]
    assert 120 <= service.elapsed <= 120 + max_delay_of(row)


@each_row
async def test_what_goes_away_fails_the_wait(row: Row, service: ScriptedService) -> None:
    service.put(row.subject, (0, row.under_way[0]), (30, None))
    with pytest.raises(WaiterFailedError, match="there is no") as raised:
        await row.call(service)
    assert only(row, raised.value.last) == row.under_way[0]


@each_row
async def test_the_deadline_ends_the_wait_with_the_last_known_state(
    row: Row, service: ScriptedService
) -> None:
    service.put(row.subject, (0, row.under_way[0]))
    with pytest.raises(WaiterTimeoutError) as raised:
        await row.call(service, timeout=timedelta(minutes=7))
    assert service.elapsed == 420
    error = raised.value
    assert error.elapsed == timedelta(minutes=7)
    assert error.polls == len(service.calls)
    assert error.operation == service.calls[0].operation
    assert only(row, error.last) == row.under_way[0]
    assert row.subject in str(error)


@each_row
async def test_the_default_deadline_is_kept(row: Row, service: ScriptedService) -> None:
    default = inspect.signature(getattr(DRSClient, row.wait)).parameters["timeout"].default
    service.put(row.subject, (0, row.under_way[0]))
    with pytest.raises(WaiterTimeoutError):
        await row.call(service)
    assert service.elapsed == default.total_seconds()


@each_row
async def test_no_deadline_waits_for_months(row: Row, service: ScriptedService) -> None:
    months = timedelta(days=90).total_seconds()
    service.put(row.subject, (0, row.under_way[0]), (months, row.good[0]))
    answer = await row.call(service, timeout=None, min_delay=3600, max_delay=24 * 3600)
    assert only(row, answer) == row.good[0]
    assert service.elapsed >= months


@each_row
@pytest.mark.parametrize(
    "given", [{}, {"max_delay": 1.0}, {"min_delay": 600.0}, {"max_delay": 300.0}], ids=str
)
@pytest.mark.parametrize("watches", [False, True], ids=["wait", "watch"])
async def test_a_default_delay_gives_way_to_the_one_that_is_given(
    watches: bool,  # noqa: FBT001 - a parameter of the test
    given: dict[str, float],
    row: Row,
    service: ScriptedService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)  # every delay is the longest it can be
    condition = CONDITIONS[row.wait]
    least = given.get("min_delay", condition.min_delay.total_seconds())
    most = given.get("max_delay", condition.max_delay.total_seconds())
    if "min_delay" in given:
        most = max(most, least)
    least = min(least, most)
    service.put(row.subject, (0, row.under_way[0]))
    asking = (
        walk(row.open(service, timeout=3000, **given), [])
        if watches
        else row.call(service, timeout=3000, **given)
    )
    with pytest.raises(WaiterTimeoutError):
        await asking
    delays = [later - sooner for sooner, later in pairwise(service.polled_at)][:-1]
    expected = [min(least * 2 ** min(number, 16), most) for number in range(1, len(delays) + 1)]
    assert delays == pytest.approx(expected, abs=1e-3)


@each_row
async def test_durations_of_decades_are_taken(row: Row, service: ScriptedService) -> None:
    decades = timedelta(days=36500)
    service.put(row.subject, (0, row.under_way[0]), (10, row.good[0]))
    answer = await row.call(service, timeout=decades, min_delay=decades / 2, max_delay=decades)
    assert only(row, answer) == row.good[0]


@each_row
async def test_a_deadline_of_zero_asks_once(row: Row, service: ScriptedService) -> None:
    service.put(row.subject, (0, row.good[0]))
    assert only(row, await row.call(service, timeout=0)) == row.good[0]
    service.put(row.subject, (0, row.under_way[0]))
    with pytest.raises(WaiterTimeoutError):
        await row.call(service, timeout=0)
    assert len(service.calls) == 2
    assert service.elapsed == 0


@each_row
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"timeout": -1}, "timeout must not be negative"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"min_delay": 0}, "min_delay must be above zero"),
        ({"min_delay": timedelta(seconds=-1)}, "min_delay must not be negative"),
        ({"min_delay": 10, "max_delay": 5}, "max_delay must not be below min_delay"),
        ({"max_delay": 0}, "max_delay must be above zero"),
        ({"timeout": timedelta.max}, "timeout must not be more than a hundred years"),
        ({"timeout": 1e12}, "timeout"),
        ({"max_delay": 1e10}, "max_delay must not be more than a hundred years"),
        ({"min_delay": timedelta.max}, "min_delay must not be more than a hundred years"),
    ],
    ids=str,
)
async def test_bad_arguments_are_refused_and_nothing_is_asked(
    row: Row, options: dict[str, Any], told: str, service: ScriptedService
) -> None:
    with pytest.raises(ValueError, match=told):
        await row.call(service, **options)
    with pytest.raises(ValueError, match=told):
        row.open(service, **options)
    assert service.calls == []


@cases("good")
async def test_a_watch_yields_each_change_until_a_good_end(
    row: Row, state: Shape, service: ScriptedService
) -> None:
    states = [*row.under_way, state]
    service.put(row.subject, *((100.0 * index, each) for index, each in enumerate(states)))
    seen = [each async for each in row.open(service, min_delay=5, max_delay=10)]
    assert seen == states


@cases("bad", "settling")
async def test_a_watch_ends_quietly_at_a_bad_end(
    row: Row, state: tuple[Shape, str], service: ScriptedService
) -> None:
    service.put(row.subject, (0, row.under_way[0]), (50, state[0]))
    assert [each async for each in row.open(service)] == [row.under_way[0], state[0]]


@each_row
async def test_a_watch_of_what_is_not_there_raises(row: Row, service: ScriptedService) -> None:
    """It has no state to yield that would tell."""
    seen: list[Any] = []
    with pytest.raises(WaiterFailedError, match="there is no"):
        await walk(row.open(service), seen)
    assert seen == []
    service.put(row.subject, (0, row.under_way[0]), (service.elapsed + 30, None))
    with pytest.raises(WaiterFailedError, match="there is no"):
        await walk(row.open(service), seen)
    assert seen == [row.under_way[0]]


@each_row
async def test_a_watch_has_a_deadline(row: Row, service: ScriptedService) -> None:
    service.put(row.subject, (0, row.under_way[0]))
    seen: list[Any] = []
    with pytest.raises(WaiterTimeoutError):
        await walk(row.open(service, timeout=60), seen)
    assert seen == [row.under_way[0]]
    assert service.elapsed == 60
