"""What a walk and a run give: found, failed, absent, each target in one of them."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING

import pytest

from drs_sdk.errors import (
    AccessDeniedException,
    ClientClosedError,
    ConfigurationError,
    CredentialsError,
    DRSError,
    FleetError,
    TargetFailedError,
    TargetTimeoutError,
)
from drs_sdk.fleet import Target
from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk import DRSClient
    from drs_sdk.fleet import Fleet

ACCOUNTS = ["111122223333", "444455556666", "777788889999"]
REGIONS = ["eu-west-1", "us-east-1"]


def role_of(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:role/DisasterRecovery"


@pytest.fixture
async def world() -> AsyncIterator[DRSEmulator]:
    """Three accounts in two Regions, with 1 to 6 servers."""
    async with DRSEmulator(accounts=ACCOUNTS, regions=REGIONS, page_size=2) as emulator:
        number = 0
        for account_id in ACCOUNTS:
            for region in REGIONS:
                number += 1
                emulator.at(account_id=account_id, region=region).add_source_servers(number)
        yield emulator


async def walked(fleet: Fleet) -> dict[str, int]:
    """Count what a walk finds, by target."""
    found: dict[str, int] = {}
    async for target, server in fleet.walk(lambda drs: drs.describe_source_servers()):
        assert (server.arn or "").startswith(
            f"arn:aws:drs:{target.region_name}:{target.account_id}"
        )
        found[str(target)] = found.get(str(target), 0) + 1
    return found


async def test_a_walk_finds_everything_with_its_target(world: DRSEmulator) -> None:
    async with world.fleet() as fleet:
        found = await walked(fleet)
        assert found == {str(target): n + 1 for n, target in enumerate(fleet.targets)}
        assert await walked(fleet) == found
        assert await walked(fleet.subset(regions=["us-east-1"])) == {
            name: n for name, n in found.items() if "us-east-1" in name
        }


async def test_failed_absent_and_found_are_kept_apart(world: DRSEmulator) -> None:
    world.deny_role(role_of(ACCOUNTS[2]))
    world.at(region="us-east-1").inject("*", Fault.error("AccessDeniedException"), times=9)
    never = Target("eu-north-1", role_arn=role_of(ACCOUNTS[0]))
    roles = [Target(r, role_arn=role_of(a)) for a in ACCOUNTS for r in REGIONS]
    async with world.fleet([*roles, never]) as fleet:
        walk = fleet.walk(lambda drs: drs.describe_source_servers())
        assert (walk.failures, walk.absent, walk.finished) == ({}, frozenset(), frozenset())
        found = [server async for _, server in walk]
        assert len(found) == 1 + 3 + 4
        assert walk.absent == {never}
        assert walk.finished == {roles[0], roles[2], roles[3]}
        assert set(walk.failures) == {roles[1], roles[4], roles[5]}
        assert isinstance(walk.failures[roles[1]], AccessDeniedException)
        assert isinstance(walk.failures[roles[4]], CredentialsError)
        with pytest.raises(FleetError) as caught:
            walk.raise_if_failed()
        assert caught.value.failures == walk.failures
        assert "3 of 7 targets failed" in str(caught.value)
        assert f"{ACCOUNTS[0]}/us-east-1: DescribeSourceServers failed" in str(caught.value)

        outcomes = await fleet.run(lambda drs, _: drs.describe_source_servers().collect())
        assert {t: len(servers) for t, servers in outcomes.results.items()} == {
            roles[0]: 1,
            roles[2]: 3,
            roles[3]: 4,
        }
        assert set(outcomes.failures) == set(walk.failures)
        assert outcomes.absent == walk.absent
        with pytest.raises(FleetError):
            outcomes.raise_if_failed()


async def test_what_all_is_well_raises_nothing(world: DRSEmulator) -> None:
    async with world.fleet() as fleet:
        walk = fleet.walk(lambda drs: drs.describe_jobs())
        assert [item async for item in walk] == []
        walk.raise_if_failed()
        assert len(walk.finished) == 6
        (await fleet.run(lambda drs, _: drs.describe_jobs().collect())).raise_if_failed()


async def test_a_target_that_fails_in_mid_walk_has_given_what_came_before(
    world: DRSEmulator,
) -> None:
    place = world.at(account_id=ACCOUNTS[2], region="us-east-1")
    place.inject("DescribeSourceServers", Fault.repeat_page_token(), times=9)
    async with world.fleet() as fleet:
        part = fleet.subset(accounts=[ACCOUNTS[2]], regions=["us-east-1"])
        walk = part.walk(lambda drs: drs.describe_source_servers())
        found = [server.source_server_id async for _, server in walk]
        assert len(set(found)) >= 2
        assert len(walk.failures) == 1
        assert walk.finished == frozenset()


async def test_what_is_not_the_packages_is_a_failure_of_that_target_only(
    world: DRSEmulator,
) -> None:
    async def action(_: DRSClient, target: Target) -> str:
        if target.account_id == ACCOUNTS[0]:
            raise KeyError(target.region_name)
        return target.region_name

    async with world.fleet() as fleet:
        outcomes = await fleet.run(action)
        assert len(outcomes.results) == 4
        failure = outcomes.failures[fleet.targets[0]]
        assert isinstance(failure, TargetFailedError)
        assert isinstance(failure.__cause__, KeyError)
        assert failure.target == fleet.targets[0]
        assert "KeyError: 'eu-west-1'" in str(failure)


async def test_what_was_cancelled_somewhere_else_is_a_failure_and_ends_no_run(
    world: DRSEmulator,
) -> None:
    async def action(_: DRSClient, target: Target) -> str:
        if target.account_id == ACCOUNTS[0]:
            task = asyncio.create_task(asyncio.Event().wait())
            task.cancel("from outside")
            await task
        return target.region_name

    async with world.fleet(concurrency=1) as fleet:
        outcomes = await fleet.run(action)
        assert len(outcomes.results) == 4
        assert [str(error) for error in outcomes.failures.values()] == [
            "CancelledError: from outside"
        ] * 2


async def test_a_fleet_that_is_closed_meanwhile_accounts_for_all_targets_of_a_run(
    world: DRSEmulator,
) -> None:
    async with world.fleet(concurrency=2) as fleet:

        async def action(drs: DRSClient, target: Target) -> int:
            found = len(await drs.describe_source_servers().collect())
            if target == fleet.targets[1]:
                await fleet.aclose()
            return found

        outcomes = await fleet.run(action)
        assert outcomes.results[fleet.targets[1]] == 2
        assert {*outcomes.results, *outcomes.failures} == set(fleet.targets)
        assert {type(error) for error in outcomes.failures.values()} == {ClientClosedError}
        assert len(outcomes.failures) >= 4


async def test_a_walk_whose_fleet_is_closed_does_not_pass_for_a_whole_one(
    world: DRSEmulator,
) -> None:
    async with world.fleet(concurrency=1) as fleet:

        async def loop() -> None:
            async for _ in fleet.walk(lambda drs: drs.describe_source_servers()):
                await fleet.aclose()

        with pytest.raises(ClientClosedError):
            await loop()


@pytest.mark.parametrize("leaving", ["break", "raise", "cancel"])
async def test_a_loop_that_is_left_stops_even_what_hangs(world: DRSEmulator, leaving: str) -> None:
    hanging = 0

    async def servers(drs: DRSClient) -> AsyncIterator[str]:
        nonlocal hanging
        async for server in drs.describe_source_servers():
            yield server.source_server_id or ""
            hanging += 1
            try:
                await asyncio.Event().wait()
            finally:
                hanging -= 1

    async def loop() -> None:
        seen = 0
        async for _ in walk:
            seen += 1
            if seen == 6 and leaving == "break":
                break
            if seen == 6:
                raise KeyError if leaving == "raise" else asyncio.CancelledError

    async with world.fleet() as fleet:
        walk = fleet.walk(servers, timeout_per_target=None)
        looping = asyncio.create_task(loop())
        await asyncio.wait({looping})
        assert looping.cancelled() == (leaving == "cancel")
        assert looping.cancelled() or isinstance(looping.exception(), KeyError | None)
        for _ in range(50):  # the loop of asyncio comes round
            await asyncio.sleep(0)
        assert hanging == 0
        assert not any("drs_sdk" in task.get_name() for task in asyncio.all_tasks())


async def test_a_walk_whose_step_was_cancelled_does_not_look_complete(world: DRSEmulator) -> None:
    async def servers(drs: DRSClient) -> AsyncIterator[str]:
        async for server in drs.describe_source_servers():
            yield server.source_server_id or ""
        await asyncio.Event().wait()

    async with world.fleet() as fleet:
        steps = aiter(fleet.walk(servers, timeout_per_target=None))
        task = asyncio.create_task(anext(steps))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(DRSError, match="a step of this walk over a fleet was cancelled"):
            await anext(steps)


async def test_a_second_loop_ends_the_first(world: DRSEmulator) -> None:
    async with world.fleet() as fleet:
        walk = fleet.walk(lambda drs: drs.describe_source_servers())

        async def loop() -> None:
            async for _ in walk:
                assert len([server async for _, server in walk]) == 21

        with pytest.raises(ClientClosedError):
            await loop()
        assert len(walk.finished) == 6


async def test_keys_are_not_asked_for_in_clear_text(world: DRSEmulator) -> None:
    async with world.fleet(sts_endpoint_url="http://sts.example.com") as fleet:
        outcomes = await fleet.run(lambda drs, _: drs.describe_jobs().collect())
    assert {type(error) for error in outcomes.failures.values()} == {ConfigurationError}
    assert len(outcomes.failures) == 6


async def test_a_region_that_may_not_be_enabled_says_so(world: DRSEmulator) -> None:
    refusal = Fault.error("UnrecognizedClientException", "The security token is invalid.")
    world.inject("*", refusal, times=9)
    async with world.fleet() as fleet:
        walk = fleet.walk(lambda drs: drs.describe_source_servers())
        async for _ in walk:
            pass
        assert list(walk.failures) == [fleet.targets[0]]
        assert "the Region is not enabled in the account" in str(walk.failures[fleet.targets[0]])


async def test_the_client_of_a_target_stays_open_whoever_closes_it(world: DRSEmulator) -> None:
    async with world.fleet(max_open_clients=1) as fleet:
        first = await fleet.client(fleet.targets[0])
        async with first:
            pass
        await first.aclose()
        await walked(fleet)
        assert len((await first.describe_source_servers()).items) == 1
        assert first.region_name == "eu-west-1"
    with pytest.raises(ClientClosedError):
        await first.describe_source_servers()


# --- errors in one ----------------------------------------------------------------------------


def test_a_fleet_error_is_a_group_that_can_be_split() -> None:
    one, two, three = (Target(name) for name in ("a-1", "b-1", "c-1"))
    failures: dict[Target, DRSError] = {
        one: CredentialsError("one"),
        two: TargetTimeoutError("two", target=two, seconds=3),
        three: CredentialsError("three"),
    }
    error = FleetError.of(failures, 5)
    assert isinstance(error, ExceptionGroup)
    assert isinstance(error, DRSError)
    assert error.exceptions == tuple(failures.values())
    assert str(error).splitlines()[0] == "3 of 5 targets failed:"
    parts: list[BaseException] = []
    try:
        raise error
    except* CredentialsError as part:
        parts.append(part)
    except* TargetTimeoutError as part:
        parts.append(part)
    seen = [part.failures for part in parts if isinstance(part, FleetError)]
    assert seen == [{one: failures[one], three: failures[three]}, {two: failures[two]}]
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert list(again.failures) == [one, two, three]
    assert tuple(again.failures.values()) == again.exceptions
    match, rest = again.split(TargetTimeoutError)
    assert match is not None
    assert rest is not None
    assert (list(match.failures), list(rest.failures)) == ([two], [one, three])


def test_a_fleet_error_within_a_fleet_error_splits_too() -> None:
    outer, inner = Target("a-1"), Target("b-1")
    nested = FleetError.of({inner: CredentialsError("x"), outer: DRSError("y")}, 2)
    error = FleetError.of({outer: nested, inner: DRSError("z")}, 2)
    match, rest = error.split(CredentialsError)
    assert match is not None
    assert rest is not None
    assert isinstance(match.exceptions[0], FleetError)
    assert list(match.exceptions[0].failures) == [inner]
    assert list(rest.failures) == [inner]


def test_many_failures_are_told_in_few_lines() -> None:
    failures = {Target(f"r-{n}"): DRSError("no") for n in range(500)}
    error = FleetError.of(failures, 500)
    assert len(str(error).splitlines()) < 15
    assert "and 490 more" in str(error)
    assert len(error.failures) == 500
