"""Retiring what the way back needed, in the one order that harms nothing.

Stop A2; terminate B2; delete the record of A3, which keeps A4 protected; disconnect A2; delete it.
Each step looks first whether the one before has held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from drs_sdk._core.errors import ConnectionFailedError, DRSError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import (
    APIError,
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from drs_sdk.recovery.limits import Room
from drs_sdk.recovery.singling_out import Refused, SinglingOut
from drs_sdk.recovery.starting import passes
from drs_sdk.recovery.way_back.steps import Patience, concerned, go_on_until, together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.steps import Deadline, Teller

Move: TypeAlias = Literal[
    "stop A2", "terminate B2", "terminate A3", "delete A3", "disconnect A2", "delete A2"
]


async def retire(
    run: Run, looking: Looking, deadline: Deadline, teller: Teller
) -> tuple[BothSides, dict[str, str]]:
    """Retire what every server needed; what is left is told, with the reason."""
    trying = _Trying(run)

    async def act(both: BothSides) -> bool:
        moves = trying.moves(both)
        await together(
            [
                *(trying.make(both, one, move) for one, move in moves if "terminate" not in move),
                *trying.terminations(both, moves),
            ]
        )
        return bool(moves)

    def done(both: BothSides) -> bool:
        is_under_way = any(one.is_b2_going or _arrives(run, one) for one in both.journeys)
        return not trying.moves(both) and not is_under_way

    both = await go_on_until(looking, deadline, act=act, done=done, tell=teller.tell_of("done"))
    left: dict[str, str] = {}
    for one in concerned(both):
        move, name = next_move(run, one), one.member.server_id
        if move is not None:
            why = trying.reasons.get(name, "it takes its time")
            left[name] = f"{move} is still to come: {why}"
        elif _arrives(run, one):
            left[name] = "its launch home goes on, and what it brings is still to be removed"
    return both, left


def _arrives(run: Run, journey: Journey) -> bool:
    """Whether a drill's launch home goes on: what it brings can be removed only then."""
    return run.is_drill and not journey.is_on_premises and journey.part_standing == "launching"


def next_move(run: Run, journey: Journey) -> Move | None:
    """Say what comes next for a server; None where nothing does, or nothing may."""
    if journey.is_on_premises:
        return _next_on_premises(journey)
    return _next_in_drill(journey) if run.is_drill else _next_in_recovery(journey)


def _next_on_premises(journey: Journey) -> Move | None:
    return "terminate B2" if journey.stage == "protected" else None


def _next_in_recovery(journey: Journey) -> Move | None:
    """B2 may be live until B1 protects the machine at home: only that lets it go."""
    if journey.stage not in {"protected", "retiring"} or journey.a2 is None:
        return None
    is_safe = journey.is_reprotected and journey.is_b1_replicating
    if journey.b2 is not None and not is_safe:
        return None
    if not journey.is_same_place and not journey.is_a2_stopped:
        return "stop A2" if is_safe else None
    if journey.b2 is not None:
        return "terminate B2"
    if journey.a3 is not None:
        return "delete A3"
    return None if journey.is_same_place else _last_move(journey)  # there, B1 is its own A2


def _next_in_drill(journey: Journey) -> Move | None:
    """In a drill B1 is left alone, and A3 is a drill's own."""
    if journey.a2 is None or journey.is_same_place:
        return None
    if journey.part_standing == "launching":
        return None
    if not journey.is_a2_stopped:
        return "stop A2"
    if journey.a3 is not None:
        return "terminate A3"
    if journey.b2 is not None:
        return "terminate B2"
    return _last_move(journey)


def _last_move(journey: Journey) -> Move:
    state = journey.a2.replication_state if journey.a2 is not None else None
    return "delete A2" if str(state) == "DISCONNECTED" else "disconnect A2"


