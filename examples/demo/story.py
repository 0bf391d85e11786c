"""What happens in the demo, chapter by chapter."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from picture import picture_of
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text
from world import KEY, REGIONS, new_emulator, open_shop, take_over

from drs_sdk.recovery import Recovery, RecoveryReport, Runbook, list_runs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from rich.console import Console

    from drs_sdk.fleet import Fleet
    from drs_sdk.testing import DRSEmulator

_LOOK = 0.05
_UNDER_WAY = 0.6
"""Seconds that a wave is under way when its process is killed."""


async def tell(console: Console, *, fleet: str | None, picture: str | None) -> None:
    """Run the drill on an emulator of its own."""
    async with new_emulator() as emulator:
        with TemporaryDirectory() as name:
            folder = Path(name)
            console.print(Text(f"DRS emulator at {emulator.url}: {', '.join(REGIONS)}", "dim"))
            runbook = await (
                open_shop(emulator, folder) if fleet is None else take_over(emulator, fleet, folder)
            )
            if runbook is None:
                console.print("No server of this fleet can be launched, so the demo ends here.")
                return
            async with emulator.fleet() as service:
                report = await Story(console, emulator, service, runbook).tell()
    if picture is not None:
        await asyncio.to_thread(Path(picture).write_text, picture_of(report))


class Story:
    """The chapters, each showing what runs and what came of it."""

    def __init__(
        self, console: Console, emulator: DRSEmulator, service: Fleet, runbook: Path
    ) -> None:
        """Take what the chapters work with."""
        self._console = console
        self._emulator = emulator
        self._service = service
        self._file = runbook
        self._report_file = runbook.with_name("report.json")
        self._runbook = Runbook.load(runbook)
        self._recovery = Recovery(service, self._runbook, key=KEY, mode="drill")

    async def tell(self) -> RecoveryReport:
        """Tell it from start to end."""
        await self._plan()
        await self._launch_and_be_killed()
        report = await self._go_on()
        await self._clean_up()
        return report

    async def _plan(self) -> None:
        self._chapter("The runbook")
        if self._file.suffix == ".toml":
            self._show(self._file.read_text(), "toml")
        found = await self._recovery.preflight()
        self._code(
            "found = await recovery.preflight()",
            f"{found.servers} servers: {len(found.blocking)} findings block, "
            f"{len(found.warnings)} are warnings",
        )

    async def _launch_and_be_killed(self) -> None:
        self._chapter("The drill, until its process is killed")
        middle = self._runbook.waves[len(self._runbook.waves) // 2].name
        self._code("report = await recovery.launch(on_update=progress)", "in a process of its own")
        async with self._orchestrator() as process:
            while middle not in self._waves_begun() and process.returncode is None:  # noqa: ASYNC110 - the emulator calls nobody
                await asyncio.sleep(_LOOK)
            await asyncio.sleep(_UNDER_WAY)
            if process.returncode is None:
                process.kill()
                await process.wait()
                self._console.show_cursor()
                dead = f"kill -9 {process.pid}: nobody is left who knows"
                self._console.print(Text(f"\n{dead}", style="bold red"))

    async def _go_on(self) -> RecoveryReport:
        self._chapter("Another process goes on")
        async with self._orchestrator() as process:
            if await process.wait():
                raise SystemExit("the process that goes on has failed")
        text = await asyncio.to_thread(self._report_file.read_text)
        report = RecoveryReport.model_validate_json(text)
        self._chapter("The report")
        self._console.print(Text(str(report)))
        asked = Counter(self._servers_asked())
        names = {server.source_server_id: server.name for server in report.servers}
        again = [names.get(server) or server for server, times in asked.items() if times > 1]
        self._code(
            "StartRecovery, as the service saw it",
            f"each of {len(asked)} servers once"
            + (f", but {', '.join(again)}, which failed and was launched again" if again else ""),
        )
        return report

    async def _clean_up(self) -> None:
        self._chapter("Clean-up")
        cleaned = await self._recovery.clean_up()
        self._code("await recovery.clean_up()", f"{len(cleaned.terminated)} instances terminated")
        (run,) = await list_runs(self._service)
        self._code(
            "await list_runs(fleet)",
            f"{run.run}: {run.launched} launched, {len(run.instances)} left, closed: {run.closed}",
        )

    @asynccontextmanager
    async def _orchestrator(self) -> AsyncGenerator[asyncio.subprocess.Process]:
        """Start the process that carries the drill out; it does not outlive the demo."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("orchestrator.py")),
            str(self._file),
            self._emulator.url,
            str(self._report_file),
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _launches(self) -> list[Mapping[str, object]]:
        """Give what every StartRecovery of this run has said."""
        return [
            request.params
            for region in REGIONS
            for request in self._emulator.at(region=region).requests
            if request.operation == "StartRecovery" and request.handled
        ]

    def _waves_begun(self) -> set[str]:
        tags = [cast("dict[str, str]", launch["tags"]) for launch in self._launches()]
        return {one["drs-sdk:wave"] for one in tags}

    def _servers_asked(self) -> list[str]:
        return [
            server["sourceServerID"]
            for launch in self._launches()
            for server in cast("list[dict[str, str]]", launch["sourceServers"])
        ]

    def _chapter(self, title: str) -> None:
        self._console.print()
        self._console.print(Rule(Text(title, style="bold"), align="left"))

    def _code(self, line: str, outcome: str) -> None:
        self._show(line, "python")
        self._console.print(Text(f"  -> {outcome}", style="dim"))

    def _show(self, code: str, language: str) -> None:
        self._console.print(
            Syntax(code, language, theme="ansi_dark", background_color="default", word_wrap=True)
        )
