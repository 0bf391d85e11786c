# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Every figure of a report can be recomputed from the service's own answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from drs_sdk.recovery import Limits, Recovery, Runbook, Wave
from drs_sdk.recovery.past_jobs import PastJobs, find_past_jobs
from drs_sdk.recovery.rendering.words import measured
from drs_sdk.testing import DRSEmulator, Fault
from drs_sdk.testing.service.model import data_loader

if TYPE_CHECKING:
    from drs_sdk.recovery import RecoveryReport
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing

REGIONS = ("us-east-1", "eu-west-1")
OBJECTIVES = {
    "database": (timedelta(minutes=5), timedelta(minutes=10)),
    "application": (None, timedelta(minutes=25)),
    "archive": (timedelta(minutes=1), timedelta(hours=3)),
}


async def answers(emulator: DRSEmulator) -> dict[str, tuple[list[Any], list[Any]]]:
    """Ask for all jobs and instances of each Region without the SDK, as boto gives them."""
    session = AioSession()
    session.register_component("data_loader", data_loader())
    found: dict[str, tuple[list[Any], list[Any]]] = {}
    for region in REGIONS:
        async with session.create_client(
            "drs",
            region_name=region,
            endpoint_url=emulator.url,
            aws_access_key_id=emulator.access_key_id,
            aws_secret_access_key=emulator.secret_access_key,
            config=AioConfig(proxies={}),
        ) as raw:
            jobs = await items(raw, "describe_jobs")
            found[region] = (jobs, await items(raw, "describe_recovery_instances"))
    return found


