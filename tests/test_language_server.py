"""What an IDE shows: completions and their documentation, asked of a real language server."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(sys.executable).with_name("basedpyright-langserver")
CODE = """\
from drs_sdk import DRSClient
from drs_sdk.models import DescribeJobsRequest, Job, JobStatus, SourceServer


async def use(drs: DRSClient, server: SourceServer, job: Job) -> None:
    """
LINES = (
    "drs.",
    "server.",
    "server.data_replication_info.",
    "job.",
    "JobStatus.",
    "DescribeJobsRequest(",
    "await drs.start_recovery(",
    "server.source_properties.disks[0].",
    'drs.describe_jobs(filters={"',
    'drs.update_launch_configuration("s-1", launch_disposition="',
    "SourceServer",
    "Job",
)


class LanguageServer:
    """A client of the language server protocol, as far as these tests need one."""

    def __init__(self, process: asyncio.subprocess.Process, root: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._in = process.stdin
        self._out = process.stdout
        self._root = root
        self._last_id = 0
        self._files = 0

    async def start(self) -> None:
        await self.ask(
            "initialize",
            processId=None,
            rootUri=self._root.as_uri(),
            workspaceFolders=[{"uri": self._root.as_uri(), "name": "app"}],
            capabilities={
                "workspace": {"configuration": True},
                "textDocument": {
                    "completion": {
                        "completionItem": {
                            "documentationFormat": ["markdown"],
                            "resolveSupport": {"properties": ["documentation", "detail"]},
                        }
                    }
                },
            },
        )
        self._tell("initialized")

    async def stop(self) -> None:
        await self.ask("shutdown")
        self._tell("exit")
        self._in.close()
        await self._process.wait()

    async def completions(self, line: str) -> dict[str, dict[str, Any]]:
        """Complete at the end of a line, in a file of its own."""
        self._files += 1
        text = CODE + line
        document = {"uri": (self._root / f"app_{self._files}.py").as_uri()}
        self._tell(
            "textDocument/didOpen",
            textDocument={**document, "languageId": "python", "version": 1, "text": text},
        )
        last = text.splitlines()[-1]
        found = await self.ask(
            "textDocument/completion",
            textDocument=document,
            position={"line": len(text.splitlines()) - 1, "character": len(last)},
        )
        return {item["label"]: item for item in found["items"]}

    async def documentation(self, item: dict[str, Any]) -> str:
        return (await self.ask("completionItem/resolve", **item))["documentation"]["value"]

    async def ask(self, method: str, **params: object) -> Any:  # noqa: ANN401 - any JSON
        self._last_id += 1
        self._write({"id": self._last_id, "method": method, "params": params})
        while True:
            message = await self._read()
            if "method" in message:
                self._answer(message)
            elif message["id"] == self._last_id:
                assert "error" not in message, message
                return message["result"]

    def _answer(self, message: dict[str, Any]) -> None:
        """Say what the server wants to know; notifications go unread."""
        if "id" not in message:
            return
        result: object = None
        if message["method"] == "workspace/configuration":
            python = {"pythonPath": sys.executable}
            result = [
                python if item.get("section") == "python" else {}
                for item in message["params"]["items"]
            ]
        self._write({"id": message["id"], "result": result})

    def _tell(self, method: str, **params: object) -> None:
        self._write({"method": method, "params": params})

    def _write(self, message: dict[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def _read(self) -> dict[str, Any]:
        head = await self._out.readuntil(b"\r\n\r\n")
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        return json.loads(await self._out.readexactly(length))


Found = dict[str, dict[str, dict[str, Any]]]


async def _ask_everything(root: Path) -> tuple[Found, dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        str(SERVER),
        "--stdio",
        cwd=root,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=2**24,
    )
    try:
        async with asyncio.timeout(120):
            server = LanguageServer(process, root)
            await server.start()
            found = {line: await server.completions(line) for line in LINES}
            documented = {
                name: await server.documentation(found[line][name])
                for line, name in (
                    ("drs.", "describe_source_servers"),
                    ("drs.", "start_recovery"),
                    ("server.", "source_server_id"),
                    ("server.", "lag"),
                    ("server.data_replication_info.", "lag_duration"),
                    ("JobStatus.", "COMPLETED"),
                    ("SourceServer", "SourceServer"),
                    ("Job", "Job"),
                )
            }
            await server.stop()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return found, documented


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, dict[str, str]]:
    """Start the server once and ask it everything."""
    root = tmp_path_factory.mktemp("app")
    return asyncio.run(_ask_everything(root))


@pytest.fixture(scope="module")
def found(answers: tuple[Found, dict[str, str]]) -> Found:
    return answers[0]


@pytest.fixture(scope="module")
def documented(answers: tuple[Found, dict[str, str]]) -> dict[str, str]:
    return answers[1]


def test_the_client_offers_operations_and_its_own_methods(found: Found) -> None:
    offered = found["drs."]
    for name in (
        "describe_source_servers",
        "start_recovery",
        "create_recovery_plan_step",
        "send",
        "with_options",
        "open",
        "aclose",
    ):
        assert name in offered
    public = [name for name in offered if not name.startswith("_")]
    assert len(public) >= 76
    assert public == [name for name in public if name == name.lower()]


def test_a_source_server_offers_members_and_traits(found: Found) -> None:
    offered = found["server."]
    for name in ("source_server_id", "tags", "data_replication_info", "lag", "is_launchable"):
        assert name in offered
    assert "sourceServerID" not in offered


def test_nested_members_are_offered(found: Found) -> None:
    info = found["server.data_replication_info."]
    assert {"lag_duration", "data_replication_state", "replicated_disks"} <= info.keys()
    disk = found["server.source_properties.disks[0]."]
    assert {"bytes", "device_name"} <= disk.keys()


def test_a_job_and_enums_are_offered(found: Found) -> None:
    assert {"participating_servers", "is_completed", "failed_servers"} <= found["job."].keys()
    assert {"PENDING", "STARTED", "COMPLETED", "is_known"} <= found["JobStatus."].keys()


def test_parameters_keys_and_literals_are_offered(found: Found) -> None:
    assert {"filters=", "max_results="} <= found["DescribeJobsRequest("].keys()
    assert {"source_servers=", "is_drill="} <= found["await drs.start_recovery("].keys()
    keys = " ".join(found['drs.describe_jobs(filters={"'])
    assert "job_ids" in keys
    assert "from_date" in keys
    values = " ".join(found['drs.update_launch_configuration("s-1", launch_disposition="'])
    assert "STARTED" in values
    assert "STOPPED" in values


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("describe_source_servers", "Lists source servers"),
        ("start_recovery", "unsafe"),
        ("source_server_id", "s-"),
        ("lag", "How far the replica is behind"),
        ("lag_duration", "behind"),
        ("COMPLETED", "success"),
        ("SourceServer", "is_launchable"),
        ("Job", "failed_servers"),
    ],
)
def test_what_is_offered_is_documented(name: str, text: str, documented: dict[str, str]) -> None:
    assert text in documented[name]
