"""A run of three waves over two Regions, whatever happens to it in whatever order."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import event, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from runs import KEY, session_with

from drs_sdk.errors import DRSError, FleetError
from drs_sdk.fleet import Fleet, Target
from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator, Fault
from drs_sdk.testing.service.refusals import ServiceError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from drs_sdk.recovery.clean_up import CleanUp

REGIONS = ("us-east-1", "us-west-2")
WAVES = ("db", "app", "web")
ATTEMPTS = 2
GONE = frozenset({"TERMINATED", "SHUTTING-DOWN", "NOT_FOUND"})
SERVER = st.tuples(st.sampled_from(REGIONS), st.integers(0, 5))
KILLS = st.lists(st.none() | st.integers(0, 12), max_size=3)
SELDOM = st.sampled_from([*[None] * 9, *((region, 0) for region in REGIONS)])
DICE = st.integers(0, 2)
RETAGGED = st.tuples(SERVER, st.sampled_from([*WAVES, "none"]))
THROUGH = st.tuples(KILLS, st.none() | SERVER, st.none() | RETAGGED)
ENDING = st.tuples(SERVER, st.none() | st.integers(0, 30))
FAULTS = st.sampled_from(
    [
        Fault.drop_before(),
        Fault.drop_after(),
        Fault.server_error(503),
        Fault.server_error(after=True),
        Fault.throttle(),
        Fault.error("ServiceQuotaExceededException", "full"),
    ]
)
OPERATIONS = st.sampled_from(
    ["StartRecovery", "DescribeJobs", "DescribeSourceServers", "TerminateRecoveryInstances", "*"]
)


class AnyOrder(RuleBasedStateMachine):
    """The run, the world around it, and what must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.left: int | None = None
        self.steps = 0
        self.seen: tuple[Any, dict[str, Any]] = (None, {})
        self.removed: set[str] = set()
        self.stood: dict[str, tuple[str, str, str, bool]] = {}
        self.approved: set[str] = set()
        self.closed_jobs: set[str] | None = None
        self.happened: set[str] = set()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - what it returns
        return self.loop.run_until_complete(work)

    @initialize(
        mode=st.sampled_from(["drill", "recovery"]),
        through=st.lists(THROUGH, max_size=4),
        ending=st.none() | ENDING,
        before=SELDOM,
    )
    def begin(
        self,
        mode: str,
        through: list[Any],
        ending: Any,  # noqa: ANN401 - drawn
        before: tuple[str, int] | None,
    ) -> None:
        """Begin somewhere in a run: orders that start at nothing hardly come to its last wave."""
        self.mode = mode
        self.world = DRSEmulator(regions=REGIONS)
        self.do(self.world.start())
        self.places = {name: self.world.at(region=name) for name in REGIONS}
        self.servers = {
            region: [s for w in WAVES for s in place.add_source_servers(2, tags={"tier": w})]
            for region, place in self.places.items()
        }
        self.do(self._open())
        if before:  # it is in the way of the first wave
            self.somebody_launches(before, 0, is_drill=False)
            self.time_passes(900)
            self._all_holds()
        for kills, fails, retagged in through:
            self.a_wave_goes_through(kills, fails, names=False)
            if retagged:
                self.somebody_retags(*retagged)
            self._all_holds()
        if ending and mode == "drill":
            self._ends(*ending)
            self._all_holds()

    def _ends(self, overwritten: tuple[str, int], kill: int | None) -> None:
        """The drill is cleaned up, beside what somebody has launched since."""
        self.somebody_launches(overwritten, 0, is_drill=True)
        self.time_passes(900)
        self._all_holds()  # what stands now is known
        for each in (kill, None):
            self.somebody_cleans_up(each)

    def _all_holds(self) -> None:
        self.one_launch_for_each_attempt()
        self.no_wave_before_those_it_comes_after()
        self.what_is_not_its_own_stays()

    async def _open(self) -> None:
        keys = {
            "endpoint_url": self.world.url,
            "sts_endpoint_url": self.world.url,
            "aws_access_key_id": self.world.access_key_id,
            "aws_secret_access_key": self.world.secret_access_key,
        }
        session = session_with(self.world.clock, self.world.url, self._before)
        self.fleet = Fleet(
            [Target(region) for region in REGIONS], **keys, session=session, clock=self.world.clock
        )
        await self.fleet.__aenter__()
        self.clients = {r: await p.client().__aenter__() for r, p in self.places.items()}

    def teardown(self) -> None:
        if hasattr(self, "clients"):
            self.world.clear_faults()
            for place in self.places.values():
                place.clear_faults()
            self.do(self._figures())
            self._tell()
            self.do(self._close())
        self.loop.close()

    def _tell(self) -> None:
        """Say what this order reached: shown by ``--hypothesis-show-statistics``."""
        tags = [job["tags"] for _, job in self._own_jobs()]
        event(f"waves begun: {len({each['drs-sdk:wave'] for each in tags})}")
        event(f"attempts: {max((int(each['drs-sdk:attempt']) for each in tags), default=0)}")
        for each in sorted(self.happened):
            event(each)

    async def _close(self) -> None:
        await self.fleet.__aexit__(None, None, None)
        for client in self.clients.values():
            await client.__aexit__(None, None, None)
        await self.world.stop()

    async def _before(self, _: str) -> None:
        """Kill the runner before its next request, when it is time."""
        if self.left is not None:
            if self.left <= 0:
                self.happened.add("killed")
                if any(True for _ in self._own_jobs()):
                    self.happened.add("killed in the middle")
                raise asyncio.CancelledError
            self.left -= 1

    def recovery(self) -> Recovery:
        waves = [
            {
                "name": name,
                "servers": {"tags": {"tier": name}},
                "attempts": ATTEMPTS,
                "pause_before": name == "web",
            }
            for name in WAVES
        ]
        mode: Any = self.mode
        return Recovery(self.fleet, Runbook(name="erp", waves=waves), key=KEY, mode=mode)

    def attempt(self, work: Coroutine[Any, Any, object], kill: int | None = None) -> bool:
        """Do something as a runner that may be killed, or refused; whether it went through."""
        self.left = kill
        try:
            self.do(work)
        except (DRSError, FleetError, asyncio.CancelledError):
            return False
        else:
            return True
        finally:
            self.left = None

    # -- what happens ----------------------------------------------------------------------------

    @rule(kill=st.none() | st.integers(0, 20), names=st.booleans())
    def advances(self, kill: int | None, *, names: bool) -> None:
        self.attempt(self.recovery().advance(replace_instances_of=self._named(names)), kill)

    @rule(kill=st.none() | st.integers(0, 120), names=st.booleans())
    def launches(self, kill: int | None, *, names: bool) -> None:
        work = self.recovery().launch(
            timeout=1800, min_delay=60, max_delay=300, replace_instances_of=self._named(names)
        )
        self.attempt(work, kill)

    def _named(self, names: bool) -> list[str]:  # noqa: FBT001 - as it was drawn
        """Name all servers, so that their instances may go; a drill's never for the real thing."""
        if not names:
            return []
        for instance, (_, _, _, is_drill) in self._instances().items():
            if self.mode == "recovery" or is_drill:
                self.removed.add(instance)
        return [name for servers in self.servers.values() for name in servers]

    @rule(
        kills=KILLS,
        fails=st.none() | SERVER,
        names=st.booleans(),
    )
    def a_wave_goes_through(
        self, kills: list[int | None], fails: tuple[str, int] | None, *, names: bool
    ) -> None:
        """A wave's time passes, its runner killed now and then, one of its servers failing."""
        if fails:
            self.a_launch_fails(fails, "LAUNCH")
        for kill in [*kills, None]:
            self.advances(kill, names=names)
        self.time_passes(900)
        self.somebody_approves()

    @rule(seconds=st.sampled_from([1, 20, 100, 600, 900]))
    def time_passes(self, seconds: float) -> None:
        self.do(self.world.clock.advance(seconds))

    @rule(server=SERVER, stage=st.sampled_from(["SNAPSHOT", "LAUNCH"]))
    def a_launch_fails(self, server: tuple[str, int], stage: Any) -> None:  # noqa: ANN401 - a literal
        region, number = server
        self.places[region].fail_launch(self.servers[region][number], stage=stage)

    @rule(region=st.sampled_from(REGIONS), operation=OPERATIONS, fault=FAULTS)
    def the_network_fails(self, region: str, operation: str, fault: Fault) -> None:
        self.places[region].inject(operation, fault)

    @rule(server=SERVER, is_drill=st.booleans(), dice=DICE)
    def somebody_launches(self, server: tuple[str, int], dice: int, *, is_drill: bool) -> None:
        if dice:
            return  # more often it would be in the way of everything
        region, number = server
        with suppress(ServiceError):
            self.places[region].start_foreign_launch(
                [self.servers[region][number]], is_drill=is_drill
            )
            self.steps += 1
            self.happened.add("somebody launched")
            self.removed |= {
                i
                for i, (where, name, *_) in self._instances().items()
                if (where, name) == (region, self.servers[region][number])
            }

    @rule(server=SERVER)
    def somebody_terminates(self, server: tuple[str, int]) -> None:
        region, number = server
        for instance, (where, name, *_) in self._instances().items():
            if (where, name) == (region, self.servers[region][number]):
                with suppress(ServiceError):
                    self.places[region].start_foreign_termination([instance])
                    self.removed.add(instance)
                    self.steps += 1
                    self.happened.add("somebody terminated")

    @rule(server=SERVER, tier=st.sampled_from([*WAVES, "none"]))
    def somebody_retags(self, server: tuple[str, int], tier: str) -> None:
        region, number = server
        name = self.servers[region][number]
        arn = f"arn:aws:drs:{region}:{self.world.account_id}:source-server/{name}"
        with suppress(DRSError):
            self.do(self.clients[region].tag_resource(resource_arn=arn, tags={"tier": tier}))
            self.happened.add("somebody retagged")
            if any(name in _names(job) for _, job in self._own_jobs()):
                self.happened.add("somebody retagged what was launched")

    @rule(region=st.sampled_from(REGIONS), tier=st.sampled_from(WAVES))
    def a_server_comes(self, region: str, tier: str) -> None:
        if len(self.servers[region]) < 9:
            self.servers[region] += self.places[region].add_source_servers(1, tags={"tier": tier})

    @rule()
    def somebody_approves(self) -> None:
        if self.attempt(self.recovery().approve("web", by="Ada")):
            self.approved.add("web")
            self.happened.add("approved")

    @rule(kill=st.none() | st.integers(0, 12), dice=DICE)
    def somebody_closes(self, kill: int | None, dice: int) -> None:
        if not dice and self.attempt(self.recovery().close(reason="enough"), kill):
            self.closed_jobs = {job["jobID"] for _, job in self._own_jobs()}
            self.happened.add("closed")

    @rule(kill=st.integers(0, 60), dice=DICE)
    def a_drill_is_cleaned_up(self, kill: int, dice: int) -> None:
        if not dice and self.mode == "drill":  # more often nothing else would happen any more
            self.somebody_cleans_up(kill)

    def somebody_cleans_up(self, kill: int | None) -> None:
        before = {job["jobID"] for _, job in self._own_jobs()}
        done: list[CleanUp] = []

        async def clean_up() -> None:
            done.append(await self.recovery().clean_up(timeout=900))

        if self.attempt(clean_up(), kill) and before:
            self.closed_jobs = before
            self.happened.add("cleaned up")
            self.steps += 1
            own = {job["jobID"]: job for _, job in self._own_jobs()}
            left = {name for name, (_, _, job, _) in self._instances().items() if job in own}
            assert left <= done[0].left.keys()
            if done[0].is_clean:
                self.happened.add("cleaned up all")
                assert all(job["status"] == "COMPLETED" for job in own.values())
            if any(job not in own for _, _, job, _ in self._instances().values()):
                self.happened.add("cleaned up beside what is not its own")

    # -- what must hold --------------------------------------------------------------------------

    def _seen(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """What the service has of a kind, in every Region."""
        at = self.world.clock.now(), sum(len(place.requests) for place in self.places.values())
        if self.seen[0] != (*at, self.steps):
            shots = {region: place.snapshot() for region, place in self.places.items()}
            self.seen = ((*at, self.steps), shots)
        return [
            (region, one["doc"])
            for region, shot in self.seen[1].items()
            for one in _resources(shot, kind)
        ]

    def _own_jobs(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            (region, job)
            for region, job in self._seen("jobs")
            if job["type"] == "LAUNCH" and job["tags"].get("drs-sdk:run") == f"erp/{KEY}"
        ]

    def _instances(self) -> dict[str, tuple[str, str, str, bool]]:
        """Those that stand: Region, server, job, whether of a drill."""
        return {
            one["recoveryInstanceID"]: (
                region,
                one["sourceServerID"],
                one.get("jobID", ""),
                bool(one["isDrill"]),
            )
            for region, one in self._seen("recovery_instances")
            if one["ec2InstanceState"] not in GONE
        }

    @invariant()
    def one_launch_for_each_attempt(self) -> None:
        if not hasattr(self, "fleet"):
            return
        counted: set[tuple[str, ...]] = set()
        for _, job in self._own_jobs():
            tags = job["tags"]
            for server in job["participatingServers"]:
                # Of whatever wave: one that was retagged stays in the wave that has launched it.
                at = (server["sourceServerID"], tags["drs-sdk:step"], tags["drs-sdk:attempt"])
                assert at not in counted, f"launched twice: {at}"
                assert int(tags["drs-sdk:attempt"]) <= ATTEMPTS, at
                counted.add(at)

    @invariant()
    def no_wave_before_those_it_comes_after(self) -> None:
        if not hasattr(self, "fleet"):
            return
        jobs = [job for _, job in self._own_jobs()]
        for job in jobs:
            wave, made = job["tags"]["drs-sdk:wave"], job["creationDateTime"]
            if wave == "web":
                assert "web" in self.approved
            for before in WAVES[: WAVES.index(wave)]:
                earlier = [
                    j
                    for j in jobs
                    if j["tags"]["drs-sdk:wave"] == before and j["creationDateTime"] < made
                ]
                assert earlier, f"{wave} before {before}"
                last: dict[str, tuple[str, str, str]] = {}
                for one in sorted(earlier, key=lambda j: j["creationDateTime"]):
                    for server in one["participatingServers"]:
                        last[server["sourceServerID"]] = (
                            one.get("endDateTime", "9"),
                            server["launchStatus"],
                            one["jobID"],
                        )
                assert all(e <= made and s == "LAUNCHED" for e, s, _ in last.values()), (wave, last)

    @invariant()
    def what_is_not_its_own_stays(self) -> None:
        if not hasattr(self, "fleet"):
            return
        now = self._instances()
        own = {job["jobID"] for _, job in self._own_jobs()}
        for instance, (_, server, job, is_drill) in self.stood.items():
            if instance in now or instance in self.removed or job in own:
                continue
            may_go = self.mode == "recovery" and is_drill
            assert may_go, f"{instance} of {server} was not the run's, and is gone"
        self.stood = now

    @invariant()
    def nothing_starts_once_it_is_closed(self) -> None:
        if hasattr(self, "fleet") and self.closed_jobs is not None:
            assert {job["jobID"] for _, job in self._own_jobs()} <= self.closed_jobs

    async def _figures(self) -> None:
        """Every figure of the report, from the service's own answers."""
        try:
            report = await self.recovery().status()
        except (DRSError, FleetError):
            return
        jobs = {job["jobID"]: job for _, job in self._own_jobs()}
        instances = {
            (one.get("jobID"), one["sourceServerID"]): one
            for _, one in self._seen("recovery_instances")
        }
        begins = [_time(job["tags"]["drs-sdk:started"]) for job in jobs.values()]
        assert report.started == min(begins, default=None)
        launched = {s["sourceServerID"] for j in jobs.values() for s in j["participatingServers"]}
        assert {s.source_server_id for s in report.servers if s.attempt} == launched
        waves = {s.source_server_id: s.wave for s in report.servers if not s.attempt}
        tiers = {
            one["sourceServerID"]: one["tags"]["tier"] for _, one in self._seen("source_servers")
        }
        selected = {n: tier for n, tier in tiers.items() if tier in WAVES and n not in launched}
        assert waves == selected, "a server is lost, or in a wave that does not select it"
        for server in report.servers:
            own = [job for job in jobs.values() if server.source_server_id in _names(job)]
            attempts = [int(job["tags"]["drs-sdk:attempt"]) for job in own]
            assert server.attempt == max(attempts, default=0)
            if not own:
                assert (server.outcome, server.job_id, server.asked_at) == (
                    "not launched",
                    None,
                    None,
                )
                continue
            job = next(j for j in own if int(j["tags"]["drs-sdk:attempt"]) == server.attempt)
            assert server.job_id == job["jobID"]
            assert server.asked_at == _time(job["creationDateTime"])
            ended = job.get("endDateTime")
            assert server.ended_at == (_time(ended) if ended else None)
            status = _names(job)[server.source_server_id]
            expected = {"LAUNCHED": {"launched", "gone"}, "FAILED": {"failed"}}.get(status, set())
            assert server.outcome in (expected if ended else {"launching"})
            one = instances.get((job["jobID"], server.source_server_id))
            point = one.get("pointInTimeSnapshotDateTime") if one and server.point_in_time else None
            assert server.point_in_time == (_time(point) if point else None)
            if server.data_lost is not None:
                assert point is not None
                lost = _time(job["creationDateTime"]) - _time(point)
                assert server.data_lost == max(lost, timedelta())
            taken = _time(ended) - min(begins) if ended and server.outcome == "launched" else None
            assert server.time_taken == taken


def _resources(state: Any, kind: str) -> list[Any]:  # noqa: ANN401 - a snapshot
    return list(state["resources"].get(kind, ()))


def _names(job: dict[str, Any]) -> dict[str, str]:
    return {s["sourceServerID"]: s["launchStatus"] for s in job["participatingServers"]}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=20)
