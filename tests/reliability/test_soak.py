"""Chaos for a few seconds; ``python benchmarks/soak.py`` runs the same for minutes."""

from __future__ import annotations

from chaos import Soak


async def test_nothing_is_doubled_lost_or_left_behind() -> None:
    soak = Soak(tasks=60, steps=4, seed=1)
    figures = await soak.run(lambda rounds: rounds < 3)

    assert figures.doubled == []
    assert figures.lost == []
    assert figures.calls == figures.ended
    # It was a soak: enough happened, and answers got lost on both sides of the deed.
    assert figures.calls > 1000
    assert figures.faults > 200
    assert figures.outcomes["lost, found to have happened"] > 10
    assert figures.outcomes["lost, found not to have"] > 10
    growth = figures.growth
    assert growth.tasks == 0
    assert growth.sockets == 0
    assert growth.objects < 3000
    assert growth.bytes < 1024 * 1024
    assert figures.open_after_close <= 0
