"""The emulator's clock: real, scaled or virtual time.

On virtual time nothing waits for real. Time moves in two ways:

* `await clock.advance(delta)` moves it by hand, and wakes sleepers in order of time on the
  way, each at its own moment.
* By itself: while tasks sleep on the clock and nothing else goes on, time jumps to the
  earliest sleeper. "Nothing else" means that nobody holds the clock busy (the emulator does
  while it handles a request, clients built by `DRSEmulator.client` do during a call) and
  that the event loop went round `QUIET_PASSES` times without the clock being touched.
  Many tasks that sleep thus run like a discrete-event simulation.

Code that waits on something else than the clock (a real `asyncio.sleep`, a subprocess, a
client that the emulator did not build) is invisible to it: hold `clock.busy()` around it
where time must stand still.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
import weakref
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

Mode: TypeAlias = Literal["virtual", "scaled", "real"]

DEFAULT_START = datetime(2024, 1, 1, tzinfo=UTC)
"""Where virtual time starts, so that runs are alike."""

QUIET_PASSES = 32
"""Rounds of the event loop without activity that count as quiet.

A task that was woken takes a few rounds to reach its next call or sleep (each hand-over
between tasks, each `asyncio.sleep(0)`, each read of a socket is one round).
"""


class EmulatorClock:
    """A clock to read and to sleep on; it is a `drs_sdk` `Clock`.

    Make one by `EmulatorClock.virtual()`, `.scaled(60)` or `.real()`. The emulator's default
    is virtual time from `DEFAULT_START` on.
    """

    def __init__(
        self,
        mode: Mode = "virtual",
        *,
        start: datetime | None = None,
        speed: float = 1.0,
        auto_advance: bool = True,
    ) -> None:
        """Start the clock; prefer the three named constructors.

        Args:
            mode: The kind of time.
            start: The first reading (aware). Virtual time defaults to `DEFAULT_START`, the
                other kinds to the present.
            speed: Seconds of clock time in a real second (scaled time).
            auto_advance: Whether virtual time moves by itself when all is quiet.

        Raises:
            ValueError: A naive start, or a speed that is no finite number above zero.
        """
        if start is None:
            start = DEFAULT_START if mode == "virtual" else datetime.now(UTC)
        if start.tzinfo is None:
            raise ValueError("the start of the clock must be an aware datetime")
        if not 0 < speed < math.inf:
            raise ValueError("the speed of the clock must be a finite number above zero")
        self.mode: Mode = mode
        self.speed: float = speed if mode == "scaled" else 1.0
        self.auto_advance = auto_advance
        self._origin = start.astimezone(UTC)
        self._started = time.monotonic()
        self._sleepers: list[_Sleeper] = []
        self._seq = 0
        self._holds: dict[int, weakref.ref[asyncio.Task[object]] | None] = {}
        self._asleep: set[asyncio.Task[object]] = set()
        self._holders: weakref.WeakSet[asyncio.Task[object]] = weakref.WeakSet()
        self._excused: list[Callable[[], bool]] = []
        self._quiet = 0
        self._advancing = 0
        self._pump: asyncio.Handle | None = None
        self._pump_loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def virtual(cls, start: datetime | None = None, *, auto_advance: bool = True) -> EmulatorClock:
        """Make a clock that moves by `advance` and by itself when all is quiet.

        Args:
            start: The first reading (aware); by default `DEFAULT_START`.
            auto_advance: False to let it move by `advance` only.
        """
        return cls("virtual", start=start, auto_advance=auto_advance)

    @classmethod
    def scaled(cls, speed: float, start: datetime | None = None) -> EmulatorClock:
        """Make a clock that runs `speed` times as fast as real time.

        Args:
            speed: Seconds of clock time in a real second.
            start: The first reading (aware); by default the present.
        """
        return cls("scaled", start=start, speed=speed)

    @classmethod
    def real(cls) -> EmulatorClock:
        """Make a clock that shows real time."""
        return cls("real")

    def __repr__(self) -> str:
        """Show the kind of time and the reading."""
        return f"<EmulatorClock {self.mode} at {self.now().isoformat()}>"

    @property
    def sleepers(self) -> int:
        """How many tasks sleep on virtual time."""
        return len(self._sleepers)

    def now(self) -> datetime:
        """Return the reading, aware and in UTC."""
        if self.mode == "virtual":
            return self._origin
        elapsed = (time.monotonic() - self._started) * self.speed
        return self._origin + timedelta(seconds=elapsed)

    async def sleep(self, seconds: float) -> None:
        """Sleep for so many seconds of this clock."""
        if self.mode != "virtual":
            await asyncio.sleep(seconds / self.speed)
            return
        if seconds <= 0:
            self._touch()  # whoever gives way has work to go on with
            await asyncio.sleep(0)
            return
        task = asyncio.current_task()
        self._seq += 1
        future = asyncio.get_running_loop().create_future()
        sleeper = _Sleeper(self._origin + timedelta(seconds=seconds), self._seq, future)
        heapq.heappush(self._sleepers, sleeper)
        if task is not None:
            self._asleep.add(task)
        self._touch()
        try:
            await future
        finally:
            if task is not None:
                self._asleep.discard(task)
            if not sleeper.woken:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)
            self._touch()

    async def sleep_while_waited_for(self, seconds: float, waits: Callable[[], bool]) -> None:
        """Sleep on behalf of a caller, whose hold on time does not count meanwhile.

        The emulator answers late so: the client that waits for the answer is in a call, which
        would hold virtual time still for ever.

        Args:
            seconds: How long.
            waits: Tells whether the caller still waits.
        """
        self._excused.append(waits)
        try:
            await self.sleep(seconds)
        finally:
            self._excused.remove(waits)

    def busy(self) -> Busy:
        """Hold virtual time still until the returned hold is released (or its `with` ends).

        The hold does not count while the task that took it sleeps on this clock itself, as
        a call does between its attempts.
        """
        return Busy(self)

    async def advance(self, delta: timedelta | float) -> None:
        """Move virtual time, waking each sleeper on the way at its own moment.

        Returns once everything that was woken has gone quiet again.

        Args:
            delta: How far, as a `timedelta` or in seconds.

        Raises:
            RuntimeError: The clock is not virtual.
            ValueError: Time cannot run backwards.
        """
        step = delta if isinstance(delta, timedelta) else timedelta(seconds=delta)
        if step < timedelta(0):
            raise ValueError("a clock cannot be advanced backwards")
        self._require_virtual()
        task = asyncio.current_task()
        if task is not None:
            self._asleep.add(task)
        self._advancing += 1
        try:
            await self._quiet_down()
            target = self._origin + step
            while self._sleepers and self._sleepers[0].at <= target:
                self._jump()
                await self._quiet_down()
            self._origin = max(self._origin, target)
            await self._quiet_down()
        finally:
            self._advancing -= 1
            if task is not None:
                self._asleep.discard(task)
            self._touch()

    def set(self, now: datetime) -> None:
        """Set virtual time outright, in either direction; sleepers that are due wake.

        Args:
            now: The new reading (aware).

        Raises:
            RuntimeError: The clock is not virtual.
            ValueError: A naive reading.
        """
        self._require_virtual()
        if now.tzinfo is None:
            raise ValueError("the reading of the clock must be an aware datetime")
        self._origin = now.astimezone(UTC)
        self._wake_due()
        self._touch()

    def _require_virtual(self) -> None:
        if self.mode != "virtual":
            raise RuntimeError(f"a {self.mode} clock moves by itself; only virtual time can be set")

    async def _quiet_down(self) -> None:
        self._quiet = 0
        while self._quiet < QUIET_PASSES:
            if self._is_held():
                # Something is on its way over a real socket or takes real time: a short real
                # wait instead of spinning.
                await asyncio.sleep(0.0002)
                self._quiet = 0
            else:
                await asyncio.sleep(0)
                self._quiet += 1

    def _is_held(self) -> bool:
        holding = sum(owner is None or self._is_awake(owner()) for owner in self._holds.values())
        return holding > sum(waits() for waits in self._excused)

    def _is_awake(self, task: asyncio.Task[object] | None) -> bool:
        return task is not None and task not in self._asleep and not task.done()

    def _hold(self) -> int:
        self._seq += 1
        task = _running_task()
        # Not the task itself: cancelled in a call, it keeps its hold alive, and we would keep it.
        self._holds[self._seq] = None if task is None else weakref.ref(task)
        if task is not None and task not in self._holders:
            self._holders.add(task)
            task.add_done_callback(lambda _: self._touch())  # cancelled, it lets go by its end
        self._quiet = 0
        return self._seq

    def _release(self, hold: int) -> None:
        self._holds.pop(hold, None)
        self._touch()

    def _touch(self) -> None:
        """Note activity, and see to it that time moves on once all is quiet."""
        self._quiet = 0
        if not self._may_jump():
            return
        loop = self._sleepers[0].future.get_loop()
        if loop.is_closed() or (self._pump is not None and self._pump_loop is loop):
            return
        self._pump_loop = loop
        self._pump = loop.call_soon(self._turn)

    def _may_jump(self) -> bool:
        return (
            bool(self._sleepers)
            and self.auto_advance
            and not self._advancing
            and not self._is_held()
        )

    def _turn(self) -> None:
        self._pump = None
        if not self._may_jump():
            return
        self._quiet += 1
        if self._quiet >= QUIET_PASSES:
            self._jump()
        if self._may_jump() and self._pump_loop is not None:
            self._pump = self._pump_loop.call_soon(self._turn)

    def _jump(self) -> None:
        self._quiet = 0
        self._origin = max(self._origin, self._sleepers[0].at)
        self._wake_due()

    def _wake_due(self) -> None:
        while self._sleepers and self._sleepers[0].at <= self._origin:
            sleeper = heapq.heappop(self._sleepers)
            sleeper.woken = True
            if not sleeper.future.done():
                sleeper.future.set_result(None)


@dataclass(order=True, slots=True)
class _Sleeper:
    at: datetime
    seq: int
    future: asyncio.Future[None] = field(compare=False)
    woken: bool = field(default=False, compare=False)


class Busy:
    """A hold on virtual time: while one exists, time does not move by itself.

    Release it by leaving its `with` block or by `release()`; a hold that is dropped without
    either (a cancelled call) releases itself when it is collected.
    """

    def __init__(self, clock: EmulatorClock) -> None:
        """Take hold of the clock."""
        self._clock: EmulatorClock | None = clock
        self._hold = clock._hold()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - one mechanism

    def release(self) -> None:
        """Let go; doing so twice does nothing."""
        clock, self._clock = self._clock, None
        if clock is not None:
            clock._release(self._hold)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - same

    def __enter__(self) -> Self:
        """Hold time until the block ends."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go."""
        self.release()

    def __del__(self) -> None:
        """Let go of time when a cancelled call never did."""
        self.release()


def _running_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
