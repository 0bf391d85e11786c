"""The way there and back over two places, whatever happens to it, whenever."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, event, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from runs import session_with
from way_back_truth import GONE, Side, Truth
from ways import KEY, WAYS, Sides, a_world, machine

from drs_sdk.errors import DRSError, FleetError
from drs_sdk.recovery import Recovery
from drs_sdk.testing import Fault, Quirks
from drs_sdk.testing.service.refusals import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from drs_sdk import DRSClient
    from drs_sdk.testing import Place

SERVER = st.integers(0, 1)
KILL = st.sampled_from([None, *range(0, 70, 3)])
ACTS = (
    "reverse B2",
    "launch home",
    "drill at home",
    "stop A2",
    "start A2",
    "delete A2",
    "terminate B2",
    "stop B2",
    "lose A3",
    "stop B1",
    "forget jobs",
)
MEDDLE = st.tuples(st.sampled_from(range(1, 60, 4)), st.sampled_from(ACTS), SERVER)
FAULTS = st.sampled_from(
    [Fault.drop_before(), Fault.drop_after(), Fault.server_error(503), Fault.throttle()]
)
OPERATIONS = st.sampled_from(
    ["StartRecovery", "ReverseReplication", "StopReplication", "TerminateRecoveryInstances", "*"]
)
QUIRKS = st.sampled_from(
    [
        Quirks(),
        Quirks(empty_terminate_jobs=True, job_listing_delay=30),
        Quirks(recovery_tags="LOST"),
    ]
)


class WayBackInAnyOrder(RuleBasedStateMachine):
    """The run, who kills it, who meddles, and what it must never do."""

    mode = "recovery"

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.kill: int | None = None
        self.meddle: tuple[int, str, int] | None = None
        self.count = 0
        self.task: asyncio.Task[object] | None = None
        self.dead: set[str] = set()
        self.before: tuple[Any, Truth] | None = None
        self.harm: list[str] = []
        self.is_calm = True
        self.has_failures = False

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - what it returns
        return self.loop.run_until_complete(work)

    @initialize(
        way=st.sampled_from(list(WAYS)),
        reverses=st.booleans(),
        until=st.sampled_from(["ready", "launched", "nothing"]),
        quirks=QUIRKS,
    )
    def begin(self, way: str, until: str, quirks: Quirks, *, reverses: bool) -> None:
        self.way, self.reverses = way, reverses
        self.do(self._open(quirks))
        event(f"{self.mode}, {way}")
        if until == "nothing":
            return
        self.attempt(self.recovery().launch(), "launch")
        if until == "ready" and self.mode == "recovery":
            self.attempt(self.recovery().reprotect(timeout=timedelta(hours=5)), "reprotect")

    async def _open(self, quirks: Quirks) -> None:
        options = {"reverse_drill_instances": self.reverses}
        self.sides: Sides = await self.stack.enter_async_context(
            a_world(self.way, servers=2, **options)
        )
        self.drs = await self._runner(self.sides.there, at_home=False)
        self.at_home = await self._runner(self.sides.home, at_home=True)
        for place in {self.sides.there, self.sides.home}:
            place.quirks = quirks

    async def _runner(self, place: Place, *, at_home: bool) -> DRSClient:
        async def before(_: str) -> None:
            await self._before_each()

        session = session_with(place.clock, place.url, before)

        def look(params: Mapping[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401
            self._judge(model.name, params, at_home=at_home)

        session.register("provide-client-params.drs", look)
        client = place.client(
            session=session,
            aws_access_key_id=place.access_key_id,
            aws_secret_access_key=place.secret_access_key,
        )
        return await self.stack.enter_async_context(client)

    def teardown(self) -> None:
        if hasattr(self, "at_home"):
            try:
                for place in {self.sides.there, self.sides.home}:
                    place.clear_faults()
                self.do(self._end())
            finally:
                self.do(self.stack.aclose())
        self.loop.close()

    # -- the runner, and what is done to it ------------------------------------------------------

    def truth(self) -> Truth:
        there = Side.of(self.sides.there)
        is_one = self.sides.there is self.sides.home
        return Truth(
            f"erp/{KEY}",
            frozenset(self.sides.b1s),
            there,
            there if is_one else Side.of(self.sides.home),
            frozenset(self.dead),
        )

    async def _before_each(self) -> None:
        """Meddle or kill, when it is time."""
        self.count += 1
        if self.meddle is not None and self.count == self.meddle[0]:
            _, act, number = self.meddle
            self.before = (self.sides.emulator.clock.now(), self.truth())
            await self._act(act, number)
        if self.kill is not None and self.count > self.kill and self.task is not None:
            event(f"killed: {self.count // 20 * 20} requests or more")
            if self.sides.home.quirks.recovery_tags == "LOST":
                self.is_calm = False  # killed before it could tag its job, nobody knows it again
            self.task.cancel()
            await asyncio.sleep(0)

    def _judge(self, operation: str, params: Mapping[str, Any], *, at_home: bool) -> None:
        """Look at a request of the run: what it would destroy now, and when it last looked."""
        if operation.startswith(("Describe", "Get", "List")):
            return
        is_drill = self.mode == "drill"
        why = self.truth().harm(operation, params, at_home=at_home, is_drill=is_drill)
        if why is not None and self.before is not None:
            moment, truth = self.before
            if moment == self.sides.emulator.clock.now():  # nobody could have seen it meanwhile
                why = truth.harm(operation, params, at_home=at_home, is_drill=is_drill)
        if why is not None:
            self.harm.append(why)

    def recovery(self) -> Recovery:
        mode: Any = self.mode
        return Recovery(self.drs, self.sides.runbook(), key=KEY, mode=mode, origin=self.at_home)

    def attempt(self, work: Coroutine[Any, Any, Any], what: str) -> Any:  # noqa: ANN401
        """Do something as a runner that may be killed, or refused: what it returned, or None."""
        self.count, result = 0, None

        async def run() -> Any:  # noqa: ANN401
            self.task = asyncio.create_task(work)
            return await self.task

        try:
            result = self.do(run())
        except (DRSError, FleetError) as error:
            event(f"{what}: {type(error).__name__}")
        except asyncio.CancelledError:
            event(f"{what}: killed")
        else:
            event(f"{what}: returned")
        finally:
            self.kill = self.meddle = self.before = None
        assert self.harm == []
        return result

    @rule(kill=KILL, meddle=MEDDLE)
    def goes_on(self, kill: int | None, meddle: tuple[int, str, int] | None) -> None:
        """Call all, one after the other, as whoever finds the run would."""
        recovery = self.recovery()
        verbs: list[tuple[str, Callable[[], Coroutine[Any, Any, object]]]] = [
            ("launch", lambda: recovery.launch(timeout=7200, min_delay=60, max_delay=300))
        ]
        if self.mode == "drill":
            verbs.append(
                ("rehearse", lambda: recovery.rehearse_way_back(timeout=timedelta(hours=2)))
            )
        else:
            verbs += [
                ("reprotect", lambda: recovery.reprotect(timeout=timedelta(hours=2))),
                ("fail_back", lambda: recovery.fail_back(timeout=timedelta(hours=2))),
            ]
        for name, verb in verbs:
            self.kill, self.meddle = kill, meddle
            self.attempt(verb(), name)

    @rule(kill=KILL, meddle=MEDDLE, hours=st.sampled_from([0.1, 1, 2]))
    def comes_home(self, kill: int | None, meddle: Any, hours: float) -> None:  # noqa: ANN401
        self.kill, self.meddle = kill, meddle
        self.attempt(
            self.recovery().fail_back(timeout=timedelta(hours=hours), attempts=3), "fail_back"
        )

    @rule(kill=KILL, meddle=MEDDLE, hours=st.sampled_from([0.1, 1, 2]))
    def is_reprotected(self, kill: int | None, meddle: Any, hours: float) -> None:  # noqa: ANN401
        self.kill, self.meddle = kill, meddle
        self.attempt(self.recovery().reprotect(timeout=timedelta(hours=hours)), "reprotect")

    @rule(kill=KILL)
    def cleans_up(self, kill: int | None) -> None:
        self.kill = kill
        self.attempt(self.recovery().clean_up(timeout=3600), "clean_up")

    @rule(seconds=st.sampled_from([1, 100, 900, 20000]))
    def time_passes(self, seconds: float) -> None:
        self.do(self.sides.emulator.clock.advance(seconds))

    @rule(at_home=st.booleans(), operation=OPERATIONS, fault=FAULTS)
    def the_network_fails(self, operation: str, fault: Fault, *, at_home: bool) -> None:
        (self.sides.home if at_home else self.sides.there).inject(operation, fault)

    @rule(number=SERVER)
    def a_launch_home_fails(self, number: int) -> None:
        for name in self._a2s(number):
            self.sides.home.fail_launch(name)
            self.has_failures = True

    @rule(act=st.sampled_from(ACTS), number=SERVER)
    def somebody_acts(self, act: str, number: int) -> None:
        self.do(self._act(act, number))

    # -- other people ----------------------------------------------------------------------------

    def _a2s(self, number: int) -> list[str]:
        truth = self.truth()
        if truth.is_one_place:
            return []
        b1 = self.sides.b1s[number]
        return [name for name in truth.home.servers if truth.b1_of(name) == b1]

    async def _act(self, act: str, number: int) -> None:  # noqa: C901, PLR0912 - one for each act
        there = self.sides.drs.with_options(max_attempts=1)
        home = self.sides.at_home.with_options(max_attempts=1)
        truth, b1 = self.truth(), self.sides.b1s[number]
        a2s = self._a2s(number)
        b2s = [n for n, one in truth.there.instances.items() if truth.is_b2(one, b1)]
        a3s = [] if truth.is_one_place else list(truth.home.instances)
        with suppress(ServiceError, DRSError, ValueError):
            turns_b1 = truth.is_one_place and self.mode == "drill"  # theirs, and B1 stays turned
            if act == "reverse B2" and b2s and not turns_b1:
                await there.reverse_replication(b2s[0])
            elif act in {"launch home", "drill at home"} and a2s:
                self.sides.home.start_foreign_launch(a2s, is_drill=act == "drill at home")
            elif act == "stop A2" and a2s:
                await home.stop_replication(a2s[0])
            elif act == "start A2" and a2s:
                await home.start_replication(a2s[0])
            elif act == "delete A2" and a2s:
                await home.stop_replication(a2s[0])
                await home.disconnect_source_server(a2s[0])
                await home.delete_source_server(a2s[0])
            elif act == "terminate B2" and b2s:
                self.sides.there.start_foreign_termination(b2s)
                self.dead |= {truth.there.instances[name]["arn"] for name in b2s}
            elif act == "stop B2" and b2s:
                self.sides.there.set_instance_state(b2s[0], "STOPPED")
            elif act == "lose A3" and a3s:
                name = a3s[number % len(a3s)]
                self.sides.home.set_instance_state(name, "TERMINATED")
                self.dead.add(truth.home.instances[name]["arn"])
            elif act == "stop B1" and self.mode == "recovery":
                await there.stop_replication(b1)
            elif act == "forget jobs":
                for place, side in ((self.sides.there, truth.there), (self.sides.home, truth.home)):
                    for name in side.jobs:
                        with suppress(ServiceError, ValueError):
                            place.forget_job(name)
            else:
                return
            self.is_calm = False
            event(f"somebody: {act}")

    # -- how it ends -----------------------------------------------------------------------------

    async def _end(self) -> None:
        """Let it come to its end in peace: what the report says is so."""
        recovery = self.recovery()
        if self.mode == "drill":
            await self._end_of_drill(recovery)
            return
        report = None
        await self.sides.emulator.clock.advance(7200)  # nothing is under way any more
        try:
            await recovery.reprotect(timeout=timedelta(hours=5))
            report = await recovery.fail_back(timeout=timedelta(hours=5), attempts=9)
        except (DRSError, FleetError) as error:
            told: object = error
            event(f"at the end: {type(error).__name__}")
        else:
            told = report
        assert self.harm == []
        truth = self.truth()
        was_launched = bool(truth.own_launches("launch"))
        if report is None:
            # Only what has not begun, or is over already, is refused.
            assert not (self.is_calm and was_launched) or self._is_home(truth), told
            return
        event(f"at the end: {'all home' if report.succeeded else 'some are behind'}")
        for one in report.servers:
            if one.stage in {"protected", "retiring", "done"}:
                assert truth.is_protected(one.source_server_id), str(report)
            else:
                assert one.reason, str(report)
        if report.succeeded:
            own = [n for n, one in truth.there.instances.items() if not one["doc"]["isDrill"]]
            assert own == [], str(report)
        if self.is_calm:
            asked = {
                server["sourceServerID"]
                for job in truth.own_launches("launch")
                for server in job["participatingServers"]
            }
            # Killed between two waves, the later one was never launched.
            assert not {one.source_server_id for one in report.behind} & asked, str(report)
            assert not report.left, str(report)

    def _is_home(self, truth: Truth) -> bool:
        return all(truth.is_protected(b1) for b1 in self.sides.b1s)

    async def _end_of_drill(self, recovery: Recovery) -> None:
        with suppress(DRSError, FleetError):
            await recovery.rehearse_way_back(timeout=timedelta(hours=5))
        with suppress(DRSError, FleetError):
            await recovery.clean_up(timeout=timedelta(hours=5))
        assert self.harm == []
        b1s = [await self.sides.b1(number) for number in range(2)]
        assert [str(one.replication_state) for one in b1s] == ["CONTINUOUS"] * 2
        assert [machine(one) for one in b1s] == [f"i-0a1a1a1a1a1a1a{n:03x}" for n in range(2)]
        for b1 in b1s:
            named = b1.source_server_id
            points = await self.sides.drs.describe_recovery_snapshots(named).collect()
            assert len(points) > 1
        if self.is_calm:
            own = {job["jobID"] for job in self.truth().own_launches("launch")}
            left = [
                one
                for one in await self.sides.b2s()
                if one.job_id in own and str(one.ec2_instance_state) not in GONE
            ]
            assert left == []
            event("at the end: the drill has left nothing")


class RehearsalInAnyOrder(WayBackInAnyOrder):
    """The same, as a drill."""

    mode = "drill"


SETTINGS = settings(
    stateful_step_count=6,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=tuple(HealthCheck),
)
TestWayBackInAnyOrder = WayBackInAnyOrder.TestCase
TestWayBackInAnyOrder.settings = settings(SETTINGS, max_examples=24)
TestRehearsalInAnyOrder = RehearsalInAnyOrder.TestCase
TestRehearsalInAnyOrder.settings = settings(SETTINGS, max_examples=8)
