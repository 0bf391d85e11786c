"""Functions of the caller's that hang, swallow their cancellation or raise the strangest things."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from runs import a_run, operations, states

from drs_sdk.errors import RecoveryFailedError
from drs_sdk.recovery import parting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from drs_sdk import DRSClient
    from drs_sdk.recovery import RecoveryReport, RunStatus
    from drs_sdk.testing import DRSEmulator

WHEN = {"approve": "approve", "before_wave": "before", "after_wave": "after", "on_update": "update"}
HOOKS = [name for name in WHEN if name != "on_update"]

PATIENCE = 5
"""Real seconds after which a test that hangs is a failed one."""


class Stubborn:
    """Functions that do not end when they are cancelled, until the test lets them go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.was_called = asyncio.Event()
        self.was_cancelled = asyncio.Event()
        self.cancelled = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def once(self, _: object) -> bool:
        """Wait for ever; cancelled, clean up for ever."""
        self._note()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self._note_cancellation()
            await self.let_go.wait()
        return True

    async def always(self, _: object) -> bool:
        """Swallow every cancellation."""
        self._note()
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                self._note_cancellation()
        raise ValueError("too late for anybody")

    def _note(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.was_called.set()

    def _note_cancellation(self) -> None:
        self.cancelled += 1
        self.was_cancelled.set()

    async def end(self) -> None:
        """Let them go, and see what they leave behind."""
        self.let_go.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # for what is called when they are done


@pytest.fixture
async def stubborn() -> AsyncIterator[Stubborn]:
    """Functions that are let go at the end."""
    functions = Stubborn()
    yield functions
    await functions.end()


async def launched_with(drs: DRSClient, ids: list[str], **options: Any) -> RecoveryReport:  # noqa: ANN401 - of launch
    """Launch two waves, the second with a gate, by an hour; a launch that hangs fails the test."""
    run = a_run(drs, ids[:1], ids[1:], w1={"pause_before": True})
    given = {"approved": ["w1"] if "approve" not in options else (), "timeout": 3600, **options}
    async with asyncio.timeout(PATIENCE):
        return await run.launch(**given)


@pytest.mark.parametrize("name", WHEN)
@pytest.mark.parametrize("how", ["once", "always"])
async def test_one_that_swallows_its_cancellation_does_not_hold_the_launch(
    drs: DRSClient,
    drs_emulator: DRSEmulator,
    stubborn: Stubborn,
    caplog: pytest.LogCaptureFixture,
    name: str,
    how: str,
) -> None:
    ids = drs_emulator.add_source_servers(2)
    report = await launched_with(drs, ids, **{name: getattr(stubborn, how)})
    assert stubborn.cancelled == (1 if how == "once" else 2)
    told = [hook for hook in report.hooks if hook.error is not None]
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    if how == "always":
        (hook,) = told
        assert (hook.when, "goes on" in (hook.error or "")) == (WHEN[name], True)
        (warning,) = (text for text in warnings if "left behind" in text)
        assert repr(WHEN[name]) in warning or name in warning
    else:
        assert not any("left behind" in text for text in warnings)
        if name != "approve":  # most often it was answered for elsewhere
            assert [(hook.when, "cancelled" in (hook.error or "")) for hook in told] == [
                (WHEN[name], True)
            ]
    if name == "on_update":  # it is only told: whatever it does, the servers come up
        assert report.succeeded
        assert "See why your on_update failed." in str(report)
    await stubborn.end()
    assert not parting._parted_with


async def test_a_launch_that_is_cancelled_twice_leaves_at_once(
    drs: DRSClient, drs_emulator: DRSEmulator, stubborn: Stubborn
) -> None:
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids[:1], ids[1:])
    launching = asyncio.create_task(run.launch(after_wave=stubborn.always))
    await stubborn.was_called.wait()
    launching.cancel()
    await stubborn.was_cancelled.wait()
    launching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await launching
    assert not stubborn.let_go.is_set()


@pytest.mark.parametrize("name", HOOKS)
async def test_one_that_never_comes_back_is_cut_off_at_the_timeout(
    drs: DRSClient, drs_emulator: DRSEmulator, name: str
) -> None:
    ids = drs_emulator.add_source_servers(2)
    began = drs_emulator.clock.now()

    async def hang(_: object) -> bool:
        return await asyncio.Event().wait()

    report = await launched_with(drs, ids, **{name: hang})
    assert 3600 <= (drs_emulator.clock.now() - began).total_seconds() < 3660
    assert not report.succeeded
    cut = [hook for hook in report.hooks if hook.error]
    assert [hook.when for hook in cut] == ([] if name == "approve" else [WHEN[name]])
    assert all("had not come back" in (hook.error or "") for hook in cut)
    if name != "approve":
        assert report.waves[0].state == "failed"
        assert "had not come back" in (report.waves[0].reason or "")


