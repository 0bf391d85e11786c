"""Which IAM actions an operation needs, and a policy that grants them.

    from drs_sdk.iam import actions_for, policy_for

    actions_for("DescribeJobs")       # frozenset({"drs:DescribeJobs"})
    policy_for(["DescribeSourceServers", "StartRecovery", "DescribeJobs"])

DRS launches, converts and terminates with the rights of whoever calls it, so an operation may need
actions of EC2, IAM and other services besides its own. A caller who lacks one of them is not always
refused: the launch may just fail, with nothing in the job's log.

The tables restate AWS's service authorization reference as it stood on 2026-08-11, the last to
list dependent actions. Two things it left out are added:

- `drs:TagResource`, where an operation takes tags: DRS asks for it when tags are given.
- `iam:PassRole` for `InitializeService`, which adds roles to instance profiles: IAM asks for it.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from drs_sdk._core.errors import FieldProblem, RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPERATIONS = _names(
    """
    AssociateSourceNetworkStack CancelRecoveryPlanExecution CreateExtendedSourceServer
    CreateLaunchConfigurationTemplate CreateRecoveryPlan CreateRecoveryPlanStep
    CreateReplicationConfigurationTemplate CreateSourceNetwork DeleteJob DeleteLaunchAction
    DeleteLaunchConfigurationTemplate DeleteRecoveryInstance DeleteRecoveryPlan
    DeleteRecoveryPlanExecution DeleteRecoveryPlanStep DeleteReplicationConfigurationTemplate
    DeleteSourceNetwork DeleteSourceServer DescribeJobLogItems DescribeJobs
    DescribeLaunchConfigurationTemplates DescribeRecoveryInstances DescribeRecoverySnapshots
    DescribeReplicationConfigurationTemplates DescribeSourceNetworks DescribeSourceServers
    DisconnectRecoveryInstance DisconnectSourceServer ExportSourceNetworkCfnTemplate
    GetFailbackReplicationConfiguration GetLaunchConfiguration GetRecoveryPlan
    GetRecoveryPlanExecution GetRecoveryPlanExecutionStep GetRecoveryPlanStep
    GetReplicationConfiguration InitializeService ListExtensibleSourceServers ListLaunchActions
    ListRecoveryPlanExecutionSteps ListRecoveryPlanExecutions ListRecoveryPlanSteps
    ListRecoveryPlans ListStagingAccounts ListTagsForResource PutLaunchAction
    ReorderRecoveryPlanSteps RetryDataReplication RetryRecoveryPlanExecutionStep
    ReverseReplication StartFailbackLaunch StartRecovery StartRecoveryPlanExecution
    StartReplication StartSourceNetworkRecovery StartSourceNetworkReplication StopFailback
    StopReplication StopSourceNetworkReplication TagResource TerminateRecoveryInstances
    UntagResource UpdateFailbackReplicationConfiguration UpdateLaunchConfiguration
    UpdateLaunchConfigurationTemplate UpdateRecoveryPlan UpdateRecoveryPlanExecutionStep
    UpdateRecoveryPlanStep UpdateReplicationConfiguration UpdateReplicationConfigurationTemplate
    """
)

_TAKES_TAGS = _names(
    """
    CreateExtendedSourceServer CreateLaunchConfigurationTemplate CreateRecoveryPlan
    CreateReplicationConfigurationTemplate CreateSourceNetwork StartFailbackLaunch StartRecovery
    StartRecoveryPlanExecution StartSourceNetworkRecovery
    """
)
"""Operations that take tags for what they make."""

_REPLICATION_SETTINGS: Mapping[str, str] = {
    "ec2": """
        CreateSecurityGroup DescribeSecurityGroups DescribeSubnets GetEbsDefaultKmsKeyId
        GetEbsEncryptionByDefault
        """,
    "kms": "CreateGrant DescribeKey",
}
"""What checking a staging area and its encryption takes."""

_NETWORK_LAUNCH_TEMPLATES = """
    CreateLaunchTemplateVersion DescribeLaunchTemplateVersions DescribeLaunchTemplates
    DescribeSecurityGroups DescribeSubnets DescribeVpcs ModifyLaunchTemplate
    """
"""What pointing launch templates at a recovered network takes."""

_DEPENDENT: Mapping[str, Mapping[str, str]] = {
    "AssociateSourceNetworkStack": {
        "cloudformation": "DescribeStackResource DescribeStacks",
        "drs": "GetLaunchConfiguration",
        "ec2": _NETWORK_LAUNCH_TEMPLATES,
    },
    "CreateExtendedSourceServer": {"drs": "DescribeSourceServers GetReplicationConfiguration"},
    "CreateReplicationConfigurationTemplate": _REPLICATION_SETTINGS,
    "CreateSourceNetwork": {"ec2": "DescribeInstances DescribeVpcs"},
    "DescribeRecoveryInstances": {"drs": "DescribeSourceServers", "ec2": "DescribeInstances"},
    "ExportSourceNetworkCfnTemplate": {"s3": "GetBucketLocation GetObject PutObject"},
    "InitializeService": {
        "iam": """
            AddRoleToInstanceProfile CreateInstanceProfile CreateServiceLinkedRole
            GetInstanceProfile PassRole
            """,
    },
    "ListExtensibleSourceServers": {"drs": "DescribeSourceServers"},
    "PutLaunchAction": {"ssm": "DescribeDocument"},
    "ReverseReplication": {
        "drs": "DescribeReplicationConfigurationTemplates DescribeSourceServers",
        "ec2": "DescribeInstances",
    },
    "StartRecovery": {
        "drs": "CreateRecoveryInstanceForDrs ListTagsForResource",
        "ec2": """
            AttachVolume AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress
            CreateLaunchTemplate CreateLaunchTemplateVersion CreateSnapshot CreateTags CreateVolume
            DeleteLaunchTemplateVersions DeleteSnapshot DeleteVolume DescribeAccountAttributes
            DescribeAvailabilityZones DescribeImages DescribeInstanceAttribute
            DescribeInstanceStatus DescribeInstanceTypes DescribeInstances
            DescribeLaunchTemplateVersions DescribeLaunchTemplates DescribeSecurityGroups
            DescribeSnapshots DescribeSubnets DescribeVolumes DetachVolume ModifyInstanceAttribute
            ModifyLaunchTemplate RevokeSecurityGroupEgress RunInstances StartInstances
            StopInstances TerminateInstances
            """,
        "iam": "PassRole",
    },
    "StartSourceNetworkRecovery": {
        "cloudformation": "CreateStack DescribeStackResource DescribeStacks UpdateStack",
        "drs": "GetLaunchConfiguration",
        "ec2": _NETWORK_LAUNCH_TEMPLATES,
        "s3": "GetObject PutObject",
    },
    "TerminateRecoveryInstances": {
        "drs": "DescribeSourceServers",
        "ec2": "DeleteVolume DescribeInstances DescribeVolumes TerminateInstances",
    },
    "UpdateLaunchConfiguration": {"ec2": "DescribeInstances"},
    "UpdateReplicationConfiguration": _REPLICATION_SETTINGS,
    "UpdateReplicationConfigurationTemplate": _REPLICATION_SETTINGS,
}
"""What the caller needs besides the operation's own action, by service."""

