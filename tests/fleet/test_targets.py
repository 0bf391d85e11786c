"""Targets, and how fleets come by them; nothing is sent here."""

from __future__ import annotations

import inspect
import json
import pickle
import re
from pathlib import Path
from typing import Any

import botocore
import pytest
from aiobotocore.config import AioConfig

from drs_sdk import DRSClient
from drs_sdk._transport.aws.partitions import partition_of
from drs_sdk.errors import ClientClosedError, ConfigurationError
from drs_sdk.fleet import Fleet, Target
from drs_sdk.testing import EmulatorClock
from drs_sdk.testing.front.sdk_session import FleetOptions

ONE, TWO = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ONE}:role/ops/DisasterRecovery"


def test_a_target_is_a_key_and_pickles() -> None:
    target = Target("eu-west-1", role_arn=ROLE, external_id="secret", profile_name="p")
    again = pickle.loads(pickle.dumps(target))  # noqa: S301 - our own
    assert again == target
    assert {again: 1}[target] == 1
    assert target != Target("eu-west-1", role_arn=ROLE)


def test_a_target_shows_where_it_is_and_no_secret() -> None:
    target = Target("eu-west-1", role_arn=ROLE, external_id="secret")
    assert "secret" not in f"{target!r} {target}"
    assert target.account_id == ONE
    assert str(target) == f"{ONE}/eu-west-1"
    assert str(Target("eu-west-1")) == "eu-west-1"
    assert str(Target("eu-west-1", profile_name="night")) == "night/eu-west-1"


@pytest.mark.parametrize(
    "options",
    [
        {"region_name": ""},
        {"region_name": None},
        {"account_id": "1234"},
        {"account_id": "١١١١٢٢٢٢٣٣٣٣"},
        {"role_arn": "DisasterRecovery"},
        {"role_arn": f"arn:aws:iam::{ONE}:user/me"},
        {"account_id": TWO, "role_arn": ROLE},
        {"external_id": "42"},
        {"role_session_name": "me"},
    ],
)
def test_a_target_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Target(**{"region_name": "eu-west-1", **options})


def test_across_is_every_account_in_every_region() -> None:
    fleet = Fleet.across(
        accounts=[ONE, TWO],
        regions=["eu-west-1", "cn-north-1"],
        role_name="ops/DR",
        external_id="42",
    )
    assert [(target.account_id, target.region_name) for target in fleet.targets] == [
        (ONE, "eu-west-1"),
        (ONE, "cn-north-1"),
        (TWO, "eu-west-1"),
        (TWO, "cn-north-1"),
    ]
    assert fleet.targets[0].role_arn == f"arn:aws:iam::{ONE}:role/ops/DR"
    assert fleet.targets[1].role_arn == f"arn:aws-cn:iam::{ONE}:role/ops/DR"
    assert {target.external_id for target in fleet.targets} == {"42"}


def test_across_regions_alone_is_the_account_of_the_credentials() -> None:
    assert Fleet.across(regions=["eu-west-1"]).targets == (Target("eu-west-1"),)


@pytest.mark.parametrize(
    "options",
    [
        {"regions": []},
        {"regions": "eu-west-1"},
        {"regions": ["eu-west-1", "eu-west-1"]},
        {"accounts": [ONE]},
        {"role_name": "R"},
        {"external_id": "42"},
        {"accounts": [], "role_name": "R"},
        {"accounts": ONE, "role_name": "R"},
        {"accounts": [ONE, ONE], "role_name": "R"},
    ],
)
def test_across_nothing_or_the_same_twice_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Fleet.across(**{"regions": ["us-east-1"], **options})


@pytest.mark.parametrize("given", [[], ["eu-west-1"], [None], [Target("a"), Target("a")]])
def test_a_fleet_of_no_targets_is_refused(given: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError):
        Fleet(given)


@pytest.mark.parametrize("name", ["concurrency", "max_open_clients", "max_response_bytes"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "3"])
def test_numbers_that_make_no_sense_are_refused(name: str, value: Any) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=name):
        Fleet([Target("eu-west-1")], **{name: value})


