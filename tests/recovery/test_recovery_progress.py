from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st
from reports import BEGAN, STATUSES, status, status_server
from rich.console import Console
from rich.text import Text

from drs_sdk.recovery import Recovery, RecoveryProgress, Runbook, Wave, WaveStatus
from drs_sdk.recovery.rendering.changes import Changes
from drs_sdk.recovery.rendering.screen import Screen
from drs_sdk.recovery.rendering.words import cells
from drs_sdk.testing import DRSEmulator, EmulatorClock

if TYPE_CHECKING:
    from drs_sdk.recovery import RunStatus, ServerStatus

SIZES = [(80, 24), (120, 50), (40, 12), (30, 8), (20, 5), (200, 1100)]


def wave(name: str, *servers: ServerStatus, state: str = "launching") -> WaveStatus:
    return WaveStatus.model_validate({"name": name, "state": state, "servers": servers})


def fleet(count: int) -> RunStatus:
    """A run in its middle: one in ten failed, a third launches, the rest is up or waits."""
    servers = [
        status_server(
            number,
            state=("launched", "launching", "not launched")[number % 3]
            if number % 10
            else "failed",
            asked_at=BEGAN + timedelta(seconds=number),
            reason=None if number % 10 else "no capacity",
        )
        for number in range(count)
    ]
    size = count // 5
    return status(
        *(wave(f"wave {n}", *servers[n * size : (n + 1) * size]) for n in range(5)),
    )


def lines(run: RunStatus, width: int = 80, height: int = 24) -> list[str]:
    return [text for text, _ in Screen(run).lines(width=width, height=height)]


@pytest.mark.parametrize("count", [30, 1000])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_the_terminal(count: int, width: int, height: int) -> None:
    run = fleet(count)
    shown = lines(run, width, height)
    assert len(shown) < height
    assert all(cells(line) <= width for line in shown)
    if height >= 12:
        rows = [line for line in shown if "srv-" in line]
        rest = [int(found[1]) for line in shown if (found := re.search(r"and (\d+) more", line))]
        assert len(rows) + sum(rest[-1:]) == count
        assert "failed" in rows[0]
    if height > 1000:
        assert len([line for line in shown if "srv-" in line]) == count


@settings(max_examples=60)
@given(STATUSES, st.integers(1, 200), st.integers(1, 60))
def test_any_state_fits_any_terminal_and_commands_none(
    run: RunStatus, width: int, height: int
) -> None:
    shown = lines(run, width, height)
    assert len(shown) <= max(height - 1, 1)
    assert all(cells(line) <= width and line.isprintable() for line in shown)


def test_failed_servers_come_first_and_then_the_slowest() -> None:
    run = status(
        wave(
            "db",
            status_server(1, state="launched"),
            status_server(2, state="launching", asked_at=BEGAN + timedelta(minutes=9)),
            status_server(3, state="launching", asked_at=BEGAN),
            status_server(4),
            status_server(5, state="failed", attempt=2, reason="no capacity"),
        )
    )
    rows = [line.split() for line in lines(run) if "srv-" in line]
    assert [row[0] for row in rows] == ["srv-0005", "srv-0003", "srv-0002", "srv-0004", "srv-0001"]
    assert rows[0][2:] == ["failed", "attempt", "2", "no", "capacity"]
    assert rows[1][2:] == ["launching", "12m", "3s"]
    assert rows[2][2:] == ["launching", "3m", "3s"]


def test_waves_that_need_attention_stay_when_there_are_too_many() -> None:
    waves = [wave(f"wave {n}", status_server(n), state="waiting") for n in range(60)]
    waves[41] = wave("bad one", status_server(41, state="failed"), state="failed")
    waves[50] = wave("gate", status_server(50), state="waiting for approval")
    shown = lines(status(*waves))
    assert any("bad one" in line and "1 failed" in line for line in shown)
    assert any("gate" in line for line in shown)
    assert any(re.search(r"\.\.\. and \d+ more: \d+ waiting$", line) for line in shown)


def test_what_cannot_be_read_and_why_it_was_closed_are_said() -> None:
    shown = lines(status(unreadable={"eu-west-1": "no", "us-west-2": "no"}, closed="enough"))
    assert "cannot be read: eu-west-1 (and 1 more): no" in shown
    assert "closed: enough" in shown


# -- on a terminal ---------------------------------------------------------------------------


def terminal(width: int = 80, height: int = 24) -> Console:
    return Console(file=StringIO(), force_terminal=True, width=width, height=height)


