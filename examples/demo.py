"""A recovery drill from start to end, on the emulator: no AWS account, no cost, some seconds.

    make demo                    # twelve servers made up for the occasion
    make demo FLEET=file.json    # your own: what `aws drs describe-source-servers` prints

Of your own servers those are launched that can be.

Everything goes through the SDK over real HTTP; only the service behind it is emulated, on virtual
time: hours of replication and minutes of launching pass as fast as they can be shown.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from drs_sdk.progress import JobProgress, WaitProgress
from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk import DRSClient
    from drs_sdk.models import SourceServer
    from drs_sdk.reports import JobReport
    from drs_sdk.waiters import WaitUpdate


SubjectT = TypeVar("SubjectT")

SERVERS = 12
LARGEST_JOB = 100
SHOWN = 0.01
"""Seconds that each update of a live table stands."""

CONVERSION_ERROR = "Failed to boot the conversion server: InsufficientInstanceCapacity"


class Demo:
    """The steps, each showing the SDK code that it runs and what came of it."""

    def __init__(self, emulator: DRSEmulator, drs: DRSClient, console: Console) -> None:
        """Take what the steps work with."""
        self.emulator = emulator
        self.drs = drs
        self.console = console

    def code(self, line: str, outcome: object) -> None:
        """Show a line of SDK code and what it did."""
        self.console.print(
            Syntax(line, "python", theme="ansi_dark", background_color="default", word_wrap=True)
        )
        self.console.print(Text(f"  -> {outcome}", style="dim"))

    def chapter(self, title: str) -> None:
        """Begin a new part."""
        self.console.print()
        self.console.print(Rule(Text(title, style="bold"), align="left"))

    def paced(
        self, progress: Callable[[WaitUpdate[SubjectT]], None]
    ) -> Callable[[WaitUpdate[SubjectT]], Awaitable[None]]:
        """Let each update stand long enough to be seen, while virtual time stands still."""

        async def show(update: WaitUpdate[SubjectT]) -> None:
            with self.emulator.clock.busy():
                progress(update)
                await asyncio.sleep(SHOWN)

        return show

    async def inventory(self) -> list[SourceServer]:
        """List the fleet."""
        self.chapter("The fleet")
        servers = await self.drs.describe_source_servers(max_results=50).prefetch().collect()
        self.code(
            "servers = await drs.describe_source_servers(max_results=50).prefetch().collect()",
            f"{len(servers)} servers",
        )
        table = Table(box=None, pad_edge=False)
        for heading in ("server", "name", "host", "replication", "disks", "synced"):
            table.add_column(heading, no_wrap=True)
        for server in servers[:20]:
            info = server.data_replication_info
            synced = server.initial_sync_progress
            table.add_row(
                server.source_server_id,
                server.name,
                server.hostname,
                str(server.replication_state),
                str(len(info.replicated_disks) if info else 0),
                "" if synced is None else f"{synced:.0%}",
            )
        self.console.print(table)
        return servers

    async def settings(self) -> None:
        """Change settings: the launch template, tags, replication of one more server."""
        self.chapter("Settings")
        drs = self.drs
        await drs.initialize_service()
        self.code("await drs.initialize_service()", "the account is ready")
        made = await drs.create_launch_configuration_template(
            copy_tags=True, tags={"owner": "demo"}
        )
        template = made.launch_configuration_template
        template_id = (template and template.launch_configuration_template_id) or ""
        self.code(
            "made = await drs.create_launch_configuration_template(copy_tags=True)", template_id
        )
        changed = await drs.update_launch_configuration_template(
            template_id, target_instance_type_right_sizing_method="BASIC"
        )
        assert changed.launch_configuration_template is not None
        right_sizing = (
            changed.launch_configuration_template.target_instance_type_right_sizing_method
        )
        self.code(
            "await drs.update_launch_configuration_template("
            'template_id, target_instance_type_right_sizing_method="BASIC")',
            f"right sizing is {right_sizing}",
        )
        templates = await drs.describe_launch_configuration_templates().collect()
        self.code(
            "await drs.describe_launch_configuration_templates().collect()",
            f"{len(templates)} template",
        )
        arn = (template and template.arn) or ""
        await drs.tag_resource(resource_arn=arn, tags={"wave": "1"})
        tags = (await drs.list_tags_for_resource(arn)).tags
        await drs.untag_resource(resource_arn=arn, tag_keys=["wave"])
        self.code('await drs.tag_resource(resource_arn=arn, tags={"wave": "1"})', f"tags: {tags}")
        await drs.delete_launch_configuration_template(template_id)
        self.code("await drs.delete_launch_configuration_template(template_id)", "gone again")

    async def one_server(self) -> None:
        """Walk one more server from a stop to its end, and extend another."""
        self.chapter("The life of one server")
        drs = self.drs
        (server_id,) = self.emulator.add_source_servers(1)
        stopped = (await drs.stop_replication(server_id)).source_server
        self.code(
            "await drs.stop_replication(server_id)",
            f"replication is {stopped and stopped.replication_state}",
        )
        started = (await drs.start_replication(server_id)).source_server
        self.code(
            "await drs.start_replication(server_id)",
            f"replication is {started and started.replication_state}",
        )
        self.emulator.stall_replication(server_id)
        self.code("emulator.stall_replication(server_id)", "replication is STALLED")
        again = await drs.retry_data_replication(server_id)
        self.code(
            "await drs.retry_data_replication(server_id)",
            f"replication is {again.replication_state}",
        )
        await drs.disconnect_source_server(server_id)
        (gone,) = await drs.wait_until_source_servers_disconnected(server_id)
        self.code(
            "await drs.wait_until_source_servers_disconnected(server_id)",
            f"replication is {gone.replication_state}",
        )
        await drs.delete_source_server(server_id)
        self.code("await drs.delete_source_server(server_id)", "gone")
        (foreign_arn,) = self.emulator.add_staging_account("444455556666")
        extended = (await drs.create_extended_source_server(foreign_arn)).source_server
        self.code(
            "await drs.create_extended_source_server(foreign_arn)",
            f"{extended and extended.source_server_id} is extended from another account",
        )

    async def replicate(self, ids: list[str]) -> None:
        """Wait for the initial sync of a fleet."""
        self.chapter("Replication")
        with WaitProgress(console=self.console) as progress:
            ready = await self.drs.wait_until_source_servers_launchable(
                ids, on_update=self.paced(progress)
            )
        self.code(
            "await drs.wait_until_source_servers_launchable(ids, on_update=progress)",
            f"{len(ready)} servers can be launched",
        )

    async def drill(self, ids: list[str]) -> JobReport:
        """Launch all in one job, of which one server of many fails, and explain what happened."""
        self.chapter("The drill")
        if len(ids) > 1:
            victim = ids[len(ids) // 2]
            self.emulator.fail_launch(victim, stage="CONVERSION", error=CONVERSION_ERROR)
        started = await self.drs.start_recovery(
            [{"source_server_id": server_id} for server_id in ids], is_drill=True
        )
        self.code(
            "started = await drs.start_recovery("
            '[{"source_server_id": id} for id in ids], is_drill=True)',
            f"{started.job and started.job.job_id}, {started.job and started.job.status}",
        )
        async with JobProgress(
            self.drs, started, clock=self.emulator.clock, console=self.console
        ) as progress:
            job = await self.drs.wait_until_job_completed(
                started, raise_on_failure=False, on_update=self.paced(progress)
            )
        self.code(
            "job = await drs.wait_until_job_completed("
            "started, raise_on_failure=False, on_update=progress)",
            f"{job.status} after {job.duration}, which does not mean success: "
            f"{len(job.launched_servers)} launched, {len(job.failed_servers)} failed",
        )
        report = await self.drs.explain_job(job)
        self.code("print(await drs.explain_job(job))", "per server:")
        self.console.print(Text(str(report)))
        return report

    async def clean_up(self, report: JobReport) -> None:
        """Terminate what the drill launched; a drill's instances only, never a failover's."""
        self.chapter("Clean-up")
        instances = [
            server.recovery_instance_id for server in report.servers if server.recovery_instance_id
        ]
        await self.drs.wait_until_recovery_instances_running(instances)
        self.code(
            "await drs.wait_until_recovery_instances_running(instances)",
            f"{len(instances)} instances run",
        )
        ended = await self.drs.terminate_recovery_instances(instances)
        job = await self.drs.wait_until_job_completed(ended)
        self.code(
            "job = await drs.wait_until_job_completed("
            "await drs.terminate_recovery_instances(instances))",
            f"{len(job.terminated_servers)} instances terminated",
        )


async def run(fleet: str | None, console: Console) -> None:
    """Run all steps against an emulator of their own."""
    async with DRSEmulator() as emulator, emulator.client() as drs:
        began = emulator.clock.now()
        if fleet is None:
            emulator.add_source_servers(SERVERS, state="INITIATING")
        else:
            emulator.load(fleet)
        demo = Demo(emulator, drs, console)
        console.print(Text(f"DRS emulator at {emulator.url}, on virtual time", style="dim"))
        servers = await demo.inventory()
        await demo.settings()
        await demo.one_server()
        ids = [
            server.source_server_id
            for server in servers
            if server.source_server_id and (fleet is None or server.is_launchable)
        ][:LARGEST_JOB]
        if not ids:
            console.print("No server of this fleet can be launched, so the demo ends here.")
            return
        await demo.replicate(ids)
        report = await demo.drill(ids)
        await demo.clean_up(report)
        console.print()
        console.print(Text(f"Virtual time spent: {emulator.clock.now() - began}", style="dim"))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="A recovery drill on the emulator.")
    parser.add_argument("--fleet", help="a JSON file in which source servers stand")
    parser.add_argument("--svg", help="write what was shown to this SVG file")
    arguments = parser.parse_args()
    console = Console(record=bool(arguments.svg), width=110 if arguments.svg else None)
    asyncio.run(run(arguments.fleet, console))
    if arguments.svg:
        console.save_svg(arguments.svg, title="make demo")


if __name__ == "__main__":
    main()