_CONDITIONS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "iam:CreateServiceLinkedRole": (
        "CreateDrsServiceLinkedRole",
        "iam:AWSServiceName",
        ("drs.amazonaws.com",),
    ),
    "iam:PassRole": (
        "PassRoleToEc2AndDrs",
        "iam:PassedToService",
        ("drs.amazonaws.com", "ec2.amazonaws.com"),
    ),
}
"""Actions that are never granted bare: the statement's Sid, the condition's key and values.

Whoever may pass any role to any service has the rights of every role in the account.
"""


_LONGEST_QUOTE = 60


def actions_for(operation: str) -> frozenset[str]:
    """Name every action that a caller of an operation needs.

    `drs:TagResource` is among them where the operation takes tags; a caller that never gives any
    does without.

    Args:
        operation: The service's name of the operation, such as ``"StartRecovery"``; every request
            class has its own as ``StartRecoveryRequest.operation``.

    Returns:
        Actions as IAM spells them, ``drs:StartRecovery`` among them.

    Raises:
        RequestValidationError: There is no such operation; it names those that come close.
    """
    _require_operations({"operation": operation})
    return _actions(operation)


def policy_for(operations: Iterable[str]) -> dict[str, object]:
    """Write an identity-based policy that allows its bearer to call operations.

    One statement for each service, its actions sorted; dump it with ``json.dumps``. Its resource
    is ``*``, as a launch makes instances, volumes and templates that nobody can name beforehand:
    narrow it where you can. Roles may be passed to EC2 and DRS only.

    Args:
        operations: The service's names of the operations, such as ``["StartRecovery"]``, in any
            order.

    Returns:
        The policy document, made of dicts, lists and strings.

    Raises:
        RequestValidationError: No operation is named, or one that does not exist; it names those
            that come close.
    """
    if isinstance(operations, str):
        raise _refusal("operations", f"Input should be a list of names, such as [{operations!r}]")
    names = list(operations)
    if not names:
        raise _refusal("operations", "Input should name at least one operation")
    _require_operations({f"operations[{index}]": name for index, name in enumerate(names)})
    granted = {action for name in names for action in _actions(name)}
    bare = granted - _CONDITIONS.keys()
    services = sorted({_service_of(action) for action in bare} - {"drs"})
    statements = [
        _statement(service.capitalize(), [one for one in bare if _service_of(one) == service])
        for service in ("drs", *services)
    ]
    for action in sorted(granted & _CONDITIONS.keys()):
        sid, key, values = _CONDITIONS[action]
        condition = {"StringEquals": {key: list(values)}}
        statements.append({**_statement(sid, [action]), "Condition": condition})
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(sid: str, actions: Iterable[str]) -> dict[str, object]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": "*"}


