# ruff: noqa: ANN401 - members have no types
"""Answers of the shape that the AWS CLI's example pages show, one for each of the 49 pages.

The values are our own; the members are those of the pages, some of which no model has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ACCOUNT, REGION = "123456789012", "us-west-2"
SERVER = "s-11112222333344445"
SNAPSHOT = "pit-11112222333344445"
INSTANCE = "i-0aaaabbbbccccdddd"
JOB = "drsjob-11112222333344445"
NETWORK = "sn-11112222333344445"
LAUNCH_TEMPLATE = "lct-11112222333344445"
REPLICATION_TEMPLATE = "rct-11112222333344445"
ACTION = "0c0ffee0-1111-4222-8333-444455556666"
_GIB = 1024**3


def arn(kind: str, name: str) -> str:
    return f"arn:aws:drs:{REGION}:{ACCOUNT}:{kind}/{name}"


def _at(day: int, minute: int = 0) -> str:
    return f"2024-06-{day:02d}T15:{minute:02d}:00.000Z"


def _server(state: str, **more: Any) -> dict[str, Any]:
    """A server as the calls that change its replication answer: little of it is shown."""
    return {
        "arn": arn("source-server", SERVER),
        "dataReplicationInfo": {"dataReplicationState": state},
        "lifeCycle": {
            "addedToServiceDateTime": _at(1),
            "lastSeenByServiceDateTime": _at(15),
        },
        "sourceServerID": SERVER,
        "tags": {},
        **more,
    }


def _job(day: int, kind: str, **more: Any) -> dict[str, Any]:
    """A job as the call that starts it answers."""
    return {
        "arn": arn("job", JOB),
        "creationDateTime": _at(day),
        "jobID": JOB,
        "status": "PENDING",
        "tags": {},
        "type": kind,
        **more,
    }


def _of_server(status: str = "PENDING") -> list[dict[str, Any]]:
    return [{"launchStatus": status, "sourceServerID": SERVER}]


_STEPS = ("WAIT", "CREATE_SECURITY_GROUP", "LAUNCH_REPLICATION_SERVER", "START_DATA_TRANSFER")
_SOURCE_SERVER: dict[str, Any] = {
    "agentVersion": "6.40.1.2025.100.1000",
    "arn": arn("source-server", SERVER),
    "dataReplicationInfo": {
        "dataReplicationInitiation": {
            "startDateTime": _at(1, 5),
            "steps": [{"name": name, "status": "SUCCEEDED"} for name in _STEPS],
        },
        "dataReplicationState": "CONTINUOUS",
        "lagDuration": "P0D",
        "replicatedDisks": [
            {
                "backloggedStorageBytes": 0,
                "deviceName": "/dev/xvda",
                "replicatedStorageBytes": 40 * _GIB,
                "rescannedStorageBytes": 40 * _GIB,
                "totalStorageBytes": 40 * _GIB,
                "volumeStatus": "REGULAR",
            }
        ],
        "stagingAvailabilityZone": "us-west-2c",
    },
    "lastLaunchResult": "SUCCEEDED",
    "lifeCycle": {
        "addedToServiceDateTime": _at(1),
        "elapsedReplicationDuration": "P14D",
        "firstByteDateTime": _at(1, 10),
        "lastLaunch": {
            "initiated": {"apiCallDateTime": _at(10), "jobID": JOB, "type": "RECOVERY"},
            "status": "LAUNCHED",
        },
        "lastSeenByServiceDateTime": _at(15),
    },
    "recoveryInstanceId": INSTANCE,
    "replicationDirection": "FAILOVER",
    "sourceCloudProperties": {
        "originAccountID": ACCOUNT,
        "originAvailabilityZone": "us-west-2a",
        "originRegion": REGION,
    },
    "sourceProperties": {
        "cpus": [{"cores": 4, "modelName": "AMD EPYC 7R13 Processor"}],
        "disks": [{"bytes": 40 * _GIB, "deviceName": "/dev/xvda"}],
        "identificationHints": {"hostname": "shop-web"},
        "lastUpdatedDateTime": _at(15),
        "networkInterfaces": [
            {"ips": ["10.1.2.3"], "isPrimary": True, "macAddress": "02:00:00:aa:bb:cc"}
        ],
        "os": {"fullString": "linux 6.1.0-13-cloud-amd64"},
        "ramBytes": 16 * _GIB,
        "recommendedInstanceType": "m6i.xlarge",
        "supportsNitroInstances": True,
    },
    "sourceNetworkID": NETWORK,
    "sourceServerID": SERVER,
    "stagingArea": {"stagingAccountID": ACCOUNT, "status": "EXTENDED"},
    "tags": {},
    "usageOperationData": {
        "code": "RunInstances:0002",
        "status": "CONTAINS_USAGE_OPERATION_CODES",
    },
}
_RECOVERY_INSTANCE: dict[str, Any] = {
    "agentVersion": "6.40.1.2025.100.1000",
    "arn": arn("recovery-instance", INSTANCE),
    "dataReplicationInfo": {"dataReplicationState": "NOT_STARTED"},
    "ec2InstanceID": INSTANCE,
    "ec2InstanceState": "RUNNING",
    "failback": {
        "agentLastSeenByServiceDateTime": _at(15, 30),
        "state": "FAILBACK_NOT_READY_FOR_LAUNCH",
    },
    "isDrill": False,
    "jobID": JOB,
    "originAvailabilityZone": "us-west-2a",
    "originEnvironment": "AWS",
    "pointInTimeSnapshotDateTime": _at(15),
    "recoveryInstanceID": INSTANCE,
    "recoveryInstanceProperties": {
        "cpus": [{"cores": 4, "modelName": "AMD EPYC 7R13 Processor"}],
        "disks": [{"bytes": 40 * _GIB, "internalDeviceName": "/dev/xvda"}],
        "identificationHints": {"hostname": "shop-web"},
        "lastUpdatedDateTime": _at(15),
        "networkInterfaces": [
            {"ips": ["10.1.2.3"], "isPrimary": True, "macAddress": "02:00:00:aa:bb:cc"}
        ],
        "os": {"fullString": "linux 6.1.0-13-cloud-amd64"},
        "ramBytes": 16 * _GIB,
    },
    "sourceServerID": SERVER,
    "tags": {"Name": "shop-web-recovered"},
}
_ENDED_JOB = _job(
    10,
    "LAUNCH",
    endDateTime=_at(10, 36),
    initiatedBy="START_RECOVERY",
    participatingResources=[],
    participatingServers=_of_server("LAUNCHED"),
    status="COMPLETED",
)


def _rule(number: int, units: str, interval: int, kept: int) -> dict[str, Any]:
    return {
        "enabled": True,
        "interval": interval,
        "retentionDuration": kept,
        "ruleID": number,
        "units": units,
    }


_POLICY = [_rule(1, "MINUTE", 10, 60), _rule(2, "HOUR", 1, 24), _rule(3, "DAY", 1, 3)]
_REPLICATION: dict[str, Any] = {
    "associateDefaultSecurityGroup": True,
    "bandwidthThrottling": 0,
    "createPublicIP": True,
    "dataPlaneRouting": "PUBLIC_IP",
    "defaultLargeStagingDiskType": "AUTO",
    "ebsEncryption": "DEFAULT",
    "replicationServerInstanceType": "t3.small",
    "replicationServersSecurityGroupsIDs": [],
    "stagingAreaSubnetId": "subnet-0aaaabbbbccccdddd",
    "stagingAreaTags": {},
    "useDedicatedReplicationServer": False,
}
_REPLICATION_CONFIGURATION: dict[str, Any] = {
    **_REPLICATION,
    "autoReplicateNewDisks": True,
    "name": "how shop-web is replicated",
    "pitPolicy": _POLICY,
    "replicatedDisks": [{"deviceName": "/dev/xvda", "isBootDisk": True, "stagingDiskType": "AUTO"}],
    "sourceServerID": SERVER,
}


def _replication_template(**more: Any) -> dict[str, Any]:
    return {
        **_REPLICATION,
        "arn": arn("replication-configuration-template", REPLICATION_TEMPLATE),
        "replicationConfigurationTemplateID": REPLICATION_TEMPLATE,
        "tags": {},
        **more,
    }


def _launch_configuration(disposition: str) -> dict[str, Any]:
    return {
        "copyPrivateIp": False,
        "copyTags": False,
        "ec2LaunchTemplateID": "lt-0aaaabbbbccccdddd",
        "launchDisposition": disposition,
        "launchIntoInstanceProperties": {},
        "licensing": {"osByol": False},
        "name": "how shop-web is launched",
        "postLaunchEnabled": False,
        "sourceServerID": SERVER,
        "targetInstanceTypeRightSizingMethod": "NONE",
    }


def _launch_template(disposition: str, **more: Any) -> dict[str, Any]:
    return {
        "arn": arn("launch-configuration-template", LAUNCH_TEMPLATE),
        "copyPrivateIp": True,
        "copyTags": True,
        "launchConfigurationTemplateID": LAUNCH_TEMPLATE,
        "launchDisposition": disposition,
        "launchIntoSourceInstance": False,
        "licensing": {"osByol": False},
        "postLaunchEnabled": False,
        "tags": {},
        "targetInstanceTypeRightSizingMethod": "NONE",
        **more,
    }


def _network(status: str, **more: Any) -> dict[str, Any]:
    return {
        "arn": arn("source-network", NETWORK),
        "replicationStatus": status,
        "sourceNetworkID": NETWORK,
        "sourceVpcID": "vpc-0aaaabbbbccccdddd",
        "tags": {},
        **more,
    }


_ACTION: dict[str, Any] = {
    "actionCode": "AWSMigration-VerifyMountedVolumes",
    "actionId": ACTION,
    "actionVersion": "$DEFAULT",
    "active": True,
    "category": "VALIDATION",
    "description": "Are the volumes there.",
    "name": "Look at the volumes",
    "optional": True,
    "order": 401,
    "type": "SSM_COMMAND",
}


@dataclass(frozen=True)
class Page:
    """One example page.

    Attributes:
        answer: What it shows; None where the command prints nothing.
        operation: What is asked to read it back; empty where it holds no resource.
        params: With which parameters.
        member: Where its content stands in the answer of `operation`; empty: it is the answer.
        content: The content; by default what `answer` has there.
        owner: The page to load before, as this one's content belongs to a resource.
        word: What must be written beside it to say whose it is.
    """

    answer: dict[str, Any] | None = None
    operation: str = ""
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    member: str = "items"
    content: object = None
    owner: str = ""
    word: dict[str, str] = field(default_factory=dict[str, str])


_NOTHING = Page()
_OF_SERVER = {"sourceServerID": SERVER}


def _shows_server(server: dict[str, Any], answer: dict[str, Any]) -> Page:
    return Page(answer, "DescribeSourceServers", content=[server])


def _starts(job: dict[str, Any]) -> Page:
    return Page({"job": job}, "DescribeJobs", content=[job])


def _shows_network(network: dict[str, Any]) -> Page:
    return Page({"sourceNetwork": network}, "DescribeSourceNetworks", content=[network])


def _shows_launch_template(template: dict[str, Any]) -> Page:
    answer = {"launchConfigurationTemplate": template}
    return Page(answer, "DescribeLaunchConfigurationTemplates", content=[template])


def _shows_replication_template(template: dict[str, Any]) -> Page:
    return Page(template, "DescribeReplicationConfigurationTemplates", content=[template])


def _configures(configuration: dict[str, Any], operation: str) -> Page:
    return Page(configuration, operation, _OF_SERVER, member="", owner="describe-source-servers")


_EXTENDED: dict[str, Any] = {
    "arn": arn("source-server", "s-99998888777766665"),
    "dataReplicationInfo": {"dataReplicationState": "INITIATING"},
    "lifeCycle": {"addedToServiceDateTime": _at(18)},
    "sourceServerID": "s-99998888777766665",
    "tags": {},
}
PAGES: dict[str, Page] = {
    "associate-source-network-stack": _starts(_job(20, "LAUNCH")),
    "create-extended-source-server": _shows_server(_EXTENDED, {"sourceServer": _EXTENDED}),
    "create-launch-configuration-template": _shows_launch_template(_launch_template("STARTED")),
    "create-replication-configuration-template": _shows_replication_template(
        _replication_template(pitPolicy=_POLICY, useDedicatedReplicationServer=True)
    ),
    "create-source-network": Page({"sourceNetworkID": NETWORK}),
    "delete-job": _NOTHING,
    "delete-launch-action": _NOTHING,
    "delete-launch-configuration-template": _NOTHING,
    "delete-recovery-instance": _NOTHING,
    "delete-replication-configuration-template": _NOTHING,
    "delete-source-network": _NOTHING,
    "delete-source-server": _NOTHING,
    "describe-job-log-items": Page(
        {
            "items": [
                {"event": "JOB_START", "eventData": {}, "logDateTime": _at(10)},
                {
                    "event": "SNAPSHOT_START",
                    "eventData": {"sourceServerID": SERVER},
                    "logDateTime": _at(10, 1),
                },
                {
                    "event": "SNAPSHOT_END",
                    "eventData": {"sourceServerID": SERVER},
                    "logDateTime": _at(10, 2),
                },
                {"event": "JOB_END", "eventData": {}, "logDateTime": _at(10, 36)},
            ]
        },
        "DescribeJobLogItems",
        {"jobID": JOB},
        owner="describe-jobs",
    ),
    "describe-jobs": Page({"items": [_ENDED_JOB]}, "DescribeJobs"),
    "describe-launch-configuration-templates": Page(
        {
            "items": [
                _launch_template(
                    "STARTED", exportBucketArn="arn:aws:s3:::shop-exports", postLaunchEnabled=True
                )
            ]
        },
        "DescribeLaunchConfigurationTemplates",
    ),
    "describe-recovery-instances": Page(
        {"items": [_RECOVERY_INSTANCE]}, "DescribeRecoveryInstances"
    ),
    "describe-recovery-snapshots": Page(
        {
            "items": [
                {
                    "ebsSnapshots": ["snap-0aaaabbbbccccdddd"],
                    "expectedTimestamp": _at(15),
                    "recoverySnapshotVolumes": [
                        {"volumeName": "/dev/xvda", "volumeStorageSizeBytes": 40 * _GIB}
                    ],
                    "snapshotID": SNAPSHOT,
                    "sourceServerID": SERVER,
                }
            ]
        },
        "DescribeRecoverySnapshots",
        _OF_SERVER,
        owner="stop-replication",
    ),
    "describe-replication-configuration-templates": Page(
        {"items": [_replication_template(autoReplicateNewDisks=True, pitPolicy=_POLICY)]},
        "DescribeReplicationConfigurationTemplates",
    ),
    "describe-source-networks": Page(
        {
            "items": [
                _network(
                    "STOPPED",
                    cfnStackName="shop-network",
                    lastUpdatedDateTime=_at(15),
                    sourceRegion=REGION,
                )
            ]
        },
        "DescribeSourceNetworks",
    ),
    "describe-source-servers": Page({"items": [_SOURCE_SERVER]}, "DescribeSourceServers"),
    "disconnect-recovery-instance": _NOTHING,
    "disconnect-source-server": _shows_server(_server("DISCONNECTED"), _server("DISCONNECTED")),
    "export-source-network-cfn-template": Page({"s3DestinationUrl": "s3://shop/sn.json"}),
    "get-failback-replication-configuration": Page(
        {
            "bandwidthThrottling": 0,
            "name": "how shop-web goes back",
            "recoveryInstanceID": INSTANCE,
            "usePrivateIP": False,
        },
        "GetFailbackReplicationConfiguration",
        {"recoveryInstanceID": INSTANCE},
        member="",
        owner="describe-recovery-instances",
    ),
    "get-launch-configuration": _configures(
        _launch_configuration("STARTED"), "GetLaunchConfiguration"
    ),
    "get-replication-configuration": _configures(
        _REPLICATION_CONFIGURATION, "GetReplicationConfiguration"
    ),
    "initialize-service": _NOTHING,
    "list-extensible-source-servers": Page(
        {
            "items": [
                {
                    "arn": arn("source-server", SERVER),
                    "hostname": "shop-web",
                    "sourceServerID": SERVER,
                    "tags": {},
                }
            ]
        },
        "ListExtensibleSourceServers",
        {"stagingAccountID": ACCOUNT},
    ),
    "list-launch-actions": Page(
        {"items": [_ACTION]},
        "ListLaunchActions",
        {"resourceId": SERVER},
        owner="describe-source-servers",
        word={"resourceId": SERVER},
    ),
    "list-staging-accounts": Page(
        {"accounts": [{"accountID": ACCOUNT}]}, "ListStagingAccounts", member="accounts"
    ),
    "list-tags-for-resource": Page({"tags": {"Name": "shop-web"}}),
    "put-launch-action": Page(
        {**_ACTION, "resourceId": SERVER},
        "ListLaunchActions",
        {"resourceId": SERVER},
        content=[_ACTION],
        owner="describe-source-servers",
    ),
    "reverse-replication": Page(
        {"reversedDirectionSourceServerArn": arn("source-server", "s-99998888777766665")}
    ),
    "start-failback-launch": _starts(_job(17, "LAUNCH", participatingServers=_of_server())),
    "start-recovery": _starts(_job(15, "LAUNCH", participatingServers=_of_server())),
    "start-replication": _shows_server(
        _server("INITIATING"), {"sourceServer": _server("INITIATING")}
    ),
    "start-source-network-recovery": _starts(_job(19, "LAUNCH")),
    "start-source-network-replication": _shows_network(_network("STARTED")),
    "stop-failback": _NOTHING,
    "stop-replication": _shows_server(_server("STOPPED"), {"sourceServer": _server("STOPPED")}),
    "stop-source-network-replication": _shows_network(_network("STOPPED")),
    "tag-resource": _NOTHING,
    "terminate-recovery-instances": _starts(
        _job(16, "TERMINATE", participatingServers=_of_server())
    ),
    "untag-resource": _NOTHING,
    "update-failback-replication-configuration": _NOTHING,
    "update-launch-configuration": _configures(
        _launch_configuration("STOPPED"), "GetLaunchConfiguration"
    ),
    "update-launch-configuration-template": _shows_launch_template(_launch_template("STOPPED")),
    "update-replication-configuration": _configures(
        _REPLICATION_CONFIGURATION, "GetReplicationConfiguration"
    ),
    "update-replication-configuration-template": _shows_replication_template(
        _replication_template(bandwidthThrottling=100)
    ),
}
