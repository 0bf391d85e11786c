# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Post-launch actions of source servers and of the launch template."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator, Quotas
from drs_sdk.testing.state.predefined_actions import IDENTIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable

NO_SERVER = "s-" + "9" * 17


def _action(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "actionId": str(uuid.UUID(int=number)),
        "actionCode": "AWS-RunShellScript",
        "order": number,
        "optional": False,
        "active": True,
        "name": f"Action {number}",
        "actionVersion": "$LATEST",
        "category": "VALIDATION",
        "description": "Looks at the disks.",
        "parameters": {"commands": {"type": "SSM_STORE", "value": "name"}},
        **changes,
    }


async def _code(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response["Error"]["Code"]


async def _orders(raw: Any, resource_id: str, **params: Any) -> list[int]:
    """The orders of the actions that are not predefined."""
    listed = await raw.list_launch_actions(resourceId=resource_id, **params)
    return [a["order"] for a in listed["items"] if a["actionId"] not in IDENTIFIERS]


async def test_actions_are_listed_in_the_order_they_run(emulator: DRSEmulator, raw: Any) -> None:
    server_id, other = emulator.add_source_servers(2)
    for number in (30, 10, 20):
        put = await raw.put_launch_action(resourceId=server_id, **_action(number))
        assert put.items() >= {**_action(number), "resourceId": server_id}.items()
        assert put["type"] == "SSM_COMMAND"
    assert await _orders(raw, server_id) == [10, 20, 30]
    assert await _orders(raw, other) == []
    ids = [_action(number)["actionId"] for number in (30, 10, 99)]
    assert await _orders(raw, server_id, filters={"actionIds": ids}) == [10, 30]
    replaced = _action(20, order=40, actionCode="Own-Document", active=False)
    put = await raw.put_launch_action(resourceId=server_id, **replaced)
    assert put["type"] == "SSM_AUTOMATION"
    assert await _orders(raw, server_id) == [10, 30, 40]
    assert await _code(raw.put_launch_action(resourceId=server_id, **_action(11, order=10))) == (
        "ConflictException"
    )
    assert await _code(raw.put_launch_action(resourceId=server_id, **_action(1))) == (
        "ValidationException"
    )
    gone = _action(30)["actionId"]
    answer = await raw.delete_launch_action(resourceId=server_id, actionId=gone)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert await _orders(raw, server_id) == [10, 40]
    assert await _code(raw.delete_launch_action(resourceId=server_id, actionId=gone)) == (
        "ResourceNotFoundException"
    )
    for call in (
        raw.list_launch_actions(resourceId=NO_SERVER),
        raw.put_launch_action(resourceId="lct-" + "9" * 17, **_action(2)),
        raw.delete_launch_action(resourceId=NO_SERVER, actionId=gone),
    ):
        assert await _code(call) == "ResourceNotFoundException"


async def test_pages_stay_whole_while_actions_come_and_go(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    for number in range(10, 20):
        await raw.put_launch_action(resourceId=server_id, **_action(number))
    first = await raw.list_launch_actions(resourceId=server_id, maxResults=4)
    await raw.delete_launch_action(resourceId=server_id, actionId=_action(11)["actionId"])
    await raw.put_launch_action(resourceId=server_id, **_action(5))
    second = await raw.list_launch_actions(resourceId=server_id, nextToken=first["nextToken"])
    orders = [a["order"] for a in first["items"] + second["items"]]
    assert orders[:10] == list(range(10, 20))
    assert len(orders) == 10 + len(IDENTIFIERS)


async def test_servers_take_over_the_actions_of_the_template(
    emulator: DRSEmulator, raw: Any
) -> None:
    (before,) = emulator.add_source_servers(1)
    made = await raw.create_launch_configuration_template(postLaunchEnabled=True)
    template_id = made["launchConfigurationTemplate"]["launchConfigurationTemplateID"]
    for number in (2, 3):
        await raw.put_launch_action(resourceId=template_id, **_action(number))
    (between,) = emulator.add_source_servers(1)
    await raw.delete_launch_action(resourceId=template_id, actionId=_action(2)["actionId"])
    (after,) = emulator.add_source_servers(1)
    await raw.put_launch_action(resourceId=between, **_action(4))
    assert await _orders(raw, template_id) == [3]
    assert [await _orders(raw, s) for s in (before, between, after)] == [[], [2, 3, 4], [3]]
    saved = emulator.snapshot()
    await raw.delete_launch_configuration_template(launchConfigurationTemplateID=template_id)
    assert await _code(raw.list_launch_actions(resourceId=template_id)) == (
        "ResourceNotFoundException"
    )
    assert await _orders(raw, after) == [3]
    for server_id in (before, between, after):
        await raw.disconnect_source_server(sourceServerID=server_id)
        await raw.delete_source_server(sourceServerID=server_id)
    resources: Any = emulator.snapshot()["resources"]
    assert resources["launch_actions"] == []
    emulator.restore(saved)
    assert [await _orders(raw, s) for s in (before, between, after)] == [[], [2, 3, 4], [3]]


async def test_the_quota_of_actions(raw_of: Callable[..., Any]) -> None:
    async with (
        DRSEmulator(quotas=Quotas(launch_actions=2), check_answers=True) as emulator,
        raw_of(emulator) as raw,
    ):
        (server_id,) = emulator.add_source_servers(1)
        for number in (2, 3):
            await raw.put_launch_action(resourceId=server_id, **_action(number))
        assert await _code(raw.put_launch_action(resourceId=server_id, **_action(4))) == (
            "ServiceQuotaExceededException"
        )
        await raw.put_launch_action(resourceId=server_id, **_action(3, name="Changed"))
        assert emulator.defects == []


async def _predefined(raw: Any, resource_id: str) -> list[dict[str, Any]]:
    listed = (await raw.list_launch_actions(resourceId=resource_id))["items"]
    return [action for action in listed if action["actionId"] in IDENTIFIERS]


async def test_a_fresh_server_and_a_fresh_template_have_the_predefined_actions(
    emulator: DRSEmulator, raw: Any
) -> None:
    (server_id,) = emulator.add_source_servers(1)
    items = (await raw.list_launch_actions(resourceId=server_id))["items"]
    assert {action["actionCode"] for action in items} == {
        "AWS-CreateImage",
        "AWSEC2-ApplicationInsightsCloudwatchAgentInstallAndConfigure",
        "AWSMigration-LinuxTimeSyncSetting",
        "AWSMigration-ValidateDiskSpace",
        "AWSMigration-ValidateHttpResponse",
        "AWSMigration-ValidateNetworkConnectivity",
        "AWSMigration-VerifyMountedVolumes",
        "AWSMigration-VerifyProcessIsRunning",
    }
    assert not any(action["active"] for action in items)
    volumes = next(a for a in items if a["actionCode"] == "AWSMigration-VerifyMountedVolumes")
    assert (volumes["order"], volumes["type"]) == (401, "SSM_COMMAND")
    made = await raw.create_launch_configuration_template(postLaunchEnabled=True)
    template_id = made["launchConfigurationTemplate"]["launchConfigurationTemplateID"]
    assert (await raw.list_launch_actions(resourceId=template_id))["items"] == items


async def test_a_predefined_action_is_activated_and_runs(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    await raw.update_launch_configuration(sourceServerID=server_id, postLaunchEnabled=True)
    before = await _predefined(raw, server_id)
    volumes = next(a for a in before if a["order"] == 401)
    asked = {name: value for name, value in volumes.items() if name != "type"} | {"active": True}
    put = await raw.put_launch_action(resourceId=server_id, **asked)
    assert put["type"] == volumes["type"]
    after = await _predefined(raw, server_id)
    assert after == [{**a, "active": a["order"] == 401} for a in before]
    answer = await raw.start_recovery(sourceServers=[{"sourceServerID": server_id}])
    await emulator.clock.advance(1200)
    filters = {"jobIDs": [answer["job"]["jobID"]]}
    (job,) = (await raw.describe_jobs(filters=filters))["items"]
    (server,) = job["participatingServers"]
    runs = server["launchActionsStatus"]["runs"]
    assert [run["action"]["actionCode"] for run in runs] == ["AWSMigration-VerifyMountedVolumes"]


async def test_servers_take_over_what_became_of_the_predefined_actions(
    emulator: DRSEmulator, raw: Any
) -> None:
    (before,) = emulator.add_source_servers(1)
    made = await raw.create_launch_configuration_template()
    template_id = made["launchConfigurationTemplate"]["launchConfigurationTemplateID"]
    whole = await _predefined(raw, before)
    first, second, *_ = whole
    gone = first["actionId"]
    await raw.delete_launch_action(resourceId=template_id, actionId=gone)
    asked = {name: value for name, value in second.items() if name != "type"} | {"active": True}
    await raw.put_launch_action(resourceId=template_id, **asked)
    (after,) = emulator.add_source_servers(1)
    changed = [{**second, "active": True}, *whole[2:]]
    assert await _predefined(raw, template_id) == changed
    assert await _predefined(raw, after) == changed
    assert await _predefined(raw, before) == whole
    call = raw.delete_launch_action(resourceId=after, actionId=gone)
    assert await _code(call) == "ResourceNotFoundException"
    # Put back by hand, it is there again; and a snapshot keeps all of it.
    asked = {name: value for name, value in first.items() if name != "type"}
    await raw.put_launch_action(resourceId=after, **asked)
    emulator.restore(emulator.snapshot())
    assert await _predefined(raw, after) == [first, *changed]


async def test_predefined_actions_do_not_count(raw_of: Callable[..., Any]) -> None:
    quotas = Quotas(launch_actions=1)
    async with DRSEmulator(quotas=quotas, check_answers=True) as emulator, raw_of(emulator) as raw:
        (server_id,) = emulator.add_source_servers(1)
        await raw.put_launch_action(resourceId=server_id, **_action(2))
        await raw.put_launch_action(resourceId=server_id, **_action(2, order=3))
        for action in await _predefined(raw, server_id):
            asked = {name: value for name, value in action.items() if name != "type"}
            await raw.put_launch_action(resourceId=server_id, **asked)
        call = raw.put_launch_action(resourceId=server_id, **_action(4))
        assert await _code(call) == "ServiceQuotaExceededException"
        assert emulator.defects == []
