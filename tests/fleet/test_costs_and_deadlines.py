"""What a fleet asks for, holds and waits for: no more than it must."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession

from drs_sdk.errors import (
    AmbiguousOutcomeError,
    ConfigurationError,
    CredentialsError,
    RequestValidationError,
    TargetTimeoutError,
)
from drs_sdk.fleet import Fleet, Target
from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from drs_sdk import DRSClient
    from drs_sdk.models import SourceServer

ACCOUNTS = [f"{333300000000 + number}" for number in range(4)]
REGIONS = [f"xx-test-{number}" for number in range(5)]


def world(**options: int) -> DRSEmulator:
    return DRSEmulator(accounts=ACCOUNTS, regions=REGIONS, **options)  # type: ignore[arg-type]


def asked(emulator: DRSEmulator) -> Counter[str]:
    """Count what arrived at all places, by operation."""
    places = [emulator.at(account_id=a, region=r) for a in ACCOUNTS for r in REGIONS]
    return Counter(request.operation for place in places for request in place.requests)


async def count(fleet: Fleet) -> int:
    walk = fleet.walk(lambda drs: drs.describe_source_servers())
    return len([server async for _, server in walk])


# --- roles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 20])
async def test_a_role_is_assumed_once_for_an_account_whatever_its_regions(
    concurrency: int,
) -> None:
    async with world() as emulator, emulator.fleet(concurrency=concurrency) as fleet:
        await count(fleet)
        assert asked(emulator) == {"AssumeRole": 4, "DescribeSourceServers": 20}
        await count(fleet)
        assert asked(emulator)["AssumeRole"] == 4


async def test_a_role_outlives_the_clients_that_were_closed() -> None:
    async with world() as emulator, emulator.fleet(max_open_clients=1) as fleet:
        for _ in range(3):
            await count(fleet)
        assert asked(emulator)["AssumeRole"] == 4


async def test_credentials_are_looked_for_once_however_many_need_them() -> None:
    """As those of a machine or of single sign-on, they take a while to come."""
    looked = 0

    class Provider:
        async def load_credentials(self) -> AioCredentials:
            nonlocal looked
            looked += 1
            await asyncio.sleep(0)
            return AioCredentials(emulator.access_key_id, emulator.secret_access_key)

    session = AioSession()
    session.register_component("credential_provider", Provider())
    async with world() as emulator:
        roles = [f"arn:aws:iam::{account_id}:role/R" for account_id in ACCOUNTS]
        fleet = Fleet(
            [Target(region, role_arn=role) for role in roles for region in REGIONS],
            concurrency=20,
            endpoint_url=emulator.url,
            sts_endpoint_url=emulator.url,
            session=session,
        )
        async with fleet:
            assert await count(fleet) == 0
        assert asked(emulator)["AssumeRole"] == 4
        assert looked == 1


async def test_a_role_is_assumed_again_before_its_keys_expire(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from drs_sdk.testing.front import sts

    class Later(sts.datetime):
        """The emulator's STS gives keys that are about to expire."""

        @classmethod
        def now(cls, tz: object = None) -> Later:
            return super().now(tz) - timedelta(minutes=55)  # type: ignore[arg-type,return-value]

    monkeypatch.setattr(sts, "datetime", Later)
    async with world() as emulator, emulator.fleet(concurrency=1) as fleet:
        part = fleet.subset(accounts=ACCOUNTS[:1])
        assert (await part.run(lambda drs, _: drs.describe_jobs().collect())).failures == {}
        assert asked(emulator)["AssumeRole"] == 5  # before each of the five calls


async def test_targets_with_other_terms_have_other_keys() -> None:
    role = f"arn:aws:iam::{ACCOUNTS[1]}:role/R"
    targets = [
        Target(REGIONS[0], role_arn=role),
        Target(REGIONS[1], role_arn=role),
        Target(REGIONS[0], role_arn=role, external_id="42"),
        Target(REGIONS[0], role_arn=role, role_session_name="night"),
        Target(REGIONS[0]),
    ]
    async with world() as emulator, emulator.fleet(targets) as fleet:
        outcomes = await fleet.run(lambda drs, _: drs.describe_source_servers().collect())
        outcomes.raise_if_failed()
        assert asked(emulator)["AssumeRole"] == 3
        # Without a role, it is the account of the keys.
        operations = [request.operation for request in emulator.requests]
        assert operations.count("DescribeSourceServers") == 1


