# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Made-up fleets by choice: where the machines come from, their tags, their operating system."""

from __future__ import annotations

from typing import Any

import pytest
from launch_runner import Launches

from drs_sdk.testing import DRSEmulator

WINDOWS = "Microsoft Windows Server 2019 Standard"
LINUX = "Linux version 4.18.0"


async def _described(raw: Any) -> list[dict[str, Any]]:
    return (await raw.describe_source_servers())["items"]


async def test_machines_come_from_another_region_of_ec2_unless_told_otherwise(
    emulator: DRSEmulator, raw: Any
) -> None:
    emulator.add_source_servers(20)
    for server in await _described(raw):
        cloud = server["sourceCloudProperties"]
        assert cloud["originAccountID"] == emulator.account_id
        assert cloud["originRegion"] == "us-west-2" != emulator.region
        assert cloud["originAvailabilityZone"] in {"us-west-2a", "us-west-2b", "us-west-2c"}
        hints = server["sourceProperties"]["identificationHints"]
        assert "awsInstanceID" in hints
        assert "vmWareUuid" not in hints


async def test_the_region_and_the_account_of_origin_are_chosen(
    emulator: DRSEmulator, raw: Any
) -> None:
    emulator.add_source_servers(1, origin_region="eu-west-1", origin_account_id="444455556666")
    (server,) = await _described(raw)
    cloud = server["sourceCloudProperties"]
    assert (cloud["originRegion"], cloud["originAccountID"]) == ("eu-west-1", "444455556666")
    assert cloud["originAvailabilityZone"].startswith("eu-west-1")


async def test_machines_outside_of_ec2(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(20, origin="ON_PREMISES")
    for server in await _described(raw):
        hints = server["sourceProperties"]["identificationHints"]
        assert "sourceCloudProperties" not in server
        assert "vmWareUuid" in hints
        assert "awsInstanceID" not in hints
    launches = Launches(emulator, raw)
    await launches.run(ids[:1])
    assert (await launches.instance(ids[0]))["originEnvironment"] == "ON_PREMISES"


async def test_an_instance_shows_the_origin_of_its_machine(emulator: DRSEmulator, raw: Any) -> None:
    launches = Launches(emulator, raw)
    ids = emulator.add_source_servers(1, origin_region="ap-south-1")
    await launches.run(ids)
    instance = await launches.instance(ids[0])
    assert instance["originEnvironment"] == "AWS"
    assert instance["originAvailabilityZone"].startswith("ap-south-1")


@pytest.mark.parametrize(
    ("regions", "origins"),
    [
        (["us-east-1"], ["us-west-2"]),
        (["us-west-2"], ["us-east-1"]),
        (["eu-west-1", "eu-central-1"], ["eu-central-1", "eu-west-1"]),
        (["a-b-1", "a-b-2", "a-b-3"], ["a-b-2", "a-b-3", "a-b-1"]),
    ],
)
async def test_machines_come_from_the_next_region_of_the_world(
    regions: list[str], origins: list[str]
) -> None:
    world = DRSEmulator(regions=regions)
    async with world:
        for region, expected in zip(regions, origins, strict=True):
            world.at(region=region).add_source_servers(1)
            async with world.client(region_name=region) as drs:
                (server,) = await drs.describe_source_servers().collect()
            assert server.source_cloud_properties is not None
            assert server.source_cloud_properties.origin_region == expected


async def test_tags_are_chosen(emulator: DRSEmulator, raw: Any) -> None:
    tags = {"wave": "1", "app": "shop"}
    emulator.add_source_servers(2, tags=tags)
    emulator.add_source_servers(1, tags={"Name": "mine"})
    emulator.add_source_servers(1, tags={})
    first, second, third, fourth = [server["tags"] for server in await _described(raw)]
    assert first == {"Name": first["Name"], **tags}
    assert second == {"Name": second["Name"], **tags}
    assert first["Name"] != second["Name"]
    assert third == {"Name": "mine"}
    assert fourth.keys() == {"Name"}
    await raw.tag_resource(resourceArn=(await _described(raw))[0]["arn"], tags={"wave": "2"})
    assert tags["wave"] == "1"
    assert (await _described(raw))[1]["tags"]["wave"] == "1"


@pytest.mark.parametrize(("os", "boot"), [(WINDOWS, "c:0"), (LINUX, "/dev/")])
async def test_the_operating_system_is_chosen(
    emulator: DRSEmulator, raw: Any, os: str, boot: str
) -> None:
    emulator.add_source_servers(20, os=os)
    for server in await _described(raw):
        properties = server["sourceProperties"]
        assert properties["os"]["fullString"] == os
        assert properties["disks"][0]["deviceName"].startswith(boot)


async def test_by_default_the_operating_systems_are_mixed(emulator: DRSEmulator, raw: Any) -> None:
    emulator.add_source_servers(50)
    systems = {s["sourceProperties"]["os"]["fullString"] for s in await _described(raw)}
    assert len(systems) == 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"origin": "AZURE"}, "no origin"),
        ({"origin": "ON_PREMISES", "origin_region": "eu-west-1"}, "not in EC2"),
        ({"origin": "ON_PREMISES", "origin_account_id": "444455556666"}, "not in EC2"),
        ({"state": "FINE"}, "no data replication state"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    emulator: DRSEmulator, raw: Any, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        emulator.add_source_servers(1, **wrong)
    assert await _described(raw) == []


async def test_servers_of_a_staging_account_come_from_it(emulator: DRSEmulator, raw: Any) -> None:
    (arn,) = emulator.add_staging_account("444455556666")
    extended = (await raw.create_extended_source_server(sourceServerArn=arn))["sourceServer"]
    assert extended["sourceCloudProperties"]["originAccountID"] == "444455556666"
