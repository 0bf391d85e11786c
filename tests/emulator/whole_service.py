# ruff: noqa: ANN401 - answers of clients have no types
"""A walk through the whole service that calls each operation at least once, by any client."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk.testing import DRSEmulator

    Caller = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

STAGING = "444455556666"
POLICY = [
    {"units": "MINUTE", "interval": 10, "retentionDuration": 60},
    {"units": "HOUR", "interval": 1, "retentionDuration": 24},
    {"units": "DAY", "interval": 1, "retentionDuration": 3},
]


class WholeService:
    """The walk; `called` has the name of each operation that was answered without error."""

    def __init__(self, emulator: DRSEmulator, caller: Caller) -> None:
        self._emulator = emulator
        self._caller = caller
        self.called: set[str] = set()

    async def call(self, operation: str, **params: Any) -> dict[str, Any]:
        answer = await self._caller(operation, params)
        self.called.add(operation)
        return answer

    async def walk(self) -> None:
        await self.call("InitializeService")
        await self.source_servers()
        await self.tags()
        await self.templates()
        await self.configurations()
        await self.launch_actions()
        await self.source_networks()
        await self.staging_accounts()
        await self.drill()
        await self.failover_and_back()
        await self.failover_and_back_on_premises()
        await self.recovery_plans()
        await self.plan_executions()

    async def source_servers(self) -> None:
        (server_id,) = self._emulator.add_source_servers(1, state="STOPPED")
        found = await self.call("DescribeSourceServers", filters={"sourceServerIDs": [server_id]})
        assert [server["sourceServerID"] for server in found["items"]] == [server_id]
        started = await self.call("StartReplication", sourceServerID=server_id)
        info = started["sourceServer"]["dataReplicationInfo"]
        assert info["dataReplicationState"] == "INITIATING"
        await self.call("StopReplication", sourceServerID=server_id)
        retried = await self.call("RetryDataReplication", sourceServerID=server_id)
        assert retried["dataReplicationInfo"]["dataReplicationState"] == "INITIATING"
        cut_off = await self.call("DisconnectSourceServer", sourceServerID=server_id)
        assert cut_off["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED"
        await self.call("DeleteSourceServer", sourceServerID=server_id)
        assert (await self.call("DescribeSourceServers"))["items"] == []

    async def tags(self) -> None:
        self._emulator.add_source_servers(1)
        (server,) = (await self.call("DescribeSourceServers"))["items"]
        arn = server["arn"]
        await self.call("TagResource", resourceArn=arn, tags={"a b": "1", "c/d": "ü"})
        await self.call("UntagResource", resourceArn=arn, tagKeys=["a b"])
        tags = (await self.call("ListTagsForResource", resourceArn=arn))["tags"]
        assert tags == {**server["tags"], "c/d": "ü"}

    async def templates(self) -> None:
        made = await self.call("CreateLaunchConfigurationTemplate", copyTags=True)
        template = made["launchConfigurationTemplate"]
        named = {"launchConfigurationTemplateID": template["launchConfigurationTemplateID"]}
        changed = await self.call("UpdateLaunchConfigurationTemplate", **named, copyPrivateIp=True)
        assert changed["launchConfigurationTemplate"]["copyPrivateIp"]
        found = await self.call("DescribeLaunchConfigurationTemplates")
        assert found["items"] == [changed["launchConfigurationTemplate"]]
        await self.call("DeleteLaunchConfigurationTemplate", **named)

        made = await self.call(
            "CreateReplicationConfigurationTemplate",
            stagingAreaSubnetId="subnet-1234567890abcdef0",
            replicationServersSecurityGroupsIDs=["sg-1234567890abcdef0"],
            ebsEncryption="DEFAULT",
            bandwidthThrottling=0,
            stagingAreaTags={"area": "staging"},
            pitPolicy=POLICY,
        )
        template_id = made["replicationConfigurationTemplateID"]
        named = {"replicationConfigurationTemplateID": template_id}
        changed = await self.call(
            "UpdateReplicationConfigurationTemplate", **named, createPublicIP=True
        )
        found = await self.call("DescribeReplicationConfigurationTemplates")
        assert found["items"] == [changed]
        await self.call("DeleteReplicationConfigurationTemplate", **named)

    async def configurations(self) -> None:
        (server_id,) = self._emulator.add_source_servers(1)
        named = {"sourceServerID": server_id}
        changed = await self.call("UpdateLaunchConfiguration", **named, name="ours")
        assert await self.call("GetLaunchConfiguration", **named) == changed
        changed = await self.call("UpdateReplicationConfiguration", **named, bandwidthThrottling=9)
        assert await self.call("GetReplicationConfiguration", **named) == changed

    async def launch_actions(self) -> None:
        (server_id,) = self._emulator.add_source_servers(1)
        action_id = str(uuid.UUID(int=7))
        put = await self.call(
            "PutLaunchAction",
            resourceId=server_id,
            actionId=action_id,
            actionCode="AWS-RunShellScript",
            order=2,
            optional=True,
            active=True,
            name="Look",
            actionVersion="$LATEST",
            category="VALIDATION",
            description="Looks.",
            parameters={"commands": {"type": "SSM_STORE", "value": "name"}},
        )
        listed = await self.call("ListLaunchActions", resourceId=server_id)
        # The predefined ones come after it.
        assert {"resourceId": server_id, **listed["items"][0]} == put
        await self.call("DeleteLaunchAction", resourceId=server_id, actionId=action_id)

    async def source_networks(self) -> None:
        made = await self.call(
            "CreateSourceNetwork",
            vpcID="vpc-1234567890abcdef0",
            originAccountID="111122223333",
            originRegion="eu-west-1",
        )
        named = {"sourceNetworkID": made["sourceNetworkID"]}
        await self.call("StartSourceNetworkReplication", **named)
        await self._emulator.clock.advance(300)
        (network,) = (await self.call("DescribeSourceNetworks"))["items"]
        assert network["replicationStatus"] == "PROTECTED"
        exported = await self.call("ExportSourceNetworkCfnTemplate", **named)
        assert exported["s3DestinationUrl"].startswith("https://")
        started = await self.call("StartSourceNetworkRecovery", sourceNetworks=[named])
        await self.end_of_job(started["job"])
        started = await self.call("AssociateSourceNetworkStack", **named, cfnStackName="theirs")
        await self.end_of_job(started["job"])
        (network,) = (await self.call("DescribeSourceNetworks"))["items"]
        assert network["lastRecovery"]["lastRecoveryResult"] == "ASSOCIATE_SUCCESS"
        await self.call("StopSourceNetworkReplication", **named)
        await self.call("DeleteSourceNetwork", **named)

    async def staging_accounts(self) -> None:
        self._emulator.add_staging_account(STAGING)
        listed = await self.call("ListExtensibleSourceServers", stagingAccountID=STAGING)
        (arn,) = [server["arn"] for server in listed["items"]]
        extended = await self.call("CreateExtendedSourceServer", sourceServerArn=arn)
        assert extended["sourceServer"]["stagingArea"]["stagingSourceServerArn"] == arn
        accounts = await self.call("ListStagingAccounts")
        assert accounts["accounts"] == [{"accountID": STAGING}]

    async def drill(self) -> None:
        (server_id,) = self._emulator.add_source_servers(1)
        found = await self.call("DescribeRecoverySnapshots", sourceServerID=server_id, order="DESC")
        source = {
            "sourceServerID": server_id,
            "recoverySnapshotID": found["items"][0]["snapshotID"],
        }
        started = await self.call("StartRecovery", sourceServers=[source], isDrill=True)
        job = await self.end_of_job(started["job"])
        assert [server["launchStatus"] for server in job["participatingServers"]] == ["LAUNCHED"]
        log = await self.call("DescribeJobLogItems", jobID=job["jobID"])
        assert log["items"][-1]["event"] == "JOB_END"
        instance = await self.instance_of(server_id)
        named = {"recoveryInstanceID": instance["recoveryInstanceID"]}
        await self.call(
            "UpdateFailbackReplicationConfiguration", **named, name="back", bandwidthThrottling=5
        )
        shown = await self.call("GetFailbackReplicationConfiguration", **named)
        assert (shown["name"], shown["bandwidthThrottling"]) == ("back", 5)
        started = await self.call(
            "TerminateRecoveryInstances", recoveryInstanceIDs=[instance["recoveryInstanceID"]]
        )
        ended = await self.end_of_job(started["job"])
        assert ended["type"] == "TERMINATE"
        await self.call("DeleteJob", jobID=job["jobID"])

    async def failover_and_back(self) -> None:
        server_id = await self.machine(in_ec2=True)
        named = {"recoveryInstanceID": await self.recovered(server_id)}
        reversed_ = await self.call("ReverseReplication", **named)
        # Origin and recovery are in one Region: no second server appears.
        assert reversed_["reversedDirectionSourceServerArn"].endswith(server_id)
        await self.ready_to_go_back(server_id)
        await self.call("StopReplication", sourceServerID=server_id)

    async def failover_and_back_on_premises(self) -> None:
        server_id = await self.machine(in_ec2=False)
        instance_id = await self.recovered(server_id)
        named = {"recoveryInstanceID": instance_id}
        self._emulator.pair_failback_client(instance_id)
        await self.ready_to_go_back(server_id)
        started = await self.call("StartFailbackLaunch", recoveryInstanceIDs=[instance_id])
        await self.end_of_job(started["job"])
        instance = await self.instance_of(server_id)
        assert instance["failback"]["state"] == "FAILBACK_COMPLETED"
        await self.call("StopFailback", **named)
        await self.call("DisconnectRecoveryInstance", **named)
        await self.call("DeleteRecoveryInstance", **named)

    async def recovery_plans(self) -> None:
        made = await self.call("CreateRecoveryPlan", name="first", description="A plan.")
        plan = {"recoveryPlanArn": made["recoveryPlan"]["recoveryPlanArn"]}
        changed = await self.call("UpdateRecoveryPlan", **plan, name="second")
        assert (await self.call("GetRecoveryPlan", **plan)) == changed
        first = await self.server_step(plan, *self._emulator.add_source_servers(1))
        steps = [await self.wait_step(plan, minutes) for minutes in (1, 2)]
        changed = await self.call(
            "UpdateRecoveryPlanStep", recoveryPlanStepArn=steps[0], stepName="changed"
        )
        assert await self.call("GetRecoveryPlanStep", recoveryPlanStepArn=steps[0]) == changed
        await self.call("ReorderRecoveryPlanSteps", **plan, orderedStepArns=[first, *steps[::-1]])
        listed = await self.call("ListRecoveryPlanSteps", **plan)
        assert [s["recoveryPlanStepArn"] for s in listed["recoveryPlanSteps"]][1:] == steps[::-1]
        await self.call("DeleteRecoveryPlanStep", recoveryPlanStepArn=steps[0])
        listed = await self.call("ListRecoveryPlans")
        assert [p["name"] for p in listed["recoveryPlans"]] == ["second"]
        await self.call("DeleteRecoveryPlan", **plan)

    async def plan_executions(self) -> None:
        (server_id,) = self._emulator.add_source_servers(1)
        made = await self.call("CreateRecoveryPlan", name="drill")
        plan = {"recoveryPlanArn": made["recoveryPlan"]["recoveryPlanArn"]}
        await self.server_step(plan, server_id)
        await self.wait_step(plan, 5)
        self._emulator.fail_launch(server_id)
        started = await self.call("StartRecoveryPlanExecution", **plan, mode="DRILL")
        arn = started["recoveryPlanExecution"]["recoveryPlanExecutionArn"]
        execution = {"recoveryPlanExecutionArn": arn}
        await self.end_of_execution(execution, "FAILED")
        listed = await self.call("ListRecoveryPlanExecutionSteps", **execution)
        launch, wait = (
            {"recoveryPlanExecutionStepArn": step["recoveryPlanExecutionStepArn"]}
            for step in listed["recoveryPlanExecutionSteps"]
        )
        shown = await self.call("GetRecoveryPlanExecutionStep", **launch)
        assert shown["recoveryPlanExecutionStep"]["status"] == "FAILED"
        changed = await self.call("UpdateRecoveryPlanExecutionStep", **wait, waitDurationMinutes=1)
        assert changed["recoveryPlanExecutionStep"]["status"] == "NOT_STARTED"
        await self.call("RetryRecoveryPlanExecutionStep", **launch)
        await self.end_of_execution(execution, "COMPLETED")
        started = await self.call("StartRecoveryPlanExecution", **plan, mode="DRILL")
        arn = started["recoveryPlanExecution"]["recoveryPlanExecutionArn"]
        second = {"recoveryPlanExecutionArn": arn}
        await self.call("CancelRecoveryPlanExecution", **second)
        await self.end_of_execution(second, "CANCELLED")
        await self.call("DeleteRecoveryPlanExecution", **second)
        listed = await self.call("ListRecoveryPlanExecutions", **plan)
        assert [e["status"] for e in listed["recoveryPlanExecutions"]] == ["COMPLETED"]

    async def server_step(self, plan: dict[str, str], server_id: str) -> str:
        found = await self.call("DescribeSourceServers", filters={"sourceServerIDs": [server_id]})
        servers = [{"serverArn": found["items"][0]["arn"], "impactLevel": "CRITICAL"}]
        made = await self.call(
            "CreateRecoveryPlanStep",
            **plan,
            stepName="launch",
            configuration={"serverStepConfiguration": {"servers": servers}},
        )
        return str(made["recoveryPlanStep"]["recoveryPlanStepArn"])

    async def wait_step(self, plan: dict[str, str], minutes: int) -> str:
        made = await self.call(
            "CreateRecoveryPlanStep",
            **plan,
            stepName=f"wait {minutes}",
            configuration={"waitStepConfiguration": {"waitDurationMinutes": minutes}},
        )
        return str(made["recoveryPlanStep"]["recoveryPlanStepArn"])

    async def machine(self, *, in_ec2: bool) -> str:
        """Add a source server that is an EC2 instance of this Region: both its sides are here.

        Or one that is on premises, and cannot be reversed.
        """
        place = self._emulator
        (server_id,) = (
            place.add_source_servers(1, origin_region=place.region)
            if in_ec2
            else place.add_source_servers(1, origin="ON_PREMISES")
        )
        return server_id

    async def recovered(self, server_id: str) -> str:
        """Launch a server for good, and return its instance."""
        started = await self.call("StartRecovery", sourceServers=[{"sourceServerID": server_id}])
        await self.end_of_job(started["job"])
        return str((await self.instance_of(server_id))["recoveryInstanceID"])

    async def ready_to_go_back(self, server_id: str) -> None:
        for _ in range(1000):
            instance = await self.instance_of(server_id)
            if instance["failback"]["state"] == "FAILBACK_READY_FOR_LAUNCH":
                return
            await self._emulator.clock.advance(600)
        raise AssertionError("nothing becomes ready to go back")

    async def instance_of(self, server_id: str) -> dict[str, Any]:
        found = await self.call(
            "DescribeRecoveryInstances", filters={"sourceServerIDs": [server_id]}
        )
        (instance,) = found["items"]
        return instance

    async def end_of_job(self, job: dict[str, Any]) -> dict[str, Any]:
        for _ in range(60):
            (job,) = (await self.call("DescribeJobs", filters={"jobIDs": [job["jobID"]]}))["items"]
            if job["status"] == "COMPLETED":
                return job
            await self._emulator.clock.advance(300)
        raise AssertionError(f"the job does not end: {job}")

    async def end_of_execution(self, execution: dict[str, str], status: str) -> None:
        for _ in range(60):
            shown = await self.call("GetRecoveryPlanExecution", **execution)
            if shown["recoveryPlanExecution"]["status"] == status:
                return
            await self._emulator.clock.advance(300)
        raise AssertionError(f"the execution does not become {status}: {shown}")
