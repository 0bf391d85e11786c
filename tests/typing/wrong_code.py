"""Mistakes that a type checker finds; each marked line has the rule that it breaks."""

# ruff: noqa: E501, FBT003, T201 - it is as wrong as can be
# fmt: off

from __future__ import annotations

from datetime import timedelta

from drs_sdk import DRSClient, Nonsense, models  # error: reportAttributeAccessIssue
from drs_sdk.eventbridge import PitSnapshotTaken, parse_event
from drs_sdk.fleet import Fleet, Target
from drs_sdk.iam import actions_for, policy_for
from drs_sdk.models import (
    DescribeJobsRequest,
    DescribeJobsRequestFiltersDict,
    DescribeJobsResponse,
    Job,
    JobStatus,
    SourceServer,
    StartRecoveryRequest,
    StartRecoveryRequestSourceServer,
)
from drs_sdk.recovery import Runbook, Servers, TargetPattern, Wave, WaveDict

print(Nonsense, models.DescribeSourceServer)  # error: reportAttributeAccessIssue

# Clients

DRSClient("eu-west-1")  # error: reportCallIssue
DRSClient(region="eu-west-1")  # error: reportCallIssue
DRSClient(region_name=1)  # error: reportArgumentType
DRSClient(on_request=print).with_options(retries=3)  # error: reportCallIssue
DRSClient(clock=timedelta())  # error: reportArgumentType


async def methods(drs: DRSClient) -> None:
    await drs.describe_source_server()  # error: reportAttributeAccessIssue
    await drs.start_recovery()  # error: reportCallIssue
    await drs.start_recovery("s-1")  # error: reportArgumentType
    await drs.start_recovery([{"source_server": "s-1"}])  # error: reportArgumentType
    await drs.start_recovery([{}])  # error: reportArgumentType
    await drs.start_recovery([{"source_server_id": 1}])  # error: reportArgumentType
    await drs.start_recovery([{"source_server_id": "s-1"}], True)  # error: reportCallIssue
    await drs.start_recovery([{"source_server_id": "s-1"}], drill=True)  # error: reportCallIssue
    await drs.start_recovery([{"source_server_id": "s-1"}], is_drill="y")  # error: reportArgumentType
    await drs.start_recovery([{"source_server_id": "s-1"}], tags={"a": 1})  # error: reportArgumentType
    await drs.describe_jobs(filters={"job_ids": "drsjob-1"}, max_results="5")  # error: reportArgumentType
    await drs.describe_jobs(filters={"from_date": "2026-01-01"})  # error: reportArgumentType
    await drs.describe_jobs(filters={"from_date_time": None})  # error: reportArgumentType
    await drs.describe_jobs(filters={"jobIDs": ["drsjob-1"]})  # error: reportArgumentType
    await drs.update_launch_configuration("s-1", launch_disposition="RUNNING")  # error: reportArgumentType
    await drs.update_launch_configuration("s-1", launch_disposition=JobStatus.PENDING)  # error: reportArgumentType
    await drs.update_launch_configuration(None)  # error: reportArgumentType
    await drs.tag_resource("arn", {"a": "b"})  # error: reportCallIssue
    await drs.send(DescribeJobsResponse())  # error: reportArgumentType
    await drs.send({"maxResults": 5})  # error: reportArgumentType


async def answers(drs: DRSClient, server: SourceServer, job: Job) -> None:
    async for page in drs.describe_jobs():
        print(page.items)  # error: reportAttributeAccessIssue
    print(list(drs.describe_jobs()))  # error: reportArgumentType
    print(drs.describe_jobs().items)  # error: reportAttributeAccessIssue
    wrong: DescribeJobsResponse = drs.describe_jobs()  # error: reportAssignmentType
    print(wrong, server.sourceServerID)  # error: reportAttributeAccessIssue
    print(server.lag.total_seconds())  # error: reportOptionalMemberAccess
    print(server.data_replication_info.lag_duration)  # error: reportOptionalMemberAccess
    print(server.lag < 5)  # error: reportOperatorIssue
    print(job.status.known)  # error: reportAttributeAccessIssue
    started = await drs.start_recovery([{"source_server_id": "s-1"}])
    print(started.job.job_id)  # error: reportOptionalMemberAccess
    print(started.response_metadata.requestId)  # error: reportAttributeAccessIssue


