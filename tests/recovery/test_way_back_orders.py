"""Each wrong order is refused before a change, and in clean-up each move has its turn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from wrong_orders import STATES, STEPS, TABLE, turn_of

from drs_sdk.fleet import Target
from drs_sdk.models import RecoveryInstance, SourceServer
from drs_sdk.recovery.way_back.journey import Journey
from drs_sdk.recovery.way_back.retiring import next_move

if TYPE_CHECKING:
    from wrong_orders import Turn

    from drs_sdk.recovery.record import Mode


@pytest.mark.parametrize(("mode", "state", "step", "turn"), TABLE)
async def test_each_step_at_each_state(mode: Mode, state: str, step: str, turn: Turn) -> None:
    assert await turn_of(mode, state, step) == (turn, turn == "it goes on")


def test_every_pair_is_in_the_table() -> None:
    pairs = [(mode, state, step) for mode, state, step, _ in TABLE]
    assert sorted(pairs) == sorted(product(("recovery", "drill"), STATES, STEPS))


@dataclass
class FakeMember:
    """A member, as far as a journey reads it."""

    server: SourceServer
    server_id: str = "s-11111111111111111"
    part: Any = None
    state: str = "launched"


@dataclass
class FakeRun:
    """A run, as far as a move reads it."""

    is_drill: bool


REPLICATION = st.sampled_from(
    ["CONTINUOUS", "STALLED", "RESCAN", "INITIAL_SYNC", "STOPPED", "DISCONNECTED"]
)


def server(state: str, machine: str, direction: str = "FAILOVER") -> SourceServer:
    return SourceServer.model_validate(
        {
            "sourceServerID": "s-11111111111111111",
            "replicationDirection": direction,
            "sourceProperties": {"identificationHints": {"awsInstanceID": machine}},
            "dataReplicationInfo": {"dataReplicationState": state},
        }
    )


def instance(name: str) -> RecoveryInstance:
    return RecoveryInstance.model_validate({"recoveryInstanceID": name, "ec2InstanceID": name})


@given(
    b1=REPLICATION,
    a2=st.none() | REPLICATION,
    machine=st.sampled_from(["i-a1", "i-a4"]),
    has_b2=st.booleans(),
    has_a3=st.booleans(),
    part=st.sampled_from([None, "launching", "launched", "failed"]),
    into=st.booleans(),
    same=st.booleans(),
    is_drill=st.booleans(),
)
def test_no_move_before_its_turn(
    b1: str,
    a2: str | None,
    machine: str,
    *,
    has_b2: bool,
    has_a3: bool,
    part: str | None,
    into: bool,
    same: bool,
    is_drill: bool,
) -> None:
    journey = Journey(
        FakeMember(server(b1, machine)),  # type: ignore[arg-type]  # all that it reads
        instance("i-b2") if has_b2 else None,
        Target("us-east-1"),
        is_same_place=same,
        a2=server(a2, "i-b2", "FAILBACK") if a2 is not None else None,
        a3=instance("i-a4") if has_a3 else None,
        part_standing=part,
        is_drill=is_drill,
        is_launched_into=into,
    )
    move = next_move(FakeRun(is_drill), journey)  # type: ignore[arg-type]  # same
    protects = b1 == "CONTINUOUS" and has_a3 and machine == "i-a4" and not into
    stopped = a2 in {"STOPPED", "DISCONNECTED"}
    if is_drill:
        assert move != "delete A3"
        assert move in {None, "stop A2"} or stopped
        return
    is_home = protects and part == "launched"
    allowed = {
        None: True,
        "stop A2": is_home,
        "terminate B2": is_home and (stopped or same),
        "delete A3": protects and not has_b2,
        "disconnect A2": stopped and not has_b2 and not has_a3,
        "delete A2": a2 == "DISCONNECTED" and not has_b2 and not has_a3,
        "terminate A3": False,
    }
    assert allowed[move]
