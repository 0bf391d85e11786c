# ruff: noqa: ANN401 - aiobotocore clients have no types
"""What the service does at times: each quirk on and off, kept in snapshots, a place's own."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from launch_runner import A_LAUNCH, Launches, code

from drs_sdk.errors import ServiceQuotaExceededException
from drs_sdk.testing import DRSEmulator, JobDurations, Quirks, Quotas

TAGS = {"wave": "1"}
A_TERMINATION = timedelta(minutes=2)


@pytest.fixture
def launches(emulator: Any, raw: Any) -> Launches:
    return Launches(emulator, raw)


def test_no_quirk_is_on_by_itself() -> None:
    assert DRSEmulator().quirks == Quirks()
    off = [field.default for field in fields(Quirks)]
    assert off == [False, 0.0, False, "KEPT", None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"job_listing_delay": -1},
        {"job_listing_delay": float("nan")},
        {"job_retention": float("inf")},
        {"recovery_tags": "DROPPED"},
    ],
)
def test_a_quirk_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Quirks(**wrong)


@pytest.mark.parametrize("empty", [False, True])
async def test_a_terminate_job_is_emptied_at_its_end(launches: Launches, *, empty: bool) -> None:
    launches.emulator.quirks = Quirks(empty_terminate_jobs=empty)
    ids = launches.emulator.add_source_servers(2)
    launch_id = await launches.run(ids)
    names = [i["recoveryInstanceID"] for i in await launches.instances(*ids)]
    answer = await launches.raw.terminate_recovery_instances(recoveryInstanceIDs=names)
    job_id = answer["job"]["jobID"]
    await launches.emulator.clock.advance(10)
    assert [s["recoveryInstanceID"] for s in answer["job"]["participatingServers"]] == names
    assert await launches.statuses(job_id) == ["IN_PROGRESS"] * 2
    await launches.emulator.clock.advance(A_TERMINATION)
    assert (await launches.job(job_id))["status"] == "COMPLETED"
    assert await launches.statuses(job_id) == ([] if empty else ["TERMINATED"] * 2)
    assert await launches.statuses(launch_id) == ["LAUNCHED"] * 2
    assert await launches.instances(*ids) == []
    await launches.start(ids)  # nothing holds the servers


async def test_a_new_job_shows_late_where_jobs_are_listed(launches: Launches) -> None:
    launches.emulator.quirks = Quirks(job_listing_delay=30)
    ids = launches.emulator.add_source_servers(1)
    job_id = await launches.start(ids)
    await launches.emulator.clock.advance(29)
    everything: tuple[dict[str, Any], ...] = ({}, {"fromDate": "2020-01-01T00:00:00Z"})
    for filters in everything:
        assert (await launches.raw.describe_jobs(filters=filters))["items"] == []
    assert (await launches.job(job_id))["status"] == "STARTED"
    await launches.emulator.clock.advance(1)
    for filters in everything:
        (job,) = (await launches.raw.describe_jobs(filters=filters))["items"]
        assert job["jobID"] == job_id


async def test_a_late_job_does_not_disturb_the_pages_of_a_listing(launches: Launches) -> None:
    ids = launches.emulator.add_source_servers(3)
    older = [await launches.start([i]) for i in ids[:2]]
    await launches.emulator.clock.advance(60)
    launches.emulator.quirks = Quirks(job_listing_delay=30)
    await launches.start(ids[2:])
    first = await launches.raw.describe_jobs(maxResults=1)
    await launches.emulator.clock.advance(30)
    second = await launches.raw.describe_jobs(maxResults=1, nextToken=first["nextToken"])
    listed = [job["jobID"] for job in (*first["items"], *second["items"])]
    assert listed == older[::-1]
    assert "nextToken" not in second


@pytest.mark.parametrize("empty", [False, True])
async def test_the_last_launch_is_left_empty(launches: Launches, *, empty: bool) -> None:
    launches.emulator.quirks = Quirks(empty_last_launch=empty)
    good, bad = launches.emulator.add_source_servers(2)
    launches.emulator.fail_launch(bad)
    job_id = await launches.run([good, bad])
    assert await launches.statuses(job_id) == ["LAUNCHED", "FAILED"]
    for server_id, result in ((good, "SUCCEEDED"), (bad, "FAILED")):
        server = await launches.server(server_id)
        assert server["lastLaunchResult"] == result
        last = server["lifeCycle"]["lastLaunch"]
        if empty:
            assert last == {"initiated": {}}
        else:
            assert last["initiated"]["jobID"] == job_id


async def test_tags_of_a_recovery_are_lost_and_can_be_added_after(launches: Launches) -> None:
    launches.emulator.quirks = Quirks(recovery_tags="LOST")
    ids = launches.emulator.add_source_servers(1)
    job_id = await launches.start(ids, tags=TAGS)
    job = await launches.job(job_id)
    assert job["tags"] == {}
    await launches.raw.tag_resource(resourceArn=job["arn"], tags=TAGS)
    assert (await launches.job(job_id))["tags"] == TAGS


async def test_tags_of_a_recovery_are_refused(launches: Launches) -> None:
    launches.emulator.quirks = Quirks(recovery_tags="REFUSED")
    ids = launches.emulator.add_source_servers(1)
    assert await code(launches.start(ids, tags=TAGS)) == "ValidationException"
    assert (await launches.raw.describe_jobs())["items"] == []
    await launches.start(ids)


async def test_jobs_expire(launches: Launches) -> None:
    launches.emulator.quirks = Quirks(job_retention=3600)
    ids = launches.emulator.add_source_servers(1)
    job_id = await launches.run(ids, tags=TAGS)
    job = await launches.job(job_id)
    await launches.emulator.clock.advance(timedelta(minutes=58))
    assert await launches.job(job_id) == job
    await launches.emulator.clock.advance(timedelta(minutes=2))
    assert (await launches.raw.describe_jobs())["items"] == []
    assert (await launches.raw.describe_jobs(filters={"jobIDs": [job_id]}))["items"] == []
    missing = "ResourceNotFoundException"
    assert await code(launches.raw.describe_job_log_items(jobID=job_id)) == missing
    assert await code(launches.raw.delete_job(jobID=job_id)) == missing
    assert await code(launches.raw.tag_resource(resourceArn=job["arn"], tags=TAGS)) == missing
    # What it launched stays, and still names it.
    assert (await launches.instance(ids[0]))["jobID"] == job_id


async def test_a_running_job_does_not_expire(launches: Launches) -> None:
    launches.emulator.quirks = Quirks(job_retention=0)
    ids = launches.emulator.add_source_servers(1)
    job_id = await launches.start(ids)
    await launches.emulator.clock.advance(timedelta(minutes=5))
    assert (await launches.job(job_id))["status"] == "STARTED"
    await launches.emulator.clock.advance(A_LAUNCH)
    assert (await launches.raw.describe_jobs())["items"] == []
    assert len(await launches.instances(*ids)) == 1


async def test_quirks_quotas_and_durations_are_a_places_own_and_are_saved() -> None:
    world = DRSEmulator(
        regions=["us-east-1", "us-west-2"],
        quirks=Quirks(job_listing_delay=5),
        job_durations=JobDurations(launch=10),
    )
    west = world.at(region="us-west-2")
    assert west.quirks == world.quirks == Quirks(job_listing_delay=5)
    west.quirks = replace(west.quirks, recovery_tags="LOST", job_retention=1.5)
    west.quotas = Quotas(concurrent_jobs=1)
    west.job_durations = JobDurations(conversion=1)
    assert world.quirks == Quirks(job_listing_delay=5)
    assert world.quotas == Quotas()
    assert world.job_durations == JobDurations(launch=10)
    other = DRSEmulator(region="us-west-2")
    other.restore(json.loads(json.dumps(west.snapshot())))
    assert other.quirks == Quirks(job_listing_delay=5, recovery_tags="LOST", job_retention=1.5)
    assert other.quotas == Quotas(concurrent_jobs=1)
    assert other.job_durations == JobDurations(conversion=1)


@pytest.mark.parametrize(
    ("quotas", "waves", "quota"),
    [
        (Quotas(servers_in_one_job=1), [2], "L-B827C881"),
        (Quotas(servers_in_all_jobs=2), [2, 1], "L-05AFA8C6"),
        (Quotas(concurrent_jobs=2), [1, 1, 1], "L-D88FAC3A"),
    ],
)
async def test_quotas_are_counted_in_each_place_by_its_own(
    quotas: Quotas, waves: list[int], quota: str
) -> None:
    world = DRSEmulator(regions=["us-east-1", "us-west-2"])
    west = world.at(region="us-west-2")
    west.quotas = quotas
    async with world, world.client() as there, west.client() as here:
        for drs, place in ((there, world), (here, west)):
            ids = iter(place.add_source_servers(sum(waves)))
            jobs = [[{"source_server_id": next(ids)} for _ in range(size)] for size in waves]
            for wave in jobs[:-1]:
                await drs.start_recovery(wave, is_drill=True)
            if place is world:
                await drs.start_recovery(jobs[-1], is_drill=True)
                continue
            with pytest.raises(ServiceQuotaExceededException) as caught:
                await drs.start_recovery(jobs[-1], is_drill=True)
            assert caught.value.quota_code == quota


async def test_a_conflict_does_not_say_which_server_is_in_a_job(launches: Launches) -> None:
    ids = launches.emulator.add_source_servers(3)
    await launches.start(ids[1:2])
    with pytest.raises(ClientError) as caught:
        await launches.start(ids)
    assert caught.value.response["Error"]["Code"] == "ConflictException"
    said = json.dumps(caught.value.response["Error"]) + str(caught.value.response.get("resourceId"))
    assert not any(server_id in said for server_id in ids)
