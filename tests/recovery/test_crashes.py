"""SIGKILL, in real processes: nothing is launched twice, lost, or left behind."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from crashes import Crashes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world() -> Iterator[Crashes]:
    with Crashes(waves=3, servers=8) as crashes:
        yield crashes


def test_killed_at_every_boundary_of_a_request(world: Crashes) -> None:
    (whole,) = world.run({})
    assert (whole["state"], whole["clean"]) == ("succeeded", True)
    world.restart()
    assert whole["boundaries"] > 40
    wrong = {
        at: counts
        for at in range(whole["boundaries"])
        if (counts := world.survive(kill_at=at)) != (0, 0, 0)
    }
    assert wrong == {}


def test_killed_at_random_moments_with_lost_answers_and_delays(world: Crashes) -> None:
    dice = random.Random(7)
    for _ in range(12):
        world.call("inject", operation="*", fault={"kind": "drop_after"}, probability=0.1)
        world.call(
            "inject", operation="*", fault={"kind": "delay", "seconds": 0.01}, probability=0.3
        )
        assert world.survive(kill_after=dice.uniform(0.02, 0.4)) == (0, 0, 0)


@pytest.mark.parametrize("verb", ["launch", "ensure"])
def test_processes_with_the_same_key_at_once(verb: str) -> None:
    with Crashes(waves=1, servers=8, speed=200) as world:
        answers = world.run(*[{"verb": verb}] * 4)
        assert len({answer["state"] for answer in answers}) == 1
        doubled, lost, left = world.counts("erp/k" if verb == "launch" else "k")
        assert doubled == 0
        assert verb == "ensure" or (lost, left) == (0, 8)
