"""The kinds of resources that are known in foreign JSON, by their members.

To load another kind, add a row to `KINDS`. What belongs to a resource and has no life of its own
(a job's log) stands in `parts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk.testing.state import made_up_servers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of resource is known in foreign JSON.

    Attributes:
        collection: Where it is stored.
        shape: The service's name of it.
        id_member: The member that identifies it; it must be there.
        any_of: At least one of these members must be there.
        none_of: None of these may be.
        only: Where given, no other members may be.
        arn_member: The member that holds its ARN, made up where it is missing; empty: it has
            none.
        owner: The collection of what it belongs to, whose identifier it goes by; empty: it
            stands for itself.
        in_state: Members that the emulator keeps in the resource's state, under which key, and
            the service's name of their items.
        dated_by: The member that puts resources in the order of their making, oldest first.
        latest_first: Whether listings begin with what was made last.
        defaults: What the emulator needs and a sparse resource may lack; None means the time.
        state: What the emulator remembers of a new one.
        complete: Adds what cannot be said in a table.
    """

    collection: str
    shape: str
    id_member: str
    any_of: frozenset[str]
    none_of: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    arn_member: str = "arn"
    owner: str = ""
    in_state: tuple[tuple[str, str, str], ...] = ()
    dated_by: str = ""
    latest_first: bool = False
    defaults: Mapping[str, str | None] = field(default_factory=dict[str, str | None], hash=False)
    state: Mapping[str, object] = field(default_factory=dict[str, object], hash=False)
    complete: Callable[[Account, Doc, Doc], None] | None = None

    def recognises(self, value: Doc) -> bool:
        """Tell whether an object is of this kind."""
        names = value.keys()
        return (
            isinstance(value.get(self.id_member), str)
            and bool(self.any_of & names)
            and not self.none_of & names
            and (not self.only or names <= self.only)
        )


def _staged(account: Account, doc: Doc, state: Doc) -> None:
    """Make up what an extended server would have, and let its account trust this one."""
    arn: str = doc["arn"]
    account_id = next(iter(arn.split(":")[4:5]), "")
    if not account_id.isdecimal():
        raise ValueError(f"{arn!r} is not the ARN of a source server")
    accounts = account.collection("staging_accounts")
    if account_id not in accounts:
        accounts.add(account_id, {"accountID": account_id})
    lasting = made_up_servers.lasting_properties(arn, 1, account.stamp())
    lasting["sourceProperties"]["identificationHints"]["hostname"] = doc["hostname"]
    del lasting["tags"]
    state.update(account=account_id, lasting=lasting)


KINDS: tuple[Kind, ...] = (
    Kind(
        "source_servers",
        "SourceServer",
        "sourceServerID",
        frozenset({"arn", "sourceProperties", "dataReplicationInfo"}),
        # Other resources name their source server too.
        frozenset({"recoveryInstanceID", "jobID", "snapshotID", "hostname"}),
    ),
    Kind(
        "jobs",
        "Job",
        "jobID",
        frozenset({"initiatedBy", "participatingServers", "participatingResources", "status"}),
        frozenset({"recoveryInstanceID", "sourceServerID", "recoveryPlanExecutionArn"}),
        in_state=(("detail", "log", "JobLog"), ("items", "log", "JobLog")),
        dated_by="creationDateTime",
        latest_first=True,
        state={"log": []},
    ),
    Kind(
        "recovery_instances",
        "RecoveryInstance",
        "recoveryInstanceID",
        frozenset({"ec2InstanceID", "ec2InstanceState", "recoveryInstanceProperties"}),
    ),
    Kind(
        "launch_configuration_templates",
        "LaunchConfigurationTemplate",
        "launchConfigurationTemplateID",
        frozenset({"arn", "launchDisposition"}),
    ),
    Kind(
        "replication_configuration_templates",
        "ReplicationConfigurationTemplate",
        "replicationConfigurationTemplateID",
        frozenset({"arn", "pitPolicy"}),
    ),
    Kind(
        "launch_configurations",
        "LaunchConfiguration",
        "sourceServerID",
        frozenset({"ec2LaunchTemplateID", "launchDisposition"}),
        arn_member="",
        owner="source_servers",
    ),
    Kind(
        "replication_configurations",
        "ReplicationConfiguration",
        "sourceServerID",
        frozenset({"stagingAreaSubnetId", "pitPolicy"}),
        arn_member="",
        owner="source_servers",
    ),
    Kind("source_networks", "SourceNetwork", "sourceNetworkID", frozenset({"arn", "sourceVpcID"})),
    Kind(
        "recovery_plans",
        "RecoveryPlan",
        "recoveryPlanArn",
        frozenset({"name", "createdAt"}),
        frozenset({"recoveryPlanExecutionArn"}),
        arn_member="recoveryPlanArn",
        dated_by="createdAt",
        defaults={"name": "plan", "status": "INVALID", "createdAt": None, "updatedAt": None},
        state={"steps": []},
    ),
    Kind(
        "recovery_plan_executions",
        "RecoveryPlanExecution",
        "recoveryPlanExecutionArn",
        frozenset({"mode", "startedAt"}),
        arn_member="recoveryPlanExecutionArn",
        dated_by="startedAt",
        latest_first=True,
        defaults={
            "recoveryPlanArn": "",
            "mode": "DRILL",
            "status": "COMPLETED",
            "startedAt": None,
        },
        state={"steps": [], "snapshots": {}},
    ),
    Kind(
        "staging_source_servers",
        "StagingSourceServer",
        "arn",
        frozenset({"hostname"}),
        only=frozenset({"arn", "hostname", "tags", "sourceServerID"}),
        arn_member="",
        complete=_staged,
    ),
    Kind(
        "staging_accounts",
        "Account",
        "accountID",
        frozenset({"accountID"}),
        only=frozenset({"accountID"}),
        arn_member="",
        # The service lists those that servers are extended from.
        state={"listed": True},
    ),
)
