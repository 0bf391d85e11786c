"""Every runbook that the docs show as a file loads, and is launched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator

DOCS = Path(__file__).parent.parent.parent / "docs"
RUNBOOKS = [
    pytest.param(text, id=f"{page.relative_to(DOCS).as_posix()}-{number}")
    for page in sorted(DOCS.rglob("*.md"))
    for number, text in enumerate(
        re.findall(
            r"^```toml[^\n]*\n(.*?)^```$",
            page.read_text(encoding="utf-8"),
            re.MULTILINE | re.DOTALL,
        )
    )
    if "[[waves]]" in text
]


def test_the_page_of_runs_shows_one() -> None:
    assert any(str(shown.id).startswith("recovery.md") for shown in RUNBOOKS)


@pytest.mark.parametrize("text", RUNBOOKS)
async def test_it_is_launched(text: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.toml"
    file.write_text(text, encoding="utf-8")
    runbook = Runbook.load(file)
    async with DRSEmulator() as emulator:
        for wave in runbook.waves:
            for name in wave.servers.names or ["any"]:
                tags = {"Name": name.replace("*", "1"), **(wave.servers.tags or {})}
                emulator.add_source_servers(1, tags=tags)
        async with emulator.client() as drs:
            approved = [wave.name for wave in runbook.waves if wave.pause_before]
            report = await Recovery(drs, runbook, key="1", mode="drill").launch(approved=approved)
    assert report.succeeded
    assert [wave.name for wave in report.waves] == [wave.name for wave in runbook.waves]
    assert {server.wave for server in report.servers} == {wave.name for wave in runbook.waves}