async def test_a_check_after_the_last_wave_that_never_comes_back_is_no_success(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    ids = drs_emulator.add_source_servers(1)
    async with asyncio.timeout(PATIENCE):
        report = await a_run(drs, ids).launch(after_wave=hang, timeout=3600)
    assert (report.succeeded, report.waves[0].state) == (False, "failed")
    with pytest.raises(RecoveryFailedError):
        report.raise_if_failed()


async def test_an_answer_that_comes_as_the_time_is_up_counts(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(1)

    async def check(_: object) -> str:
        await drs_emulator.clock.sleep(3600)
        return "fine"

    def update(status: RunStatus) -> None:
        told.append(status)

    told: list[RunStatus] = []
    report = await a_run(drs, ids).launch(before_wave=check, on_update=update, timeout=3600)
    assert [(hook.when, hook.returned) for hook in report.hooks] == [("before", "fine")]


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "plain"])
@pytest.mark.parametrize("name", HOOKS)
async def test_one_that_raises_cancelled_error_itself_has_failed(
    drs: DRSClient, drs_emulator: DRSEmulator, name: str, *, is_async: bool
) -> None:
    ids = drs_emulator.add_source_servers(2)

    def plain(_: object) -> bool:
        raise asyncio.CancelledError("a pool was closed")

    async def inner(context: object) -> bool:
        return plain(context)

    report = await launched_with(drs, ids, **{name: inner if is_async else plain})
    assert not report.succeeded
    assert len(operations(drs_emulator, "StartRecovery")) == (name != "before_wave")
    (hook,) = (hook for hook in report.hooks if hook.error)
    assert hook.when == WHEN[name]
    assert "CancelledError: a pool was closed" in (hook.error or "")
    if name != "approve":
        assert "a pool was closed" in (report.waves[0].reason or "")


async def test_one_whose_own_task_is_cancelled_has_failed(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    async def gone(_: object) -> None:
        pool = asyncio.ensure_future(asyncio.Event().wait())
        pool.cancel()
        await pool

    report = await launched_with(drs, drs_emulator.add_source_servers(2), after_wave=gone)
    assert report.waves[0].state == "failed"
    assert "not by the run" in (report.waves[0].reason or "")


# -- on_update -----------------------------------------------------------------------------------


def _raises(error: BaseException) -> Callable[[object], None]:
    def update(_: object) -> None:
        raise error

    return update


def _raises_later(error: BaseException) -> Callable[[object], Any]:
    async def update(_: object) -> None:
        await asyncio.sleep(0)
        raise error

    return update


@pytest.mark.parametrize("make", [_raises, _raises_later])
@pytest.mark.parametrize(
    "error", [ValueError("no terminal"), asyncio.CancelledError("no terminal")], ids=repr
)
async def test_an_update_that_raises_costs_no_server_and_is_told(
    drs: DRSClient,
    drs_emulator: DRSEmulator,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[BaseException], Callable[[object], Any]],
    error: BaseException,
) -> None:
    ids = drs_emulator.add_source_servers(2)
    report = await launched_with(drs, ids, on_update=make(error))
    assert report.succeeded
    (hook,) = report.hooks
    assert (hook.wave, hook.when, hook.returned) == ("", "update", None)
    assert hook.error == f"{type(error).__name__}: no terminal"
    assert "on_update failed" in caplog.text
    assert "See why your on_update failed." in str(report)


async def test_what_no_function_may_swallow_ends_the_launch(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    with pytest.raises(GeneratorExit):
        await launched_with(drs, ids, on_update=_raises(GeneratorExit()))


async def test_an_update_that_never_comes_back_holds_no_server_up(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    began = drs_emulator.clock.now()
    called = 0

    async def hang(_: object) -> None:
        nonlocal called
        called += 1
        await asyncio.Event().wait()

    report = await launched_with(drs, ids, on_update=hang)
    taken = drs_emulator.clock.now() - began
    assert report.succeeded
    assert set(states(report).values()) == {"launched"}
    assert called == 1
    assert report.servers[-1].ended_at is not None
    assert (began + taken - report.servers[-1].ended_at).total_seconds() <= 30 + 10
    (hook,) = report.hooks
    assert "had not come back" in (hook.error or "")


async def test_a_slow_update_is_told_the_newest_and_the_last(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    quick: list[RunStatus] = []
    slow: list[RunStatus] = []

    async def be_slow(status: RunStatus) -> None:
        slow.append(status)
        if len(slow) == 1:
            await drs_emulator.clock.sleep(900)

    report = await launched_with(drs, ids, on_update=be_slow)
    assert report.succeeded
    report = await a_run(drs, ids[:1], ids[1:], w1={"pause_before": True}, key="2").launch(
        approved=["w1"], on_update=quick.append, replace_instances_of=ids
    )
    assert report.succeeded
    assert 1 < len(slow) < len(quick)
    assert [s.at for s in slow] == sorted(s.at for s in slow if s.at is not None)
    assert slow[-1].state == quick[-1].state == "succeeded"
