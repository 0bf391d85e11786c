# ruff: noqa: ANN401 - aiobotocore clients have no types
"""A fleet read from one account by describe, list and get calls lives on in an emulator."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator, EmulatorClock
from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from collections.abc import Callable

_STAGING = "444455556666"
_ACTION = {
    "actionId": "11111111-2222-3333-4444-555555555555",
    "actionCode": "AWS-RunShellScript",
    "actionVersion": "$DEFAULT",
    "name": "check",
    "order": 1002,
    "active": True,
    "optional": False,
    "category": "OTHER",
    "description": "Look after it",
}


class _Origin:
    """An account with one of everything, and the calls that read it."""

    def __init__(self, emulator: DRSEmulator, raw: Any) -> None:
        self.emulator = emulator
        self.raw = raw
        self.calls: list[tuple[str, dict[str, Any]]] = []

    async def set_up(self) -> None:
        emulator, raw = self.emulator, self.raw
        first, second = emulator.add_source_servers(2)
        network = emulator.add_source_network(source_server_ids=[first])
        (arn, _) = emulator.add_staging_account(_STAGING, servers=2)
        template = await raw.create_launch_configuration_template(copyTags=True)
        template_id = template["launchConfigurationTemplate"]["launchConfigurationTemplateID"]
        await raw.create_replication_configuration_template(
            stagingAreaSubnetId="subnet-0123456789abcdef0",
            associateDefaultSecurityGroup=True,
            replicationServersSecurityGroupsIDs=[],
            replicationServerInstanceType="t3.small",
            useDedicatedReplicationServer=False,
            defaultLargeStagingDiskType="GP3",
            ebsEncryption="DEFAULT",
            bandwidthThrottling=0,
            dataPlaneRouting="PRIVATE_IP",
            createPublicIP=False,
            stagingAreaTags={},
            pitPolicy=[
                {"interval": 10, "retentionDuration": 60, "units": "MINUTE"},
                {"interval": 1, "retentionDuration": 12, "units": "HOUR"},
                {"interval": 1, "retentionDuration": 3, "units": "DAY"},
            ],
        )
        for owner in (first, template_id):
            await raw.put_launch_action(resourceId=owner, **_ACTION)
        plan_arn, step_arn = await self._make_plan(first, second)
        emulator.fail_launch(second, times=1)
        run = await raw.start_recovery_plan_execution(recoveryPlanArn=plan_arn, mode="DRILL")
        execution = run["recoveryPlanExecution"]["recoveryPlanExecutionArn"]
        await emulator.clock.advance(timedelta(hours=1))
        jobs = (await raw.describe_jobs())["items"]
        (instance,) = (await raw.describe_recovery_instances())["items"]
        instance_id = instance["recoveryInstanceID"]
        await raw.update_failback_replication_configuration(
            recoveryInstanceID=instance_id, usePrivateIP=True
        )
        steps = await raw.list_recovery_plan_execution_steps(recoveryPlanExecutionArn=execution)
        run_step = steps["recoveryPlanExecutionSteps"][0]["recoveryPlanExecutionStepArn"]
        self.calls = [
            ("DescribeSourceServers", {}),
            ("DescribeJobs", {}),
            *(("DescribeJobLogItems", {"jobID": job["jobID"]}) for job in jobs),
            ("DescribeRecoveryInstances", {}),
            ("GetFailbackReplicationConfiguration", {"recoveryInstanceID": instance_id}),
            ("DescribeRecoverySnapshots", {"sourceServerID": first}),
            ("DescribeLaunchConfigurationTemplates", {}),
            ("DescribeReplicationConfigurationTemplates", {}),
            ("GetLaunchConfiguration", {"sourceServerID": first}),
            ("GetReplicationConfiguration", {"sourceServerID": first}),
            ("ListLaunchActions", {"resourceId": template_id}),
            ("ListLaunchActions", {"resourceId": first}),
            ("DescribeSourceNetworks", {"filters": {"sourceNetworkIDs": [network]}}),
            ("ListExtensibleSourceServers", {"stagingAccountID": _STAGING}),
            ("ListRecoveryPlans", {}),
            ("GetRecoveryPlan", {"recoveryPlanArn": plan_arn}),
            ("ListRecoveryPlanSteps", {"recoveryPlanArn": plan_arn}),
            ("GetRecoveryPlanStep", {"recoveryPlanStepArn": step_arn}),
            ("ListRecoveryPlanExecutions", {}),
            ("GetRecoveryPlanExecution", {"recoveryPlanExecutionArn": execution}),
            ("ListRecoveryPlanExecutionSteps", {"recoveryPlanExecutionArn": execution}),
            ("GetRecoveryPlanExecutionStep", {"recoveryPlanExecutionStepArn": run_step}),
            ("ListStagingAccounts", {}),
        ]
        # Extended last: from then on it is not extensible, and its account is listed.
        await raw.create_extended_source_server(sourceServerArn=arn)

    async def _make_plan(self, first: str, second: str) -> tuple[str, str]:
        raw = self.raw
        plan = await raw.create_recovery_plan(name="all", description="of it")
        arn: str = plan["recoveryPlan"]["recoveryPlanArn"]
        servers = await raw.describe_source_servers()
        arns = {s["sourceServerID"]: s["arn"] for s in servers["items"]}
        step = await raw.create_recovery_plan_step(
            recoveryPlanArn=arn,
            stepName="both",
            configuration={
                "serverStepConfiguration": {
                    "servers": [{"serverArn": arns[i]} for i in (first, second)]
                }
            },
        )
        await raw.create_recovery_plan_step(
            recoveryPlanArn=arn,
            stepName="rest",
            configuration={"waitStepConfiguration": {"waitDurationMinutes": 5}},
        )
        return arn, step["recoveryPlanStep"]["recoveryPlanStepArn"]


async def _ask(raw: Any, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    method = getattr(raw, load_service().operations[operation].snake_name)
    return await method(**params)


def _shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


async def test_what_is_read_from_one_account_is_read_from_the_other(
    emulator: DRSEmulator, raw: Any, raw_of: Callable[..., Any]
) -> None:
    origin = _Origin(emulator, raw)
    await origin.set_up()
    reading = {o for o in load_service().operations if o.startswith(("Describe", "List", "Get"))}
    # Tags stand in the resources themselves.
    assert reading - {operation for operation, _ in origin.calls} == {"ListTagsForResource"}
    answers = [await _ask(raw, operation, params) for operation, params in origin.calls]
    # A list of launch actions is the one answer that needs a word more. Parts go first, as
    # nobody should have to sort what was read.
    document = [
        {**answer, "resourceId": params["resourceId"]} if "resourceId" in params else answer
        for (_, params), answer in zip(origin.calls, answers, strict=True)
    ][::-1]

    clock = EmulatorClock.virtual(start=emulator.clock.now())
    async with DRSEmulator(check_answers=True, clock=clock) as copy, raw_of(copy) as other:
        loaded = copy.load(document)
        assert copy.load(document) == loaded
        assert len(loaded) == len(set(loaded))
        for (operation, params), answer in zip(origin.calls, answers, strict=True):
            shown = _shown(await _ask(other, operation, params))
            assert shown == _shown(answer), operation
        assert copy.defects == []

        # A snapshot of it keeps everything.
        again = DRSEmulator()
        again.restore(copy.snapshot())
        assert again.snapshot() == copy.snapshot()

        # And it lives on: the failed step is run again, for the server that failed alone.
        run_step = origin.calls[-2][1]["recoveryPlanExecutionStepArn"]
        await other.retry_recovery_plan_execution_step(recoveryPlanExecutionStepArn=run_step)
        await copy.clock.advance(timedelta(hours=1))
        jobs = (await other.describe_jobs())["items"]
        assert [len(job["participatingServers"]) for job in jobs] == [1, 1, 1]
        execution = (await other.list_recovery_plan_executions())["recoveryPlanExecutions"][0]
        assert execution["status"] == "COMPLETED"


async def test_what_does_not_say_whose_it_is(emulator: DRSEmulator, raw: Any) -> None:
    servers = emulator.add_source_servers(2)
    line = {"logDateTime": "2024-01-01T00:00:09Z", "event": "JOB_START", "eventData": {}}
    with pytest.raises(ValueError, match='fits 0 of the jobs; write "jobID" beside'):
        emulator.load({"items": [line]})
    for server_id in servers:
        await raw.start_recovery(sourceServers=[{"sourceServerID": server_id}])
    with pytest.raises(ValueError, match="fits 2 of the jobs"):
        emulator.load([line])
    job_id = "drsjob-" + "7" * 17
    assert emulator.load({"wave": 1, "jobID": job_id, "log": [[line]]}) == [job_id]
    assert (await raw.describe_job_log_items(jobID=job_id))["items"] == [line]
    assert (await raw.describe_jobs(filters={"jobIDs": [job_id]}))["items"][0]["jobID"] == job_id
    # Loaded afterwards, the job keeps its log.
    emulator.load({"jobID": job_id, "status": "COMPLETED"})
    assert (await raw.describe_job_log_items(jobID=job_id))["items"] == [line]

    with pytest.raises(ValueError, match='write "resourceId" beside their "items"'):
        emulator.load({"items": [_ACTION]})
    with pytest.raises(ValueError, match="launch actions of source-server 's-missing'"):
        emulator.load({"resourceId": "s-missing", "items": [_ACTION]})
    step = {"recoveryPlanStepArn": "arn:aws:drs:us-east-1:111122223333:x", "stepName": "x"}
    with pytest.raises(ValueError, match='does not say whose it is; write "recoveryPlanArn"'):
        emulator.load([step])
    with pytest.raises(ValueError, match="is not the ARN of a source server"):
        emulator.load({"hostname": "web-1", "arn": "web-1"})


async def test_sparse_plans_and_snapshots(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    plan = {"recoveryPlanArn": "arn:aws:drs:us-east-1:111122223333:plan/one", "name": "one"}
    wait = {"waitStepConfiguration": {"waitDurationMinutes": 1}}
    steps = [
        {"recoveryPlanStepArn": f"{plan['recoveryPlanArn']}/{n}", "stepName": n, "stepOrder": order}
        for order, n in ((2, "b"), (1, "a"))
    ]
    emulator.load([plan, [{**step, "configuration": wait} for step in steps]])
    shown = await raw.list_recovery_plan_steps(recoveryPlanArn=plan["recoveryPlanArn"])
    assert [step["stepName"] for step in shown["recoveryPlanSteps"]] == ["a", "b"]

    snapshot = {
        "snapshotID": "pit-" + "5" * 17,
        "sourceServerID": server_id,
        "expectedTimestamp": "2023-12-31T23:00:00Z",
    }
    assert emulator.load([snapshot]) == [snapshot["snapshotID"]]
    await emulator.clock.advance(timedelta(minutes=25))
    for order in ("ASC", "DESC"):
        seen: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = await raw.describe_recovery_snapshots(
                sourceServerID=server_id, order=order, maxResults=1, **token
            )
            seen += [item["expectedTimestamp"] for item in page["items"]]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert seen == sorted(seen, reverse=order == "DESC")
        assert len(set(seen)) == len(seen) > 2
        assert seen[0 if order == "ASC" else -1] == snapshot["expectedTimestamp"]
    await raw.start_recovery(
        sourceServers=[{"sourceServerID": server_id, "recoverySnapshotID": snapshot["snapshotID"]}]
    )
    await emulator.clock.advance(timedelta(minutes=15))
    (instance,) = (await raw.describe_recovery_instances())["items"]
    assert instance["pointInTimeSnapshotDateTime"] == snapshot["expectedTimestamp"]
    await raw.stop_replication(sourceServerID=server_id)
    assert (await raw.describe_recovery_snapshots(sourceServerID=server_id))["items"] == []


async def test_new_identifiers_differ_from_loaded_ones(
    emulator: DRSEmulator, raw: Any, raw_of: Callable[..., Any]
) -> None:
    made = await raw.create_recovery_plan(name="first")
    arn = made["recoveryPlan"]["recoveryPlanArn"]
    servers = emulator.add_source_servers(3)
    document = [await raw.describe_source_servers(), await raw.list_recovery_plans()]
    async with DRSEmulator(check_answers=True) as copy, raw_of(copy) as other:
        copy.load(document)
        # The same seed, so it would make the same identifiers.
        made = await other.create_recovery_plan(name="second")
        assert made["recoveryPlan"]["recoveryPlanArn"] != arn
        assert not set(copy.add_source_servers(3)) & set(servers)
        copy.restore(copy.snapshot())
        copy.add_source_servers(3)
        assert len((await other.describe_source_servers())["items"]) == 9
        assert copy.defects == []


async def test_loaded_snapshots_of_one_second_are_on_one_page_each(
    emulator: DRSEmulator, raw: Any
) -> None:
    (server_id,) = emulator.add_source_servers(1)
    times = ["22:00:00Z", "23:00:00Z", "23:00:00Z", "23:00:00.4+00:00", "23:00:00.5Z"]
    loaded = [
        {
            "snapshotID": f"pit-{number}" + "5" * 16,
            "sourceServerID": server_id,
            "expectedTimestamp": f"2023-12-31T{time}",
        }
        for number, time in enumerate(times)
    ]
    emulator.load(loaded)
    for order in ("ASC", "DESC"):
        params = {"sourceServerID": server_id, "order": order}
        pages = raw.get_paginator("describe_recovery_snapshots").paginate(
            **params, PaginationConfig={"PageSize": 1}
        )
        seen = [item["snapshotID"] async for page in pages for item in page["items"]]
        whole = (await raw.describe_recovery_snapshots(**params))["items"]
        assert seen == [item["snapshotID"] for item in whole]
        assert {item["snapshotID"] for item in loaded} <= set(seen)
        assert len(seen) == len(set(seen))


async def test_actions_without_an_order_follow_each_other(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    actions = [{"actionId": f"{n}" + _ACTION["actionId"][1:], "actionCode": "x"} for n in range(3)]
    emulator.load({"resourceId": server_id, "items": actions})
    items = (await raw.list_launch_actions(resourceId=server_id))["items"]
    assert items == actions
    other = {**_ACTION, "actionId": "9" + _ACTION["actionId"][1:], "order": 3}
    call = raw.put_launch_action(resourceId=server_id, **other)
    with pytest.raises(ClientError, match=r"Order 3 of .* is taken"):
        await call


async def test_what_boto3_made_of_times_is_text_again(emulator: DRSEmulator, raw: Any) -> None:
    called = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))
    network_id = "sn-" + "5" * 17
    emulator.load(
        {
            "sourceNetworkID": network_id,
            "sourceVpcID": "vpc-" + "5" * 17,
            "lastRecovery": {"apiCallDateTime": called},
        }
    )
    resources: Any = json.loads(json.dumps(emulator.snapshot()))["resources"]
    assert resources["source_networks"][0]["doc"]["lastRecovery"] == {
        "apiCallDateTime": "2024-05-06T05:08:09.000000Z"
    }
    (network,) = (await raw.describe_source_networks())["items"]
    assert network["lastRecovery"]["apiCallDateTime"] == called


async def test_loaded_staging_accounts_are_listed(emulator: DRSEmulator, raw: Any) -> None:
    emulator.add_staging_account("222233334444")
    loaded = {"accounts": [{"accountID": _STAGING}, {"accountID": "333344445555"}]}
    emulator.load(loaded)
    assert (await raw.list_staging_accounts())["accounts"] == loaded["accounts"][::-1]
