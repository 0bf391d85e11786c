"""Run a drill in waves: the servers of a wave at the same time, one wave after the other.

Usage: python examples/orchestrate_failover.py --region eu-west-1 --wave s-1... s-2... --wave s-3...
       python examples/orchestrate_failover.py --emulator

A wave begins when every server of the one before runs. A server that is not ready to launch, or
that fails to, stops the drill before the next wave; what runs by then is left as it is. With
--emulator it all happens on this machine, on virtual time; one server is made to fail.

Exit status: 0 all waves came up, 1 a server did not, 2 it was refused or its outcome is not known.
"""

import argparse
import asyncio
import sys
from datetime import timedelta

from drs_sdk import DRSClient
from drs_sdk.errors import DRSError, WaiterFailedError
from drs_sdk.models import Job, RecoveryInstance
from drs_sdk.testing import DRSEmulator
from drs_sdk.waiters import WaitUpdate

# How long a server may take to be ready for its launch.
READY_WITHIN = timedelta(minutes=30)


def show(update: WaitUpdate[Job]) -> None:
    """Print each change of a job, and each poll that failed."""
    if update.last_error is not None:
        print(f"    a poll failed, the wait goes on: {update.last_error}")
    for job in update.changes:
        states = ", ".join(
            f"{server.source_server_id} {server.launch_status}"
            for server in job.participating_servers
        )
        print(f"    {update.elapsed} {job.status}: {states}")


async def launch(drs: DRSClient, server_id: str) -> RecoveryInstance:
    """Launch one server of a drill, in a job of its own; return the instance once it runs.

    By default an account runs 20 jobs at a time, so a larger wave needs jobs of several servers.
    The waits of all these tasks share their polls.

    Raises:
        WaiterFailedError: It failed to launch, or its instance is gone.
        WaiterTimeoutError: It took too long.
        AmbiguousOutcomeError: Whether the job was started is not known.
    """
    response = await drs.start_recovery([{"source_server_id": server_id}], is_drill=True)
    job = await drs.wait_until_job_completed(response, on_update=show)
    report = await drs.explain_job(job)
    instance_id = report.servers[0].recovery_instance_id
    if instance_id is None:
        raise LookupError(f"{job.job_id} launched {server_id}, but no instance of it is listed")
    (instance,) = await drs.wait_until_recovery_instances_running(instance_id)
    return instance


async def run_wave(drs: DRSClient, server_ids: list[str]) -> list[RecoveryInstance]:
    """Launch the servers of a wave at the same time.

    Raises:
        ExceptionGroup: What went wrong; the other waits of the wave are cancelled. Their jobs
            go on.
    """
    await drs.wait_until_source_servers_launchable(server_ids, timeout=READY_WITHIN)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(launch(drs, server_id)) for server_id in server_ids]
    return [task.result() for task in tasks]


async def run_drill(drs: DRSClient, waves: list[list[str]]) -> int:
    """Run the waves in order; return the exit status."""
    status = 0
    for number, server_ids in enumerate(waves, start=1):
        print(f"wave {number}: {', '.join(server_ids)}")
        try:
            instances = await run_wave(drs, server_ids)
        except* WaiterFailedError as failed:
            for error in failed.exceptions:
                print(f"  {error}")
            status = max(status, 1)
        except* (DRSError, LookupError) as unknown:
            for cause in unknown.exceptions:
                print(f"  {cause}")
            status = 2
        else:
            for instance in instances:
                print(f"  {instance.source_server_id} runs as {instance.ec2_instance_id}")
        if status:
            print(f"stopped after wave {number} of {len(waves)}")
            return status
    print(f"all {len(waves)} waves are up")
    return 0


async def on_the_emulator() -> int:
    """Rehearse on made-up servers: three waves, and a server of the last one fails."""
    async with DRSEmulator() as emulator, emulator.client() as drs:
        servers = emulator.add_source_servers(6)
        emulator.fail_launch(servers[5], error="InsufficientInstanceCapacity")
        return await run_drill(drs, [servers[:1], servers[1:4], servers[4:]])


async def main(options: argparse.Namespace) -> int:
    if options.emulator:
        return await on_the_emulator()
    async with DRSClient(region_name=options.region) as drs:
        return await run_drill(drs, options.wave)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run a drill in waves.")
    parser.add_argument("--region", help="default: AWS_REGION or the profile's")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--wave", nargs="+", action="append", metavar="source_server_id")
    chosen.add_argument("--emulator", action="store_true", help="rehearse without AWS")
    sys.exit(asyncio.run(main(parser.parse_args())))
