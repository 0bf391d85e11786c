# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Recovery snapshots: they follow the point-in-time policy and the clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError
from launch_runner import Launches, code

MINUTES = {"ruleID": 1, "units": "MINUTE", "interval": 10, "retentionDuration": 60}
HOURS = {"ruleID": 2, "units": "HOUR", "interval": 1, "retentionDuration": 24}
DAYS = {"ruleID": 3, "units": "DAY", "interval": 1, "retentionDuration": 7}
FOREIGN = "s-" + "9" * 17


@pytest.fixture
def launches(emulator: Any, raw: Any) -> Launches:
    return Launches(emulator, raw)


async def _snapshots(launches: Launches, server_id: str, **params: Any) -> list[dict[str, Any]]:
    answer = await launches.raw.describe_recovery_snapshots(sourceServerID=server_id, **params)
    return answer["items"]


async def _set_policy(launches: Launches, server_id: str, **changes: Any) -> None:
    """Let the first rule alone take snapshots."""
    rules = [{**HOURS, "enabled": False}, {**DAYS, "enabled": False}]
    policy = [{**MINUTES, "enabled": True, **changes}, *rules]
    await launches.raw.update_replication_configuration(sourceServerID=server_id, pitPolicy=policy)


def _at(snapshot: dict[str, Any], member: str = "expectedTimestamp") -> datetime:
    return datetime.fromisoformat(snapshot[member])