def text_of(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def last_frame(console: Console) -> list[str]:
    """What stands on the terminal in the end."""
    return Text.from_ansi(text_of(console).rpartition("\x1b[2K")[2]).plain.splitlines()


def runbook(ids: list[str], *, waves: int) -> Runbook:
    size = len(ids) // waves
    return Runbook(
        name="erp",
        waves=[
            Wave(
                name=f"wave {n}",
                servers={"source_server_ids": ids[n * size : (n + 1) * size]},
                attempts=2,
                on_failure="continue",
            )
            for n in range(waves)
        ],
    )


@pytest.mark.parametrize("count", [30, 1000])
async def test_a_launch_is_shown_from_its_beginning_to_its_end(count: int) -> None:
    console = terminal()
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(count)
        emulator.fail_launch(ids[1], times=None, error="no capacity")
        recovery = Recovery(drs, runbook(ids, waves=3 if count == 30 else 2), key="1", mode="drill")
        with RecoveryProgress(console=console, clock=emulator.clock) as progress:
            report = await recovery.launch(on_update=progress)
    text = text_of(console)
    assert "Drill erp/1" in text
    assert "0 of " in text
    frame = last_frame(console)
    assert len(frame) < 24
    up = sum(server.outcome == "launched" for server in report.servers)
    assert f"failed, {up} of {count} servers up" in re.sub(r" [^,]* in,", "", " ".join(frame))
    rows = [line for line in frame if re.search(r"-\d{4} ", line)]
    assert "failed" in rows[0]
    assert "attempt 2" in rows[0]
    assert "\x1b[?25h" in text  # the cursor is shown again


async def test_time_goes_on_between_updates_and_stops_at_the_end() -> None:
    clock = EmulatorClock.virtual(BEGAN, auto_advance=False)
    console = terminal()
    launching = wave("db", status_server(1, state="launching", asked_at=BEGAN))
    with RecoveryProgress(console=console, clock=clock) as progress:
        progress(status(launching))
        assert "12m 3s in" in text_of(console)
        await clock.advance(60)
        console.print(progress)
        assert "13m 3s in" in text_of(console)
        assert "launching  13m 3s" in text_of(console)
        progress(status(launching, state="failed"))
        await clock.advance(600)
    assert "failed, 12m 3s in" in last_frame(console)[1]


def test_the_display_ends_with_a_launch_that_fails() -> None:
    console = terminal()

    def launch() -> None:
        with RecoveryProgress(console=console) as progress:
            progress(fleet(30))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        launch()
    assert "\x1b[?25h" in text_of(console)


def test_names_are_no_markup() -> None:
    console = terminal()
    with RecoveryProgress(console=console, title="[bold]Friday[/bold]") as progress:
        progress(status(wave("[red]db[/red]", status_server(1, name="[link=x]y[/link]"))))
    frame = "\n".join(last_frame(console))
    for name in ("[bold]Friday[/bold]", "[red]db[/red]", "[link=x]y[/link]"):
        assert name in frame


# -- piped -----------------------------------------------------------------------------------


async def test_piped_it_writes_a_line_for_each_change() -> None:
    console = Console(file=StringIO(), width=40)
    async with DRSEmulator() as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(4)
        emulator.fail_launch(ids[1], times=None, error="no capacity")
        recovery = Recovery(drs, runbook(ids, waves=2), key="1", mode="drill")
        with RecoveryProgress(console=console) as progress:
            report = await recovery.launch(on_update=progress)
    told = text_of(console).splitlines()
    assert "\x1b" not in text_of(console)
    assert all(re.match(r" *(\+[\dhms ]+|-)  \S", line) for line in told)
    assert sum("wave wave 0: launching, 0 of 2 up" in line for line in told) == 1
    failed = next(server for server in report.servers if server.outcome == "failed")
    assert any(f"server {failed.name}: failed, attempt 2" in line for line in told)
    assert told[-1].endswith(("up", "come up"))
    assert not any(one == other for one, other in pairwise(told))


def test_piped_lines_have_their_full_length_and_say_nothing_twice() -> None:
    console = Console(file=StringIO(), width=40)
    why = "a long reason " * 20
    with RecoveryProgress(console=console) as progress:
        for _ in range(3):
            progress(status(wave("db", status_server(1, state="failed", reason=why))))
    told = text_of(console).splitlines()
    assert len(told) == 3  # the run, the wave, the server
    assert told[2].endswith(" ".join(why.split()))


def test_a_thousand_servers_that_come_up_do_not_hide_the_one_that_fails() -> None:
    changes = Changes()
    servers = [status_server(n, state="launching", attempt=1) for n in range(1000)]
    assert len(list(changes.since_last(status(wave("db", *servers))))) == 2
    after = [one.model_copy(update={"state": "launched"}) for one in servers]
    after[7] = after[7].model_copy(update={"state": "failed", "reason": "no capacity"})
    told = [line.split("  ")[-1] for line in changes.since_last(status(wave("db", *after)))]
    assert told == [
        "wave db: launching, 999 of 1000 up, 1 failed",
        "server srv-0007: failed, attempt 1: no capacity",
    ]


def test_a_place_that_can_be_read_again_is_told() -> None:
    changes = Changes()
    blind = list(changes.since_last(status(unreadable={"eu-west-1": "no"})))
    assert any("cannot be read: eu-west-1: no" in line for line in blind)
    assert [line.strip() for line in changes.since_last(status())] == [
        "+12m 3s  eu-west-1 can be read again"
    ]


@settings(max_examples=30)
@given(st.lists(STATUSES, max_size=3))
def test_any_change_is_a_line_that_commands_no_terminal(runs: list[RunStatus]) -> None:
    changes = Changes()
    for run in runs:
        assert all(line.isprintable() for line in changes.since_last(run))
        assert list(changes.since_last(run)) == []


def test_a_missing_extra_is_told_with_its_remedy() -> None:
    program = """
import sys
sys.modules["rich.console"] = None
from drs_sdk.recovery import *
from drs_sdk.recovery import Recovery
try:
    from drs_sdk.recovery import RecoveryProgress
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 'drs_sdk.recovery.progress needs rich: pip install "drs-sdk[progress]"' in done.stdout
