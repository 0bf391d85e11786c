# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Launch and replication configuration of servers, and the replication template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing import DRSEmulator

NO_SERVER = "s-" + "9" * 17
NO_TEMPLATE = "rct-" + "9" * 17
KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678"
POLICY = [
    {"units": "MINUTE", "interval": 10, "retentionDuration": 60},
    {"units": "HOUR", "interval": 1, "retentionDuration": 24},
    {"units": "DAY", "interval": 1, "retentionDuration": 3, "enabled": False},
]
TEMPLATE: dict[str, Any] = {
    "stagingAreaSubnetId": "subnet-1234567890abcdef0",
    "replicationServersSecurityGroupsIDs": ["sg-1234567890abcdef0"],
    "ebsEncryption": "DEFAULT",
    "bandwidthThrottling": 100,
    "stagingAreaTags": {"area": "staging"},
    "pitPolicy": POLICY,
}


async def _code(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response["Error"]["Code"]


def _body(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


async def test_launch_configuration_of_a_server(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    shown = _body(await raw.get_launch_configuration(sourceServerID=server_id))
    assert shown["sourceServerID"] == server_id
    assert shown["ec2LaunchTemplateID"].startswith("lt-")
    assert shown["launchDisposition"] == "STARTED"
    changed = _body(
        await raw.update_launch_configuration(
            sourceServerID=server_id,
            name="new",
            licensing={"osByol": True},
            launchIntoInstanceProperties={"launchIntoEC2InstanceID": "i-0123456789abcdef0"},
        )
    )
    assert changed == {
        **shown,
        "name": "new",
        "licensing": {"osByol": True},
        "launchIntoInstanceProperties": {"launchIntoEC2InstanceID": "i-0123456789abcdef0"},
    }
    assert _body(await raw.get_launch_configuration(sourceServerID=server_id)) == changed
    for call in (raw.get_launch_configuration, raw.update_launch_configuration):
        assert await _code(call(sourceServerID=NO_SERVER)) == "ResourceNotFoundException"


async def test_servers_take_over_what_the_template_says_when_they_are_added(
    emulator: DRSEmulator, raw: Any
) -> None:
    (before,) = emulator.add_source_servers(1)
    template = await raw.create_launch_configuration_template(copyTags=True)
    template_id = template["launchConfigurationTemplate"]["launchConfigurationTemplateID"]
    (between,) = emulator.add_source_servers(1)
    await raw.update_launch_configuration_template(
        launchConfigurationTemplateID=template_id, copyPrivateIp=True
    )
    (after,) = emulator.add_source_servers(1)
    await raw.delete_launch_configuration_template(launchConfigurationTemplateID=template_id)
    (last,) = emulator.add_source_servers(1)
    seen = []
    for server_id in (before, between, after, last):
        shown = await raw.get_launch_configuration(sourceServerID=server_id)
        seen.append((shown["copyTags"], shown["copyPrivateIp"]))
    assert seen == [(False, False), (True, False), (True, True), (False, False)]


async def test_replication_configuration_of_a_server(emulator: DRSEmulator, raw: Any) -> None:
    (before,) = emulator.add_source_servers(1)
    template = _body(await raw.create_replication_configuration_template(**TEMPLATE))
    (server_id,) = emulator.add_source_servers(1)
    shown = _body(await raw.get_replication_configuration(sourceServerID=server_id))
    taken_over = {k: v for k, v in template.items() if k in shown and k != "name"}
    assert shown.items() >= taken_over.items()
    assert set(template) - set(taken_over) == {"replicationConfigurationTemplateID", "arn", "tags"}
    server = (await raw.describe_source_servers(filters={"sourceServerIDs": [server_id]}))["items"]
    names = [disk["deviceName"] for disk in server[0]["sourceProperties"]["disks"]]
    assert [disk["deviceName"] for disk in shown["replicatedDisks"]] == names
    assert shown["replicatedDisks"][0]["isBootDisk"]

    disk = {"deviceName": names[0], "stagingDiskType": "GP3", "iops": 4000, "throughput": 250}
    changed = _body(
        await raw.update_replication_configuration(
            sourceServerID=server_id, bandwidthThrottling=7, replicatedDisks=[disk]
        )
    )
    assert changed["bandwidthThrottling"] == 7
    assert changed["replicatedDisks"][0].items() >= disk.items()
    assert changed["replicatedDisks"][1:] == shown["replicatedDisks"][1:]
    assert _body(await raw.get_replication_configuration(sourceServerID=server_id)) == changed
    other = await raw.get_replication_configuration(sourceServerID=before)
    assert other["bandwidthThrottling"] == 0

    for code, change in (
        ("ValidationException", {"replicatedDisks": [{"deviceName": "nowhere"}]}),
        ("ValidationException", {"ebsEncryption": "CUSTOM"}),
        ("ValidationException", {"pitPolicy": POLICY[:2]}),
        ("ResourceNotFoundException", {"sourceServerID": NO_SERVER}),
    ):
        params = {"sourceServerID": server_id, **change}
        assert await _code(raw.update_replication_configuration(**params)) == code
    assert _body(await raw.get_replication_configuration(sourceServerID=server_id)) == changed
    encrypted = await raw.update_replication_configuration(
        sourceServerID=server_id, ebsEncryption="CUSTOM", ebsEncryptionKeyArn=KEY
    )
    assert encrypted["ebsEncryptionKeyArn"] == KEY


async def test_a_replication_template_from_making_to_deleting(raw: Any) -> None:
    made = await raw.create_replication_configuration_template(**TEMPLATE, tags={"team": "dr"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    template = _body(made)
    template_id = template["replicationConfigurationTemplateID"]
    assert template.items() >= {**TEMPLATE, "pitPolicy": template["pitPolicy"]}.items()
    assert [rule["ruleID"] for rule in template["pitPolicy"]] == [1, 2, 3]
    assert [rule["enabled"] for rule in template["pitPolicy"]] == [True, True, False]
    assert template["arn"].endswith(f":replication-configuration-template/{template_id}")
    assert await _code(raw.create_replication_configuration_template(**TEMPLATE)) == (
        "ServiceQuotaExceededException"
    )
    for ids in ({}, {"replicationConfigurationTemplateIDs": [template_id]}):
        found = await raw.describe_replication_configuration_templates(**ids)
        assert found["items"] == [template]
    changed = _body(
        await raw.update_replication_configuration_template(
            replicationConfigurationTemplateID=template_id, arn=KEY, createPublicIP=True
        )
    )
    assert changed == {**template, "createPublicIP": True}
    same_number = [{**rule, "ruleID": 1} for rule in POLICY]
    assert (
        await _code(
            raw.update_replication_configuration_template(
                replicationConfigurationTemplateID=template_id, pitPolicy=same_number
            )
        )
        == "ValidationException"
    )
    await raw.tag_resource(resourceArn=template["arn"], tags={"more": "tags"})
    tags = (await raw.list_tags_for_resource(resourceArn=template["arn"]))["tags"]
    assert tags == {"team": "dr", "more": "tags"}
    deleted = await raw.delete_replication_configuration_template(
        replicationConfigurationTemplateID=template_id
    )
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert (await raw.describe_replication_configuration_templates())["items"] == []


async def test_a_replication_template_that_is_not_there(raw: Any) -> None:
    for call in (
        raw.describe_replication_configuration_templates(
            replicationConfigurationTemplateIDs=[NO_TEMPLATE]
        ),
        raw.update_replication_configuration_template(
            replicationConfigurationTemplateID=NO_TEMPLATE
        ),
        raw.delete_replication_configuration_template(
            replicationConfigurationTemplateID=NO_TEMPLATE
        ),
    ):
        assert await _code(call) == "ResourceNotFoundException"


async def test_configurations_go_with_their_server(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    await raw.get_launch_configuration(sourceServerID=server_id)
    await raw.get_replication_configuration(sourceServerID=server_id)
    await raw.disconnect_source_server(sourceServerID=server_id)
    await raw.delete_source_server(sourceServerID=server_id)
    assert await _code(raw.get_launch_configuration(sourceServerID=server_id)) == (
        "ResourceNotFoundException"
    )
    resources: Any = emulator.snapshot()["resources"]
    assert resources["launch_configurations"] == []
    assert resources["replication_configurations"] == []


async def test_configurations_can_be_loaded(
    emulator: DRSEmulator, raw: Any, raw_of: Callable[..., Any]
) -> None:
    from drs_sdk.testing import DRSEmulator

    (server_id,) = emulator.add_source_servers(1)
    await raw.create_replication_configuration_template(**TEMPLATE)
    await raw.create_launch_configuration_template(copyTags=True)
    network_id = emulator.add_source_network(source_server_ids=[server_id])
    printed = [
        await raw.describe_source_servers(),
        await raw.update_launch_configuration(sourceServerID=server_id, name="mine"),
        await raw.update_replication_configuration(sourceServerID=server_id, createPublicIP=True),
        await raw.describe_replication_configuration_templates(),
        await raw.describe_launch_configuration_templates(),
        await raw.describe_source_networks(),
    ]
    async with DRSEmulator(check_answers=True) as copy, raw_of(copy) as client:
        loaded = copy.load(printed)
        assert {server_id, network_id} <= set(loaded)
        for answer, call, params in (
            (printed[0], client.describe_source_servers, {}),
            (printed[1], client.get_launch_configuration, {"sourceServerID": server_id}),
            (printed[2], client.get_replication_configuration, {"sourceServerID": server_id}),
            (printed[3], client.describe_replication_configuration_templates, {}),
            (printed[4], client.describe_launch_configuration_templates, {}),
            (printed[5], client.describe_source_networks, {}),
        ):
            assert _body(await call(**params)) == _body(answer)
        assert copy.defects == []
