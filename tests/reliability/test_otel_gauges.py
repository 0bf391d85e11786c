"""Gauges of how replication stands: what they show, and when."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from drs_sdk.errors import AccessDeniedException
from drs_sdk.otel import ReplicationGauges
from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping


class Gauges:
    """The gauges of an emulator, and what a reader of metrics sees of them."""

    def __init__(self, emulator: DRSEmulator) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader])
        self.gauges = ReplicationGauges(self.provider, clock=emulator.clock)

    def shown(self, name: str) -> dict[str, tuple[float, Mapping[str, object]]]:
        """The value and the attributes of a gauge, by server."""
        data = self.reader.get_metrics_data()
        found: dict[str, tuple[float, Mapping[str, object]]] = {}
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        if metric.name == f"drs.source_server.{name}":
                            assert isinstance(point, NumberDataPoint)
                            about = dict(point.attributes or {})
                            found[str(about.pop("drs.source_server.id"))] = (point.value, about)
        return found


@pytest.fixture
async def emulator() -> AsyncGenerator[DRSEmulator, None]:
    """An emulator on virtual time."""
    async with DRSEmulator() as emulator:
        yield emulator


async def test_they_show_lag_backlog_state_and_the_age_of_the_last_drill(
    emulator: DRSEmulator,
) -> None:
    healthy, late, cut_off = [
        *emulator.add_source_servers(2),
        *emulator.add_source_servers(1, state="DISCONNECTED"),
    ]
    emulator.set_lag(late, timedelta(hours=2), state="BACKLOG")
    gauges = Gauges(emulator)
    async with emulator.client() as drs:
        job = await drs.start_recovery([{"source_server_id": healthy}], is_drill=True)
        began = emulator.clock.now()
        await drs.wait_until_job_completed(job)
        assert gauges.shown("lag") == {}
        following = asyncio.create_task(gauges.gauges.follow(drs, min_delay=30, max_delay=30))
        await emulator.clock.sleep(60)
        where = {"cloud.region": drs.region_name}
        lags = gauges.shown("lag")
        assert lags.keys() == {healthy, late}  # of the third nobody knows
        assert lags[healthy] == (0, where)
        assert lags[late][0] >= 7200
        backlogs = gauges.shown("backlog")
        assert backlogs[late][0] > backlogs[healthy][0] == 0
        states = {name: about for name, (_, about) in gauges.shown("replication_state").items()}
        assert states == {
            healthy: {**where, "drs.state": "CONTINUOUS"},
            late: {**where, "drs.state": "BACKLOG"},
            cut_off: {**where, "drs.state": "DISCONNECTED"},
        }
        age = (emulator.clock.now() - began).total_seconds()
        assert gauges.shown("last_drill.age") == {healthy: (pytest.approx(age, abs=2), where)}
        # A recovery hides the drill from the service's answers; it is still known here.
        job = await drs.start_recovery([{"source_server_id": healthy}], is_drill=False)
        await drs.wait_until_job_completed(job)
        await emulator.clock.sleep(60)
        assert gauges.shown("last_drill.age")[healthy][0] > age + 60
        following.cancel()
        await asyncio.wait({following})
    assert gauges.shown("replication_state") == {}
    gauges.provider.shutdown()


async def test_they_follow_what_appears_and_goes(emulator: DRSEmulator) -> None:
    (old,) = emulator.add_source_servers(1)
    gauges = Gauges(emulator)
    async with emulator.client() as drs:
        following = asyncio.create_task(gauges.gauges.follow(drs, min_delay=30, max_delay=30))
        await emulator.clock.sleep(60)
        (new,) = emulator.add_source_servers(1)
        await drs.disconnect_source_server(old)
        await drs.delete_source_server(old)
        await emulator.clock.sleep(60)
        assert gauges.shown("replication_state").keys() == {new}
        following.cancel()
        await asyncio.wait({following})
    gauges.provider.shutdown()


async def test_bad_weather_leaves_them_as_they_were(emulator: DRSEmulator) -> None:
    (server,) = emulator.add_source_servers(1)
    gauges = Gauges(emulator)
    async with emulator.client() as drs:
        following = asyncio.create_task(gauges.gauges.follow(drs, min_delay=30, max_delay=30))
        await emulator.clock.sleep(60)
        emulator.inject("DescribeSourceServers", Fault.server_error(), times=20)
        await emulator.clock.sleep(600)
        assert gauges.shown("lag").keys() == {server}
        assert not following.done()
        following.cancel()
        await asyncio.wait({following})
    gauges.provider.shutdown()


async def test_a_refusal_is_raised_and_nothing_is_shown_any_more(emulator: DRSEmulator) -> None:
    emulator.add_source_servers(1)
    gauges = Gauges(emulator)
    async with emulator.client() as drs:
        following = asyncio.create_task(gauges.gauges.follow(drs, min_delay=30, max_delay=30))
        await emulator.clock.sleep(60)
        assert gauges.shown("lag")
        emulator.inject("DescribeSourceServers", Fault.error("AccessDeniedException"))
        with pytest.raises(AccessDeniedException):
            await following
    assert gauges.shown("lag") == {}
    gauges.provider.shutdown()
