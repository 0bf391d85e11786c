"""There and back in a real process that is killed: `benchmarks/way_back.py` has all boundaries."""

from __future__ import annotations

from way_back_crashes import WayBackCrashes

_SAMPLES = 12


def test_killed_on_the_way_there_and_back_and_run_again() -> None:
    with WayBackCrashes(waves=2, servers=2) as world:
        whole = world.run()
        assert whole["succeeded"], whole["told"]
        assert world.counts(whole).is_none
        world.restart()
        last = whole["boundaries"] - 1
        for number in range(_SAMPLES):
            at = number * last // (_SAMPLES - 1)
            counted = world.survive(at)
            assert counted.is_none, (at, counted)
