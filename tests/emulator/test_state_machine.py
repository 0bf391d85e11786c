# ruff: noqa: ANN401 - what goes into a bundle has no type
"""Long random command sequences over all families; what must always hold is checked each time."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from account_driver import LISTINGS, QUOTAS, AccountDriver
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

SERVER_CALLS = (
    "GetLaunchConfiguration",
    "GetReplicationConfiguration",
    "DescribeRecoverySnapshots",
    "StartReplication",
    "RetryDataReplication",
    "StopReplication",
    "DisconnectSourceServer",
    "DeleteSourceServer",
)
NETWORK_CALLS = (
    "StartSourceNetworkReplication",
    "StopSourceNetworkReplication",
    "ExportSourceNetworkCfnTemplate",
    "DeleteSourceNetwork",
)
INSTANCE_CALLS = (
    "ReverseReplication",
    "StopFailback",
    "DisconnectRecoveryInstance",
    "DeleteRecoveryInstance",
    "GetFailbackReplicationConfiguration",
)
STAGING = "444455556666"
tag_values = st.dictionaries(st.sampled_from(["a", "b c", "ü"]), st.sampled_from(["", "1"]))


class AnyAccount(RuleBasedStateMachine):
    servers: Bundle[str] = Bundle("servers")
    networks: Bundle[str] = Bundle("networks")
    jobs: Bundle[str] = Bundle("jobs")
    plans: Bundle[str] = Bundle("plans")
    executions: Bundle[str] = Bundle("executions")
    staged: Bundle[str] = Bundle("staged")

    def __init__(self) -> None:
        super().__init__()
        self.drs = AccountDriver()

    @initialize(target=servers, launched=st.integers(0, 3))
    def begin_with_servers(self, launched: int) -> Any:
        ids = self.drs.emulator.add_source_servers(4)
        if launched:
            self.start_recovery(ids[:launched], is_drill=False)
            self.wait_for_a_launch()
        return multiple(*ids)

    @initialize(target=plans)
    def begin_with_a_plan(self) -> Any:
        (server,) = self.drs.emulator.add_source_servers(1)
        plan = self.create_plan()
        self.add_step(plan, [server], None)
        self.add_step(plan, [], None)
        return plan

    @initialize(target=networks)
    def begin_with_a_network(self) -> Any:
        return self.drs.emulator.add_source_network()

    def _deletes(self, resource_id: str, answer: object) -> None:
        if answer is not None:
            self.drs.deleted.add(resource_id)

    def _room_for_servers(self, replicating: int) -> int:
        """How many servers can be added behind the service's back without breaking a quota."""
        present = self.drs.items("DescribeSourceServers")
        busy = [
            server
            for server in present
            if server["dataReplicationInfo"]["dataReplicationState"]
            not in {"STOPPED", "DISCONNECTED"}
        ]
        room = QUOTAS.source_servers - len(present)
        return min(room, QUOTAS.replicating_servers - len(busy)) if replicating else room

    @rule(
        target=servers,
        state=st.sampled_from(["STOPPED", "INITIATING", "INITIAL_SYNC", "CONTINUOUS"]),
        count=st.integers(1, 3),
    )
    def add_servers(self, state: Any, count: int) -> Any:
        room = self._room_for_servers(state != "STOPPED")
        return multiple(*self.drs.emulator.add_source_servers(min(count, room), state=state))

    @rule(server=servers, operation=st.sampled_from(SERVER_CALLS))
    def call_on_server(self, server: str, operation: str) -> None:
        if operation == "DeleteSourceServer":
            self.drs.call("DisconnectSourceServer", sourceServerID=server)
        answer = self.drs.call(operation, sourceServerID=server)
        assert answer is None or server not in self.drs.deleted
        if operation == "DeleteSourceServer":
            self._deletes(server, answer)

    @rule(server=servers, stalls=st.booleans())
    def stall_or_resume(self, server: str, *, stalls: bool) -> None:
        found = self.drs.items("DescribeSourceServers", filters={"sourceServerIDs": [server]})
        if not found:
            return
        state = found[0]["dataReplicationInfo"]["dataReplicationState"]
        if stalls and state in {"INITIAL_SYNC", "CONTINUOUS"}:
            self.drs.emulator.stall_replication(server)
        elif state == "STALLED":
            self.drs.emulator.resume_replication(server)

    @rule(server=servers, copies=st.booleans(), post_launch=st.booleans())
    def configure(self, server: str, *, copies: bool, post_launch: bool) -> None:
        for operation, change in (
            ("UpdateLaunchConfiguration", {"copyTags": copies, "postLaunchEnabled": post_launch}),
            ("UpdateReplicationConfiguration", {"createPublicIP": copies}),
        ):
            answer = self.drs.call(operation, sourceServerID=server, **change)
            assert answer is None or answer.items() >= change.items()

    @rule(copies=st.booleans(), deletes=st.booleans())
    def template(self, *, copies: bool, deletes: bool) -> None:
        made = self.drs.call("CreateLaunchConfigurationTemplate", copyTags=copies)
        (present,) = self.drs.items("DescribeLaunchConfigurationTemplates")
        named = {"launchConfigurationTemplateID": present["launchConfigurationTemplateID"]}
        assert made in (None, {"launchConfigurationTemplate": present})
        action = _action(2)
        self.drs.call(
            "PutLaunchAction", resourceId=present["launchConfigurationTemplateID"], **action
        )
        if deletes:
            self.drs.call("DeleteLaunchConfigurationTemplate", **named)

    @rule(server=servers, number=st.integers(2, 6), deletes=st.booleans())
    def launch_action(self, server: str, number: int, *, deletes: bool) -> None:
        action = _action(number)
        if deletes:
            named = {"resourceId": server, "actionId": action["actionId"]}
            self.drs.call("DeleteLaunchAction", **named)
        else:
            self.drs.call("PutLaunchAction", resourceId=server, **action)

    @rule(target=staged, servers=st.integers(1, 2))
    def add_staging_servers(self, servers: int) -> Any:
        return multiple(*self.drs.emulator.add_staging_account(STAGING, servers=servers))

    @rule(target=servers, arn=staged)
    def extend(self, arn: str) -> Any:
        answer = self.drs.call("CreateExtendedSourceServer", sourceServerArn=arn)
        listed = self.drs.items("ListExtensibleSourceServers", stagingAccountID=STAGING)
        if answer is None:
            return multiple()
        assert arn not in [server["arn"] for server in listed]
        return answer["sourceServer"]["sourceServerID"]

    @rule(target=networks, number=st.integers(0, 3))
    def create_network(self, number: int) -> Any:
        origin = {"originAccountID": "111122223333", "originRegion": "eu-west-1"}
        answer = self.drs.call("CreateSourceNetwork", vpcID=f"vpc-{number:017x}", **origin)
        return multiple() if answer is None else answer["sourceNetworkID"]

    @rule(network=networks, operation=st.sampled_from(NETWORK_CALLS))
    def call_on_network(self, network: str, operation: str) -> None:
        if operation == "DeleteSourceNetwork":
            self.drs.call("StopSourceNetworkReplication", sourceNetworkID=network)
        answer = self.drs.call(operation, sourceNetworkID=network)
        assert answer is None or network not in self.drs.deleted
        if operation == "DeleteSourceNetwork":
            self._deletes(network, answer)

    @rule(
        network=networks,
        replication=st.booleans(),
        stage=st.sampled_from(["NETWORK", "LAUNCH_TEMPLATE"]),
    )
    def fail_network(self, network: str, stage: str, *, replication: bool) -> None:
        if network in self.drs.deleted:
            return
        if replication:
            self.drs.emulator.fail_network_replication(network)
        else:
            self.drs.emulator.fail_network_recovery(network, stage=stage)

    @rule(
        target=jobs,
        chosen=st.lists(networks, min_size=1, max_size=2, unique=True),
        anew=st.booleans(),
    )
    def recover_networks(self, chosen: list[str], *, anew: bool) -> Any:
        entries = [{"sourceNetworkID": network} for network in chosen]
        answer = self.drs.call(
            "StartSourceNetworkRecovery", sourceNetworks=entries, deployAsNew=anew
        )
        return multiple() if answer is None else answer["job"]["jobID"]

    @rule(target=jobs, network=networks)
    def associate_stack(self, network: str) -> Any:
        answer = self.drs.call(
            "AssociateSourceNetworkStack", sourceNetworkID=network, cfnStackName="theirs"
        )
        return multiple() if answer is None else answer["job"]["jobID"]

    @rule(
        target=jobs,
        chosen=st.lists(servers, min_size=1, max_size=4, unique=True),
        is_drill=st.booleans(),
    )
    def start_recovery(self, chosen: list[str], *, is_drill: bool) -> Any:
        entries = [{"sourceServerID": server} for server in chosen]
        answer = self.drs.call("StartRecovery", sourceServers=entries, isDrill=is_drill)
        if answer is None:
            return multiple()
        assert not self.drs.deleted & set(chosen)
        return answer["job"]["jobID"]

    @rule(server=servers, stage=st.sampled_from(["SNAPSHOT", "CONVERSION", "LAUNCH"]))
    def fail_launch(self, server: str, stage: str) -> None:
        self.drs.emulator.fail_launch(server, stage=stage)

    @precondition(lambda self: self.drs.items("DescribeRecoveryInstances"))
    @rule(operation=st.sampled_from(INSTANCE_CALLS), data=st.data())
    def call_on_instance(self, operation: str, data: st.DataObject) -> None:
        present = self.drs.items("DescribeRecoveryInstances")
        instance = data.draw(st.sampled_from([i["recoveryInstanceID"] for i in present]))
        room = self._room_for_servers(replicating=1) if operation == "ReverseReplication" else 1
        if room < 1:
            return
        if operation == "DeleteRecoveryInstance":
            self.drs.call("DisconnectRecoveryInstance", recoveryInstanceID=instance)
        answer = self.drs.call(operation, recoveryInstanceID=instance)
        if operation == "DeleteRecoveryInstance":
            self._deletes(instance, answer)

    @precondition(lambda self: self.drs.items("DescribeRecoveryInstances"))
    @rule(
        target=jobs,
        operation=st.sampled_from(["TerminateRecoveryInstances", "StartFailbackLaunch"]),
        data=st.data(),
    )
    def start_instance_job(self, operation: str, data: st.DataObject) -> Any:
        present = [i["recoveryInstanceID"] for i in self.drs.items("DescribeRecoveryInstances")]
        chosen = data.draw(st.lists(st.sampled_from(present), min_size=1, max_size=3, unique=True))
        answer = self.drs.call(operation, recoveryInstanceIDs=chosen)
        return multiple() if answer is None else answer["job"]["jobID"]

    @rule(job=jobs)
    def delete_job(self, job: str) -> None:
        self._deletes(job, self.drs.call("DeleteJob", jobID=job))
        if job in self.drs.deleted:
            assert self.drs.call("DescribeJobLogItems", jobID=job) is None

    @rule(target=plans)
    def create_plan(self) -> Any:
        answer = self.drs.call("CreateRecoveryPlan", name="plan")
        return multiple() if answer is None else answer["recoveryPlan"]["recoveryPlanArn"]

    @rule(
        plan=plans,
        chosen=st.lists(servers, max_size=3, unique=True),
        order=st.none() | st.integers(1, 3),
    )
    def add_step(self, plan: str, chosen: list[str], order: int | None) -> None:
        prefix = "arn:aws:drs:us-east-1:111122223333:source-server/"
        listed = [{"serverArn": prefix + server} for server in chosen]
        configuration: dict[str, Any] = {"serverStepConfiguration": {"servers": listed}}
        if not chosen:
            configuration = {"waitStepConfiguration": {"waitDurationMinutes": 5}}
        place = {} if order is None else {"stepOrder": order}
        self.drs.call(
            "CreateRecoveryPlanStep",
            recoveryPlanArn=plan,
            stepName="step",
            configuration=configuration,
            **place,
        )
        shown = self.drs.call("ListRecoveryPlanSteps", recoveryPlanArn=plan)
        steps = (shown or {"recoveryPlanSteps": []})["recoveryPlanSteps"]
        assert [step["stepOrder"] for step in steps] == list(range(1, len(steps) + 1))

    @rule(target=executions, plan=plans, mode=st.sampled_from(["DRILL", "RECOVERY"]))
    def execute(self, plan: str, mode: str) -> Any:
        answer = self.drs.call("StartRecoveryPlanExecution", recoveryPlanArn=plan, mode=mode)
        if answer is None:
            return multiple()
        return answer["recoveryPlanExecution"]["recoveryPlanExecutionArn"]

    @rule(
        execution=executions,
        operation=st.sampled_from(["CancelRecoveryPlanExecution", "DeleteRecoveryPlanExecution"]),
    )
    def end_execution(self, execution: str, operation: str) -> None:
        self.drs.call(operation, recoveryPlanExecutionArn=execution)

    @rule(execution=executions, retries=st.booleans(), data=st.data())
    def step_in(self, execution: str, *, retries: bool, data: st.DataObject) -> None:
        named = {"recoveryPlanExecutionArn": execution}
        shown = self.drs.call("ListRecoveryPlanExecutionSteps", **named)
        if shown is None:
            return
        steps = [s["recoveryPlanExecutionStepArn"] for s in shown["recoveryPlanExecutionSteps"]]
        step = {"recoveryPlanExecutionStepArn": data.draw(st.sampled_from(steps))}
        if retries:
            self.drs.call("RetryRecoveryPlanExecutionStep", **step)
        else:
            self.drs.call("UpdateRecoveryPlanExecutionStep", **step, status="SKIPPED")

    @rule(plan=plans)
    def delete_plan(self, plan: str) -> None:
        if self.drs.call("DeleteRecoveryPlan", recoveryPlanArn=plan) is not None:
            assert self.drs.call("GetRecoveryPlan", recoveryPlanArn=plan) is None

    @rule(server=servers, tags=tag_values, removed=st.sampled_from(["a", "b c", "Name"]))
    def tag(self, server: str, tags: dict[str, str], removed: str) -> None:
        arn = f"arn:aws:drs:us-east-1:111122223333:source-server/{server}"
        present = self.drs.call("ListTagsForResource", resourceArn=arn)
        if present is not None:
            self.drs.call("TagResource", resourceArn=arn, tags=tags)
            self.drs.call("UntagResource", resourceArn=arn, tagKeys=[removed])
            self.drs.tags[arn] = {**present["tags"], **tags}
            self.drs.tags[arn].pop(removed, None)

    @rule(size=st.integers(1, 3), operation=st.sampled_from(sorted(LISTINGS)))
    def page(self, size: int, operation: str) -> None:
        assert self.drs.items(operation, size) == self.drs.items(operation)

    @rule(minutes=st.sampled_from([0.1, 1, 5, 10, 60, 600]))
    def wait(self, minutes: float) -> None:
        self.drs.advance(timedelta(minutes=minutes))

    @rule()
    def wait_for_a_launch(self) -> None:
        self.drs.advance(timedelta(minutes=11))

    @rule()
    def move_house(self) -> None:
        self.drs.move_house()

    @invariant()
    def what_must_hold(self) -> None:
        self.drs.check()


def _action(number: int) -> dict[str, Any]:
    return {
        "actionId": str(uuid.UUID(int=number)),
        "actionCode": "AWS-RunShellScript",
        "order": number,
        "optional": False,
        "active": True,
        "name": "Look",
        "actionVersion": "1",
        "category": "OTHER",
        "description": "",
    }


TestAnyAccount = AnyAccount.TestCase
TestAnyAccount.settings = settings(max_examples=20, stateful_step_count=50)