def _service_of(action: str) -> str:
    return action.partition(":")[0]


def _actions(operation: str) -> frozenset[str]:
    dependent = {
        f"{service}:{name}"
        for service, names in _DEPENDENT.get(operation, {}).items()
        for name in _names(names)
    }
    tagging = {"drs:TagResource"} if operation in _TAKES_TAGS else set[str]()
    return frozenset({f"drs:{operation}", *dependent, *tagging})


def _require_operations(names: Mapping[str, object]) -> None:
    """Refuse names that no operation has, all of them at once, each by where it stands."""
    problems = [
        FieldProblem(path, _advice(name))
        for path, name in names.items()
        if not isinstance(name, str) or name not in _OPERATIONS
    ]
    if problems:
        raise RequestValidationError("; ".join(map(str, problems)), problems=problems)


def _refusal(path: str, message: str) -> RequestValidationError:
    problem = FieldProblem(path, message)
    return RequestValidationError(str(problem), problems=[problem])


def _advice(name: object) -> str:
    """Say what a name may be: the operations that it looks like, if any."""
    if not isinstance(name, str):
        return "Input should be the name of an operation, such as 'StartRecovery'"
    known = {operation.lower(): operation for operation in _OPERATIONS}
    # Methods, commands and actions spell the same words otherwise.
    wanted = re.sub(r"^drs[:.]|[-_ ]", "", name.lower())
    matches = [wanted] if wanted in known else get_close_matches(wanted, sorted(known))
    hint = f"did you mean {' or '.join(known[match] for match in matches)}?"
    spelling = "names are those of the service model, such as 'StartRecovery'"
    quoted = repr(name[:_LONGEST_QUOTE])
    return f"There is no operation {quoted}; {hint if matches else spelling}"