def test_a_subset_is_what_all_its_terms_hold_for() -> None:
    fleet = Fleet.across(accounts=[ONE, TWO], regions=["a-1", "b-1", "c-1"], role_name="R")
    part = fleet.subset(accounts=[ONE], regions=("a-1", "b-1"))
    assert [str(target) for target in part.targets] == [f"{ONE}/a-1", f"{ONE}/b-1"]
    least = part.subset(where=lambda target: target.region_name > "a-1")
    assert [str(target) for target in least.targets] == [f"{ONE}/b-1"]
    assert fleet.subset().targets == fleet.targets
    for empty in ({"accounts": ["1" * 12]}, {"regions": ["eu-wset-1"]}, {"regions": "a-1"}):
        with pytest.raises(ConfigurationError):
            fleet.subset(**empty)  # type: ignore[arg-type]


def test_a_fleet_shows_no_secret_and_does_not_pickle() -> None:
    fleet = Fleet([Target("eu-west-1")], aws_access_key_id="AKID", aws_secret_access_key="hush")
    assert "hush" not in repr(fleet)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(fleet)


async def test_a_fleet_works_while_it_is_open_only() -> None:
    fleet = Fleet([Target("eu-west-1")])
    part = fleet.subset()

    async def refused() -> None:
        with pytest.raises(ClientClosedError):
            await part.run(lambda drs, _: drs.describe_jobs().collect())
        with pytest.raises(ClientClosedError):
            await part.client(fleet.targets[0])
        with pytest.raises(ClientClosedError):
            async for _ in part.walk(lambda drs: drs.describe_jobs()):
                pass

    await refused()
    async with fleet as same:
        assert same is fleet
        assert await fleet.open() is fleet
        async with part:
            pass
        with pytest.raises(ConfigurationError, match="no target of this fleet"):
            await fleet.client(Target("us-east-1"))
    await refused()
    await fleet.aclose()
    with pytest.raises(ClientClosedError):
        await fleet.open()


def test_partitions_are_botocores() -> None:
    data = json.loads((Path(botocore.__file__).parent / "data" / "endpoints.json").read_text())
    checked = 0
    for partition in data["partitions"]:
        for region in partition["regions"]:
            assert re.match(partition["regionRegex"], region)
            assert partition_of(region) == partition["partition"], region
            checked += 1
    assert checked > 30
    assert partition_of("mars-north-1") == "aws"


def keywords(function: Any) -> dict[str, Any]:  # noqa: ANN401
    """Name the keywords of a function, each with its default."""
    parameters = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}


def test_a_fleet_takes_what_a_client_takes_but_what_targets_say() -> None:
    of_client = keywords(DRSClient.__init__)
    for said_by_targets in ("region_name", "role_arn", "external_id"):
        del of_client[said_by_targets]
    of_fleet = keywords(Fleet.__init__)
    assert of_client.items() <= of_fleet.items()
    assert of_fleet.keys() - of_client.keys() == {
        "concurrency",
        "max_open_clients",
        "sts_endpoint_url",
    }
    assert of_fleet.items() <= keywords(Fleet.across).items()


def test_the_emulators_fleet_takes_what_a_fleet_takes_but_what_is_its_own() -> None:
    own = {"clock", "session", "profile_name"}
    assert FleetOptions.__annotations__.keys() == keywords(Fleet.__init__).keys() - own


async def test_every_option_of_a_fleet_reaches_its_clients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[dict[str, Any]] = []

    class Client(DRSClient):
        def __init__(self, **options: Any) -> None:  # noqa: ANN401
            made.append(options)
            super().__init__(**options)

    monkeypatch.setattr("drs_sdk.fleet.clients.DRSClient", Client)
    given: dict[str, Any] = {
        "endpoint_url": "http://127.0.0.1:9",
        "aws_access_key_id": "AKID",
        "aws_secret_access_key": "hush",
        "aws_session_token": "token",
        "verify": False,
        "clock": EmulatorClock.virtual(),
        "on_request": print,
        "max_response_bytes": 12345,
        "allow_insecure_endpoint": True,
    }
    config = AioConfig(read_timeout=7)
    async with Fleet([Target("eu-west-1")], config=config, **given) as fleet:
        await fleet.client(fleet.targets[0])
    (options,) = made
    assert {name: options[name] for name in given} == given
    assert options["config"].read_timeout == 7
    # Taken up by the session that all share.
    assert keywords(DRSClient.__init__).keys() - options.keys() == {
        "profile_name",
        "role_arn",
        "external_id",
        "role_session_name",
    }