class _Trying:
    """Makes moves. A repeat does no harm to any of them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._patience = Patience()
        self.reasons: dict[str, str] = {}

    def moves(self, both: BothSides) -> list[tuple[Journey, Move]]:
        """Say what is to be done now, without what the service refuses for good."""
        return [
            (one, move)
            for one in both.journeys
            if (move := next_move(self._run, one)) is not None
            and not self._patience.is_lost((one.member.server_id, move))
        ]

    async def make(self, both: BothSides, journey: Journey, move: Move) -> None:
        """Make a move on the origin side that is no termination."""
        if journey.origin is None or journey.a2 is None:
            return
        a2 = journey.a2.source_server_id or ""
        a3 = journey.a3.recovery_instance_id or "" if journey.a3 is not None else ""
        calls: dict[Move, Callable[[DRSClient], Awaitable[object]]] = {
            "stop A2": lambda drs: drs.stop_replication(a2),
            "delete A3": lambda drs: drs.delete_recovery_instance(a3),
            "disconnect A2": lambda drs: drs.disconnect_source_server(a2),
            "delete A2": lambda drs: drs.delete_source_server(a2),
        }
        side = both.sides[journey.origin]
        at = both.origins[journey.origin].at
        made: dict[str, tuple[Journey, Move]] = {journey.member.server_id: (journey, move)}
        await self._try(side, journey.origin, lambda drs, _: calls[move](drs), made, at)

    def terminations(
        self, both: BothSides, moves: Sequence[tuple[Journey, Move]]
    ) -> list[Awaitable[None]]:
        """Pack terminations: they count against the quotas, too."""
        by_place: dict[tuple[Target, Places], dict[str, tuple[Journey, Move]]] = {}
        for one, move in moves:
            if move == "terminate B2" and one.b2 is not None:
                key, name = (one.member.target, self._run.places), one.b2.recovery_instance_id
            elif move == "terminate A3" and one.a3 is not None and one.origin is not None:
                key, name = (one.origin, both.sides[one.origin]), one.a3.recovery_instance_id
            else:
                continue
            if name is not None:
                by_place.setdefault(key, {})[name] = (one, move)
        sent: list[Awaitable[None]] = []
        for (target, side), instances in by_place.items():
            is_there = side is self._run.places and target in both.standing.survey.looks
            look = both.standing.survey.looks[target] if is_there else both.origins[target]
            room = Room.beside(self._run.limits_of(target), look.jobs.values())
            batches = room.pack(sorted(instances))
            if not batches:
                for one, _ in instances.values():
                    self.reasons[one.member.server_id] = f"{target} takes no more jobs at a time"
            for ids in batches:
                made = {name: instances[name] for name in ids}
                sent.append(self._try(side, target, _terminate, made, look.at))
        return sent

    async def _try(
        self,
        side: Places,
        target: Target,
        call: Callable[[DRSClient, Sequence[str]], Awaitable[object]],
        moves: Mapping[str, tuple[Journey, Move]],
        at: datetime,
    ) -> None:
        """Try a move: what passes by itself, and what is under way, is tried again after a look.

        Args:
            side: The side where it is made.
            target: The place there.
            call: Makes it for some of the ids.
            moves: What is made for whom, by id.
            at: The service's time of the look that it stands on.
        """

        def refuse(ids: Sequence[str], error: APIError) -> None:
            for_good = isinstance(error, ValidationException)
            self._refused([moves[name] for name in ids], error, at, for_good=for_good)

        async def send(drs: DRSClient, _: Target) -> None:
            async def attempt(ids: Sequence[str]) -> Refused[Sequence[str]] | None:
                try:
                    await call(drs, ids)
                except (
                    ConflictException,
                    ResourceNotFoundException,
                    ValidationException,
                ) as error:
                    return Refused(ids, error)
                except (AmbiguousOutcomeError, ConnectionFailedError, APIError) as error:
                    self._note([moves[name] for name in ids], error)
                    if not passes(error):
                        raise
                return None

            refused = await attempt(list(moves))
            if refused is not None:
                search: SinglingOut[Sequence[str]] = SinglingOut(
                    ids=lambda ids: ids, part=lambda _, ids: ids, attempt=attempt, refuse=refuse
                )
                await search.single_out(refused)

        outcomes = await side.run(send, [target])
        for error in outcomes.failures.values():
            if not passes(error):
                raise error

    def _refused(
        self,
        moves: Sequence[tuple[Journey, Move]],
        error: DRSError,
        at: datetime,
        *,
        for_good: bool = False,
    ) -> None:
        self._note(moves, error)
        for one, move in moves:
            self._patience.refused((one.member.server_id, move), at, for_good=for_good)

    def _note(self, moves: Sequence[tuple[Journey, Move]], error: DRSError) -> None:
        self.reasons.update({one.member.server_id: str(error) for one, _ in moves})


async def _terminate(drs: DRSClient, ids: Sequence[str]) -> None:
    await drs.terminate_recovery_instances(ids)
