"""The way back on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from recovery.command_processes import fast_emulator, run, runbook_file, still_emulator

from drs_sdk.recovery import WayBackReport

if TYPE_CHECKING:
    from pathlib import Path

WHERE = ("--region=us-west-2", "--origin=us-east-1")
RUN = ("--key=q4", "--recovery", *WHERE)


async def test_there_and_back(tmp_path: Path) -> None:
    async with fast_emulator(regions=["us-west-2", "us-east-1"]) as emulator:
        file = runbook_file(tmp_path, {"all": emulator.add_source_servers(2)})
        early, _, why = await run(emulator, "fail-back", file, *RUN)
        launched, _, _ = await run(emulator, "launch", file, *RUN, "--yes")
        ready, out, told = await run(emulator, "reprotect", file, *RUN, "--json")
        files = (f"--html={tmp_path / 'home.html'}", f"--markdown={tmp_path / 'home.md'}")
        home, page, _ = await run(emulator, "fail-back", file, *RUN, *files)
    assert (early, launched, ready, home) == (8, 0, 0, 0)
    assert "First: launch()" in why
    assert {one["stage"] for one in json.loads(out)["servers"]} == {"ready"}
    assert WayBackReport.model_validate_json(out).succeeded
    assert "syncing" in told
    assert "2 of 2 done" in page
    for name in ("home.html", "home.md"):
        assert "2 of 2 done" in (tmp_path / name).read_text(encoding="utf-8")


async def test_a_drill_there_and_back(tmp_path: Path) -> None:
    async with fast_emulator(regions=["us-west-2", "us-east-1"]) as emulator:
        file = runbook_file(tmp_path, {"all": emulator.add_source_servers(1)})
        drill = ("--key=q4", "--drill", *WHERE)
        launched, _, _ = await run(emulator, "launch", file, *drill)
        code, page, _ = await run(emulator, "rehearse-way-back", file, *drill)
        wrong, _, why = await run(emulator, "reprotect", file, *drill)
    assert (launched, code, wrong) == (0, 0, 8)
    assert "1 of 1 done" in page
    assert "rehearse_way_back()" in why


async def test_a_pair_that_is_none(tmp_path: Path) -> None:
    import pytest

    async with still_emulator() as emulator:
        file = runbook_file(tmp_path, {"all": emulator.add_source_servers(1)})
        with pytest.raises(SystemExit):
            await run(emulator, "reprotect", file, *RUN, "--instance=s-1")
