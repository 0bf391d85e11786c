"""An emulator in a process of its own, drills in others, and SIGKILL."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_RUNNER = Path(__file__).with_name("crash_runner.py")
_RUN = "erp/k"


class Crashes:
    """A world to crash in; a context manager."""

    def __init__(self, *, waves: int, servers: int, speed: float | None = None) -> None:
        """Start nothing yet.

        Args:
            waves: Waves of the run.
            servers: Servers in each.
            speed: How fast time goes; without one it moves as the run sleeps.
        """
        self._sizes = [servers] * waves
        self._speed = speed
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        """Start the emulator and the runner."""
        clock = ["--speed", str(self._speed)] if self._speed else ["--virtual-clock"]
        options = ["--port", "0", "--admin-port", "0", "--until-stdin-closes", *clock]
        emulator = self._start("-m", "drs_sdk.testing", *options)
        for line in _of(emulator.stdout):
            if line.startswith("# ready "):
                self.ready = json.loads(line.removeprefix("# ready "))
                break
        self._runner = self._start(str(_RUNNER))
        self.waves = [self.call("add_source_servers", count=size) for size in self._sizes]
        begin = self.call("snapshot")
        self.run({"warms_up": True, "verb": "status"})
        self._begin = begin
        self.restart()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End both."""
        for process in reversed(self._processes):
            with process:
                _of(process.stdin).close()

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def call(self, method: str, **arguments: object) -> Any:  # noqa: ANN401 - any method's result
        """Call a method of the emulator."""
        request = urllib.request.Request(  # noqa: S310 - on this machine
            f"{self.ready['admin_url']}/{method}",
            data=json.dumps(arguments).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - same
            return json.loads(answer.read())["result"]

    def restart(self) -> None:
        """Go back to where nothing was launched."""
        self.call("clear_faults")
        self.call("restore", data=self._begin)

    def run(self, *children: dict[str, Any]) -> list[dict[str, Any]]:
        """Run processes side by side and wait for their ends."""
        common = {
            "verb": "drill",
            "key": "k",
            "waves": self.waves,
            "place": self.ready["places"][0],
            "admin_url": self.ready["admin_url"],
            "speed": self._speed,
            "delay": 560,
        }
        line = json.dumps({"children": [{**common, **child} for child in children]})
        print(line, file=self._runner.stdin, flush=True)
        answers: list[dict[str, Any]] = json.loads(_of(self._runner.stdout).readline())
        errors = [answer["error"] for answer in answers if "error" in answer]
        assert errors == [], errors
        return answers

    def survive(self, **death: float) -> tuple[int, int, int]:
        """Kill a drill, run it again, and count.

        Args:
            **death: ``kill_at`` a request's boundary, or ``kill_after`` so many seconds.
        """
        self.run(dict(death))
        self.call("clear_faults")
        (again,) = self.run({})
        assert again["clean"], again
        assert again["state"] in {"succeeded", "closed"}, again
        counted = self.counts()
        self.restart()
        return counted

    def counts(self, run: str = _RUN) -> tuple[int, int, int]:
        """Count launches doubled, servers lost, and instances left."""
        state = self._state()
        launches: dict[str, int] = {}
        up: set[str] = set()
        for job in state["jobs"]:
            if job["type"] == "LAUNCH" and job.get("tags", {}).get("drs-sdk:run") == run:
                for server in job["participatingServers"]:
                    name = server["sourceServerID"]
                    launches[name] = launches.get(name, 0) + 1
                    if server["launchStatus"] == "LAUNCHED":
                        up.add(name)
        lost = sum(name not in up for wave in self.waves for name in wave)
        gone = {"TERMINATED", "SHUTTING-DOWN", "NOT_FOUND"}
        left = sum(one["ec2InstanceState"] not in gone for one in state["instances"])
        return sum(count - 1 for count in launches.values()), lost, left

    def _state(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "jobs": self._all("DescribeJobs"),
            "instances": self._all("DescribeRecoveryInstances"),
        }

    def _all(self, operation: str) -> list[dict[str, Any]]:
        """Ask the service, as plainly as can be: the emulator looks at no signature."""
        found: list[dict[str, Any]] = []
        body: dict[str, object] = {}
        while True:
            request = urllib.request.Request(  # noqa: S310 - on this machine
                f"{self.ready['url']}/{operation}",
                data=json.dumps(body).encode(),
                headers={"content-type": "application/json"},
            )
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - same
                page = json.loads(answer.read())
            found += page["items"]
            if "nextToken" not in page:
                return found
            body = {"nextToken": page["nextToken"]}


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
