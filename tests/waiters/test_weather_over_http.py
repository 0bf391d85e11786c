"""Bad weather on real sockets: refused connections, faults on the wire, credentials that expire."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioRefreshableCredentials
from botocore.exceptions import CredentialRetrievalError
from loopback import unused_port

from drs_sdk import DRSClient
from drs_sdk.errors import (
    AccessDeniedException,
    ClientClosedError,
    ConnectionFailedError,
    CredentialsError,
    DRSError,
    WaiterTimeoutError,
)
from drs_sdk.testing import DRSEmulator, Fault
from drs_sdk.testing.front.sdk_session import build_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk.models import Job, SourceServer
    from drs_sdk.waiters import WaitUpdate

LIFE = timedelta(hours=1)


@asynccontextmanager
async def emulator_of_a_port() -> AsyncIterator[DRSEmulator]:
    """An emulator that comes back on the same port after it was stopped."""
    async with DRSEmulator(port=unused_port()) as emulator:
        yield emulator


async def go_down(emulator: DRSEmulator, *, at: float, until: float | None) -> None:
    """Close the endpoint for a while: connections are refused."""
    await emulator.clock.sleep(at)
    with emulator.clock.busy():
        await emulator.stop()
    if until is not None:
        await emulator.clock.sleep(until - at)
        await emulator.start()


async def start_drill(emulator: DRSEmulator, drs: DRSClient) -> Job:
    (server,) = emulator.add_source_servers(1)
    response = await drs.start_recovery([{"source_server_id": server}], is_drill=True)
    assert response.job is not None
    return response.job


async def test_an_outage_of_two_minutes_is_survived() -> None:
    async with emulator_of_a_port() as emulator, emulator.client() as drs:
        job = await start_drill(emulator, drs)
        outage = asyncio.create_task(go_down(emulator, at=100, until=220))
        updates: list[WaitUpdate[Job]] = []
        waits = [
            drs.wait_until_job_completed(job, on_update=updates.append),
            *(drs.wait_until_job_completed(job) for _ in range(20)),
        ]
        ended = await asyncio.gather(*waits)
        await outage
        assert all(each.succeeded for each in ended)
    errors = [update.last_error for update in updates if update.last_error]
    assert len(errors) >= 3
    assert {type(each) for each in errors} == {ConnectionFailedError}
    assert updates[-1].last_error is None


async def test_an_outage_past_the_deadline_tells_the_last_known_state() -> None:
    async with emulator_of_a_port() as emulator, emulator.client() as drs:
        job = await start_drill(emulator, drs)
        outage = asyncio.create_task(go_down(emulator, at=100, until=None))
        began = emulator.clock.now()
        with pytest.raises(WaiterTimeoutError) as raised:
            await drs.wait_until_job_completed(job, timeout=timedelta(minutes=6))
        await outage
        assert emulator.clock.now() - began == timedelta(minutes=6)
    last = raised.value.last
    assert getattr(last, "job_id", None) == job.job_id
    assert getattr(last, "status", None) == "STARTED"
    assert isinstance(raised.value.__cause__, ConnectionFailedError)
    assert "The last poll failed: DescribeJobs" in str(raised.value)


FAULTS = [
    Fault.throttle(),
    Fault.throttle(retry_after=45),
    Fault.server_error(),
    Fault.server_error(503),
    Fault.drop_before(),
    Fault.drop_after(),
    Fault.truncate(),
    Fault.not_json(),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind} {fault.code}")
async def test_faults_on_the_wire_are_waited_out(
    fault: Fault, drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    job = await start_drill(drs_emulator, drs)
    drs_emulator.inject("DescribeJobs", fault, times=4)
    errors: list[DRSError | None] = []
    ended = await drs.wait_until_job_completed(
        job, on_update=lambda update: errors.append(update.last_error)
    )
    assert ended.succeeded
    # The first look is at the response.
    assert [each is not None for each in errors[:6]] == [False] + [True] * 4 + [False]
    polls = [each for each in drs_emulator.requests if each.operation == "DescribeJobs"]
    assert [each.fault for each in polls[:5]] == [fault.kind] * 4 + [None]
    if fault == Fault.throttle(retry_after=45):
        assert polls[1].received_at - polls[0].received_at >= timedelta(seconds=45)


async def test_a_silent_endpoint_is_waited_out(drs_emulator: DRSEmulator) -> None:
    async with drs_emulator.client(config=AioConfig(read_timeout=0.05)) as drs:
        job = await start_drill(drs_emulator, drs)
        drs_emulator.inject("DescribeJobs", Fault.delay(0.2), times=2)
        assert (await drs.wait_until_job_completed(job)).succeeded


async def test_a_refusal_ends_every_wait_after_one_request(
    drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    servers = drs_emulator.add_source_servers(30, state="STALLED")
    denied = Fault.error("AccessDeniedException", "not allowed")
    drs_emulator.inject("DescribeSourceServers", denied, times=100)
    waits = [drs.wait_until_source_servers_replicating(each) for each in servers]
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes} == {AccessDeniedException}
    assert len(drs_emulator.requests) == 1


# -- credentials ---------------------------------------------------------------------------------


class Provider:
    """Gives keys that live for an hour of the emulator's time."""

    def __init__(self, emulator: DRSEmulator) -> None:
        self.emulator = emulator
        self.given = 0
        self.fails = False

    async def refresh(self) -> dict[str, str]:
        if self.fails:
            raise CredentialRetrievalError(provider="test", error_msg="the provider is away")
        self.given += 1
        return {
            "access_key": self.emulator.access_key_id,
            "secret_key": self.emulator.secret_access_key,
            "token": f"token-{self.given}",
            "expiry_time": (self.emulator.clock.now() + LIFE).isoformat(),
        }

    async def client(self) -> DRSClient:
        emulator = self.emulator
        session: Any = build_session(emulator.clock, lambda: emulator.url)
        session._credentials = AioRefreshableCredentials.create_from_metadata(
            await self.refresh(), self.refresh, "test"
        )
        session._credentials._time_fetcher = emulator.clock.now
        return DRSClient(
            region_name=emulator.region,
            endpoint_url=emulator.url,
            session=session,
            clock=emulator.clock,
            config=AioConfig(proxies={}),
        )


