"""Retiring what the way back needed, in the one order that harms nothing.

Stop A2; terminate B2; delete the record of A3, which keeps A4 protected; disconnect A2; delete it.
Each step looks first whether the one before has held.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, TypeAlias

from drs_sdk._core.errors import ConnectionFailedError, DRSError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import APIError, ConflictException, ResourceNotFoundException
from drs_sdk.recovery.limits import Room
from drs_sdk.recovery.starting import passes
from drs_sdk.recovery.way_back.steps import concerned, go_on_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

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

_STOPPED = frozenset({"STOPPED", "DISCONNECTED"})


async def retire(
    run: Run, looking: Looking, deadline: Deadline, teller: Teller
) -> tuple[BothSides, dict[str, str]]:
    """Retire what every server needed; what is left is told, with the reason."""
    reasons: dict[str, str] = {}

    async def act(both: BothSides) -> bool:
        moves: list[tuple[Journey, Move]] = [
            (one, move) for one in both.journeys if (move := next_move(run, one)) is not None
        ]
        await asyncio.gather(
            *(
                _make(run, both, one, move, reasons)
                for one, move in moves
                if "terminate" not in move
            ),
            *_terminations(run, both, moves, reasons),
        )
        return bool(moves)

    def done(both: BothSides) -> bool:
        return all(next_move(run, one) is None for one in both.journeys)

    both = await go_on_until(looking, deadline, act=act, done=done, tell=teller.tell_of("done"))
    left: dict[str, str] = {}
    for one in concerned(both):
        move, name = next_move(run, one), one.member.server_id
        if move is not None:
            left[name] = f"{move} is still to come: {reasons.get(name, 'it takes its time')}"
    return both, left


def next_move(run: Run, journey: Journey) -> Move | None:
    """Say what comes next for a server; None where nothing does, or nothing may."""
    if journey.is_on_premises:
        return _next_on_premises(journey)
    return _next_in_drill(journey) if run.is_drill else _next_in_recovery(journey)


def _next_on_premises(journey: Journey) -> Move | None:
    return "terminate B2" if journey.stage == "home" else None


def _next_in_recovery(journey: Journey) -> Move | None:
    if journey.stage not in {"protected", "retiring"} or journey.a2 is None:
        return None
    is_protected = journey.is_reprotected and journey.b1 is not None and journey.b1.is_replicating
    moves: tuple[tuple[Move, bool], ...] = (
        ("stop A2", not journey.is_same_place and not _is_stopped(journey)),
        ("terminate B2", journey.b2 is not None),
        ("delete A3", journey.a3 is not None),
        (_last_move(journey), not journey.is_same_place),  # within one place B1 is its own A2
    )
    move: Move | None = next((move for move, is_due in moves if is_due), None)
    if move in {"stop A2", "terminate B2"} and not is_protected:
        journey.reason = "B1 does not protect a machine at home, and B2 may be live: it stays"
        return None
    return move


def _next_in_drill(journey: Journey) -> Move | None:
    """In a drill B1 is left alone, and A3 is a drill's own."""
    if journey.a2 is None or journey.is_same_place:
        return None
    if journey.part_standing == "launching":
        return None
    if not _is_stopped(journey):
        return "stop A2"
    if journey.a3 is not None:
        return "terminate A3"
    if journey.b2 is not None:
        return "terminate B2"
    return _last_move(journey)


def _is_stopped(journey: Journey) -> bool:
    return journey.a2 is not None and str(journey.a2.replication_state) in _STOPPED


def _last_move(journey: Journey) -> Move:
    state = journey.a2.replication_state if journey.a2 is not None else None
    return "delete A2" if str(state) == "DISCONNECTED" else "disconnect A2"


async def _make(
    run: Run, both: BothSides, journey: Journey, move: Move, reasons: dict[str, str]
) -> None:
    """Make a move that a repeat does no harm to."""
    del run
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
    await _try(both.sides[journey.origin], journey.origin, calls[move], [journey], reasons)


def _terminations(
    run: Run,
    both: BothSides,
    moves: Sequence[tuple[Journey, Move]],
    reasons: dict[str, str],
) -> list[Awaitable[None]]:
    """Pack terminations: they count against the quotas, too."""
    by_place: dict[tuple[Target, Places], dict[str, Journey]] = {}
    for one, move in moves:
        if move == "terminate B2" and one.b2 is not None:
            key, name = (one.member.target, run.places), one.b2.recovery_instance_id
        elif move == "terminate A3" and one.a3 is not None and one.origin is not None:
            key, name = (one.origin, both.sides[one.origin]), one.a3.recovery_instance_id
        else:
            continue
        if name is not None:
            by_place.setdefault(key, {})[name] = one
    sent: list[Awaitable[None]] = []
    for (target, side), instances in by_place.items():
        look = both.origins.get(target) or both.standing.survey.looks[target]
        room = Room.beside(run.limits_of(target), look.jobs.values())
        for ids in room.pack(sorted(instances)):
            journeys = [instances[name] for name in ids]
            sent.append(_try(side, target, _terminate(ids), journeys, reasons))
    return sent


def _terminate(ids: Sequence[str]) -> Callable[[DRSClient], Awaitable[object]]:
    return lambda drs: drs.terminate_recovery_instances(ids)


async def _try(
    side: Places,
    target: Target,
    call: Callable[[DRSClient], Awaitable[object]],
    journeys: Sequence[Journey],
    reasons: dict[str, str],
) -> None:
    """Try a move: what passes by itself, and what is under way, is tried again after a look."""

    async def send(drs: DRSClient, _: Target) -> None:
        try:
            await call(drs)
        except (
            AmbiguousOutcomeError,
            ConflictException,
            ConnectionFailedError,
            ResourceNotFoundException,
        ) as error:
            _note(error)
        except APIError as error:
            _note(error)
            if not passes(error):
                raise

    def _note(error: DRSError) -> None:
        reasons.update({one.member.server_id: str(error) for one in journeys})

    outcomes = await side.run(send, [target])
    for error in outcomes.failures.values():
        raise error
