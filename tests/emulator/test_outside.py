# ruff: noqa: ANN401 - boto3 and JSON have no types
"""Tests of other processes, in any language, against the emulator as a process."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from outside import Process, emulator_process

from drs_sdk.testing.__main__ import main
from drs_sdk.testing.options import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

EAST, WEST = "us-east-1", "us-west-2"
ONE, TWO = "111122223333", "444455556666"
THERE = {"region": WEST, "account_id": TWO}
ROLE = f"arn:aws:iam::{TWO}:role/DisasterRecovery"


@pytest.fixture(scope="module")
def running() -> Iterator[Process]:
    options = ["--regions", f"{EAST},{WEST}", "--accounts", f"{ONE},{TWO}", "--virtual-clock"]
    with emulator_process(*options) as process:
        yield process


@pytest.fixture
def emulator(running: Process) -> Iterator[Process]:
    """The process, every place as it was at the start."""
    stages = [(where, running.call("snapshot", **where)) for where in _places(running)]
    yield running
    for where, stage in stages:
        running.call("restore", {"data": stage}, **where)
        running.call("clear_faults", **where)
        running.ask("DELETE", "/requests", **where)


def _places(process: Process) -> list[dict[str, str]]:
    return [{name: place[name] for name in ("region", "account_id")} for place in process.places]


def boto3_client(process: Process, service: str = "drs", **where: str) -> Any:
    place = next(p for p in process.places if where.items() <= p.items())
    return boto3.client(
        service,
        endpoint_url=process.url,
        region_name=place["region"],
        aws_access_key_id=place["access_key_id"],
        aws_secret_access_key=place["secret_access_key"],
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


def server_ids(client: Any) -> list[str]:
    return [server["sourceServerID"] for server in client.describe_source_servers()["items"]]


def test_a_method_works_in_the_place_that_the_query_names(emulator: Process) -> None:
    wanted = emulator.call("add_source_servers", {"count": 2}, **THERE)
    assert server_ids(boto3_client(emulator, **THERE)) == wanted
    for where in _places(emulator):
        if where != THERE:
            assert server_ids(boto3_client(emulator, **where)) == []


def test_a_drill_fails_as_it_was_told_to_in_time_that_is_moved(emulator: Process) -> None:
    good, bad = emulator.call("add_source_servers", {"count": 2})
    emulator.call("fail_launch", {"source_server_id": bad, "error": "InsufficientCapacity"})
    drs = boto3_client(emulator)
    servers = [{"sourceServerID": i} for i in (good, bad)]
    job_id = drs.start_recovery(sourceServers=servers, isDrill=True)["job"]["jobID"]
    assert drs.describe_jobs()["items"][0]["status"] == "PENDING"
    before = emulator.ask("GET", "/clock")
    after = emulator.ask("POST", "/clock/advance", {"delta": "PT20M"})
    assert (before["mode"], before["now"] < after["now"]) == ("virtual", True)
    (job,) = drs.describe_jobs(filters={"jobIDs": [job_id]})["items"]
    status = {s["sourceServerID"]: s["launchStatus"] for s in job["participatingServers"]}
    assert (job["status"], status) == ("COMPLETED", {good: "LAUNCHED", bad: "FAILED"})


def test_lengths_of_time_are_seconds_or_iso_8601(emulator: Process) -> None:
    ids = emulator.call("add_source_servers", {"count": 2})
    for server_id, lag in zip(ids, (660, "PT11M"), strict=True):
        emulator.call("set_lag", {"source_server_id": server_id, "lag": lag, "state": "BACKLOG"})
    shown = boto3_client(emulator).describe_source_servers()["items"]
    assert {server["dataReplicationInfo"]["lagDuration"] for server in shown} == {"PT11M"}


def test_faults_strike_and_are_taken_back(emulator: Process) -> None:
    drs = boto3_client(emulator, **THERE)
    fault = {"kind": "error", "code": "ConflictException", "message": "no", "resourceId": "s-1"}
    emulator.call("inject", {"operation": "describe_jobs", "fault": fault}, **THERE)
    (armed,) = emulator.ask("GET", "/faults", **THERE)["faults"]
    assert (armed["operation"], armed["times"]) == ("DescribeJobs", 1)
    assert emulator.ask("GET", "/faults")["faults"] == []
    with pytest.raises(ClientError) as caught:
        drs.describe_jobs()
    assert caught.value.response["resourceId"] == "s-1"
    drs.describe_jobs()
    throttle = {"kind": "throttle", "retry_after": 7}
    emulator.call("inject", {"operation": "*", "fault": throttle, "times": 9}, **THERE)
    with pytest.raises(ClientError, match="Rate exceeded"):
        drs.describe_jobs()
    emulator.call("clear_faults", **THERE)
    drs.describe_jobs()
    seen = emulator.ask("GET", "/requests", **THERE)["requests"]
    assert [r["status"] for r in seen] == [409, 200, 429, 200]


def test_requests_are_the_places_own_and_sts_stands_with_the_first(emulator: Process) -> None:
    boto3_client(emulator, **THERE).describe_jobs(maxResults=5)
    boto3_client(emulator, "sts").assume_role(RoleArn=ROLE, RoleSessionName="tests")
    (seen,) = emulator.ask("GET", "/requests", **THERE)["requests"]
    assert (seen["operation"], seen["params"]) == ("DescribeJobs", {"maxResults": 5})
    assert seen["headers"]["x-amz-date"]
    assert [r["operation"] for r in emulator.ask("GET", "/requests")["requests"]] == ["AssumeRole"]
    assert emulator.ask("GET", "/requests", operation="DescribeJobs")["requests"] == []
    emulator.ask("DELETE", "/requests")
    assert emulator.ask("GET", "/requests")["requests"] == []
    assert len(emulator.ask("GET", "/requests", **THERE)["requests"]) == 1


def test_a_role_is_denied(emulator: Process) -> None:
    sts = boto3_client(emulator, "sts")
    role = f"{ROLE}/OfOneTest"
    sts.assume_role(RoleArn=role, RoleSessionName="tests")
    emulator.call("deny_role", {"role_arn": role})
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role, RoleSessionName="tests")


def test_a_snapshot_brings_back_what_was_there(emulator: Process) -> None:
    wanted = emulator.call("add_source_servers", {"count": 500}, **THERE)
    stage = emulator.call("snapshot", **THERE)
    drs = boto3_client(emulator, **THERE)
    drs.disconnect_source_server(sourceServerID=wanted[0])
    drs.delete_source_server(sourceServerID=wanted[0])
    assert wanted[0] not in server_ids(drs)
    assert len(json.dumps(stage)) > 2**20  # as a body, more than aiohttp takes by itself
    emulator.call("restore", {"data": stage}, **THERE)
    assert server_ids(drs) == wanted[:200]


def test_what_the_cli_printed_is_loaded_and_files_are_not_read(emulator: Process) -> None:
    replication = {"dataReplicationState": "CONTINUOUS"}
    server = {"sourceServerID": "s-1111111111111111a", "dataReplicationInfo": replication}
    assert emulator.call("load", {"source": {"items": [server]}}) == ["s-1111111111111111a"]
    assert server_ids(boto3_client(emulator)) == ["s-1111111111111111a"]
    status, answer = emulator.send("POST", "/load", {"source": os.devnull})
    assert (status, answer["error"]["code"]) == (400, "BadArguments")
    assert "the JSON itself" in answer["error"]["message"]


def test_the_aws_cli_lists_what_was_added(emulator: Process) -> None:
    wanted = emulator.call("add_source_servers", {"count": 3}, **THERE)
    place = next(p for p in emulator.places if THERE.items() <= p.items())
    code = "import sys; from awscli.clidriver import main; sys.exit(main())"
    query = ["--query", "items[].sourceServerID", "--output", "json"]
    command = [sys.executable, "-c", code, "drs", "describe-source-servers", *query]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL_DRS": emulator.url,
        "AWS_DEFAULT_REGION": WEST,
        "AWS_ACCESS_KEY_ID": place["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": place["secret_access_key"],
    }
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == wanted


_CURL = shutil.which("curl")
_NODE = shutil.which("node")
_PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.mark.skipif(_CURL is None, reason="there is no curl")
def test_curl_works_the_emulator(emulator: Process) -> None:
    url = f"{emulator.admin_url}/add_source_servers?region={WEST}"
    command = [str(_CURL), "--fail-with-body", "-sS", "--noproxy", "*", "--json", '{"count": 2}']
    run = subprocess.run([*command, url], capture_output=True, text=True, check=True)  # noqa: S603
    assert server_ids(boto3_client(emulator, region=WEST)) == json.loads(run.stdout)["result"]


@pytest.mark.skipif(_CURL is None, reason="there is no curl")
def test_the_pages_shell_lines_work(tmp_path: Path) -> None:
    (script,) = re.findall(r"```shell\n(admin=http.*?)```", _PAGE.read_text(), re.DOTALL)
    cli = tmp_path / "aws"
    cli.write_text(
        f"#!{sys.executable}\nfrom awscli.clidriver import main\nraise SystemExit(main())\n"
    )
    cli.chmod(0o755)
    with emulator_process("--virtual-clock") as process:
        environment = {
            **os.environ,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "AWS_ENDPOINT_URL_DRS": process.url,
            "AWS_DEFAULT_REGION": EAST,
            "AWS_PAGER": "",
            "no_proxy": "*",
        }
        script = script.replace("http://127.0.0.1:8078", process.admin_url)
        script = f"set -eu\n{script}".replace("curl ", "curl -sS --fail-with-body ")
        run = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        lines = run.stdout.splitlines()
        assert len(json.loads(lines[0])["result"]) == 2
        *_, status, requests = lines
        assert status == "FAILED"
        assert [r["status"] for r in json.loads(requests)["requests"]] == [202]


@pytest.mark.skipif(_NODE is None, reason="there is no node")
def test_the_pages_javascript_works_the_emulator(tmp_path: Path) -> None:
    (script,) = re.findall(r"```javascript\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    look = """
      console.log(JSON.stringify([server, ready.places.length]));
      console.log((await (await fetch(`${ready.admin_url}/faults`)).json()).faults.length);
      await call("resume_replication", { source_server_id: "s-typo" }).catch((e) => {
        console.log(e.message);
      });
    """
    last = "emulator.kill();"
    assert script.count(last) == 1
    (tmp_path / "test.mjs").write_text(script.replace(last, look + last))
    # The page says `python`.
    (tmp_path / "python").symlink_to(sys.executable)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [str(_NODE), str(tmp_path / "test.mjs")]
    run = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    found, armed, refusal = run.stdout.splitlines()
    server, places = json.loads(found)
    assert (server[:2], places, armed) == ("s-", 1, "1")
    assert refusal == "source-server s-typo does not exist."


def test_options_fill_the_emulator() -> None:
    fault = {"operation": "DescribeJobs", "fault": {"kind": "throttle"}, "times": 1}
    where = f"region={WEST}&account_id={TWO}"
    options = [
        *("--regions", f"{EAST},{WEST}", "--accounts", f"{ONE},{TWO}"),
        *("--quota", "servers_in_one_job=1", "--seed-servers", "1", "--speed", "60"),
        *("--call", f"add_source_servers?{where}", '{"count": 2}'),
        *("--call", "deny_role", json.dumps({"role_arn": ROLE})),
        *("--fault", json.dumps(fault), "--start", "2026-09-01T00:00:00Z"),
    ]
    with emulator_process(*options) as process:
        here, there = boto3_client(process), boto3_client(process, **THERE)
        assert (len(server_ids(here)), len(server_ids(there))) == (1, 2)
        for client in (here, there):
            with pytest.raises(ClientError, match="Rate exceeded"):
                client.describe_jobs()
            client.describe_jobs()
        servers = [{"sourceServerID": i} for i in server_ids(there)]
        with pytest.raises(ClientError, match="ServiceQuotaExceeded"):
            there.start_recovery(sourceServers=servers)
        with pytest.raises(ClientError, match="AccessDenied"):
            boto3_client(process, "sts").assume_role(RoleArn=ROLE, RoleSessionName="tests")
        clock = process.ask("GET", "/clock")
        assert (clock["mode"], clock["speed"], clock["now"][:10]) == ("scaled", 60, "2026-09-01")
        status, answer = process.send("POST", "/clock/advance", {"delta": 5})
        assert (status, answer["error"]["code"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fault", "{"], "--fault: the arguments: Invalid JSON"),
        (["--fault", '{"operation": "*", "fault": {"kind": "fire"}}'], "no kind of fault"),
        (["--call", "add_servers", "{}"], "no method add_servers; there are:"),
        (["--call", "add_source_servers", '{"count": "many"}'], "count: Input should be"),
        (["--call", "add_source_servers?region=moon-1", '{"count": 1}'], "moon-1"),
        (["--set", "weather", "{}"], "no setting weather; there are:"),
        (["--call", "add_source_servers?planet=mars", '{"count": 1}'], "planet"),
        (["--call", "fail_launch", '{"source_server_id": "s-1"}'], "s-1 does not exist"),
    ],
)
def test_contents_that_cannot_be_are_an_error(
    capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    assert main(options) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert told in error


@pytest.mark.parametrize(
    "options",
    [
        ["--virtual-clock"],
        ["--admin-port", "0", "--virtual-clock", "--speed", "2"],
        ["--region", EAST, "--regions", EAST],
        ["--regions", f"{EAST},{EAST}"],
        ["--regions", "moon"],
        ["--accounts", "42"],
        ["--quota", "servers=5"],
        ["--quota", "source_servers=many"],
        ["--start", "tomorrow"],
        ["--admin-port", "-1"],
    ],
)
def test_options_that_make_no_sense_are_refused(
    capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(options)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_the_process_ends_cleanly_while_clients_wait(stop: signal.Signals) -> None:
    with emulator_process("--fault", _DELAY) as process:
        connections = [await asyncio.open_connection("127.0.0.1", process.port) for _ in range(20)]
        for _, writer in connections:
            writer.write(b"POST /DescribeJobs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        reader, writer = connections[0]
        process.popen.send_signal(stop)
        assert await reader.read() == b""
        assert await asyncio.to_thread(process.popen.wait, 30) == 0
        for _, writer in connections:
            writer.close()


def test_the_process_ends_with_the_one_that_started_it() -> None:
    command = [sys.executable, "-m", "drs_sdk.testing", "--until-stdin-closes"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]  # noqa: S603
        assert any(line.startswith("# ready ") for line in process.stdout)
        assert process.poll() is None
        # What closing our end does, our end does as well when we are killed.
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_process_that_waits_for_its_input(stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "drs_sdk.testing", "--until-stdin-closes"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]  # noqa: S603
        assert any(line.startswith("# ready ") for line in process.stdout)
        process.send_signal(stop)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


async def test_clients_that_hang_up_or_talk_nonsense_harm_nobody(emulator: Process) -> None:
    sent = [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n", b"POST /DescribeJobs HTTP/1.1\r\n\r\n"]
    sent += [b"POST /add_source_servers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"]

    async def come_and_go(number: int) -> None:
        port = (emulator.port, emulator.admin_port)[number % 2]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent[number % len(sent)])
        writer.transport.abort()

    await asyncio.gather(*(come_and_go(number) for number in range(300)))
    wanted = await asyncio.to_thread(emulator.call, "add_source_servers", {"count": 1})
    assert await asyncio.to_thread(lambda: server_ids(boto3_client(emulator))) == wanted


_DELAY = '{"operation": "*", "fault": {"kind": "delay", "seconds": 300}, "times": 100}'
