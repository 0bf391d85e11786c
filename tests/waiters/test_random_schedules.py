"""Whatever happens when: changing states, faults, joins, leaves, cancellations, a closed client.

Each example is a story on virtual time. What must hold in every story stands in `check`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings, strategies as st
from scripted import (
    ScriptedService,
    api_error,
    at,
    broken,
    denied,
    is_idle,
    job,
    job_id,
    reset,
    server,
    server_id,
    settle,
    throttled,
    timed_out,
)

from drs_sdk.errors import (
    AccessDeniedException,
    ClientClosedError,
    RequestValidationError,
    ValidationException,
    WaiterFailedError,
    WaiterTimeoutError,
)
from drs_sdk.testing import EmulatorClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted import Call

    from drs_sdk._core.base import Shape

SETTLING = 120.0
GRACE = 10.0
SUBJECTS = 5
MALFORMED = "no-id-at-all"

_JOBS: dict[str, Callable[[int], Shape | None]] = {
    "missing": lambda _: None,
    "under way": lambda n: job("STARTED", number=n),
    "settling": lambda n: job("COMPLETED", ["PENDING"], number=n),
    "good": lambda n: job("COMPLETED", ["LAUNCHED"], number=n),
    "bad": lambda n: job("COMPLETED", ["FAILED"], number=n),
}
_SERVERS: dict[str, Callable[[int], Shape | None]] = {
    "missing": lambda _: None,
    "under way": lambda n: server("INITIAL_SYNC", number=n),
    "settling": lambda n: server("DISCONNECTED", number=n),
    "good": lambda n: server("CONTINUOUS", number=n),
}
_FAULTS: dict[str, Callable[[], Exception]] = {
    "throttle": throttled,
    "throttle with Retry-After": lambda: throttled(retry_after=90),
    "5xx": broken,
    "reset": reset,
    "timeout": timed_out,
}

moments = st.integers(0, 400).map(float)


@dataclass(frozen=True)
class Join:
    """One wait or watch: on what, from when on, and for how long.

    Attributes:
        about: ``job`` or ``server``.
        numbers: The subjects by number; 0 stands for a malformed id.
        since: When it begins.
        timeout: Its deadline.
        delays: The least and the longest delay.
        watches: Whether it watches.
        leaves: When it is cancelled, seconds after its beginning.
        pauses: How long it works on each thing it is told.
    """

    about: str
    numbers: tuple[int, ...]
    since: float
    timeout: float | None
    delays: tuple[float, float]
    watches: bool
    leaves: float | None
    pauses: float

    @property
    def ids(self) -> list[str]:
        id_of = job_id if self.about == "job" else server_id
        return [id_of(number) if number else MALFORMED for number in self.numbers]


@dataclass(frozen=True)
class Story:
    """All that happens."""

    jobs: tuple[tuple[tuple[float, str], ...], ...]
    servers: tuple[tuple[tuple[float, str], ...], ...]
    faults: tuple[tuple[float, float, str], ...]
    fatal: tuple[float, str] | None
    latency: float
    joins: tuple[Join, ...]
    closes: float | None


def scripts(kinds: dict[str, Any]) -> st.SearchStrategy[tuple[tuple[float, str], ...]]:
    steps = st.lists(st.tuples(moments, st.sampled_from(sorted(kinds))), max_size=4)
    return st.tuples(st.sampled_from(sorted(kinds)), steps).map(
        lambda drawn: ((0.0, drawn[0]), *sorted(drawn[1], key=lambda step: step[0]))
    )


@st.composite
def joins(draw: st.DrawFn) -> Join:
    about = draw(st.sampled_from(["job", "server"]))
    most = 1 if about == "job" else 3
    numbers = draw(st.lists(st.integers(1, SUBJECTS), min_size=1, max_size=most, unique=True))
    if draw(st.integers(0, 9)) == 0:
        numbers[0] = 0
    low = float(draw(st.sampled_from([2, 5, 20])))
    return Join(
        about=about,
        numbers=tuple(numbers),
        since=draw(moments),
        timeout=draw(st.sampled_from([0.0, 30.0, 150.0, 500.0])),
        delays=(low, low * draw(st.sampled_from([1, 2, 8]))),
        watches=draw(st.booleans()),
        leaves=draw(st.none() | moments),
        pauses=draw(st.sampled_from([0.0, 0.0, 0.0, 45.0])),
    )


stories = st.builds(
    Story,
    jobs=st.tuples(*[scripts(_JOBS)] * SUBJECTS),
    servers=st.tuples(*[scripts(_SERVERS)] * SUBJECTS),
    faults=st.lists(
        st.tuples(moments, st.floats(1, 400), st.sampled_from(sorted(_FAULTS))), max_size=3
    ).map(tuple),
    fatal=st.none() | st.tuples(moments, st.sampled_from(["denied", "refused"])),
    latency=st.sampled_from([0.0, 0.0, 0.5, 3.0]),
    joins=st.lists(joins(), min_size=1, max_size=8).map(tuple),
    closes=st.none() | moments,
)


@dataclass
class Outcome:
    """How a wait or watch ended."""

    join: Join
    began: float = 0.0
    ended: float = 0.0
    states: list[Any] | None = None
    error: BaseException | None = None
    cancelled: bool = False


def build(story: Story) -> ScriptedService:
    service = ScriptedService(EmulatorClock(), latency=story.latency)
    for number in range(1, SUBJECTS + 1):
        for id_of, kinds, scripted in (
            (job_id, _JOBS, story.jobs[number - 1]),
            (server_id, _SERVERS, story.servers[number - 1]),
        ):
            service.put(id_of(number), *((when, kinds[name](number)) for when, name in scripted))

    def fails(call: Call) -> Exception | None:
        if story.fatal is not None and call.at >= at(story.fatal[0]):
            if story.fatal[1] == "denied":
                return denied()
            if job_id(1) in call.ids or server_id(1) in call.ids:
                return api_error(ValidationException, 400)
        for since, length, kind in story.faults:
            if at(since) <= call.at < at(since + length):
                return _FAULTS[kind]()
        return None

    service.fails = fails
    return service


async def wait_for(service: ScriptedService, join: Join) -> list[Any]:
    """Wait or watch, and return what the wait returned or the watch yielded."""
    low, high = join.delays
    options: dict[str, Any] = {"timeout": join.timeout, "min_delay": low, "max_delay": high}
    target: Any = join.ids[0] if join.about == "job" else join.ids

    async def pause(_: object) -> None:
        await service.clock.sleep(join.pauses)

    if join.watches:
        open_watch = (
            service.watch_job if join.about == "job" else service.watch_source_servers_replicating
        )
        seen: list[Any] = []
        async with open_watch(target, **options) as watch:
            async for each in watch:
                seen.append(each)
                await pause(each)
        return seen
    if join.about == "job":
        return [await service.wait_until_job_completed(target, on_update=pause, **options)]
    return await service.wait_until_source_servers_replicating(target, on_update=pause, **options)


async def live(service: ScriptedService, join: Join) -> Outcome:
    outcome = Outcome(join)
    await service.clock.sleep(join.since)
    outcome.began = service.elapsed
    task = asyncio.create_task(wait_for(service, join))
    if join.leaves is not None:
        leaves = asyncio.create_task(service.clock.sleep(join.leaves))
        await asyncio.wait([task, leaves], return_when=asyncio.FIRST_COMPLETED)
        outcome.cancelled = not task.done()
        task.cancel()
        leaves.cancel()
        await asyncio.wait([leaves])
    await asyncio.wait([task])
    outcome.ended = service.elapsed
    if task.cancelled():
        outcome.error = asyncio.CancelledError()
    else:
        outcome.error = task.exception()
        outcome.states = None if outcome.error else task.result()
    return outcome


async def play(story: Story) -> tuple[ScriptedService, list[Outcome]]:
    async with asyncio.timeout(60):  # of real time: a wait that does not end is found
        return await tell(story)


async def tell(story: Story) -> tuple[ScriptedService, list[Outcome]]:
    service = build(story)
    lives = [asyncio.create_task(live(service, join)) for join in story.joins]
    if story.closes is not None:
        await service.clock.sleep(story.closes)
        await service.hub.close()
    outcomes = [await each for each in lives]
    await settle(service)
    assert is_idle(service), asyncio.all_tasks()
    return service, outcomes


def was_shown(
    service: ScriptedService, name: str, state: Shape, since: float, until: float
) -> bool:
    """Whether a subject was in a state at some moment of a stretch of time."""
    script = service.states[name]
    ends = [start for start, _ in script[1:]] + [float("inf")]
    return any(
        shown == state and start <= until and end >= since
        for (start, shown), end in zip(script, ends, strict=True)
    )


def check(story: Story, service: ScriptedService, outcome: Outcome) -> None:
    join, error = outcome.join, outcome.error
    slack = join.pauses * 8  # what it takes its own time for does not count
    if isinstance(error, WaiterFailedError):
        slack += story.latency  # the job log is read after the end
    took = outcome.ended - outcome.began
    assert join.timeout is not None
    assert took <= join.timeout + GRACE + slack + 1e-6, "it outlived its deadline"
    if outcome.states is not None:
        check_states(service, outcome)
    elif isinstance(error, asyncio.CancelledError):
        assert outcome.cancelled, "somebody else's cancellation"
    elif isinstance(error, WaiterTimeoutError):
        assert took >= join.timeout - 1e-6, "it gave up before its deadline"
    elif isinstance(error, WaiterFailedError):
        for name, why in error.reasons.items():
            subject = join.ids[0] if join.about == "job" else name
            check_failure(story, outcome, subject, missing="there is no" in why)
    elif isinstance(error, RequestValidationError):
        assert MALFORMED in join.ids, "somebody else's malformed id"
    elif isinstance(error, ClientClosedError):
        assert story.closes is not None
        assert outcome.ended >= story.closes
    else:
        assert isinstance(error, (AccessDeniedException, ValidationException)), repr(error)
        assert story.fatal is not None
        assert outcome.ended >= story.fatal[0]
        if isinstance(error, ValidationException):
            assert {job_id(1), server_id(1)} & set(join.ids), "somebody else's refusal"


def check_states(service: ScriptedService, outcome: Outcome) -> None:
    join, states = outcome.join, outcome.states or []
    since = outcome.began - 1e-6
    until = outcome.ended + 1e-6
    id_of = _id_of
    assert all(was_shown(service, id_of(each), each, since, until) for each in states)
    if not join.watches:
        assert [id_of(each) for each in states] == join.ids
        assert all(_is_good(each) for each in states), "it returned before its condition held"
        if join.about == "server":
            assert _were_good_at_once(service, join, since, until), "they were good, one by one"
        return
    for name in join.ids:
        own = [each for each in states if id_of(each) == name]
        assert own, "a watch yields each subject at least once"
        assert all(a != b for a, b in pairwise(own)), "no change, yet yielded"


def _were_good_at_once(service: ScriptedService, join: Join, since: float, until: float) -> bool:
    """Whether there was a moment of the wait when all its subjects were in a good state."""
    changes = {since, *(start for name in join.ids for start, _ in service.states[name])}

    def shown(name: str, moment: float) -> Shape | None:
        return [state for start, state in service.states[name] if start <= moment][-1]

    return any(
        all(shown(name, moment) and _is_good(shown(name, moment)) for name in join.ids)
        for moment in changes
        if since <= moment <= until
    )


def check_failure(story: Story, outcome: Outcome, name: str, *, missing: bool) -> None:
    """What failed was in a bad state; where that may pass, for two minutes."""
    scripts = story.jobs if outcome.join.about == "job" else story.servers
    kinds = {kind for _, kind in scripts[int(name.rpartition("-")[2], 16) - 1]}
    assert ({"missing"} if missing else {"bad", "settling"}) & kinds
    if missing or "bad" not in kinds:
        assert outcome.ended - outcome.began >= SETTLING


def _id_of(subject: Any) -> str:  # noqa: ANN401
    return getattr(subject, "job_id", None) or subject.source_server_id


def _is_good(subject: Any) -> bool:  # noqa: ANN401
    return bool(subject.succeeded if hasattr(subject, "succeeded") else subject.is_replicating)


def check_calls(story: Story, service: ScriptedService) -> None:
    """Few subjects fit into one call: more calls at one moment need joins, or ids to blame."""
    refusals = story.fatal is not None or any(MALFORMED in join.ids for join in story.joins)
    extra = 2 * len(story.joins) if refusals else 0
    joined = Counter((join.about, join.since) for join in story.joins)
    paused = any(join.pauses for join in story.joins)
    for operation, about in (("DescribeJobs", "job"), ("DescribeSourceServers", "server")):
        counted = Counter(call.at for call in service.calls if call.operation == operation)
        for moment, calls in counted.items():
            joining = joined[about, (moment - at(0)).total_seconds()]
            assert calls <= 1 + joining + extra + (len(story.joins) if paused else 0)
    polls = sum((join.timeout or 0) / join.delays[0] + 2 + join.pauses for join in story.joins)
    assert len(service.calls) <= polls + extra


QUIET = Join("job", (1,), 0.0, 300.0, (5.0, 40.0), watches=False, leaves=None, pauses=0.0)


@settings(max_examples=150)
@given(stories)
@example(
    Story(
        jobs=(((0.0, "under way"), (200.0, "good")),) * SUBJECTS,
        servers=(((0.0, "good"),),) * SUBJECTS,
        faults=((10.0, 100.0, "throttle with Retry-After"),),
        fatal=(50.0, "refused"),
        latency=3.0,
        joins=(
            QUIET,
            Join("job", (2,), 20.0, 1500.0, (5.0, 5.0), watches=True, leaves=None, pauses=45.0),
            Join("server", (0, 2), 0.0, 30.0, (1.0, 8.0), watches=False, leaves=1.0, pauses=0.0),
        ),
        closes=None,
    )
)
@example(
    Story(
        jobs=(((0.0, "under way"),),) * SUBJECTS,
        servers=(((0.0, "under way"),),) * SUBJECTS,
        faults=(),
        fatal=None,
        latency=0.0,
        joins=(
            Join("server", (2,), 0.0, 0.0, (2.0, 2.0), watches=False, leaves=None, pauses=0.0),
            Join("server", (0, 2), 0.0, 0.0, (2.0, 2.0), watches=False, leaves=None, pauses=0.0),
        ),
        closes=None,
    )
)
def test_whatever_happens_every_wait_ends_as_it_must(story: Story) -> None:
    service, outcomes = asyncio.run(play(story))
    for outcome in outcomes:
        check(story, service, outcome)
    check_calls(story, service)


@settings(max_examples=40)
@given(stories, st.integers(0, 400))
def test_waits_that_come_and_go_leave_the_others_as_they_were(story: Story, leaves: int) -> None:
    """A wait of its own ends the same way, whoever else waits, fails or is cancelled."""
    script = ((0.0, "under way"), (250.0, "good"))
    others = tuple(join for join in story.joins if job_id(1) not in join.ids)
    crowd = Join("job", (2,), 100.0, 300.0, (1.0, 1.0), False, float(leaves), 0.0)  # noqa: FBT003
    told = Story(
        jobs=(script, *story.jobs[1:]),
        servers=story.servers,
        faults=(),
        fatal=None,
        latency=story.latency,
        joins=(QUIET, crowd, *others),
        closes=None,
    )
    service, outcomes = asyncio.run(play(told))
    assert outcomes[0].error is None
    assert outcomes[0].states == service.show([job_id(1)])
    assert 250 <= outcomes[0].ended <= 250 + 40 + 3 * story.latency