async def items(raw: Any, operation: str) -> list[Any]:
    pages = raw.get_paginator(operation).paginate(filters={})
    return [item async for page in pages for item in page["items"]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Recomputed:
    """The figures of a run, out of nothing but what the service says and the objectives."""

    def __init__(self, run: str, raw: dict[str, tuple[list[Any], list[Any]]]) -> None:
        self.jobs = sorted(
            (
                {**job, "region": region}
                for region, (jobs, _) in raw.items()
                for job in jobs
                if job["tags"].get("drs-sdk:run") == run
            ),
            key=lambda job: (at(job["creationDateTime"]), job["jobID"]),
        )
        self.instances = {
            (one["jobID"], one["sourceServerID"]): one for _, found in raw.values() for one in found
        }
        self.started = min(at(job["tags"]["drs-sdk:started"]) for job in self.jobs)
        self.ended = max(at(job["endDateTime"]) for job in self.jobs)

    def wave(self, name: str) -> dict[str, Any]:
        own = [job for job in self.jobs if job["tags"]["drs-sdk:wave"] == name]
        return {
            "asked_at": min(at(job["creationDateTime"]) for job in own),
            "ended_at": max(at(job["endDateTime"]) for job in own),
            "jobs": tuple(job["jobID"] for job in own),
        }

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        status = {s["sourceServerID"]: s["launchStatus"] for s in job["participatingServers"]}
        return {
            "job_id": job["jobID"],
            "wave": job["tags"]["drs-sdk:wave"],
            "attempt": int(job["tags"]["drs-sdk:attempt"]),
            "region_name": job["region"],
            "asked_at": at(job["creationDateTime"]),
            "ended_at": at(job["endDateTime"]),
            "servers": set(status),
            "launched": {name for name, how in status.items() if how == "LAUNCHED"},
            "failed": {name for name, how in status.items() if how != "LAUNCHED"},
        }

    def server(self, name: str) -> dict[str, Any]:
        job = max(
            (
                job
                for job in self.jobs
                if name in {s["sourceServerID"] for s in job["participatingServers"]}
            ),
            key=lambda job: int(job["tags"]["drs-sdk:attempt"]),
        )
        wave = job["tags"]["drs-sdk:wave"]
        came_up = next(
            s["launchStatus"] == "LAUNCHED"
            for s in job["participatingServers"]
            if s["sourceServerID"] == name
        )
        instance = self.instances.get((job["jobID"], name))
        asked, ended = at(job["creationDateTime"]), at(job["endDateTime"])
        point = at(instance["pointInTimeSnapshotDateTime"]) if instance else None
        lost = None if point is None else max(asked - point, timedelta())
        taken = ended - self.started if came_up else None
        most_lost, longest = OBJECTIVES[wave]
        return {
            "wave": wave,
            "region_name": job["region"],
            "outcome": "launched" if came_up else "failed",
            "attempt": int(job["tags"]["drs-sdk:attempt"]),
            "job_id": job["jobID"],
            "recovery_instance_id": instance and instance["recoveryInstanceID"],
            "ec2_instance_id": instance and instance["ec2InstanceID"],
            "asked_at": asked,
            "ended_at": ended,
            "point_in_time": point,
            "data_lost": lost,
            "time_taken": taken,
            "meets_recovery_point_objective": (
                None if lost is None or most_lost is None else lost <= most_lost
            ),
            "meets_recovery_time_objective": None if taken is None else taken <= longest,
        }


def require_same_figures(report: RecoveryReport, found: Recomputed) -> None:
    assert report.started == found.started
    assert report.ended_at == found.ended
    assert report.time_taken == found.ended - found.started
    assert len(report.jobs) == len(found.jobs)
    for job, raw in zip(report.jobs, found.jobs, strict=True):
        for name, value in found.job(raw).items():
            told = getattr(job, name)
            assert (set(told) if isinstance(value, set) else told) == value, name
    for wave in report.waves:
        for name, value in found.wave(wave.name).items():
            assert getattr(wave, name) == value, name
    assert len(report.servers) == 9
    for server in report.servers:
        for name, value in found.server(server.source_server_id).items():
            assert getattr(server, name) == value, name


async def test_every_figure_of_a_report_can_be_recomputed_from_the_services_answers() -> None:
    async with DRSEmulator(regions=REGIONS) as emulator:
        here = emulator.add_source_servers(6)
        there = emulator.at(region=REGIONS[1]).add_source_servers(3)
        emulator.fail_launch(here[2])  # comes up at the second attempt
        emulator.fail_launch(here[3], times=None)  # never comes up
        for name in (here[4], here[5]):  # the wave's first job in its place fails whole
            emulator.fail_launch(name, stage="CONVERSION")
        moment = emulator.clock.now() - timedelta(minutes=30)
        plan = Runbook(
            name="erp",
            waves=[
                Wave(
                    name="database",
                    servers={"source_server_ids": [*here[:2], there[0]]},
                    recovery_point_objective=timedelta(minutes=5),
                    recovery_time_objective=timedelta(minutes=10),
                ),
                Wave(
                    name="application",
                    servers={"source_server_ids": [*here[2:4], there[1]]},
                    recovery_time_objective=timedelta(minutes=25),
                    attempts=2,
                    on_failure="continue",
                ),
                Wave(
                    name="archive",
                    servers={"source_server_ids": [*here[4:], there[2]]},
                    recovery_point_objective=timedelta(minutes=1),
                    recovery_time_objective=timedelta(hours=3),
                    point_in_time=moment,
                    attempts=3,
                ),
            ],
        )
        async with emulator.fleet() as fleet:
            recovery = Recovery(fleet, plan, key="2026-q4", mode="drill")
            report = await recovery.launch()
            later = await recovery.status()
            found = Recomputed("erp/2026-q4", await answers(emulator))
    require_same_figures(report, found)
    require_same_figures(later, found)  # another process, which saw nothing of it happen
    by_id = {server.source_server_id: server for server in report.servers}
    assert [by_id[name].outcome for name in here] == [
        *("launched", "launched", "launched", "failed", "launched", "launched")
    ]
    lost = by_id[here[4]].data_lost  # launched from an old point in time, so not a figure of zero
    assert lost is not None
    assert lost > timedelta(minutes=30)
    assert by_id[here[4]].meets_recovery_point_objective is False
    text = str(report)
    for server in report.servers:
        row = next(line for line in text.splitlines() if f"  {server.name}" in line)
        assert measured(server.data_lost) in row
        assert measured(server.time_taken) in row


async def test_the_first_job_of_a_wave_counts_though_all_its_servers_were_launched_again() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(2)
        for name in ids:
            emulator.fail_launch(name)
        plan = Runbook(
            name="erp",
            waves=[Wave(name="all", servers={"source_server_ids": ids}, attempts=2)],
        )
        recovery = Recovery(drs, plan, key="1", mode="drill")
        report = await recovery.launch()
        assert [job.attempt for job in report.jobs] == [1, 2]
        assert report.waves[0].asked_at == report.jobs[0].asked_at
        emulator.requests.clear()
        later = await recovery.status()
        assert later.jobs == report.jobs
        assert later.waves == report.waves
        listings = [r for r in emulator.requests if r.operation == "DescribeJobs"]
        assert len(listings) == 2  # the jobs that the servers name, and one listing


async def test_a_listing_that_fails_is_told_and_the_rest_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(1)
        emulator.fail_launch(ids[0])
        plan = Runbook(
            name="erp",
            waves=[Wave(name="all", servers={"source_server_ids": ids}, attempts=2)],
        )
        recovery = Recovery(drs, plan, key="1", mode="drill")
        await recovery.launch()

        async def find(run: Run, standing: Standing) -> PastJobs:
            emulator.inject("DescribeJobs", Fault.error("AccessDeniedException", "no"))
            return await find_past_jobs(run, standing)

        monkeypatch.setattr("drs_sdk.recovery.reporting.find_past_jobs", find)
        later = await recovery.status()
    assert [job.attempt for job in later.jobs] == [2]
    assert "AccessDeniedException" in next(iter(later.unreadable.values()))
    assert "AccessDeniedException" in str(later)


async def test_newcomers_are_those_who_came_later_not_those_who_wait_for_a_quota() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        emulator.add_source_servers(3)
        plan = Runbook(name="erp", waves=[Wave(name="all", servers={"all": True})])
        few = Limits(servers_in_one_job=1, concurrent_jobs=1)
        recovery = Recovery(drs, plan, key="1", mode="drill", limits=few)
        await recovery.advance()
        begun = await recovery.status()
        assert sorted(server.outcome for server in begun.servers) == [
            *("launching", "not launched", "not launched")
        ]
        assert begun.newcomers == ()
        await emulator.clock.sleep(60)
        new = emulator.add_source_servers(1, state="INITIATING")  # installed just now
        assert (await recovery.status()).newcomers == tuple(new)


@pytest.mark.parametrize(
    ("silently", "stage", "wanted"),
    [
        (True, "LAUNCH", ("without a word", "ec2:RunInstances")),
        (
            False,
            "LAUNCH",
            ("EC2 has not launched", "LAUNCH_FAILED: out of room", "launch settings"),
        ),
        (False, "CONVERSION", ("CONVERSION_FAIL: out of room", "conversion server")),
        (False, "SNAPSHOT", ("SNAPSHOT_FAIL: out of room", "replication")),
    ],
)
async def test_a_cause_is_told_in_words_with_what_to_do(
    silently: bool,  # noqa: FBT001 - a parameter of the test
    stage: str,
    wanted: tuple[str, ...],
) -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(1)
        emulator.fail_launch(ids[0], stage=stage, error="out of room", silently=silently)
        plan = Runbook(name="erp", waves=[Wave(name="all", servers={"all": True})])
        report = await Recovery(drs, plan, key="1", mode="drill").launch()
    assert report.servers[0].reason is not None
    for part in wanted:
        assert part in report.servers[0].reason
        assert part in " ".join(str(report).split())
