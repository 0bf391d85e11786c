# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Launch jobs that go well: their life, their log, their listing, and what refuses them."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from launch_runner import A_LAUNCH, Launches, code

from drs_sdk.testing import DRSEmulator, Quotas
from drs_sdk.testing.life.launching import start_launch
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.world.account import Account

START = "2024-01-01T00:00:00.000000Z"
NOWHERE = "s-" + "9" * 17
ENDED: list[tuple[str, dict[str, Any]]] = []


@pytest.fixture
def launches(emulator: DRSEmulator, raw: Any) -> Launches:
    return Launches(emulator, raw)


async def test_a_pending_job(launches: Launches) -> None:
    ids = launches.emulator.add_source_servers(2)
    answer = await launches.raw.start_recovery(
        sourceServers=[{"sourceServerID": i} for i in ids], isDrill=True, tags={"why": "drill"}
    )
    job = answer["job"]
    assert job.pop("jobID") in job.pop("arn")
    assert job == {
        "type": "LAUNCH",
        "initiatedBy": "START_DRILL",
        "creationDateTime": START,
        "status": "PENDING",
        "participatingServers": [{"sourceServerID": i, "launchStatus": "PENDING"} for i in ids],
        "tags": {"why": "drill"},
    }
    server = await launches.server(ids[0])
    assert server["lastLaunchResult"] == "PENDING"
    assert server["lifeCycle"]["lastLaunch"]["initiated"]["type"] == "DRILL"
    assert server["lifeCycle"]["lastLaunch"]["initiated"]["apiCallDateTime"] == START
    assert server["lifeCycle"]["lastLaunch"]["status"] == "PENDING"


async def test_the_life_of_a_job_follows_real_ones(launches: Launches) -> None:
    ids = launches.emulator.add_source_servers(3)
    job_id = await launches.start(ids)
    seen: list[tuple[str, str, str]] = []
    for _ in range(600):
        job = await launches.job(job_id)
        server = await launches.server(ids[0])
        status = job["participatingServers"][0]["launchStatus"]
        assert server["lifeCycle"]["lastLaunch"]["status"] == status
        state = (job["status"], status, server["lastLaunchResult"])
        if not seen or seen[-1] != state:
            seen.append(state)
        await launches.emulator.clock.advance(1)
    launched = [state for state in seen if state != ("STARTED", "LAUNCHED", "SUCCEEDED")]
    assert launched == [
        ("PENDING", "PENDING", "PENDING"),
        ("STARTED", "PENDING", "PENDING"),
        ("COMPLETED", "LAUNCHED", "SUCCEEDED"),
    ]
    seconds = await launches.seconds(job_id)
    inner = [
        "SNAPSHOT_START",
        "SNAPSHOT_END",
        "CONVERSION_START",
        "CONVERSION_END",
        "LAUNCH_START",
        "LAUNCH_END",
    ]
    assert list(seconds[""]) == ["JOB_START", "JOB_END"]
    conversions: set[float] = set()
    for server_id in ids:
        at = seconds[server_id]
        assert list(at) == inner
        assert at["SNAPSHOT_END"] - at["SNAPSHOT_START"] < 1
        assert at["CONVERSION_START"] == pytest.approx(52, abs=3)
        conversions.add(at["CONVERSION_END"] - at["CONVERSION_START"])
        assert at["LAUNCH_END"] - at["LAUNCH_START"] == pytest.approx(280, rel=0.04)
    assert len(conversions) == 3
    assert min(conversions) == pytest.approx(195, rel=0.04)
    assert 500 < seconds[""]["JOB_END"] < 570
    job = await launches.job(job_id)
    assert job["endDateTime"] == (await launches.log(job_id))[-1]["logDateTime"]
    assert all("recoveryInstanceID" not in entry for entry in job["participatingServers"])


async def test_a_launch_from_an_older_snapshot_is_pending_until_it_is_launched(
    launches: Launches,
) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    snapshots = await launches.raw.describe_recovery_snapshots(sourceServerID=server_id)
    chosen = {
        "sourceServerID": server_id,
        "recoverySnapshotID": snapshots["items"][-1]["snapshotID"],
    }
    job = (await launches.raw.start_recovery(sourceServers=[chosen], isDrill=True))["job"]
    seen: list[str] = []
    while (await launches.job(job["jobID"]))["status"] != "COMPLETED":
        seen += [s for s in await launches.statuses(job["jobID"]) if s not in seen]
        await launches.emulator.clock.advance(1)
    assert seen == ["PENDING", "LAUNCHED"]


