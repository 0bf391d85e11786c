"""Starts the processes: the loopback service, a worker per peer, and fresh ones."""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from certificate import certificate
from fleet import REGION

if TYPE_CHECKING:
    from collections.abc import Generator

_HERE = Path(__file__).parent
_CACHEGRIND = (
    "valgrind",
    "--tool=cachegrind",
    "--cache-sim=no",
    f"--cachegrind-out-file={os.devnull}",
)
_INSTRUCTIONS = re.compile(r"I\s+refs:\s+([\d,]+)")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work cost, in seconds."""

    cpu: float
    wall: float


class Worker:
    """The process of one peer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take the process."""
        self._process = process

    def run(self, work: str) -> Cost:
        """Have a piece of work done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{work}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended; see its error above")
        return Cost(**json.loads(line))


@dataclass(frozen=True, slots=True)
class Service:
    """Where the loopback service answers, in clear text and over TLS."""

    http: str
    https: str


@contextmanager
def loopback() -> Generator[Service]:
    """Run the loopback service and give its addresses."""
    made = certificate()
    with _running("loopback.py", str(made.cert), str(made.key)) as process:
        assert process.stdout is not None
        http, https = map(int, process.stdout.readline().split())
        yield Service(f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}")


@contextmanager
def worker(peer: str, url: str) -> Generator[Worker]:
    """Run the process of one peer."""
    with _running("worker.py", peer, url) as process:
        yield Worker(process)


def run_fresh(script: str, *arguments: str) -> Cost:
    """Run a script to its end and say what the whole process cost."""
    began = time.perf_counter()
    process = subprocess.Popen(_command(script, *arguments), env=_environment())
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{script} {' '.join(arguments)} failed")
    return Cost(used.ru_utime + used.ru_stime, wall)


def read_fresh(script: str, *arguments: str) -> list[float]:
    """Run a script to its end and read the numbers that it prints."""
    process = subprocess.run(
        _command(script, *arguments), env=_environment(), check=True, stdout=subprocess.PIPE
    )
    return [float(number) for number in process.stdout.split()]


def count_instructions(script: str, *arguments: str) -> int:
    """Run a script to its end under valgrind and say how many instructions it took."""
    process = subprocess.run(
        [*_CACHEGRIND, *_command(script, *arguments)],
        env=_environment() | {"PYTHONHASHSEED": "0"},
        check=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    found = _INSTRUCTIONS.search(process.stderr)
    if found is None:
        raise RuntimeError(f"valgrind does not say what it counted: {process.stderr}")
    return int(found[1].replace(",", ""))


@contextmanager
def _running(script: str, *arguments: str) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        _command(script, *arguments),
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _command(script: str, *arguments: str) -> list[str]:
    return [sys.executable, str(_HERE / script), *arguments]


def _environment() -> dict[str, str]:
    """Give everybody the same settings, and none of this machine's own.

    Bytecode goes to a folder of its own, also for a checkout where it is not written otherwise:
    an installed package has it, and nobody's start should be measured without.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CA_BUNDLE": str(certificate().bundle),
        "SSL_CERT_FILE": str(certificate().bundle),
        "PYTHONPYCACHEPREFIX": _bytecode(),
    }


@cache
def _bytecode() -> str:
    folder = TemporaryDirectory(prefix="drs-sdk-bench-")
    atexit.register(folder.cleanup)
    return folder.name
