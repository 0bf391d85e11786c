"""An emulator of two Regions in its own process, ways there and back in others, and SIGKILL."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

THERE, HOME = "us-west-2", "us-east-1"
_RUNNER = Path(__file__).with_name("way_back_runner.py")


@dataclass(frozen=True, slots=True)
class Counts:
    """What must all be zero.

    Attributes:
        launches: Launches of a server beyond its one.
        reversals: Reversals of an instance beyond its one.
        live: Terminations of what was live: of an instance at home, or before B1 protected it.
        left: Instances and reversed servers that are left.
        unprotected: Source servers that do not protect.
    """

    launches: int
    reversals: int
    live: int
    left: int
    unprotected: int

    @property
    def is_none(self) -> bool:
        """Whether all is well."""
        return self == Counts(0, 0, 0, 0, 0)


class WayBackCrashes:
    """A world to crash in; a context manager."""

    def __init__(self, *, waves: int, servers: int) -> None:
        """Start nothing yet.

        Args:
            waves: Waves of the run.
            servers: Servers in each.
        """
        self._sizes = [servers] * waves
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        """Start the emulator and the runner."""
        options = ["--port", "0", "--admin-port", "0", "--until-stdin-closes", "--virtual-clock"]
        emulator = self._start("-m", "drs_sdk.testing", *options, "--regions", f"{THERE},{HOME}")
        for line in _of(emulator.stdout):
            if line.startswith("# ready "):
                self.ready = json.loads(line.removeprefix("# ready "))
                break
        self._runner = self._start(str(_RUNNER))
        self.waves = [self.call(THERE, "add_source_servers", count=size) for size in self._sizes]
        self._begin = {region: self.call(region, "snapshot") for region in (THERE, HOME)}
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
            [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._processes.append(process)
        return process

    def call(self, region: str, method: str, **arguments: object) -> Any:  # noqa: ANN401
        """Call a method of a place."""
        return self._ask("POST", f"{method}?region={region}", arguments)["result"]

    def _ask(self, method: str, path: str, body: dict[str, object] | None = None) -> Any:  # noqa: ANN401
        request = urllib.request.Request(  # noqa: S310 - on this machine
            f"{self.ready['admin_url']}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - same
            return json.loads(answer.read() or b"{}")

    def restart(self) -> None:
        """Go back to where nothing was launched."""
        for region, data in self._begin.items():
            self.call(region, "restore", data=data)
            self._ask("DELETE", f"requests?region={region}")

    def run(self, kill_at: int | None = None) -> dict[str, Any]:
        """Run a process to its end, which may be a kill."""
        places = {place["region"]: place for place in self.ready["places"]}
        child = {
            "kill_at": kill_at,
            "waves": self.waves,
            "places": [{**places[r], "url": self.ready["url"]} for r in (THERE, HOME)],
            "admin_url": self.ready["admin_url"],
        }
        print(json.dumps(child), file=self._runner.stdin, flush=True)
        answer: dict[str, Any] = json.loads(_of(self._runner.stdout).readline())
        assert "error" not in answer, answer["error"]
        return answer

    def survive(self, kill_at: int) -> Counts:
        """Kill at a boundary, run again, and count."""
        assert self.run(kill_at)["killed"]
        again = self.run()
        assert again["succeeded"], again["told"]
        counted = self.counts(again)
        self.restart()
        return counted

    def counts(self, ended: dict[str, Any]) -> Counts:
        """Count what must not be."""
        asked = {region: self._done(region) for region in (THERE, HOME)}
        launched: Counter[str] = Counter()
        reversed_: Counter[str] = Counter()
        for requests in asked.values():
            for one in requests:
                if one["operation"] == "StartRecovery":
                    launched.update(s["sourceServerID"] for s in one["params"]["sourceServers"])
                if one["operation"] == "ReverseReplication":
                    reversed_[one["params"]["recoveryInstanceID"]] += 1
        protected = [o for o in asked[HOME] if o["operation"] == "ReverseReplication"]
        since = max(one["received_at"] for one in protected)
        live = sum(one["operation"] == "TerminateRecoveryInstances" for one in asked[HOME])
        live += sum(
            one["operation"] == "TerminateRecoveryInstances" and one["received_at"] <= since
            for one in asked[THERE]
        )
        servers = sum(self._sizes)
        return Counts(
            launches=sum(launched.values()) - 2 * servers,
            reversals=sum(reversed_.values()) - 2 * servers,
            live=live,
            left=ended["left"],
            unprotected=servers - ended["protecting"],
        )

    def _done(self, region: str) -> list[dict[str, Any]]:
        found = self._ask("GET", f"requests?region={region}")
        requests: list[dict[str, Any]] = found if isinstance(found, list) else found["requests"]
        return [one for one in requests if one["status"] in {200, 202}]


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
