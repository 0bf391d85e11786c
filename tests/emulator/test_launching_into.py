"""Launching into the source instance: what it asks for, what it refuses, what comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from letters import A1, A_SYNC, EAST, INVALID, ONE, Side, Way, id_of, world

from drs_sdk.testing import DRSEmulator

TAGS = {"AWSDRS": "AllowLaunchingIntoThisInstance", "Name": "home"}
SETTINGS: dict[str, Any] = {
    "launchIntoSourceInstance": True,
    "copyTags": False,
    "copyPrivateIp": False,
}


async def into(side: Side, server_id: str) -> str | None:
    shown = await side.call("get_launch_configuration", sourceServerID=server_id)
    return shown["launchIntoInstanceProperties"].get("launchIntoEC2InstanceID")


async def test_the_machine_at_home_is_launched_into() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        there, home = sides.recovery, sides.origin
        await home.call("create_launch_configuration_template", **SETTINGS)
        home.place.describe_ec2_instance(A1, tags=TAGS, state="RUNNING")
        b1 = await sides.add_b1()
        b2 = await there.launch(b1)
        a2 = id_of(await there.reverse(b2))
        assert await into(home, a2) == A1
        await emulator.clock.advance(A_SYNC)
        servers = [{"sourceServerID": a2}]
        why = await home.refused("start_recovery", sourceServers=servers)
        assert "not stopped" in why
        home.place.describe_ec2_instance(A1, state="STOPPED")

        a3 = await home.launch(a2)
        assert a3 == A1
        assert (await home.instance(a3))["ec2InstanceState"] == "RUNNING"
        assert id_of(await home.reverse(a3)) == b1
        # Nobody asked for it on the recovery side.
        assert await into(there, b1) is None
        await sides.clean_up(b2, a2, a3)

        # The machine runs on, so the next way home is refused until it is stopped again.
        a2 = id_of(await there.reverse(await there.launch(b1)))
        assert await into(home, a2) == A1
        await emulator.clock.advance(A_SYNC)
        await home.refused("start_recovery", sourceServers=[{"sourceServerID": a2}])


async def test_the_recovery_side_may_ask_for_it_too() -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two accounts")
        there, home = sides.recovery, sides.origin
        await there.call("create_launch_configuration_template", **SETTINGS)
        b1 = await sides.add_b1()
        b2, _, a3 = await sides.out_and_back(b1)
        why = await home.refused("reverse_replication", INVALID, recoveryInstanceID=a3)
        assert b2 in why
        there.place.describe_ec2_instance(b2, tags=TAGS)
        assert id_of(await home.reverse(a3)) == b1
        assert await into(there, b1) == b2


async def test_within_one_region() -> None:
    async with DRSEmulator(regions=[EAST], check_answers=True) as emulator:
        side = Side(emulator)
        await side.call("create_launch_configuration_template", **SETTINGS)
        b1 = await side.add_b1(EAST, ONE)
        emulator.describe_ec2_instance(A1, tags=TAGS)
        b2 = await side.launch(b1)
        assert id_of(await side.reverse(b2)) == b1
        assert await into(side, b1) == A1
        await emulator.clock.advance(A_SYNC)
        a3 = await side.launch(b1)
        assert a3 == A1
        assert {i["recoveryInstanceID"] for i in await side.instances()} == {b2, a3}


@pytest.mark.parametrize(
    ("settings", "described", "why"),
    [
        ({}, {}, "tag AWSDRS=AllowLaunchingIntoThisInstance"),
        ({}, {"tags": {"AWSDRS": "yes"}}, "tag AWSDRS=AllowLaunchingIntoThisInstance"),
        ({"copyTags": True}, {"tags": TAGS}, "copyTags must be off"),
        ({"copyPrivateIp": True}, {"tags": TAGS}, "copyPrivateIp must be off"),
        ({}, {"tags": TAGS, "root_device": "INSTANCE_STORE"}, "EBS root device"),
        ({}, {"tags": TAGS, "platform": "other"}, "platform"),
    ],
    ids=str,
)
async def test_a_reversal_fails_where_it_is_not_possible(
    settings: dict[str, Any], described: dict[str, Any], why: str
) -> None:
    async with world() as emulator:
        sides = Way.between(emulator, "two Regions")
        there, home = sides.recovery, sides.origin
        await home.call("create_launch_configuration_template", **{**SETTINGS, **settings})
        b1 = await sides.add_b1()
        if "platform" in described:
            name = (await there.server(b1))["sourceProperties"]["os"]["fullString"]
            other = "LINUX" if "Windows" in name else "WINDOWS"
            described = {**described, "platform": other}
        if described:
            home.place.describe_ec2_instance(A1, **described)
        b2 = await there.launch(b1)
        said = await there.refused("reverse_replication", INVALID, recoveryInstanceID=b2)
        assert why in said
        assert await home.servers() == []
        assert (await there.instance(b2))["failback"]["state"] == "FAILBACK_NOT_STARTED"
        home.place.describe_ec2_instance(
            A1, tags=TAGS, root_device="EBS", platform=_right(described.get("platform"))
        )
        (template,) = (await home.call("describe_launch_configuration_templates"))["items"]
        await home.call(
            "update_launch_configuration_template",
            launchConfigurationTemplateID=template["launchConfigurationTemplateID"],
            **SETTINGS,
        )
        assert await into(home, id_of(await there.reverse(b2))) == A1


def _right(wrong: str | None) -> Any:  # noqa: ANN401 - a platform, or none
    return {None: None, "LINUX": "WINDOWS", "WINDOWS": "LINUX"}[wrong]


async def test_what_is_said_of_an_ec2_instance_must_make_sense() -> None:
    async with world() as emulator:
        side = Side(emulator)
        b2 = await side.launch(await side.add_b1(EAST, ONE))
        for wrong in ({"state": "ASLEEP"}, {"platform": "BEOS"}, {"root_device": "TAPE"}):
            with pytest.raises(ValueError, match="is none of"):
                emulator.describe_ec2_instance(A1, **wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="set_instance_state"):
            emulator.describe_ec2_instance(b2, state="STOPPED")