async def waits(drs: DRSClient) -> None:
    await drs.wait_until_job_completed(3)  # error: reportArgumentType
    drs.watch_job(3)  # error: reportArgumentType
    await drs.wait_until_launch_actions_completed(3)  # error: reportArgumentType
    drs.watch_launch_actions(3)  # error: reportArgumentType
    drs.watch_source_servers(3)  # error: reportArgumentType
    drs.notify("an event")  # error: reportArgumentType
    await drs.explain_job(3)  # error: reportArgumentType
    await drs.wait_until_source_network_protected(3)  # error: reportArgumentType
    drs.watch_source_network_protected(3)  # error: reportArgumentType
    await drs.wait_until_recovery_plan_execution_completed(3)  # error: reportArgumentType
    drs.watch_recovery_plan_execution(3)  # error: reportArgumentType
    await drs.wait_until_recovery_instances_running(3)  # error: reportArgumentType
    drs.watch_recovery_instances_running(3)  # error: reportArgumentType
    await drs.wait_until_failback_ready(3)  # error: reportArgumentType
    drs.watch_failback_ready(3)  # error: reportArgumentType
    await drs.wait_until_source_servers_replicating(3)  # error: reportArgumentType
    drs.watch_source_servers_replicating(3)  # error: reportArgumentType
    await drs.wait_until_source_servers_launchable(3)  # error: reportArgumentType
    drs.watch_source_servers_launchable(3)  # error: reportArgumentType
    await drs.wait_until_source_servers_disconnected(3)  # error: reportArgumentType
    drs.watch_source_servers_disconnected(3)  # error: reportArgumentType
    await drs.wait_until_job_completed("drsjob-1", timeout="5m")  # error: reportArgumentType
    await drs.wait_until_job_completed("drsjob-1", min_delay="5s")  # error: reportArgumentType
    await drs.wait_until_job_completed("drsjob-1", on_update=5)  # error: reportArgumentType
    await drs.wait_until_job_completed("drsjob-1", 60)  # error: reportCallIssue
    await drs.wait_until_job_completed(SourceServer())  # error: reportArgumentType
    await drs.wait_until_source_servers_launchable([Job()])  # error: reportArgumentType
    finished = await drs.wait_until_job_completed("drsjob-1")
    print(finished.jobID)  # error: reportAttributeAccessIssue
    DRSClient(on_request=5)  # error: reportArgumentType


def built() -> None:
    DescribeJobsRequest(5)  # error: reportCallIssue
    DescribeJobsRequest(maxResults=5)  # error: reportCallIssue
    DescribeJobsRequest(max_results="5")  # error: reportArgumentType
    StartRecoveryRequest()  # error: reportCallIssue
    StartRecoveryRequestSourceServer(recovery_snapshot_id="pit-1")  # error: reportCallIssue
    SourceServer(source_server_id=5)  # error: reportArgumentType
    filters: DescribeJobsRequestFiltersDict = {"ids": ["drsjob-1"]}  # error: reportAssignmentType
    print(filters)


def events_and_rights() -> None:
    event = parse_event(["DRS PIT Snapshot Taken"])  # error: reportArgumentType
    print(event.detail.job_id)  # error: reportAttributeAccessIssue
    print(event.time.date())  # error: reportOptionalMemberAccess
    PitSnapshotTaken(snapshot_id="pit-1")  # error: reportCallIssue
    actions_for(["StartRecovery"])  # error: reportArgumentType
    policy_for("StartRecovery", "DescribeJobs")  # error: reportCallIssue
    policy_for(5)  # error: reportArgumentType


async def over_a_fleet(fleet: Fleet) -> None:
    Fleet([Target("eu-west-1")], 16)  # error: reportCallIssue
    Fleet(["eu-west-1"])  # error: reportArgumentType
    Fleet([Target("eu-west-1")], region_name="eu-west-1")  # error: reportCallIssue
    Fleet.across(["eu-west-1"])  # error: reportCallIssue
    Fleet.across(regions=["eu-west-1"], accounts=[5])  # error: reportArgumentType
    Target(account_id="111122223333")  # error: reportCallIssue
    fleet.targets[0].region_name = "us-east-1"  # error: reportAttributeAccessIssue
    fleet.walk(lambda drs: drs.start_recovery(source_servers=[]))  # error: reportArgumentType
    fleet.walk(lambda drs: drs.describe_jobs(), timeout="5m")  # error: reportArgumentType
    async for target, server in fleet.walk(lambda drs: drs.describe_source_servers()):
        print(target.region)  # error: reportAttributeAccessIssue
        print(server.sourceServerID)  # error: reportAttributeAccessIssue
    outcomes = await fleet.run(lambda drs, _: drs.describe_jobs().collect())
    print(outcomes.results["eu-west-1"])  # error: reportArgumentType
    await fleet.run(lambda drs: drs.describe_jobs().collect())  # error: reportArgumentType
    await fleet.run(lambda drs, _: len(str(drs)))  # error: reportArgumentType
    await fleet.client("eu-west-1")  # error: reportArgumentType
    fleet.subset("eu-west-1")  # error: reportCallIssue


def runbooks() -> None:
    Runbook(name="erp")  # error: reportCallIssue
    Runbook(name="erp", waves=[{"name": "a"}])  # error: reportArgumentType
    Runbook(name="erp", waves=[{"name": "a", "servers": {"tag": {}}}])  # error: reportArgumentType
    Wave("database", servers={"all": True})  # error: reportCallIssue
    Wave(name="a", servers={"all": True}, rpo=5)  # error: reportCallIssue
    Wave(name="a", servers={"names": 5})  # error: reportArgumentType
    Wave(name="a", servers={"all": True}, on_failure="go")  # error: reportArgumentType
    Wave(name="a", servers={"all": True}, point_in_time="newest")  # error: reportArgumentType
    Wave(name="a", servers={"all": True}, recovery_point_objective="PT5M")  # error: reportArgumentType
    Servers(tags={"a": 1})  # error: reportArgumentType
    Servers(all=True, targets=[{"region": "eu-west-1"}])  # error: reportArgumentType
    TargetPattern("eu-west-1")  # error: reportCallIssue
    wrong: WaveDict = {"name": "a"}  # error: reportAssignmentType
    print(wrong, Runbook.load("erp.toml").wave)
    Runbook.load("erp.toml").wave("a").attempts = 2  # error: reportAttributeAccessIssue
