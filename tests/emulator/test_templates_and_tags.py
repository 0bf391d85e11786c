# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Launch configuration templates, and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from drs_sdk.testing import DRSEmulator

NOWHERE = "lct-" + "9" * 17


async def _code(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response["Error"]["Code"]


async def test_a_template_from_making_to_deleting(raw: Any) -> None:
    made = await raw.create_launch_configuration_template(
        copyTags=True, licensing={"osByol": True}, tags={"team": "dr"}
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    template = made["launchConfigurationTemplate"]
    template_id = template["launchConfigurationTemplateID"]
    assert (template["copyTags"], template["copyPrivateIp"]) == (True, False)
    assert template["arn"].endswith(f":launch-configuration-template/{template_id}")
    assert await _code(raw.create_launch_configuration_template()) == (
        "ServiceQuotaExceededException"
    )
    for ids in ({}, {"launchConfigurationTemplateIDs": [template_id]}):
        assert (await raw.describe_launch_configuration_templates(**ids))["items"] == [template]
    changed = await raw.update_launch_configuration_template(
        launchConfigurationTemplateID=template_id, launchDisposition="STOPPED"
    )
    assert changed["launchConfigurationTemplate"] == {**template, "launchDisposition": "STOPPED"}
    deleted = await raw.delete_launch_configuration_template(
        launchConfigurationTemplateID=template_id
    )
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert (await raw.describe_launch_configuration_templates())["items"] == []
    assert await _code(raw.list_tags_for_resource(resourceArn=template["arn"])) == (
        "ResourceNotFoundException"
    )


async def test_a_template_that_is_not_there(raw: Any) -> None:
    for call in (
        raw.describe_launch_configuration_templates(launchConfigurationTemplateIDs=[NOWHERE]),
        raw.update_launch_configuration_template(launchConfigurationTemplateID=NOWHERE),
        raw.delete_launch_configuration_template(launchConfigurationTemplateID=NOWHERE),
    ):
        assert await _code(call) == "ResourceNotFoundException"


async def test_tags(emulator: DRSEmulator, raw: Any) -> None:
    emulator.add_source_servers(1)
    (server,) = (await raw.describe_source_servers())["items"]
    arn = server["arn"]
    assert (await raw.list_tags_for_resource(resourceArn=arn))["tags"] == server["tags"]
    await raw.tag_resource(resourceArn=arn, tags={"a b": "1", "c&d": "ü/+", "Name": "new"})
    (server,) = (await raw.describe_source_servers())["items"]
    assert server["tags"]["Name"] == "new"
    assert server["tags"]["c&d"] == "ü/+"
    await raw.untag_resource(resourceArn=arn, tagKeys=["a b", "c&d", "absent"])
    tags = (await raw.list_tags_for_resource(resourceArn=arn))["tags"]
    assert "a b" not in tags
    assert "c&d" not in tags
    assert tags["Name"] == "new"


async def test_a_resource_that_is_not_there_has_no_tags(emulator: DRSEmulator, raw: Any) -> None:
    arn = "arn:aws:drs:us-east-1:111122223333:job/drsjob-" + "0" * 17
    for call in (
        raw.list_tags_for_resource(resourceArn=arn),
        raw.tag_resource(resourceArn=arn, tags={"a": "b"}),
        raw.untag_resource(resourceArn=arn, tagKeys=["a"]),
    ):
        assert await _code(call) == "ResourceNotFoundException"
    assert [request.params["resourceArn"] for request in emulator.requests] == [arn] * 3
    assert await _code(raw.list_tags_for_resource(resourceArn="short")) == "ValidationException"


async def test_a_resource_has_fifty_tags_at_most(raw: Any) -> None:
    many = {f"k{n}": "" for n in range(50)}
    for call in (
        raw.create_launch_configuration_template(tags={**many, "more": ""}),
        raw.create_recovery_plan(name="plan", tags={**many, "more": ""}),
    ):
        assert await _code(call) == "ValidationException"
    made = await raw.create_launch_configuration_template(tags=many)
    arn = made["launchConfigurationTemplate"]["arn"]
    await raw.tag_resource(resourceArn=arn, tags={"k0": "changed"})
    with pytest.raises(ClientError) as caught:
        await raw.tag_resource(resourceArn=arn, tags={"k0": "again", "more": ""})
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    (field,) = caught.value.response["fieldList"]
    assert field["name"] == "tags"
    tags = (await raw.list_tags_for_resource(resourceArn=arn))["tags"]
    assert tags == {**many, "k0": "changed"}
    await raw.untag_resource(resourceArn=arn, tagKeys=["k1"])
    await raw.tag_resource(resourceArn=arn, tags={"more": ""})
