"""The AWS CLI, many commands in one process: starting it for each takes a second.

Run as a script, it reads commands from its input, a JSON list of arguments on each line, and
writes for each a JSON object with exit code, output and errors. `AwsCli` is the other end.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk.testing import DRSEmulator

needs_aws_cli = pytest.mark.skipif(
    importlib.util.find_spec("awscli") is None,
    reason="the AWS CLI is not installed: pip install -r requirements-dev.txt",
)


@dataclass
class Outcome:
    """What one command did."""

    code: int
    output: str
    errors: str

    def json(self) -> dict[str, Any]:
        assert self.code == 0, self.errors
        return json.loads(self.output) if self.output.strip() else {}


class AwsCli:
    """A running AWS CLI that talks to an emulator."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process = process
        self._url = url

    async def drs(self, command: str, *arguments: str) -> Outcome:
        """Run `aws drs <command> <arguments> --endpoint-url ...`."""
        line = ["drs", command, *arguments, "--endpoint-url", self._url]
        source, answers = self._process.stdin, self._process.stdout
        assert source is not None
        assert answers is not None
        source.write(json.dumps(line).encode() + b"\n")
        await source.drain()
        return Outcome(**json.loads(await answers.readline()))


@contextlib.asynccontextmanager
async def aws_cli(emulator: DRSEmulator, data_path: str) -> AsyncIterator[AwsCli]:
    """Start a CLI.

    Args:
        emulator: What it talks to.
        data_path: A folder of service models that come before the CLI's own.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "COV_", "COVERAGE_"))
    }
    environment |= {
        "AWS_ACCESS_KEY_ID": emulator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_DATA_PATH": data_path,
        "AWS_PAGER": "",
        "PYTHONUTF8": "1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        yield AwsCli(process, emulator.url)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def main() -> None:
    """Run the commands that stand on the input."""
    from awscli.clidriver import create_clidriver

    driver = create_clidriver()
    answers = sys.stdout
    for line in sys.stdin:
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            try:
                code = driver.main(json.loads(line))
            except SystemExit as end:
                code = end.code
        said = {"code": code or 0, "output": output.getvalue(), "errors": errors.getvalue()}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
