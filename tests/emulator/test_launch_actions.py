# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Post-launch actions of source servers and of the launch template."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator, Quotas

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
    listed = await raw.list_launch_actions(resourceId=resource_id, **params)
    return [action["order"] for action in listed["items"]]


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
    assert [a["order"] for a in first["items"] + second["items"]] == list(range(10, 20))


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
