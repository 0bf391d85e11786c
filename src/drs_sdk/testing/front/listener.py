"""The loopback port that an emulator listens on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    _Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_SHUTDOWN_SECONDS = 0.2
_BACKLOG = 1024
"""Connections that may wait to be accepted: beyond it, a client tries again after a second."""


def serve_by(handle: _Handler) -> Callable[[], web.BaseRunner]:
    """Return what makes a server whose requests are all answered by one function."""
    return lambda: web.ServerRunner(
        web.Server(handle, access_log=None), shutdown_timeout=_SHUTDOWN_SECONDS
    )


class Listener:
    """A port on 127.0.0.1, open or not."""

    def __init__(self, make_runner: Callable[[], web.BaseRunner], port: int) -> None:
        """Keep what makes the server; `start` opens the port, 0 takes a free one."""
        self._make_runner = make_runner
        self._port = port
        self._runner: web.BaseRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens.

        Raises:
            RuntimeError: It does not.
        """
        if self._runner is None:
            raise RuntimeError("the emulator is not running: use it with 'async with'")
        host, port = cast("tuple[str, int]", self._runner.addresses[0][:2])
        return f"http://{host}:{port}"

    async def start(self) -> None:
        """Open the port.

        Raises:
            RuntimeError: It is open already.
        """
        if self._runner is not None:
            raise RuntimeError("the emulator is running already")
        runner = self._make_runner()
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port, backlog=_BACKLOG).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner

    async def stop(self) -> None:
        """Close the port and its connections."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
