"""The clients of a fleet: opened when they are needed, closed when idle beyond a bound."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_sdk._core.errors import ClientClosedError
from drs_sdk.client import DRSClient

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from drs_sdk._transport.aws.fleet_sessions import FleetSessions
    from drs_sdk._transport.settings import ClientSettings
    from drs_sdk.fleet.target import Target


@dataclass(slots=True)
class _Lent:
    """A client, and how many use it. One that users were given stays open."""

    client: DRSClient
    uses: int = 0
    is_kept: bool = False


class Clients:
    """One client for each target that is in use, or was not long ago."""

    def __init__(
        self, settings: ClientSettings, *, max_open: int, sts_endpoint_url: str | None
    ) -> None:
        """Take the options; nothing is opened.

        Args:
            settings: What all clients are made with; Region, role and profile are the target's.
            max_open: Beyond so many, the client that was idle longest is closed.
            sts_endpoint_url: Where STS is asked for roles.
        """
        self._settings = settings
        self._max_open = max_open
        self._sts_endpoint_url = sts_endpoint_url
        self._sessions: FleetSessions | None = None
        self._lent: dict[Target, _Lent] = {}  # the one used last comes last
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def number(self) -> int:
        """How many clients there are."""
        return len(self._lent)

    @asynccontextmanager
    async def lend(self, target: Target) -> AsyncGenerator[DRSClient, None]:
        """Give an open client that stays open as long as the block lasts.

        Raises:
            ClientClosedError: The fleet is closed.
            ConfigurationError: The client cannot work with its options.
            CredentialsError: A credential provider failed.
        """
        lent = self._lent.pop(target, None) or self._new(target)
        self._lent[target] = lent
        lent.uses += 1
        try:
            await lent.client.open()
            yield lent.client.with_options()  # a view: nobody closes it under the others
        finally:
            lent.uses -= 1
            await self._close_idle()

    async def keep(self, target: Target) -> DRSClient:
        """Give an open client that stays open until all are closed; see `lend`."""
        async with self.lend(target) as client:
            self._lent[target].is_kept = True
            return client

    async def aclose(self, *, is_at_home: bool = True) -> None:
        """Close all clients; calls under way end with `ClientClosedError`.

        Args:
            is_at_home: Whether this is the event loop and the process that they were opened in.
                Elsewhere nobody can wait for those that were being closed.
        """
        self._closed = True
        closing = (self._closing if is_at_home else set[asyncio.Task[None]]()) | {
            self._close(target) for target in list(self._lent)
        }
        if closing:
            await asyncio.wait(closing)
        for task in closing:
            task.result()

    def _new(self, target: Target) -> _Lent:
        if self._closed:
            raise ClientClosedError("the fleet is closed; make a new one")
        return _Lent(self._make(target))

    def _make(self, target: Target) -> DRSClient:
        settings = self._settings
        if self._sessions is None:  # aiobotocore is loaded here, not before
            from drs_sdk._transport.aws.fleet_sessions import FleetSessions

            self._sessions = FleetSessions(settings, sts_endpoint_url=self._sts_endpoint_url)
        session = self._sessions.session_for(
            region_name=target.region_name,
            profile_name=target.profile_name or settings.profile_name,
            role_arn=target.role_arn,
            external_id=target.external_id,
            role_session_name=target.role_session_name or settings.role_session_name,
        )
        # Keys that were given to assume a role with sign nothing else.
        signs = target.role_arn is None
        return DRSClient(
            region_name=target.region_name,
            endpoint_url=target.endpoint_url or settings.endpoint_url,
            aws_access_key_id=settings.aws_access_key_id if signs else None,
            aws_secret_access_key=settings.aws_secret_access_key if signs else None,
            aws_session_token=settings.aws_session_token if signs else None,
            verify=settings.verify,
            config=self._sessions.config,
            session=session,
            clock=settings.clock,
            on_request=settings.on_request,
            max_response_bytes=settings.max_response_bytes,
            allow_insecure_endpoint=settings.allow_insecure_endpoint,
        )

    async def _close_idle(self) -> None:
        if self._closed:
            return
        surplus = len(self._lent) - self._max_open
        if surplus <= 0:
            return
        idle = [at for at, lent in self._lent.items() if not lent.uses and not lent.is_kept]
        closing = [self._close(target) for target in idle[:surplus]]
        if closing:
            # Whoever is cancelled here leaves the closing to `aclose`.
            await asyncio.wait(closing)

    def _close(self, target: Target) -> asyncio.Task[None]:
        client = self._lent.pop(target).client
        task = asyncio.create_task(client.aclose(), name=f"close the client of {target}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task