async def test_the_log_names_its_machines(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    log = await launches.log(await launches.run([server_id]))
    data = {item["event"]: item["eventData"] for item in log}
    instance = await launches.instance(server_id)
    assert data["JOB_START"] == data["JOB_END"] == {}
    assert data["SNAPSHOT_START"] == {"sourceServerID": server_id}
    assert data["CONVERSION_END"]["conversionServerID"].startswith("i-")
    assert data["LAUNCH_END"]["targetInstanceID"] == instance["ec2InstanceID"]


async def test_the_same_seed_runs_the_same_job(raw_of: Callable[..., Any]) -> None:
    logs: list[Any] = []
    for seed in (1, 1, 2):
        async with DRSEmulator(seed=seed) as emulator, raw_of(emulator) as raw:
            launches = Launches(emulator, raw)
            logs.append(await launches.log(await launches.run(emulator.add_source_servers(5))))
    assert logs[0] == logs[1] != logs[2]


async def test_a_recovery_is_no_drill(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    answer = await launches.raw.start_recovery(sourceServers=[{"sourceServerID": server_id}])
    assert answer["job"]["initiatedBy"] == "START_RECOVERY"
    await launches.emulator.clock.advance(A_LAUNCH)
    assert (await launches.instance(server_id))["isDrill"] is False
    server = await launches.server(server_id)
    assert server["lifeCycle"]["lastLaunch"]["initiated"]["type"] == "RECOVERY"


async def test_jobs_are_listed_newest_first_in_pages_and_by_date(launches: Launches) -> None:
    jobs: list[str] = []
    for server_id in launches.emulator.add_source_servers(5):
        jobs.append(await launches.start([server_id]))
        await launches.emulator.clock.advance(60)
    listed: list[str] = []
    params: dict[str, Any] = {"maxResults": 2}
    while True:
        page = await launches.raw.describe_jobs(**params)
        listed += [job["jobID"] for job in page["items"]]
        if "nextToken" not in page:
            break
        params["nextToken"] = page["nextToken"]
    assert listed == jobs[::-1]

    async def found(**filters: Any) -> list[str]:
        return [j["jobID"] for j in (await launches.raw.describe_jobs(filters=filters))["items"]]

    assert await found(jobIDs=[jobs[1], jobs[3], "drsjob-" + "9" * 17]) == [jobs[3], jobs[1]]
    assert await found(fromDate="2024-01-01T00:02:00Z") == jobs[:1:-1]
    assert await found(toDate="2024-01-01T00:02:00.000Z") == jobs[2::-1]
    assert await found(
        jobIDs=jobs[:2], fromDate="2024-01-01T00:01:00Z", toDate="2024-01-01T00:01:00Z"
    ) == [jobs[1]]


async def test_a_log_in_pages(launches: Launches) -> None:
    job_id = await launches.run(launches.emulator.add_source_servers(2))
    whole = await launches.log(job_id)
    first = await launches.raw.describe_job_log_items(jobID=job_id, maxResults=10)
    rest = await launches.raw.describe_job_log_items(
        jobID=job_id, maxResults=10, nextToken=first["nextToken"]
    )
    assert first["items"] + rest["items"] == whole
    assert "nextToken" not in rest
    assert await code(launches.raw.describe_job_log_items(jobID="drsjob-" + "9" * 17)) == (
        "ResourceNotFoundException"
    )


async def test_only_ended_jobs_are_deleted(launches: Launches) -> None:
    job_id = await launches.start(launches.emulator.add_source_servers(1))
    assert await code(launches.raw.delete_job(jobID=job_id)) == "ConflictException"
    await launches.emulator.clock.advance(A_LAUNCH)
    await launches.raw.delete_job(jobID=job_id)
    assert (await launches.raw.describe_jobs())["items"] == []
    assert await code(launches.raw.delete_job(jobID=job_id)) == "ResourceNotFoundException"


async def test_a_server_in_a_job_is_a_conflict_until_it_ends(launches: Launches) -> None:
    first, second = launches.emulator.add_source_servers(2)
    await launches.start([first])
    with pytest.raises(ClientError) as caught:
        await launches.start([second, first])
    response = caught.value.response
    assert response["Error"]["Code"] == "ConflictException"
    assert "currently being processed by a Job" in response["Error"]["Message"]
    await launches.emulator.clock.advance(A_LAUNCH)
    await launches.start([second, first])


async def test_servers_that_cannot_be_launched(launches: Launches) -> None:
    emulator = launches.emulator
    for state in ("INITIATING", "INITIAL_SYNC", "CREATING_SNAPSHOT", "STOPPED", "DISCONNECTED"):
        assert await code(launches.start(emulator.add_source_servers(1, state=state))) == (
            "ConflictException"
        ), state
    for state in ("STALLED", "BACKLOG", "RESCAN", "PAUSED"):
        await launches.start(emulator.add_source_servers(1, state=state))
    assert await code(launches.start([NOWHERE])) == "ResourceNotFoundException"
    (server_id,) = emulator.add_source_servers(1)
    assert await code(launches.start([server_id, server_id])) == "ValidationException"
    assert (await launches.server(server_id))["lastLaunchResult"] == "NOT_STARTED"


async def test_quotas(raw_of: Callable[..., Any]) -> None:
    quotas = Quotas(servers_in_one_job=3, servers_in_all_jobs=5, concurrent_jobs=3)
    async with DRSEmulator(check_answers=True, quotas=quotas) as emulator, raw_of(emulator) as raw:
        launches = Launches(emulator, raw)
        ids = emulator.add_source_servers(9)
        with pytest.raises(ClientError) as caught:
            await launches.start(ids[:4])
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
        await launches.start(ids[:3])
        assert await code(launches.start(ids[3:6])) == "ServiceQuotaExceededException"
        await launches.start(ids[3:4])
        await launches.start(ids[4:5])
        assert await code(launches.start(ids[5:6])) == "ServiceQuotaExceededException"
        await emulator.clock.advance(A_LAUNCH)
        await launches.start(ids[5:8])
        assert emulator.defects == []


async def test_a_job_survives_saving_and_loading(raw_of: Callable[..., Any]) -> None:
    logs: list[Any] = []
    for interrupted in (False, True):
        async with DRSEmulator() as emulator, raw_of(emulator) as raw:
            launches = Launches(emulator, raw)
            job_id = await launches.start(emulator.add_source_servers(3))
            await emulator.clock.advance(200)
            if interrupted:
                emulator.restore(json.loads(json.dumps(emulator.snapshot())))
            await emulator.clock.advance(A_LAUNCH)
            logs.append(await launches.log(job_id))
    assert logs[0] == logs[1]


async def test_a_setting_names_the_instances_in_the_job(raw_of: Callable[..., Any]) -> None:
    async with (
        DRSEmulator(check_answers=True, recovery_instance_ids_in_jobs=True) as emulator,
        raw_of(emulator) as raw,
    ):
        launches = Launches(emulator, raw)
        (server_id,) = emulator.add_source_servers(1)
        job = await launches.job(await launches.run([server_id]))
        instance = await launches.instance(server_id)
        assert (
            job["participatingServers"][0]["recoveryInstanceID"] == (instance["recoveryInstanceID"])
        )
        assert emulator.defects == []


@transition("test.launch_ended")
def _launch_ended(account: Account, subject: str, args: dict[str, Any]) -> None:
    ENDED.append((subject, {**args, "at": account.stamp()}))


async def test_other_families_hear_of_the_end(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    account = launches.emulator._account
    ENDED.clear()
    job = start_launch(
        account,
        [account.source_servers.require(server_id)],
        is_drill=False,
        on_end=("test.launch_ended", "plan", {"step": 2}),
    )
    await launches.emulator.clock.advance(A_LAUNCH)
    ended = (await launches.job(job.id))["endDateTime"]
    assert [("plan", {"step": 2, "job": job.id, "at": ended})] == ENDED


async def test_five_hundred_servers_in_jobs_stay_cheap(raw_of: Callable[..., Any]) -> None:
    async with DRSEmulator(record_requests=False) as emulator, raw_of(emulator) as raw:
        launches = Launches(emulator, raw)
        ids = emulator.add_source_servers(4000)
        for first in range(0, 500, 100):
            await launches.start(ids[first : first + 100])
        assert await code(launches.start(ids[500:501])) == "ServiceQuotaExceededException"
        took: list[float] = []
        account = emulator._account
        for _ in range(60):
            await emulator.clock.advance(timedelta(seconds=10))
            before = time.process_time()
            account.settle(emulator.clock.now())
            took.append(time.process_time() - before)
        assert sum(took) < 2
        assert sorted(took)[len(took) // 2] < 0.02
        jobs = (await raw.describe_jobs())["items"]
        assert {entry["launchStatus"] for j in jobs for entry in j["participatingServers"]} == {
            "LAUNCHED"
        }
        assert len((await raw.describe_recovery_instances(maxResults=1000))["items"]) == 500


@pytest.mark.parametrize("member", ["fromDate", "toDate"])
async def test_a_filter_by_what_is_no_date(launches: Launches, member: str) -> None:
    filters = {member: "2024-01-01T25:00:00Z"}
    assert await code(launches.raw.describe_jobs(filters=filters)) == "ValidationException"
