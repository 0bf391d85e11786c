"""Chaos for a few seconds; ``python benchmarks/soak.py`` runs the same for minutes."""

from __future__ import annotations

from chaos import Soak


async def test_nothing_is_doubled_lost_or_left_behind() -> None:
    soak = Soak(tasks=100, steps=4, seed=1)
    figures = await soak.run(lambda rounds: rounds < 3)

    assert figures.doubled == []
    assert figures.lost == []
    assert figures.calls == figures.ended
    # It was a soak: enough happened, in every way that it can.
    assert figures.calls > 1500
    assert figures.faults > 300
    assert set(figures.outcomes) == {
        "answered",
        "cancelled by the caller",
        "lost, found not to have",
        "lost, found to have happened",
        "refused or not sent",
    }
    growth = figures.growth
    assert growth.tasks == 0
    assert growth.sockets == 0
    assert growth.objects < 3000
    assert growth.bytes < 1024 * 1024
    assert figures.open_after_close <= 0