async def test_credentials_that_expire_in_mid_wait_are_refreshed() -> None:
    async with DRSEmulator(check_signatures=True) as emulator:
        (server,) = emulator.add_source_servers(1)
        emulator.set_lag(server, timedelta(hours=4), growth=-1.0)
        provider = Provider(emulator)
        async with await provider.client() as drs:
            await drs.wait_until_source_servers_replicating(server, max_lag=0)
        tokens = {each.headers["x-amz-security-token"] for each in emulator.requests}
    assert tokens == {f"token-{number}" for number in range(1, provider.given + 1)}
    assert provider.given >= 4


async def test_a_provider_that_is_away_for_a_while_is_waited_for() -> None:
    async with DRSEmulator(check_signatures=True) as emulator:
        (server,) = emulator.add_source_servers(1)
        emulator.set_lag(server, timedelta(hours=2), growth=-1.0)
        provider = Provider(emulator)
        errors: list[type[DRSError]] = []

        def note(update: WaitUpdate[SourceServer]) -> None:
            if update.last_error is not None:
                errors.append(type(update.last_error))
            provider.fails = len(errors) < 5

        async with await provider.client() as drs:
            await drs.wait_until_source_servers_replicating(server, max_lag=0, on_update=note)
    assert errors == [CredentialsError] * 5


async def test_a_client_closed_in_an_outage_ends_its_waits() -> None:
    async with emulator_of_a_port() as emulator:
        drs = await emulator.client().open()
        job = await start_drill(emulator, drs)
        waits = [asyncio.create_task(drs.wait_until_job_completed(job)) for _ in range(5)]
        await go_down(emulator, at=60, until=None)
        await emulator.clock.sleep(60)
        await drs.aclose()
        outcomes = await asyncio.gather(*waits, return_exceptions=True)
        assert {type(each) for each in outcomes} == {ClientClosedError}
        assert emulator.clock.sleepers == 0
        assert len(asyncio.all_tasks()) == 1
