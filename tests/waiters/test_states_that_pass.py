# ruff: noqa: ANN401 - what is waited for is many things
"""A good state that can pass counts only if all that is waited for is in it in one poll."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scripted import (
    ScriptedService,
    broken,
    calls_per_moment,
    instance,
    instance_id,
    network,
    network_id,
    server,
    server_id,
)

from drs_sdk.errors import WaiterFailedError, WaiterTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted import Call

    from drs_sdk.models import SourceServer
    from drs_sdk.waiters import WaitUpdate

ROWS: list[tuple[str, Callable[[int], str], Any, Any]] = [
    (
        "source_servers_replicating",
        server_id,
        lambda n: server("STALLED", number=n),
        lambda n: server("CONTINUOUS", number=n),
    ),
    (
        "source_servers_launchable",
        server_id,
        lambda n: server("RESCAN", number=n, copied=0.5),
        lambda n: server("CONTINUOUS", number=n),
    ),
    (
        "recovery_instances_running",
        instance_id,
        lambda n: instance("STOPPED", number=n),
        lambda n: instance("RUNNING", number=n),
    ),
    (
        "failback_ready",
        instance_id,
        lambda n: instance(number=n, failback="FAILBACK_NOT_READY_FOR_LAUNCH"),
        lambda n: instance(number=n, failback="FAILBACK_READY_FOR_LAUNCH"),
    ),
    (
        "source_network_protected",
        network_id,
        lambda n: network("IN_PROGRESS", number=n),
        lambda n: network("PROTECTED", number=n),
    ),
]
each_row = pytest.mark.parametrize(
    ("name", "id_of", "under_way", "good"), ROWS, ids=[row[0] for row in ROWS]
)
PACE = {"min_delay": 5, "max_delay": 5}


def comes_and_goes(service: ScriptedService, id_of: Any, under_way: Any, good: Any) -> None:
    """The first is good until 100 seconds and from 400 on, the second from 200 on."""
    service.put(id_of(1), (0, good(1)), (100, under_way(1)), (400, good(1)))
    service.put(id_of(2), (0, under_way(2)), (200, good(2)))


@each_row
async def test_what_was_good_once_is_looked_at_again(
    name: str, id_of: Any, under_way: Any, good: Any, service: ScriptedService
) -> None:
    comes_and_goes(service, id_of, under_way, good)
    given = [id_of(1), id_of(2)]
    answer = await getattr(service, f"wait_until_{name}")(given, **PACE)
    assert answer == [good(1), good(2)]
    assert 400 <= service.elapsed <= 405
    assert {call.ids for call in service.calls} == {tuple(given)}


@each_row
async def test_a_watch_goes_on_until_all_are_good_at_once(
    name: str, id_of: Any, under_way: Any, good: Any, service: ScriptedService
) -> None:
    comes_and_goes(service, id_of, under_way, good)
    watch = getattr(service, f"watch_{name}")([id_of(1), id_of(2)], **PACE)
    seen = [each async for each in watch]
    assert seen == [good(1), under_way(2), under_way(1), good(2), good(1)]


@each_row
async def test_what_was_good_once_may_go_missing(
    name: str, id_of: Any, under_way: Any, good: Any, service: ScriptedService
) -> None:
    service.put(id_of(1), (0, good(1)), (100, None))
    service.put(id_of(2), (0, under_way(2)))
    with pytest.raises(WaiterFailedError) as raised:
        await getattr(service, f"wait_until_{name}")([id_of(1), id_of(2)], **PACE)
    assert list(raised.value.reasons) == [id_of(1)]


async def test_updates_tell_which_hold_now(service: ScriptedService) -> None:
    _, id_of, under_way, good = ROWS[0]
    comes_and_goes(service, id_of, under_way, good)
    updates: list[WaitUpdate[SourceServer]] = []
    one, two = server_id(1), server_id(2)
    await service.wait_until_source_servers_replicating(
        [one, two], on_update=updates.append, min_delay=5, max_delay=5
    )
    assert [update.done for update in updates] == [{one}, frozenset(), {two}, {one, two}]


async def test_a_poll_that_saw_only_some_ends_nothing(service: ScriptedService) -> None:
    ids = [server_id(number) for number in range(250)]
    for number, name in enumerate(ids):
        service.put(name, (0, server("CONTINUOUS", number=number)))
    service.put(ids[3], (0, server("CONTINUOUS", number=3)), (4, server("STALLED", number=3)))

    def fails(call: Call) -> Exception | None:
        return broken() if ids[-1] in call.ids and service.elapsed < 3 else None

    service.fails = fails
    with pytest.raises(WaiterTimeoutError, match=ids[3]):
        await service.wait_until_source_servers_replicating(ids, timeout=60, **PACE)  # type: ignore[arg-type]
    assert set(calls_per_moment(service, "DescribeSourceServers")) == {2}


async def test_a_bad_state_is_given_its_two_minutes_each_time(service: ScriptedService) -> None:
    gone, good = server("DISCONNECTED", number=1), server("CONTINUOUS", number=1)
    service.put(server_id(1), (0, gone), (60, good), (130, gone), (190, good))
    service.put(
        server_id(2), (0, server("STALLED", number=2)), (300, server("CONTINUOUS", number=2))
    )
    given = [server_id(1), server_id(2)]
    assert len(await service.wait_until_source_servers_replicating(given, **PACE)) == 2  # type: ignore[arg-type]