async def test_the_default_policy(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await launches.emulator.clock.advance(timedelta(minutes=35))
    now = launches.emulator.clock.now()
    found = await _snapshots(launches, server_id)
    ages = [now - _at(snapshot) for snapshot in found]
    assert ages == sorted(ages, reverse=True)
    assert sum(age < timedelta(hours=1) for age in ages) == 6
    assert sum(timedelta(hours=1) <= age < timedelta(days=1) for age in ages) == 23
    assert sum(timedelta(days=1) <= age for age in ages) == 6
    for snapshot in found:
        assert snapshot["sourceServerID"] == server_id
        assert timedelta(0) <= _at(snapshot, "timestamp") - _at(snapshot) < timedelta(minutes=1)
    disks = (await launches.server(server_id))["sourceProperties"]["disks"]
    assert {len(snapshot["ebsSnapshots"]) for snapshot in found} == {len(disks)}
    assert len({snapshot["snapshotID"] for snapshot in found}) == len(found)


async def test_snapshots_come_and_go_with_time(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await _set_policy(launches, server_id)
    before = await _snapshots(launches, server_id)
    await launches.emulator.clock.advance(timedelta(minutes=11))
    after = await _snapshots(launches, server_id)
    assert (len(before), len(after)) == (5, 6)
    assert before[1:] == after[:4]
    assert all(_at(b) - _at(a) == timedelta(minutes=10) for a, b in pairwise(after))
    await _set_policy(launches, server_id, enabled=False)
    assert await _snapshots(launches, server_id) == []


async def test_order_filters_and_pages(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await launches.emulator.clock.advance(timedelta(minutes=35))
    ascending = await _snapshots(launches, server_id, order="ASC")
    assert ascending == await _snapshots(launches, server_id)
    for order, expected in (("ASC", ascending), ("DESC", ascending[::-1])):
        listed: list[Any] = []
        params: dict[str, Any] = {"sourceServerID": server_id, "order": order, "maxResults": 10}
        while True:
            page = await launches.raw.describe_recovery_snapshots(**params)
            assert len(page["items"]) <= 10
            listed += page["items"]
            if "nextToken" not in page:
                break
            params["nextToken"] = page["nextToken"]
        assert listed == expected
        middle = {
            "fromDateTime": ascending[5]["timestamp"],
            "toDateTime": ascending[9]["timestamp"],
        }
        found = await _snapshots(launches, server_id, order=order, filters=middle)
        assert found == [snapshot for snapshot in expected if snapshot in ascending[5:10]]


async def test_a_page_stays_good_while_snapshots_come_and_go(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await _set_policy(launches, server_id)
    params = {"sourceServerID": server_id, "maxResults": 4}
    first = await launches.raw.describe_recovery_snapshots(**params)
    await launches.emulator.clock.advance(timedelta(minutes=21))
    second = await launches.raw.describe_recovery_snapshots(**params, nextToken=first["nextToken"])
    assert _at(second["items"][0]) - _at(first["items"][-1]) == timedelta(minutes=10)


async def test_a_page_of_a_long_history_is_cheap(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await _set_policy(launches, server_id, interval=1, retentionDuration=500_000)
    before = time.process_time()
    for order in ("ASC", "DESC"):
        page = await launches.raw.describe_recovery_snapshots(
            sourceServerID=server_id, order=order, maxResults=20
        )
        assert len(page["items"]) == 20
        assert "nextToken" in page
    assert time.process_time() - before < 0.5


async def test_who_has_none(launches: Launches) -> None:
    for state in ("INITIATING", "INITIAL_SYNC", "STOPPED", "DISCONNECTED"):
        (server_id,) = launches.emulator.add_source_servers(1, state=state)
        assert await _snapshots(launches, server_id) == []
    assert await code(_snapshots(launches, FOREIGN)) == "ResourceNotFoundException"


async def test_the_first_snapshot_comes_with_the_sync(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1, state="CREATING_SNAPSHOT")
    await launches.emulator.clock.advance(timedelta(minutes=25))
    found = await _snapshots(launches, server_id)
    assert [_at(snapshot).minute for snapshot in found] == [10, 20]
    await launches.raw.stop_replication(sourceServerID=server_id)
    assert await _snapshots(launches, server_id) == []


async def test_a_stall_takes_no_more_snapshots(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await launches.emulator.clock.advance(timedelta(minutes=5))
    stalled_at = launches.emulator.clock.now()
    launches.emulator.stall_replication(server_id)
    await launches.emulator.clock.advance(timedelta(minutes=30))
    found = await _snapshots(launches, server_id)
    assert found
    assert max(map(_at, found)) < stalled_at
    launches.emulator.resume_replication(server_id)
    assert max(map(_at, await _snapshots(launches, server_id))) > stalled_at


async def test_launching_from_a_snapshot(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    chosen = (await _snapshots(launches, server_id))[4]
    answer = await launches.raw.start_recovery(
        sourceServers=[{"sourceServerID": server_id, "recoverySnapshotID": chosen["snapshotID"]}]
    )
    await launches.emulator.clock.advance(timedelta(minutes=10))
    events = await launches.events(answer["job"]["jobID"])
    assert events[:2] == ["JOB_START", "CONVERSION_START"]
    instance = await launches.instance(server_id)
    assert instance["pointInTimeSnapshotDateTime"] == chosen["timestamp"]


async def test_snapshots_that_cannot_be_launched_from(launches: Launches) -> None:
    server_id, other = launches.emulator.add_source_servers(2)
    strange = (await _snapshots(launches, other))[-1]["snapshotID"]
    expired = (await _snapshots(launches, server_id))[0]["snapshotID"]
    await launches.emulator.clock.advance(timedelta(days=8))
    for snapshot_id in (strange, expired, "pit-" + "0" * 17, "pit-" + "z" * 17):
        call = launches.raw.start_recovery(
            sourceServers=[{"sourceServerID": server_id, "recoverySnapshotID": snapshot_id}]
        )
        assert await code(call) == "ResourceNotFoundException"


async def test_a_loaded_server(launches: Launches) -> None:
    server = {
        "sourceServerID": "s-" + "3" * 17,
        "sourceProperties": {"disks": [{"deviceName": "/dev/sda", "bytes": 1}]},
        "lifeCycle": {"firstByteDateTime": "2023-12-31T20:00:00+00:00"},
        "dataReplicationInfo": {"dataReplicationState": "CONTINUOUS"},
    }
    bare = {**server, "sourceServerID": "s-" + "4" * 17, "lifeCycle": {}}
    launches.emulator.load([server, bare])
    await launches.emulator.clock.advance(30)
    assert len(await _snapshots(launches, "s-" + "3" * 17)) == 10
    assert await _snapshots(launches, "s-" + "4" * 17) == []


@pytest.mark.parametrize("member", ["fromDateTime", "toDateTime"])
async def test_a_filter_by_what_is_no_date(launches: Launches, member: str) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    filters = {member: "2024-02-30T00:00:00Z"}
    with pytest.raises(ClientError) as caught:
        await _snapshots(launches, server_id, filters=filters)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    (field,) = caught.value.response["fieldList"]
    assert field["name"] == f"filters.{member}"
