"""A real Airflow: API server, scheduler, DAG processor and triggerer, on SQLite and loopback."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

FoundT = TypeVar("FoundT")

_DAGS = Path(__file__).parent / "dags"


def until(
    find: Callable[[], FoundT | None], what: str, *, seconds: float = 120, every: float = 0.25
) -> FoundT:
    """Look until something is found; give up in time."""
    ends = time.monotonic() + seconds
    while True:
        found = find()
        if found:
            return found
        if time.monotonic() > ends:
            raise AssertionError(f"in {seconds:.0f} s there was no {what}")
        time.sleep(every)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Airflow:
    """Processes of one Airflow, in a home of its own."""

    def __init__(self, home: Path, variables: Mapping[str, str]) -> None:
        self.home = home
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        url = f"http://127.0.0.1:{self.port}"
        self.url = url
        secret = secrets.token_urlsafe(32)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": url,
            "AIRFLOW__API__SECRET_KEY": secret,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": secret,
            "AIRFLOW__CORE__DAGS_FOLDER": str(_DAGS),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "2",
            "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
            **variables,
        }

    def run(self, *arguments: str, timeout: float = 180) -> str:
        """Run a command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{arguments}: {done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout + done.stderr

    def start(self, name: str, *arguments: str) -> None:
        """Start a component; it writes to a log in the home."""
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", name, *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_triggerer(self) -> None:
        self.start("triggerer", "--skip-serve-logs")

    def __enter__(self) -> Self:
        self.run("db", "migrate")
        self.start("api-server", "--host", "127.0.0.1", "--port", str(self.port))
        self.start("dag-processor")
        until(self._is_up, f"API server; {self.tail('api-server')}")
        self.start("scheduler", "--skip-serve-logs")
        self.start_triggerer()
        return self

    def _is_up(self) -> bool:
        try:
            with urlopen(f"{self.url}/api/v2/version", timeout=5):  # noqa: S310 - loopback
                return True
        except (URLError, OSError):
            return False

    def __exit__(self, *_: object) -> None:
        for name in list(self.processes):
            self.kill(name)

    def kill(self, name: str) -> None:
        """Kill a component and all that it has started."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def tail(self, name: str) -> str:
        log = self.home / f"{name}.log"
        return log.read_text(errors="replace")[-3000:] if log.exists() else ""

    def ask(self, method: str, path: str, content: object = None) -> dict[str, object]:
        """Call the REST API."""
        request = Request(  # noqa: S310 - loopback
            f"{self.url}{path}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Content-Type": "application/json", "Authorization": self._token()},
        )
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
                return dict(json.load(answer))
        except HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:500]!r}") from error

    def _token(self) -> str:
        if not hasattr(self, "_known"):
            with urlopen(f"{self.url}/auth/token", timeout=30) as answer:  # noqa: S310 - loopback
                self._known = f"Bearer {json.load(answer)['access_token']}"
        return self._known

    def trigger(self, dag_id: str, conf: Mapping[str, object] | None = None) -> str:
        """Start a run of a DAG, once it is known."""

        def known() -> bool:
            try:
                self.ask("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
            except AssertionError:
                return False
            return True

        until(known, f"DAG {dag_id}; {self.tail('dag-processor')}", every=1)
        run = self.ask(
            "POST",
            f"/api/v2/dags/{dag_id}/dagRuns",
            {"logical_date": None, "conf": dict(conf or {})},
        )
        return str(run["dag_run_id"])

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Tell the states of a run's tasks."""
        found = self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=300")
        return {one["task_id"]: str(one["state"]) for one in found["task_instances"]}  # type: ignore[attr-defined]

    def await_state(
        self, dag_id: str, run_id: str, task_id: str, *states: str, seconds: float = 150
    ) -> str:
        """Wait until a task is in one of some states."""

        def look() -> str | None:
            state = self.states(dag_id, run_id).get(task_id)
            return state if state in states else None

        return until(look, f"{task_id} in {states}; {self.tail('scheduler')}", seconds=seconds)

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> object:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.ask("GET", path + "?deserialize=false")["value"]

    def is_asking(self, dag_id: str, run_id: str, task_id: str) -> bool:
        """Whether a task has a question that nobody has answered."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        try:
            return not self.ask("GET", path)["response_received"]
        except AssertionError:
            return False

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str) -> None:
        """Answer the question of a task, as people do in the UI."""
        self.ask(
            "PATCH",
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails",
            {"chosen_options": [option], "params_input": {}},
        )
