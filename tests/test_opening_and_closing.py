"""The life of a client and its views: who opens, who closes, and what happens meanwhile."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.session import AioSession
from botocore.loaders import create_loader
from loopback import (
    VirtualClock,
    answer,
    client_for,
    loopback,
    refuse,
    stay_silent,
)

from drs_sdk.errors import ClientClosedError, ConfigurationError

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.events import RequestEvent
    from drs_sdk.models import InitializeServiceResponse


pytestmark = pytest.mark.usefixtures("own_environment")


async def until(count: int, drs: DRSClient) -> list[asyncio.Task[InitializeServiceResponse]]:
    """Start calls and wait until they are under way."""
    tasks = [asyncio.create_task(drs.initialize_service()) for _ in range(count)]
    for _ in range(20):
        await asyncio.sleep(0.001)
    return tasks


async def test_a_view_that_opens_the_client_closes_it() -> None:
    async with loopback(answer({"items": []})) as server:
        drs = client_for(server)
        async with drs.with_options(read_timeout=5) as view:
            await view.describe_jobs()
            assert server.open_connections == 1
        with pytest.raises(ClientClosedError):
            await drs.describe_jobs()


async def test_a_view_of_an_open_client_leaves_it_open() -> None:
    async with loopback(answer({"items": []})) as server, client_for(server) as drs:
        async with drs.with_options(read_timeout=5) as view:
            await view.describe_jobs()
        await drs.describe_jobs()
        assert server.connections == 1


NESTS = [nest for depth in (1, 2, 3) for nest in product(("client", "one", "two"), repeat=depth)]


@pytest.mark.parametrize("nest", NESTS, ids="-".join)
@pytest.mark.parametrize("opened_before", [False, True])
async def test_the_outermost_block_closes_what_it_opened(
    nest: tuple[str, ...], *, opened_before: bool
) -> None:
    async with loopback(answer({"items": []})) as server:
        drs = client_for(server)
        views = {"client": drs, "one": drs.with_options(), "two": drs.with_options(max_attempts=1)}
        if opened_before:
            await drs.open()
        blocks = [views[name] for name in nest]
        for block in blocks:
            await block.__aenter__()
        for block in reversed(blocks):
            await drs.describe_jobs()
            await block.__aexit__(None, None, None)
        if opened_before and "client" not in nest:
            await drs.describe_jobs()
            await drs.aclose()
        with pytest.raises(ClientClosedError, match="is closed"):
            await drs.describe_jobs()


async def test_blocks_that_overlap_close_at_the_end_of_the_last() -> None:
    async with loopback(answer({"items": []})) as server:
        drs = client_for(server)
        first, second = drs.with_options(), drs.with_options()
        await asyncio.gather(first.__aenter__(), second.__aenter__())
        await first.__aexit__(None, None, None)
        await second.describe_jobs()
        await second.__aexit__(None, None, None)
        with pytest.raises(ClientClosedError, match="is closed"):
            await drs.describe_jobs()


@pytest.mark.parametrize("through", ["open", "block", "view"])
@pytest.mark.parametrize(
    ("options", "mend"),
    [
        ({"region_name": None}, {"AWS_REGION": "eu-west-1"}),
        ({"endpoint_url": None}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
    ],
    ids=["before-the-client", "after-the-client"],
)
def test_what_could_not_be_opened_opens_in_the_next_loop(
    options: dict[str, Any],
    mend: dict[str, str],
    through: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://drs.example")
    drs = client_for("http://127.0.0.1:9", **options)

    async def use() -> None:
        if through == "open":
            await drs.open()
            await drs.aclose()
        else:
            async with drs if through == "block" else drs.with_options():
                assert drs.region_name == "eu-west-1"

    for _ in range(2):
        with pytest.raises(ConfigurationError):
            asyncio.run(use())
    for name, value in mend.items():
        monkeypatch.setenv(name, value)
    asyncio.run(use())


def test_where_it_opens_at_last_is_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    drs = client_for("http://127.0.0.1:9", region_name=None)
    with pytest.raises(ConfigurationError):
        asyncio.run(drs.open())
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    home, foreign = asyncio.new_event_loop(), asyncio.new_event_loop()
    home.run_until_complete(drs.open())
    with pytest.raises(ClientClosedError, match="another event loop"):
        foreign.run_until_complete(drs.open())
    home.run_until_complete(drs.aclose())
    home.close()
    foreign.close()


def test_an_opening_that_was_cancelled_can_be_repeated_in_the_next_loop() -> None:
    class Slow:
        seconds = 3600.0

        async def load_credentials(self) -> None:
            await asyncio.sleep(self.seconds)

    slow = Slow()
    session = AioSession()
    session.register_component("credential_provider", slow)
    session.register_component("data_loader", create_loader())
    drs = client_for(
        "http://127.0.0.1:9", session=session, aws_access_key_id=None, aws_secret_access_key=None
    )

    async def give_up() -> None:
        openings = [asyncio.create_task(drs.open()) for _ in range(3)]
        await asyncio.sleep(0.01)
        for opening in openings:
            opening.cancel()
        await asyncio.wait(openings)

    async def use() -> None:
        async with drs:
            pass

    asyncio.run(give_up())
    slow.seconds = 0
    asyncio.run(use())


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
async def test_closing_twice_at_the_same_time_does_no_harm(turns: int) -> None:
    async with loopback(stay_silent) as server:
        drs = await client_for(server).open()
        calls = await until(3, drs)
        first = asyncio.create_task(drs.aclose())
        for _ in range(turns):
            await asyncio.sleep(0)
        await drs.aclose()
        await first
        for call in calls:
            with pytest.raises(ClientClosedError):
                await call


async def test_a_cancelled_close_closes_all_the_same() -> None:
    class Stubborn(VirtualClock):
        """Takes a while to let go of a sleeper."""

        async def sleep(self, seconds: float) -> None:
            try:
                await asyncio.sleep(seconds + 3600)
            finally:
                await asyncio.sleep(0.05)

    async with loopback(refuse(500)) as server:
        drs = await client_for(server, clock=Stubborn()).open()
        calls = await until(3, drs)
        closing = asyncio.create_task(drs.aclose())
        await asyncio.sleep(0.001)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        async with asyncio.timeout(5):
            while server.open_connections:  # noqa: ASYNC110 - the other side tells no event
                await asyncio.sleep(0.001)
        for call in calls:
            with pytest.raises(ClientClosedError):
                await call


async def test_a_client_that_is_closed_while_it_opens_is_not_open() -> None:
    class Slow:
        async def load_credentials(self) -> None:
            await asyncio.sleep(0.05)

    session = AioSession()
    session.register_component("credential_provider", Slow())
    session.register_component("data_loader", create_loader())
    drs = client_for(
        "http://127.0.0.1:9", session=session, aws_access_key_id=None, aws_secret_access_key=None
    )
    opening = asyncio.create_task(drs.open())
    await asyncio.sleep(0.01)
    await drs.aclose()
    with pytest.raises(ClientClosedError, match="while it was opening"):
        await opening


async def test_events_name_the_attempt_that_is_under_way() -> None:
    events: list[RequestEvent] = []
    async with (
        loopback(refuse(500), stay_silent) as server,
        client_for(server, on_request=events.append) as drs,
    ):
        call = asyncio.create_task(drs.initialize_service())
        await server.arrived.acquire()
        await server.arrived.acquire()
        call.cancel()
        await asyncio.wait([call])
    assert [(type(event).__name__, event.attempt) for event in events] == [
        ("RequestStarted", 1),
        ("RequestRetried", 1),
        ("RequestFailed", 2),
    ]
