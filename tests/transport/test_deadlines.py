"""One timer keeps the deadlines of many: none is missed, and none is told of too early or twice."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from drs_sdk._transport.deadlines import Deadlines

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class _Asleep(selectors.DefaultSelector):
    """Lets time pass at once where nothing happens."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout:
            self.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose time passes while it has nothing to do."""

    def __init__(self) -> None:
        self.asleep = _Asleep()
        super().__init__(self.asleep)

    def time(self) -> float:
        return self.asleep.now


def run(main: Callable[[], Coroutine[object, object, None]]) -> None:
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(main())


THINGS = st.lists(
    st.tuples(
        st.floats(0, 100),  # when it begins
        st.floats(0.01, 400),  # how long it has
        st.none() | st.floats(0.001, 400),  # after how long it is set anew, or cleared
        st.none() | st.floats(0.01, 400),  # how long it has then
    ),
    max_size=12,
)


@given(things=THINGS)
def test_each_is_told_of_once_and_in_time(
    things: list[tuple[float, float, float | None, float | None]],
) -> None:
    late: dict[int, float] = {}
    expected: dict[int, float] = {}
    tolerance = 1e-6

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def told(number: int) -> None:
            assert number not in late
            late[number] = loop.time()

        deadlines: Deadlines[int] = Deadlines(told)

        def again(number: int, seconds: float | None) -> None:
            if number in late:
                return
            if seconds is None:
                deadlines.clear(number)
                expected.pop(number)
            else:
                deadlines.set(number, seconds)
                expected[number] = loop.time() + seconds

        for number, (begins, seconds, change, then) in enumerate(things):
            loop.call_later(begins, deadlines.set, number, seconds)
            expected[number] = begins + seconds
            if change is not None and abs(change - seconds) > tolerance:
                loop.call_later(begins + change, again, number, then)
        await asyncio.sleep(2000)

    run(main)
    assert late == pytest.approx(expected)


def test_one_timer_serves_all() -> None:
    timers = 0

    async def main() -> None:
        nonlocal timers
        loop = asyncio.get_running_loop()
        call_at = loop.call_at

        def counted(*args: object, **named: object) -> asyncio.TimerHandle:
            nonlocal timers
            timers += 1
            return call_at(*args, **named)  # type: ignore[arg-type]

        loop.call_at = counted  # type: ignore[method-assign, assignment]
        deadlines: Deadlines[int] = Deadlines(lambda _: None)
        for number in range(1000):
            deadlines.set(number, 60)
            deadlines.set(number, 300)
            deadlines.clear(number)

    run(main)
    assert timers == 1


def test_nothing_is_told_once_it_is_closed() -> None:
    late: list[int] = []

    async def main() -> None:
        deadlines = Deadlines(late.append)
        deadlines.set(1, 1)
        deadlines.close()
        deadlines.close()
        await asyncio.sleep(10)
        deadlines.set(2, 1)
        await asyncio.sleep(10)

    run(main)
    assert late == [2]


def test_what_is_told_may_set_another() -> None:
    late: list[int] = []

    async def main() -> None:
        def told(number: int) -> None:
            late.append(number)
            if number < 3:
                deadlines.set(number + 1, 1)

        deadlines = Deadlines(told)
        deadlines.set(0, 1)
        await asyncio.sleep(10)

    run(main)
    assert late == [0, 1, 2, 3]
