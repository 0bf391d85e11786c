# ruff: noqa: ANN401 - parameters of operations have no types
"""The least that is known as a resource of each kind: nothing is added to it when it is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drs_sdk.testing import DRSEmulator
from drs_sdk.testing.front import wire
from drs_sdk.testing.loading.kinds import KINDS
from drs_sdk.testing.loading.parts import PARTS
from drs_sdk.testing.service.model import load_service

_17 = "1" * 17
SERVER, INSTANCE = f"s-{_17}", f"i-{_17}"
ARN = "arn:aws:drs:us-east-1:111122223333:"
PLAN, RUN = f"{ARN}recovery-plan/plan-{_17}", f"{ARN}recovery-plan-execution/exec-{_17}"
A_SERVER: dict[str, Any] = {"sourceServerID": SERVER, "sourceProperties": {}}
AN_INSTANCE: dict[str, Any] = {"recoveryInstanceID": INSTANCE, "ec2InstanceState": "RUNNING"}
A_PLAN = {"name": "p", "recoveryPlanArn": PLAN, "status": "INVALID"} | dict.fromkeys(
    ("createdAt", "updatedAt"), "2024-06-01T00:00:00Z"
)
A_RUN = {"recoveryPlanExecutionArn": RUN, "recoveryPlanArn": PLAN, "mode": "DRILL"} | {
    "startedAt": "2024-06-01T00:00:00Z",
    "status": "COMPLETED",
}
ACTION = "0c0ffee0-1111-4222-8333-444455556666"
LOADED: dict[str, tuple[dict[str, Any], str, dict[str, Any], str, list[dict[str, Any]]]] = {
    # Shape: what is loaded, the operation that shows it, its parameters, the member, its owner.
    "SourceServer": (A_SERVER, "DescribeSourceServers", {}, "items", []),
    "Job": ({"jobID": f"drsjob-{_17}", "status": "COMPLETED"}, "DescribeJobs", {}, "items", []),
    "RecoveryInstance": (AN_INSTANCE, "DescribeRecoveryInstances", {}, "items", []),
    "LaunchConfigurationTemplate": (
        {"launchConfigurationTemplateID": f"lct-{_17}", "launchDisposition": "STARTED"},
        "DescribeLaunchConfigurationTemplates",
        {},
        "items",
        [],
    ),
    "ReplicationConfigurationTemplate": (
        {
            "replicationConfigurationTemplateID": f"rct-{_17}",
            "pitPolicy": [{"interval": 1, "retentionDuration": 3, "units": "DAY"}],
        },
        "DescribeReplicationConfigurationTemplates",
        {},
        "items",
        [],
    ),
    "LaunchConfiguration": (
        {"sourceServerID": SERVER, "launchDisposition": "STOPPED"},
        "GetLaunchConfiguration",
        {"sourceServerID": SERVER},
        "",
        [A_SERVER],
    ),
    "ReplicationConfiguration": (
        {"sourceServerID": SERVER, "stagingAreaSubnetId": f"subnet-{_17}"},
        "GetReplicationConfiguration",
        {"sourceServerID": SERVER},
        "",
        [A_SERVER],
    ),
    "SourceNetwork": (
        {"sourceNetworkID": f"sn-{_17}", "sourceVpcID": f"vpc-{_17}"},
        "DescribeSourceNetworks",
        {},
        "items",
        [],
    ),
    "RecoveryPlan": (A_PLAN, "GetRecoveryPlan", {"recoveryPlanArn": PLAN}, "recoveryPlan", []),
    "RecoveryPlanExecution": (
        A_RUN,
        "GetRecoveryPlanExecution",
        {"recoveryPlanExecutionArn": RUN},
        "recoveryPlanExecution",
        [],
    ),
    "StagingSourceServer": (
        {"arn": f"{ARN}source-server/{SERVER}".replace("1111", "4444", 1), "hostname": "web"},
        "ListExtensibleSourceServers",
        {"stagingAccountID": "444422223333"},
        "items",
        [],
    ),
    "Account": ({"accountID": "444422223333"}, "ListStagingAccounts", {}, "accounts", []),
    "JobLog": (
        {"logDateTime": "2024-06-01T00:00:00Z", "event": "JOB_START"},
        "DescribeJobLogItems",
        {"jobID": f"drsjob-{_17}"},
        "items",
        [],
    ),
    "RecoverySnapshot": (
        {
            "snapshotID": f"pit-{_17}",
            "sourceServerID": SERVER,
            "expectedTimestamp": "2024-06-01T00:00:00Z",
        },
        "DescribeRecoverySnapshots",
        {"sourceServerID": SERVER},
        "items",
        [A_SERVER],
    ),
    "LaunchAction": (
        {"actionId": ACTION, "actionCode": "AWS-RunShellScript"},
        "ListLaunchActions",
        {"resourceId": SERVER},
        "items",
        [A_SERVER],
    ),
    "GetFailbackReplicationConfigurationResponse": (
        {"recoveryInstanceID": INSTANCE, "usePrivateIP": True},
        "GetFailbackReplicationConfiguration",
        {"recoveryInstanceID": INSTANCE},
        "",
        [AN_INSTANCE],
    ),
    "RecoveryPlanStep": (
        {
            "recoveryPlanStepArn": f"{PLAN}/st-{_17}",
            "stepName": "launch",
            "stepOrder": 1,
            "configuration": {
                "serverStepConfiguration": {
                    "servers": [{"serverArn": f"{ARN}source-server/{SERVER}"}]
                }
            },
            "createdAt": "2024-06-01T00:00:00Z",
            "updatedAt": "2024-06-01T00:00:00Z",
        },
        "ListRecoveryPlanSteps",
        {"recoveryPlanArn": PLAN},
        "recoveryPlanSteps",
        [A_PLAN],
    ),
    "RecoveryPlanExecutionStep": (
        {
            "recoveryPlanExecutionStepArn": f"{RUN}/step-{_17}",
            "stepName": "launch",
            "stepIndex": 1,
            "status": "COMPLETED",
            "configuration": {"waitStepConfiguration": {"waitDurationMinutes": 1}},
        },
        "ListRecoveryPlanExecutionSteps",
        {"recoveryPlanExecutionArn": RUN},
        "recoveryPlanExecutionSteps",
        [A_RUN],
    ),
}


def test_each_kind_is_here() -> None:
    assert LOADED.keys() == {known.shape for known in (*KINDS, *PARTS)}


@pytest.mark.parametrize("shape", LOADED)
def test_nothing_is_added_to_what_was_loaded(shape: str) -> None:
    loaded, name, params, member, owner = LOADED[shape]
    emulator = DRSEmulator()
    emulator.load([{**params, "items": [loaded]}, *owner])
    operation = load_service().operations[name]
    answer = emulator._front.dispatch(emulator._account, operation, dict(params))
    read = json.loads(wire.render_answer(operation, answer).body)
    if not member:
        assert read == loaded
    else:
        assert read[member] == (loaded if isinstance(read[member], dict) else [loaded])


def test_a_made_up_member_shows_once_it_is_given() -> None:
    emulator = DRSEmulator()
    emulator.load([A_SERVER, {"sourceServerID": SERVER, "launchDisposition": "STOPPED"}])

    def call(operation: str, **params: Any) -> Any:
        described = load_service().operations[operation]
        return emulator._front.dispatch(emulator._account, described, params)

    shown = {"sourceServerID": SERVER, "launchDisposition": "STOPPED"}
    assert call("GetLaunchConfiguration", sourceServerID=SERVER) == shown
    given = {**shown, "copyTags": False}
    assert call("UpdateLaunchConfiguration", sourceServerID=SERVER, copyTags=False) == given
    assert call("GetLaunchConfiguration", sourceServerID=SERVER) == given