async def test_a_target_without_a_profile_that_exists_fails_alone() -> None:
    targets = [Target(REGIONS[0]), Target(REGIONS[1], profile_name="nobody")]
    fleet = Fleet(targets, endpoint_url="http://127.0.0.1:9")
    async with fleet:
        outcomes = await fleet.run(lambda _, target: _named(target))
    assert outcomes.results == {targets[0]: REGIONS[0]}
    failure = outcomes.failures[targets[1]]
    assert isinstance(failure, ConfigurationError)
    assert "nobody" in str(failure)


async def _named(target: Target) -> str:
    return target.region_name


@pytest.mark.usefixtures("own_environment")
async def test_profiles_lead_into_their_accounts(tmp_path: Path) -> None:
    async with world() as emulator:
        lines: list[str] = []
        for number, account_id in enumerate(ACCOUNTS[:2]):
            place = emulator.at(account_id=account_id, region=REGIONS[0])
            place.add_source_servers(number + 1)
            lines += [
                f"[{account_id}]",
                f"aws_access_key_id = {place.access_key_id}",
                f"aws_secret_access_key = {place.secret_access_key}",
            ]
        (tmp_path / "credentials").write_text("\n".join(lines))
        targets = [Target(REGIONS[0], profile_name=account_id) for account_id in ACCOUNTS[:2]]
        async with Fleet(targets, endpoint_url=emulator.url) as fleet:
            outcomes = await fleet.run(lambda drs, _: drs.describe_source_servers().collect())
        assert [len(servers) for servers in outcomes.results.values()] == [1, 2]


@pytest.mark.usefixtures("own_environment")
async def test_configuration_files_are_read_once_for_all_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore import configloader

    read: list[str] = []
    load = configloader.load_config

    def noting(config_filename: str) -> object:
        read.append(config_filename)
        return load(config_filename)

    monkeypatch.setattr("botocore.configloader.load_config", noting)
    (tmp_path / "config").write_text("[default]\nmax_attempts = 2\n")
    async with world() as emulator:
        fleet = Fleet.across(
            accounts=ACCOUNTS,
            regions=REGIONS[:2],
            role_name="R",
            endpoint_url=emulator.url,
            sts_endpoint_url=emulator.url,
            aws_access_key_id=emulator.access_key_id,
            aws_secret_access_key=emulator.secret_access_key,
        )
        async with fleet:
            assert await count(fleet) == 0
    assert read == [str(tmp_path / "config")]


@pytest.mark.usefixtures("own_environment")
async def test_without_credentials_every_target_says_so() -> None:
    targets = [
        Target("eu-west-1"),
        Target("us-east-1", role_arn=f"arn:aws:iam::{ACCOUNTS[0]}:role/R"),
    ]
    async with Fleet(targets, endpoint_url="http://127.0.0.1:9") as fleet:
        outcomes = await fleet.run(lambda drs, _: drs.describe_jobs().collect())
    assert {type(error) for error in outcomes.failures.values()} == {CredentialsError}
    assert len(outcomes.failures) == 2


