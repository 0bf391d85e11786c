"""The emulator as a process of its own, and its admin endpoint by plain HTTP."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Process:
    """A running `python -m drs_sdk.testing`."""

    popen: subprocess.Popen[str]
    url: str
    port: int
    admin_url: str
    admin_port: int
    places: list[dict[str, str]]

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Send a request to the admin endpoint that must be answered well."""
        status, answer = self.send(method, path, body, **query)
        assert status == 200, answer
        return answer

    def call(self, name: str, body: object = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Call a method of a place or of the emulator, and return its result."""
        return self.ask("POST", f"/{name}", body or {}, **query)["result"]

    def send(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        """Send a request to the admin endpoint; return status and answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=30)
        try:
            target = f"{path}?{urlencode(query)}" if query else path
            headers = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            assert response.headers.get_content_type() == "application/json"
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@contextmanager
def emulator_process(*options: str) -> Iterator[Process]:
    """Start the emulator with free ports, wait until it is ready, and stop it in the end."""
    command = [sys.executable, "-m", "drs_sdk.testing", "--admin-port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            ready = next(line for line in process.stdout if line.startswith("# ready "))
            yield Process(process, **json.loads(ready.removeprefix("# ready ")))
        finally:
            process.terminate()
        assert process.wait(timeout=30) == 0
