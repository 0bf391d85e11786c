"""What holds for every test: no network, no AWS configuration, nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_SETTINGS: dict[str, Any] = {
    "deadline": None,  # other processes share the machine
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("local", **_SETTINGS)
settings.register_profile("ci", derandomize=True, database=None, **_SETTINGS)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def _is_local(host: object) -> bool:
    if host is None or host in ("", b"", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return text.endswith(".localhost")


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Every address but this machine's is out of reach, every other name unknown."""
    connect, connect_ex, resolve = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def check(sock: socket.socket, address: Any) -> None:  # noqa: ANN401 - any family's address
        if sock.family in {socket.AF_INET, socket.AF_INET6} and not _is_local(address[0]):
            raise OSError(f"a test reached for {address}; tests stay on this machine")

    def guarded_connect(sock: socket.socket, address: Any) -> None:  # noqa: ANN401 - same
        check(sock, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:  # noqa: ANN401 - same
        check(sock, address)
        return connect_ex(sock, address)

    def guarded_resolve(host: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - same
        try:
            known = _is_local(host) or bool(ip_address(host))
        except ValueError:
            known = False
        if not known:
            raise socket.gaierror(socket.EAI_NONAME, f"a test looked up {host}")
        return resolve(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_resolve)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_aws_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The machine's AWS set-up is out of sight; there are credentials, but they open nothing."""
    home = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch:
        _clear_aws(patch, home)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDFAKEFORTESTS0001")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "fake/secret/for/tests")
        yield


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials either, and a home of the test's own to write configuration files in."""
    _clear_aws(monkeypatch, tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def _clear_aws(patch: pytest.MonkeyPatch, home: Path) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            patch.delenv(name)
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        patch.delenv(name, raising=False)
    patch.setenv("AWS_CONFIG_FILE", str(home / "config"))
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "credentials"))
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module", autouse=True)
def no_socket_is_left() -> Iterator[None]:
    """What a module forgot to close is found while its name is still on the screen."""
    yield
    gc.collect()  # a ResourceWarning is an error, see filterwarnings


@pytest.fixture(autouse=True)
def no_task_is_left(request: pytest.FixtureRequest) -> None:
    """An asynchronous test ends with no more tasks on its loop than it began with."""
    marker = request.node.get_closest_marker("asyncio")
    if marker is not None and marker.kwargs.get("loop_scope", "function") == "function":
        request.getfixturevalue("_tasks_before_and_after")


def _is_by_itself(task: asyncio.Task[Any]) -> bool:
    """Whether a task needs no looking after: this one, or aiohttp's answer to a gone client."""
    name = getattr(task.get_coro(), "__qualname__", "")
    return task is asyncio.current_task() or name.startswith("RequestHandler.")


@pytest_asyncio.fixture
async def _tasks_before_and_after() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    for _ in range(20):  # what is being cancelled gets the chance to end
        left = {task for task in asyncio.all_tasks() - before if not _is_by_itself(task)}
        if not left:
            return
        await asyncio.sleep(0)
    pytest.fail(f"the test left tasks behind: {left}")