@pytest.mark.usefixtures("own_environment")
@pytest.mark.parametrize(
    ("home", "targets", "asked_in"),
    [
        (None, ["xx-test-3", "xx-test-1"], "xx-test-3"),
        ("eu-west-1", ["xx-test-3", "xx-test-1"], "eu-west-1"),
        ("us-gov-west-1", ["xx-test-3", "xx-test-1"], "xx-test-3"),
    ],
)
async def test_sts_is_asked_at_home_or_where_the_account_is_asked_first(
    home: str | None, targets: list[str], asked_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if home is not None:
        monkeypatch.setenv("AWS_REGION", home)
    signed: list[str] = []

    def note(region_name: str, **_: object) -> None:
        signed.append(region_name)

    session = AioSession()
    session.register("before-sign.sts", note)
    async with world() as emulator:
        place = emulator.at()
        fleet = Fleet(
            [Target(region, role_arn=f"arn:aws:iam::{ACCOUNTS[1]}:role/R") for region in targets],
            concurrency=1,
            endpoint_url=emulator.url,
            sts_endpoint_url=emulator.url,
            session=session,
            aws_access_key_id=place.access_key_id,
            aws_secret_access_key=place.secret_access_key,
        )
        async with fleet:
            (await fleet.run(lambda drs, _: drs.describe_jobs().collect())).raise_if_failed()
    assert signed == [asked_in]


# --- clients ----------------------------------------------------------------------------------


async def test_service_models_are_loaded_once_for_all_clients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from botocore.loaders import JSONFileLoader

    from drs_sdk._transport.aws import loading

    loading._shared.cache_clear()  # what an earlier test has loaded is shared by the process
    loaded: list[str] = []
    load_file = JSONFileLoader.load_file

    def noting(self: JSONFileLoader, file_path: str) -> object:
        found = load_file(self, file_path)
        if found is not None:
            loaded.append(file_path)
        return found

    monkeypatch.setattr(JSONFileLoader, "load_file", noting)
    roles = [f"arn:aws:iam::{account_id}:role/R" for account_id in ACCOUNTS]
    async with world() as emulator:
        fleet = Fleet(
            [Target(region, role_arn=role) for role in roles for region in REGIONS],
            endpoint_url=emulator.url,
            sts_endpoint_url=emulator.url,
            aws_access_key_id=emulator.access_key_id,
            aws_secret_access_key=emulator.secret_access_key,
        )
        async with fleet:
            assert await count(fleet) == 0
    assert set(Counter(loaded).values()) == {1}
    assert any("drs" in path for path in loaded)


async def test_clients_that_are_idle_are_closed_beyond_the_bound_and_no_others() -> None:
    async with world() as emulator, emulator.fleet(max_open_clients=3, concurrency=5) as fleet:
        clients = fleet._hub.clients
        inside: list[int] = []

        async def look(drs: DRSClient, _: Target) -> None:
            await drs.describe_jobs().collect()
            inside.append(clients.number)

        (await fleet.run(look)).raise_if_failed()
        assert max(inside) <= 3 + 5
        assert clients.number == 3
        kept = [await fleet.client(target) for target in fleet.targets[:6]]
        (await fleet.run(look)).raise_if_failed()
        for drs in kept:
            await drs.describe_jobs().collect()


async def test_no_more_targets_are_worked_on_at_a_time_than_may_be() -> None:
    async with world() as emulator, emulator.fleet(concurrency=3) as fleet:
        at_work, most = 0, 0

        async def work(drs: DRSClient, _: Target) -> None:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            await drs.describe_jobs().collect()
            at_work -= 1

        (await fleet.run(work)).raise_if_failed()
        assert most == 3


async def test_a_slow_loop_slows_the_targets_down_instead_of_filling_memory() -> None:
    async with world(page_size=50) as emulator:
        emulator.add_source_servers(290)
        emulator.at(region=REGIONS[1]).add_source_servers(290)
        async with emulator.fleet(concurrency=2) as fleet:
            part = fleet.subset(accounts=ACCOUNTS[:1], regions=REGIONS[:2])
            seen = 0
            most = 0
            async for _ in part.walk(lambda drs: drs.describe_source_servers()):
                seen += 1
                if seen % 40 == 1:  # as long as anybody could do anything
                    for _ in range(300):
                        await asyncio.sleep(0)
                asked_for = asked(emulator)["DescribeSourceServers"] * 50
                most = max(most, asked_for - seen)
            assert seen == 580
            assert most <= 200 + 2 * 50  # what waits, and a page of each


async def test_the_fleet_works_within_a_loop_over_it() -> None:
    """Neither slots nor clients run out, however slow the loop is."""
    async with world() as emulator:
        for region in REGIONS:
            emulator.at(region=region).add_source_servers(120)
        async with emulator.fleet(concurrency=1, max_open_clients=1) as fleet:
            part = fleet.subset(accounts=ACCOUNTS[:1])
            seen = 0
            async for target, server in part.walk(lambda drs: drs.describe_source_servers()):
                seen += 1
                if seen % 100 == 1:
                    drs = await fleet.client(target)
                    found = await drs.describe_source_servers(
                        filters={"source_server_ids": [server.source_server_id or ""]}
                    ).collect()
                    assert len(found) == 1
                    assert await count(part) == 600
            assert seen == 600


# --- throttles and deadlines ------------------------------------------------------------------


async def test_a_throttle_slows_its_own_target_only() -> None:
    async with world() as emulator:
        emulator.inject("*", Fault.throttle(retry_after=30), times=2)
        async with emulator.fleet() as fleet:
            ended: dict[Target, float] = {}
            begun = fleet.clock.now()

            async def work(drs: DRSClient, target: Target) -> None:
                await drs.describe_source_servers().collect()
                ended[target] = (fleet.clock.now() - begun).total_seconds()

            (await fleet.run(work)).raise_if_failed()
            assert ended.pop(fleet.targets[0]) >= 60
            assert set(ended.values()) == {0.0}


async def test_a_target_that_hangs_holds_up_nobody_and_not_for_long() -> None:
    async with world() as emulator:
        for region in REGIONS:
            emulator.at(region=region).add_source_servers(1)

        async def servers(drs: DRSClient) -> AsyncIterator[SourceServer]:
            if drs.region_name == REGIONS[0]:
                await asyncio.Event().wait()
            async for server in drs.describe_source_servers():
                yield server

        async with emulator.fleet(concurrency=5) as fleet:
            begun = fleet.clock.now()
            walk = fleet.walk(servers, timeout_per_target=timedelta(minutes=2))
            found = [target async for target, _ in walk]
            assert len(found) == 4
            assert (fleet.clock.now() - begun).total_seconds() == 120
            assert len(walk.failures) == 4
            for target, error in walk.failures.items():
                assert isinstance(error, TargetTimeoutError)
                assert (error.target, error.seconds) == (target, 120)
                assert "after 120 s" in str(error)


async def test_a_loop_that_takes_its_time_is_not_the_targets_fault() -> None:
    clock = EmulatorClock.virtual(auto_advance=False)
    async with DRSEmulator(clock=clock) as emulator:
        emulator.add_source_servers(1000)
        async with emulator.fleet() as fleet:
            walk = fleet.walk(lambda drs: drs.describe_source_servers(), timeout_per_target=60)
            seen = 0
            async for _ in walk:
                seen += 1
                if seen % 100 == 50:  # by then the target waits for this loop, or is done
                    await clock.advance(3600)
            assert seen == 1000
            assert walk.failures == {}


async def test_an_unsafe_call_that_is_cut_short_can_be_looked_for() -> None:
    clock = EmulatorClock.real()
    async with DRSEmulator(clock=clock) as emulator:
        (server_id,) = emulator.add_source_servers(1)
        emulator.inject("StartRecovery", Fault.delay(3600))

        async def launch(drs: DRSClient, _: Target) -> None:
            await drs.start_recovery([{"source_server_id": server_id}], is_drill=True)

        async with emulator.fleet() as fleet:
            outcomes = await fleet.run(launch, timeout_per_target=0.5)
        error = outcomes.failures[fleet.targets[0]]
        assert isinstance(error, TargetTimeoutError)
        assert isinstance(error.__cause__, AmbiguousOutcomeError)
        assert error.__cause__.operation == "StartRecovery"


@pytest.mark.parametrize("seconds", [-1, float("nan"), "5m"])
async def test_deadlines_that_make_no_sense_are_refused(seconds: float) -> None:
    async with DRSEmulator() as emulator, emulator.fleet() as fleet:
        for options in ({"timeout": seconds}, {"timeout_per_target": seconds}):
            with pytest.raises(RequestValidationError):
                fleet.walk(lambda drs: drs.describe_jobs(), **options)
            with pytest.raises(RequestValidationError):
                await fleet.run(lambda drs, _: drs.describe_jobs().collect(), **options)
