# ruff: noqa: ANN401 - what goes into a bundle has no type
"""Rules of the random command sequences: what is done to servers, networks and instances."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from account_driver import QUOTAS, AccountDriver
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
)
from launch_runner import came_from

from drs_sdk.testing.service.refusals import ServiceError

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


class ServerRules(RuleBasedStateMachine):
    servers: Bundle[str] = Bundle("servers")
    networks: Bundle[str] = Bundle("networks")
    jobs: Bundle[str] = Bundle("jobs")
    staged: Bundle[str] = Bundle("staged")

    def __init__(self) -> None:
        super().__init__()
        self.drs = AccountDriver()

    @initialize(target=servers, launched=st.integers(0, 3))
    def begin_with_servers(self, launched: int) -> Any:
        ids = self.drs.here.add_source_servers(3)
        if launched:
            self.start_recovery(ids[:launched], is_drill=False)
            self.wait_for_a_launch()
        return multiple(*ids)

    @initialize(target=servers, is_reversed=st.booleans())
    def begin_with_an_instance_from_there(self, *, is_reversed: bool) -> Any:
        server = self.add_a_server_from_there()
        self.start_recovery([server], is_drill=False)
        self.wait_for_a_launch()
        owner = {"sourceServerIDs": [server]}
        (launched,) = self.drs.items("DescribeRecoveryInstances", filters=owner)
        if is_reversed:
            assert self._reverse(launched["recoveryInstanceID"]) is not None
        return server

    @initialize(target=networks)
    def begin_with_a_network(self) -> Any:
        return self.drs.here.add_source_network()

    def _deletes(self, resource_id: str, answer: object) -> None:
        if answer is not None:
            self.drs.deleted.add(resource_id)

    def _state_of(self, server: str) -> str:
        """The state of a server's replication, empty when the server is not there."""
        found = self.drs.items("DescribeSourceServers", filters={"sourceServerIDs": [server]})
        return found[0]["dataReplicationInfo"]["dataReplicationState"] if found else ""

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
        if replicating:  # extended servers are among them, for which the quota is not asked
            room = min(room, QUOTAS.replicating_servers - len(busy))
        return max(0, room)

    @rule(
        target=servers,
        state=st.sampled_from(["STOPPED", "INITIATING", "INITIAL_SYNC", "CONTINUOUS"]),
        count=st.integers(1, 3),
    )
    def add_servers(self, state: Any, count: int) -> Any:
        room = self._room_for_servers(state != "STOPPED")
        return multiple(*self.drs.here.add_source_servers(min(count, room), state=state))

    @rule(target=servers)
    def add_a_server_from_there(self) -> Any:
        """One whose way back leads into the other place."""
        if self._room_for_servers(replicating=1) < 1:
            return multiple()
        (server_id,) = self.drs.here.add_source_servers(1)
        (server,) = self.drs.items(
            "DescribeSourceServers", filters={"sourceServerIDs": [server_id]}
        )
        server["sourceProperties"]["identificationHints"]["awsInstanceID"] = f"i-{server_id[2:]}"
        came_from(self.drs.here, server, self.drs.there.region, self.drs.there.account_id)
        return server_id

    @rule(server=servers, operation=st.sampled_from(SERVER_CALLS))
    def call_on_server(self, server: str, operation: str) -> None:
        if operation == "DeleteSourceServer":
            self.drs.call("DisconnectSourceServer", sourceServerID=server)
        before = self._state_of(server)
        answer = self.drs.call(operation, sourceServerID=server)
        if answer is None:
            return
        assert server not in self.drs.deleted
        if operation == "DeleteSourceServer":
            self._deletes(server, answer)
        if operation == "DisconnectSourceServer" and before != "DISCONNECTED":
            owner = {"sourceServerIDs": [server]}
            assert self.drs.items("DescribeRecoveryInstances", filters=owner) == []
        if operation == "RetryDataReplication":
            assert before in {"STALLED", "STOPPED", "DISCONNECTED"}

    @rule(server=servers, stalls=st.booleans())
    def stall_or_resume(self, server: str, *, stalls: bool) -> None:
        state = self._state_of(server)
        if state in {"", "STOPPED", "DISCONNECTED"}:
            return
        if stalls:
            self.drs.here.stall_replication(server)
            return
        self.drs.here.resume_replication(server)
        assert state == "STALLED" or self._state_of(server) == state

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
        return multiple(*self.drs.here.add_staging_account(STAGING, servers=servers))

    @rule(target=servers, arn=staged)
    def extend(self, arn: str) -> Any:
        answer = self.drs.call("CreateExtendedSourceServer", sourceServerArn=arn)
        if answer is None:
            return multiple()
        listed = self.drs.items("ListExtensibleSourceServers", stagingAccountID=STAGING)
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
        if not self.drs.has(network):
            return
        if replication:
            self.drs.here.fail_network_replication(network)
        else:
            self.drs.here.fail_network_recovery(network, stage=stage)

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
        if self.drs.has(server):
            self.drs.here.fail_launch(server, stage=stage)

    @precondition(lambda self: self.drs.items("DescribeRecoveryInstances"))
    @rule(operation=st.sampled_from(INSTANCE_CALLS), data=st.data())
    def call_on_instance(self, operation: str, data: st.DataObject) -> None:
        present = self.drs.items("DescribeRecoveryInstances")
        instance = data.draw(st.sampled_from([i["recoveryInstanceID"] for i in present]))
        if operation == "ReverseReplication":
            self._reverse(instance)
            return
        if operation == "DeleteRecoveryInstance":
            self.drs.call("DisconnectRecoveryInstance", recoveryInstanceID=instance)
        answer = self.drs.call(operation, recoveryInstanceID=instance)
        if operation == "DeleteRecoveryInstance":
            self._deletes(instance, answer)
            self.drs.way_back.give_up([instance] if answer is not None else [])

    def _reverse(self, instance: str) -> str | None:
        """Reverse an instance where there is room for its server, and return that server."""
        rooms: list[int] = []
        for place in self.drs.places:
            with self.drs.standing(place):
                rooms.append(self._room_for_servers(replicating=1))
        if min(rooms) < 1:
            return None
        named = {"recoveryInstanceIDs": [instance]}
        (shown,) = self.drs.items("DescribeRecoveryInstances", filters=named)
        before = {s["arn"]: s for s in self.drs.everywhere("DescribeSourceServers")}
        owner = next(
            (s for s in before.values() if s["sourceServerID"] == shown["sourceServerID"]), None
        )
        answer = self.drs.call("ReverseReplication", recoveryInstanceID=instance)
        if answer is None:
            return None
        self.drs.check_arrows()
        arn: str = answer["reversedDirectionSourceServerArn"]
        after = {s["arn"]: s for s in self.drs.everywhere("DescribeSourceServers")}
        # A server that was there goes on as the one it was, or one is added.
        assert after.keys() == before.keys() | {arn}
        assert after[arn]["tags"] == before.get(arn, after[arn])["tags"]
        assert instance in self.drs.primaries()
        if owner is not None:
            self.drs.way_back.check_reversal(before, owner["arn"], arn)
        return arn.rpartition("/")[2]

    @precondition(lambda self: self.drs.items("DescribeRecoveryInstances"))
    @rule(
        target=jobs,
        operation=st.sampled_from(["TerminateRecoveryInstances", "StartFailbackLaunch"]),
        data=st.data(),
    )
    def start_instance_job(self, operation: str, data: st.DataObject) -> Any:
        present = [i["recoveryInstanceID"] for i in self.drs.items("DescribeRecoveryInstances")]
        chosen = data.draw(st.lists(st.sampled_from(present), min_size=1, max_size=3, unique=True))
        primaries = set(self.drs.primaries())
        answer = self.drs.call(operation, recoveryInstanceIDs=chosen)
        if answer is None:
            return multiple()
        if operation == "TerminateRecoveryInstances":
            # What is replicated may be the live primary.
            assert not primaries & set(chosen)
            self.drs.way_back.give_up(chosen)
        return answer["job"]["jobID"]

    @precondition(lambda self: self.drs.primaries())
    @rule(data=st.data(), waits=st.booleans(), stops=st.booleans())
    def attack_a_primary(self, data: st.DataObject, *, waits: bool, stops: bool) -> None:
        """All that could take a live primary away, which a free choice would seldom try."""
        instance = data.draw(st.sampled_from(self.drs.primaries()))
        here = instance in self.drs.primaries(self.drs.here)
        with self.drs.standing(self.drs.here if here else self.drs.there):
            if stops:
                self.drs.go_on_after_stop_failback(instance)
            named = {"recoveryInstanceIDs": [instance]}
            (shown,) = self.drs.items("DescribeRecoveryInstances", filters=named)
            # A launch removes the instance of the launch before, but not this one.
            self.start_recovery([shown["sourceServerID"]], is_drill=waits)
        if waits:
            self.wait_for_a_launch()

    @precondition(lambda self: self.drs.items("DescribeRecoveryInstances"))
    @rule(data=st.data())
    def fail_back(self, data: st.DataObject) -> None:
        """The whole way, which single steps would hardly find."""
        present = [i["recoveryInstanceID"] for i in self.drs.items("DescribeRecoveryInstances")]
        instance = data.draw(st.sampled_from(present))
        server = self._reverse(instance)
        if server is None:
            return
        self.drs.advance(timedelta(days=1))
        place = self.drs.here if self.drs.has(server) else self.drs.there
        with self.drs.standing(place):
            self.start_recovery([server], is_drill=False)
            self.wait_for_a_launch()
            owner = {"sourceServerIDs": [server]}
            for home in self.drs.items("DescribeRecoveryInstances", filters=owner):
                self._reverse(home["recoveryInstanceID"])

    @precondition(lambda self: self.drs.items("DescribeRecoveryInstances"))
    @rule(data=st.data())
    def fail_back_with_a_client(self, data: st.DataObject) -> None:
        present = self.drs.items("DescribeRecoveryInstances")
        instance = data.draw(st.sampled_from(present))
        name = instance["recoveryInstanceID"]
        if instance["originEnvironment"] == "AWS":
            return
        try:
            self.drs.here.pair_failback_client(name)
        except ServiceError:
            return
        self.drs.advance(timedelta(days=1))
        self.drs.call("StartFailbackLaunch", recoveryInstanceIDs=[name])

    @rule()
    def cross(self) -> None:
        self.drs.cross()

    @rule()
    def wait_for_a_launch(self) -> None:
        self.drs.advance(timedelta(minutes=11))


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
