"""The command line of recovery runs: what it prints, and the exit code of each end."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
from pathlib import Path

import pytest
from recovery.command_processes import (
    command,
    environment,
    fast_emulator,
    launches,
    process,
    run,
    run_process,
    runbook_file,
    still_emulator,
)

from drs_sdk.recovery import Preflight, RecoveryReport
from drs_sdk.testing import Fault

RUN = ("--key", "q4", "--drill")


async def test_a_drill_from_preflight_to_clean_up(tmp_path: Path) -> None:
    async with fast_emulator(regions=["eu-west-1", "us-east-1"]) as emulator:
        database = emulator.add_source_servers(2)
        web = emulator.at(region="us-east-1").add_source_servers(1)
        file = runbook_file(tmp_path, {"database": database, "web": web})
        where = (*RUN, "--region=eu-west-1", "--region=us-east-1")
        checked, found, _ = await run_process(
            emulator, "preflight", file, *where, "--json", fast=False
        )
        unbegun, _, _ = await run_process(emulator, "status", file, *where, fast=False)
        page, paper = tmp_path / "report.html", tmp_path / "report.md"
        code, out, err = await run_process(
            emulator,
            *("launch", file, *where, "--json", "--tag=owner=ops"),
            *(f"--html={page}", f"--markdown={paper}"),
        )
        again, text, _ = await run_process(emulator, "launch", file, *where)
        status, shown, _ = await run_process(emulator, "status", file, *where, "--json", fast=False)
        listed, runs, _ = await run_process(
            emulator, "runs", file, "--region=eu-west-1", "--region=us-east-1", "--json", fast=False
        )
        cleaned, gone, _ = await run_process(emulator, "clean-up", file, *where)
        closed, _, why = await run_process(emulator, "launch", file, *where)
        after, table, _ = await run_process(
            emulator, "runs", "--region=eu-west-1", "--region=us-east-1", fast=False
        )
    assert (checked, unbegun) == (0, 13)
    assert Preflight.model_validate_json(found).servers == 3
    report = RecoveryReport.model_validate_json(out)
    assert (code, report.state, len(report.servers)) == (0, "succeeded", 3)
    assert "wave database: up, 2 of 2 up" in err
    assert page.read_text().startswith("<!")
    assert "database" in paper.read_text()
    assert (again, "erp/q4" in text) == (3, True)
    assert status == 0
    assert RecoveryReport.model_validate_json(shown).servers == report.servers
    (summary,) = json.loads(runs)
    assert (listed, summary["run"], len(summary["instances"])) == (0, "erp/q4", 3)
    assert (cleaned, gone) == (0, "erp/q4: 3 instances terminated, nothing is left\n")
    assert closed == 6
    assert "Take a new key" in why
    assert after == 0
    assert table.splitlines()[1].split()[:2] == ["erp/q4", "drill"]
    assert "closed: cleaned up" in table
    assert sorted(launches(emulator, emulator.at(region="us-east-1"))) == sorted(database + web)


async def test_a_fleet_of_accounts_works_in_their_roles(tmp_path: Path) -> None:
    accounts = ["111122223333", "444455556666"]
    async with fast_emulator(regions=["eu-west-1"], accounts=accounts) as emulator:
        servers = [emulator.at(account_id=a).add_source_servers(1)[0] for a in accounts]
        file = runbook_file(tmp_path, {"all": servers})
        code, out, err = await run(
            emulator,
            *("launch", file, *RUN, "--region=eu-west-1", "--role-name=DisasterRecovery", "--json"),
            *(f"--account={account}" for account in accounts),
            "--limits=444455556666/eu-west-1:servers-in-one-job=10,concurrent-jobs=2",
        )
    assert code == 0, err
    report = RecoveryReport.model_validate_json(out)
    assert {server.account_id for server in report.servers} == set(accounts)


async def test_failed_servers_have_an_exit_code_and_are_launched_again(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        good, bad = emulator.add_source_servers(2)
        emulator.fail_launch(bad, error="no such subnet")
        file = runbook_file(tmp_path, {"all": [good, bad]})
        failed, out, err = await run(emulator, "launch", file, *RUN)
        then, _, _ = await run(emulator, "launch", file, *RUN, "--attempts=2")
    assert failed == 4
    assert "no such subnet" in out
    assert "failed" in err
    assert then == 0
    assert sorted(launches(emulator)) == sorted([good, bad, bad])


async def test_what_is_refused_says_why_and_launches_nothing(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        servers = emulator.add_source_servers(1)
        file = runbook_file(tmp_path, {"all": servers})
        first, _, _ = await run(emulator, "launch", file, *RUN)
        mismatch, _, other = await run(emulator, "launch", file, "--key=q4", "--recovery", "--yes")
        refused, _, in_the_way = await run(emulator, "launch", file, "--key=q5", "--drill")
        blocked, found, _ = await run(emulator, "preflight", file, "--key=q5", "--drill")
        no_drill, _, why = await run(emulator, "clean-up", file, "--key=new", "--recovery")
        replaced, _, _ = await run(
            emulator,
            *("launch", file, "--key=q5", "--drill", f"--replace-instances-of={servers[0]}"),
        )
    assert (first, mismatch, refused, blocked, no_drill) == (0, 7, 8, 11, 8)
    assert "drill there, recovery here" in other
    assert "replace_instances_of" in in_the_way
    assert "blocking" in found
    assert "clean_up is for drills" in why
    assert replaced == 0
    assert len(launches(emulator)) == 2


async def test_a_lost_record_is_overridden_by_a_person(tmp_path: Path) -> None:
    async with fast_emulator() as emulator, emulator.client() as drs:
        (server,) = emulator.add_source_servers(1)
        file = runbook_file(tmp_path, {"all": [server]})
        await run(emulator, "launch", file, *RUN)
        (job,) = await drs.describe_jobs().collect()
        await drs.delete_job(job.job_id or "")
        lost, _, why = await run(emulator, "status", file, *RUN)
    assert lost == 8
    assert "not_launched" in why


async def test_a_wave_that_nobody_approves_keeps_its_exit_code(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        first, second = emulator.add_source_servers(2)
        file = runbook_file(
            tmp_path, {"first": [first], "second": [second]}, second={"pause_before": True}
        )
        waits, out, _ = await run(emulator, "launch", file, *RUN, "--timeout=3m")
        unknown, _, why = await run(emulator, "approve", file, *RUN, "--wave=third")
        seen, _, _ = await run(emulator, "status", file, *RUN)
        approved, _, _ = await run(emulator, "launch", file, *RUN, "--approved=second")
    assert (waits, unknown, seen, approved) == (5, 2, 5, 0)
    assert "second" in out
    assert "third" in why


async def test_a_run_under_way_is_not_a_failed_one(tmp_path: Path) -> None:
    async with still_emulator() as emulator:
        file = runbook_file(tmp_path, {"all": emulator.add_source_servers(1)})
        launched, out, _ = await run(emulator, "launch", file, *RUN, "--timeout=30", "--json")
        status, _, _ = await run(emulator, "status", file, *RUN)
        late, gone, _ = await run(emulator, "clean-up", file, *RUN, "--timeout=20")
    assert (launched, status) == (10, 10)
    assert RecoveryReport.model_validate_json(out).state == "running"
    assert late == 12
    assert gone.splitlines()[0] == "erp/q4: 0 instances terminated, not all is gone; clean up again"
    assert "can still arrive" in gone


async def test_a_closed_run_starts_nothing_more(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        first, second = emulator.add_source_servers(2)
        file = runbook_file(
            tmp_path, {"first": [first], "second": [second]}, second={"pause_before": True}
        )
        too_early, _, _ = await run(emulator, "close", file, *RUN, "--reason=storm")
        await run(emulator, "launch", file, *RUN, "--timeout=3m")
        done, told, _ = await run(emulator, "close", file, *RUN, "--reason=storm over", "--json")
        after, _, why = await run(emulator, "launch", file, *RUN, "--approved=second")
    assert too_early == 8
    assert (done, json.loads(told)) == (0, {"run": "erp/q4", "closed": "storm over"})
    assert after == 6
    assert "storm over" in why
    assert launches(emulator) == [first]


@pytest.mark.parametrize("verb", ["launch", "status", "runs"])
async def test_a_place_that_cannot_be_read_has_an_exit_code(tmp_path: Path, verb: str) -> None:
    async with fast_emulator() as emulator:
        file = runbook_file(tmp_path, {"all": emulator.add_source_servers(1)})
        emulator.inject("*", Fault.error("AccessDeniedException", "not you"), probability=1.0)
        words = () if verb == "runs" else RUN
        code, _, err = await run(emulator, verb, file, *words)
    assert code == 9
    assert "not you" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
async def test_a_report_that_cannot_be_written_is_still_given(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        file = runbook_file(tmp_path, {"all": emulator.add_source_servers(1)})
        code, out, err = await run(emulator, "launch", file, *RUN, "--markdown=/dev/full", "--json")
    assert code == 14
    assert "/dev/full cannot be written: No space left" in err
    assert RecoveryReport.model_validate_json(out).succeeded


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
async def test_a_result_that_cannot_be_written_is_no_success(tmp_path: Path) -> None:
    async with still_emulator() as emulator:
        file = runbook_file(tmp_path, {"all": emulator.add_source_servers(1)})
        full = os.open("/dev/full", os.O_WRONLY)
        async with process(emulator, "preflight", file, *RUN, fast=False, stdout=full) as started:
            os.close(full)
            _, err = await started.communicate()
    assert started.returncode == 14
    assert err.decode() == "error: the result cannot be written: No space left on device\n"


async def test_a_reader_that_goes_away_does_not_stop_the_run(tmp_path: Path) -> None:
    async with still_emulator() as emulator:
        first, second = emulator.add_source_servers(2)
        file = runbook_file(tmp_path, {"first": [first], "second": [second]})
        ours, theirs = os.pipe()
        words = shlex.join(command("launch", file, *RUN))
        started = await asyncio.create_subprocess_shell(
            f"exec {words} 2>&1",
            env=environment(emulator),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=theirs,
        )
        os.close(theirs)
        await asyncio.to_thread(os.read, ours, 1)  # it has begun to tell
        os.close(ours)
        while started.returncode is None:
            await emulator.clock.advance(600)
            await asyncio.wait({asyncio.ensure_future(started.wait())}, timeout=0.1)
    assert started.returncode == 0
    assert launches(emulator) == [first, second]


async def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        file = runbook_file(
            tmp_path, {"all": emulator.add_source_servers(1)}, all={"pause_before": True}
        )
        code, _, err = await run(emulator, "launch", file, "--key=q4", "--recovery")
    assert code == 5
    assert "Type" not in err
    assert launches(emulator) == []
