"""`Fleet`: its targets, its options and its life."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from drs_sdk._core.arguments import require_positive, require_text
from drs_sdk._core.errors import ConfigurationError
from drs_sdk._transport.settings import (
    DEFAULT_MAX_RESPONSE_BYTES,
    ClientSettings,
)
from drs_sdk.clock import Clock, SystemClock
from drs_sdk.fleet.clients import Clients
from drs_sdk.fleet.hub import Hub
from drs_sdk.fleet.selecting import each_once, targets_across, targets_of
from drs_sdk.fleet.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from drs_sdk._transport.settings import AioSession, Config
    from drs_sdk.client import DRSClient
    from drs_sdk.events import RequestHook
    from drs_sdk.fleet.target import Target

DEFAULT_CONCURRENCY = 16
DEFAULT_MAX_OPEN_CLIENTS = 128


class Fleet(Working):
    """Many accounts and Regions as one.

    Open it with ``async with``, or with ``await fleet.open()`` and ``await fleet.aclose()`` in an
    app that lives long. Clients are opened when they are needed, and share what they can: the
    service model is loaded once, a role is assumed once per account and again before its keys
    expire, whatever the number of Regions.

        fleet = Fleet.across(
            accounts=["111122223333", "444455556666"],
            regions=["eu-west-1", "us-east-1"],
            role_name="DisasterRecovery",
        )
        async with fleet:
            async for target, server in fleet.walk(lambda drs: drs.describe_source_servers()):
                print(target, server.name)
    """

    def __init__(
        self,
        targets: Iterable[Target],
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        max_open_clients: int = DEFAULT_MAX_OPEN_CLIENTS,
        sts_endpoint_url: str | None = None,
        profile_name: str | None = None,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        role_session_name: str | None = None,
        verify: bool | str | None = None,
        config: Config | None = None,
        session: AioSession | None = None,
        clock: Clock | None = None,
        on_request: RequestHook | None = None,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        allow_insecure_endpoint: bool = False,
    ) -> None:
        """Take targets and options; nothing is opened, nothing resolved.

        Args:
            targets: The accounts and Regions, each once.
            concurrency: How many targets a walk or run works on at a time; each of them is sent
                one page's request at a time by a walk.
            max_open_clients: Beyond so many, the client that was idle longest is closed. One that
                works, or that `client` gave, stays open.
            sts_endpoint_url: Where STS is asked for roles; else ``AWS_ENDPOINT_URL_STS``,
                ``AWS_ENDPOINT_URL`` or the endpoint of the environment's, profile's or session's
                Region, else of the account's first target.
            profile_name: A profile of the shared AWS configuration, for targets without one.
            endpoint_url: Where requests of targets without an endpoint go, as for `DRSClient`.
            aws_access_key_id: A static access key: roles are assumed with it, and targets without
                a role are worked in with it.
            aws_secret_access_key: Its secret.
            aws_session_token: Its session token, for temporary keys.
            role_session_name: How sessions in roles show in CloudTrail, where a target has no
                name of its own.
            verify: False to accept any certificate, or the path of a CA bundle.
            config: More settings, merged over the clients' own: timeouts, proxies, retries.
            session: A session to take credentials and configuration from; left unchanged.
            clock: Where time comes from; tests pass an `EmulatorClock`.
            on_request: As for `DRSClient`.
            max_response_bytes: As for `DRSClient`.
            allow_insecure_endpoint: As for `DRSClient`.

        Raises:
            ConfigurationError: No target, one twice, an option of another type, or a number that
                is not above zero.
        """
        require_positive(concurrency, "concurrency", "targets", whole=True)
        require_positive(max_open_clients, "max_open_clients", "clients", whole=True)
        require_positive(max_response_bytes, "max_response_bytes", "bytes", whole=True)
        require_text(sts_endpoint_url, "sts_endpoint_url")
        self._targets = each_once(targets)
        self._is_subset = False
        clock = clock or SystemClock()
        settings = ClientSettings(
            region_name=None,
            profile_name=profile_name,
            endpoint_url=endpoint_url,
            aws_access_key_id=aws_access_key_id,
            aws_secret_access_key=aws_secret_access_key,
            aws_session_token=aws_session_token,
            role_arn=None,
            external_id=None,
            role_session_name=role_session_name,
            verify=verify,
            config=config,
            session=session,
            clock=clock,
            on_request=on_request,
            max_response_bytes=max_response_bytes,
            allow_insecure_endpoint=allow_insecure_endpoint,
        )
        clients = Clients(settings, max_open=max_open_clients, sts_endpoint_url=sts_endpoint_url)
        self._hub = Hub(clients, clock, concurrency)

    @classmethod
    def across(
        cls,
        *,
        regions: Iterable[str],
        accounts: Iterable[str] | None = None,
        role_name: str | None = None,
        external_id: str | None = None,
        role_session_name: str | None = None,
        concurrency: int = DEFAULT_CONCURRENCY,
        max_open_clients: int = DEFAULT_MAX_OPEN_CLIENTS,
        sts_endpoint_url: str | None = None,
        profile_name: str | None = None,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        verify: bool | str | None = None,
        config: Config | None = None,
        session: AioSession | None = None,
        clock: Clock | None = None,
        on_request: RequestHook | None = None,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        allow_insecure_endpoint: bool = False,
    ) -> Self:
        """Make a fleet of every account in every Region.

        Args:
            regions: The Regions.
            accounts: The accounts, twelve digits each; without, the one of the credentials.
            role_name: The role to work in, by the same name in each account; with its path, as
                ``ops/DisasterRecovery``, where it has one.
            external_id: The external id that the roles' trust policies ask for.
            role_session_name: As for `Fleet`.
            concurrency: As for `Fleet`.
            max_open_clients: As for `Fleet`.
            sts_endpoint_url: As for `Fleet`.
            profile_name: As for `Fleet`.
            endpoint_url: As for `Fleet`.
            aws_access_key_id: As for `Fleet`.
            aws_secret_access_key: As for `Fleet`.
            aws_session_token: As for `Fleet`.
            verify: As for `Fleet`.
            config: As for `Fleet`.
            session: As for `Fleet`.
            clock: As for `Fleet`.
            on_request: As for `Fleet`.
            max_response_bytes: As for `Fleet`.
            allow_insecure_endpoint: As for `Fleet`.

        Raises:
            ConfigurationError: No Region, no account, one twice, accounts without a role, an
                option of another type, or a number that is not above zero.
        """
        targets = targets_across(
            regions=regions, accounts=accounts, role_name=role_name, external_id=external_id
        )
        return cls(
            targets,
            concurrency=concurrency,
            max_open_clients=max_open_clients,
            sts_endpoint_url=sts_endpoint_url,
            profile_name=profile_name,
            endpoint_url=endpoint_url,
            aws_access_key_id=aws_access_key_id,
            aws_secret_access_key=aws_secret_access_key,
            aws_session_token=aws_session_token,
            role_session_name=role_session_name,
            verify=verify,
            config=config,
            session=session,
            clock=clock,
            on_request=on_request,
            max_response_bytes=max_response_bytes,
            allow_insecure_endpoint=allow_insecure_endpoint,
        )

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets, in the order they were given."""
        return self._targets

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        return self._hub.clock

    def subset(
        self,
        *,
        accounts: Iterable[str] | None = None,
        regions: Iterable[str] | None = None,
        where: Callable[[Target], bool] | None = None,
    ) -> Self:
        """Take some of the targets; what is given must all hold.

        Args:
            accounts: Those in these accounts.
            regions: Those in these Regions.
            where: Those for which it says so.

        Returns:
            A fleet on the same clients: it is open as long as this one, and closing it does
            nothing.

        Raises:
            ConfigurationError: That leaves no target: a name is wrong, perhaps.
        """
        left = targets_of(self._targets, accounts=accounts, regions=regions, where=where)
        part = object.__new__(type(self))  # copy.copy would ask __reduce__, which refuses
        vars(part).update(vars(self), _targets=each_once(left), _is_subset=True)
        return part

    async def open(self) -> Self:
        """Get ready; clients are opened when they are needed.

        Returns:
            The fleet itself. Opening an open fleet does nothing.

        Raises:
            ClientClosedError: It was closed before; make a new one.
        """
        self._hub.open()
        return self

    async def aclose(self) -> None:
        """Stop the walks and runs that go on, and close all clients; on a subset, do nothing."""
        if not self._is_subset:
            await self._hub.aclose()

    async def __aenter__(self) -> Self:
        """Open the fleet."""
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the fleet; a subset leaves that to the whole."""
        await self.aclose()

    async def client(self, target: Target) -> DRSClient:
        """Give the client of a target, open.

        It stays open until the fleet closes, beyond ``max_open_clients`` if need be. Closing it
        does nothing: others work with it.

        Args:
            target: One of `targets`.

        Raises:
            ConfigurationError: It is not of this fleet, or its options do not work.
            CredentialsError: A credential provider failed.
            ClientClosedError: The fleet is not open.
        """
        self._hub.require_open()
        if target not in self._targets:
            raise ConfigurationError(f"{target} is no target of this fleet")
        return await self._hub.clients.keep(target)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: connections and secrets do not travel; targets do.

        Raises:
            TypeError: Always; make a fleet where it is needed.
        """
        raise TypeError("a Fleet cannot be pickled; make one where it is needed, of its targets")

    def __repr__(self) -> str:
        """Show how many targets there are; no secret."""
        return f"{type(self).__name__}({len(self._targets)} targets)"
