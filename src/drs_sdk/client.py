"""The client: its options, its life, and everything that can be asked through it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn, TypeVar, overload

from drs_sdk._core.arguments import require_callable, require_positive
from drs_sdk._core.errors import RequestValidationError
from drs_sdk._link import Link
from drs_sdk._transport.settings import (
    DEFAULT_MAX_RESPONSE_BYTES,
    CallOptions,
    ClientSettings,
)
from drs_sdk.clock import Clock, SystemClock
from drs_sdk.waiters.methods import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from drs_sdk._core.base import Request, Response, Shape
    from drs_sdk._core.raw import JSON
    from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
    from drs_sdk._transport.settings import AioSession, Config
    from drs_sdk.events import RequestHook
    from drs_sdk.waiters.polling import PollerHub

    ResponseT = TypeVar("ResponseT", bound=Response)


class DRSClient(Waits):
    """A client of AWS Elastic Disaster Recovery in one Region.

    Open it with ``async with``, or with ``await drs.open()`` and ``await drs.aclose()`` in an
    app that lives long. One client serves many tasks of one event loop; make it once, not per
    call.

        async with DRSClient(region_name="eu-west-1") as drs:
            async for server in drs.describe_source_servers():
                print(server.source_server_id, server.lag)

    Credentials, Region and endpoint that are not given are found as in any AWS SDK: environment,
    profile, single sign-on, container, machine.
    """

    def __init__(
        self,
        *,
        region_name: str | None = None,
        profile_name: str | None = None,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        role_arn: str | None = None,
        external_id: str | None = None,
        role_session_name: str | None = None,
        verify: bool | str | None = None,
        config: Config | None = None,
        session: AioSession | None = None,
        clock: Clock | None = None,
        on_request: RequestHook | None = None,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        allow_insecure_endpoint: bool = False,
    ) -> None:
        """Take the options; nothing is opened, nothing resolved before `open`.

        Args:
            region_name: The Region, such as ``eu-west-1``; else that of `config`, of `session`,
                of ``AWS_REGION``, of ``AWS_DEFAULT_REGION`` or of the profile.
            profile_name: A profile of the shared AWS configuration.
            endpoint_url: Where to send requests; else ``AWS_ENDPOINT_URL_DRS``,
                ``AWS_ENDPOINT_URL`` or the Region's own endpoint.
            aws_access_key_id: A static access key.
            aws_secret_access_key: Its secret.
            aws_session_token: Its session token, for temporary keys.
            role_arn: A role to work in, in this or another account. It is assumed with the
                credentials found otherwise, and renewed before it expires.
            external_id: The external id that the role's trust policy asks for.
            role_session_name: How the role's session shows in CloudTrail.
            verify: False to accept any certificate, or the path of a CA bundle.
            config: More settings, merged over the client's own: timeouts, proxies, pool size,
                ``retries={"total_max_attempts": 3}``. One of botocore's own is taken, too.
            session: A session to take credentials and configuration from; left unchanged.
            clock: Where time comes from; tests pass an `EmulatorClock`.
            on_request: Called with every `drs_sdk.events.RequestEvent`; must not block.
            max_response_bytes: The largest answer that is read, in bytes; 64 MiB unless given.
            allow_insecure_endpoint: Whether a plain http endpoint other than this machine is
                accepted.

        Raises:
            ConfigurationError: An option is of another type, or no number above zero.
        """
        require_positive(max_response_bytes, "max_response_bytes", "bytes", whole=True)
        settings = ClientSettings(
            region_name=region_name,
            profile_name=profile_name,
            endpoint_url=endpoint_url,
            aws_access_key_id=aws_access_key_id,
            aws_secret_access_key=aws_secret_access_key,
            aws_session_token=aws_session_token,
            role_arn=role_arn,
            external_id=external_id,
            role_session_name=role_session_name,
            verify=verify,
            config=config,
            session=session,
            clock=clock or SystemClock(),
            on_request=on_request,
            max_response_bytes=max_response_bytes,
            allow_insecure_endpoint=allow_insecure_endpoint,
        )
        self._link = Link(settings)
        self._options = CallOptions()
        self._is_view = False

    @property
    def region_name(self) -> str | None:
        """The Region; before the client is open, only what was given."""
        return self._link.source.region_name

    @property
    def endpoint_url(self) -> str | None:
        """Where requests go; before the client is open, only what was given."""
        return self._link.source.endpoint_url

    @property
    def clock(self) -> Clock:
        """Where its time comes from."""
        return self._link.clock

    async def open(self) -> Self:
        """Resolve credentials, Region and endpoint, and get ready to send.

        Returns:
            The client itself. Opening an open client does nothing.

        Raises:
            ClientClosedError: The client was closed before; make a new one.
            ConfigurationError: No Region, no such profile, a bad endpoint or option.
            CredentialsError: A credential provider failed.
        """
        await self._link.connection().open()
        return self

    async def aclose(self) -> None:
        """Close the connections. Calls under way end with `ClientClosedError`.

        Closing twice does no harm. On a view made by `with_options` it does nothing: the
        connections belong to the client.
        """
        if not self._is_view:
            await self._link.aclose()

    async def __aenter__(self) -> Self:
        """Open the client. Of blocks in each other, views' included, the outermost closes it.

        A client that `open` opened stays open after the block of a view.
        """
        await self._link.enter(owns=not self._is_view)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client, at the end of the outermost block."""
        await self._link.leave()

    async def send(
        self,
        request: Request[ResponseT],
        *,
        extra_members: Mapping[str, JSON] | None = None,
    ) -> ResponseT:
        """Send any request object and return its response.

        Args:
            request: Such as ``StartRecoveryRequest(...)``; what the operation's own method
                would have built.
            extra_members: Members that this release does not know, by the service's names; they
                are added to the body, unchecked.

        Raises:
            RequestValidationError: It is no request object, or an extra member is a field of it.
            APIError: The service refused the request or failed; see its subclasses.
            ConnectionFailedError: There was no answer.
            ResponseDecodeError: The answer is not to be read.
            AmbiguousOutcomeError: The operation is unsafe, and it may or may not have happened.
            ClientClosedError: The client is not open.
        """
        options = self._options
        if extra_members is not None:
            from drs_sdk._core.raw import plain

            options = replace(options, extra_members=plain(extra_members, "extra_members"))
        return await self._link.connection().send(request, options)

    @overload
    async def find_outcome(
        self, of: AmbiguousOutcomeError, /, *, origin: DRSClient | None = None
    ) -> Shape | None: ...
    @overload
    async def find_outcome(
        self,
        of: Request[Response],
        /,
        *,
        sent_at: datetime,
        clock_skew: timedelta | None = None,
        origin: DRSClient | None = None,
    ) -> Shape | None: ...
    async def find_outcome(
        self,
        of: AmbiguousOutcomeError | Request[Response],
        /,
        *,
        sent_at: datetime | None = None,
        clock_skew: timedelta | None = None,
        origin: DRSClient | None = None,
    ) -> Shape | None:
        """Look for what an unsafe request made whose answer was lost.

        Found by its traces, as the service takes no token for unsafe operations: a job on the
        same servers begun since then, a resource of the same origin or with the same settings
        and tags. Give the service some seconds before you take None for an answer.

        Args:
            of: The error that the call ended in, or the request itself.
            sent_at: When the request was sent, where there is no error that knows.
            clock_skew: How far the service's clock was ahead before that, if known, as a
                `drs_sdk.events.RequestFailed` says.
            origin: For ``ReverseReplication``: an open client of the Region and account where
                the machine came from, as the reversed server appears there. Without it one is
                opened in that Region, with the same credentials, if the account is the same.

        Returns:
            What the request made, such as the `Job`; None where there is nothing of the kind.

        Raises:
            RequestValidationError: A request without ``sent_at``, one without a time zone, or an
                argument of another type.
            OutcomeUnknownError: The operation leaves nothing that could be found, or what is
                found may be somebody else's: it stands in ``candidates``.
            DRSError: The service could not be asked.
        """
        from drs_sdk._core.base import Request
        from drs_sdk._outcomes.look import Look
        from drs_sdk._outcomes.search import find_outcome
        from drs_sdk._transport.ambiguity import AmbiguousOutcomeError

        answer = None
        if isinstance(of, AmbiguousOutcomeError):
            request, answer = of.request, of.response
            sent_at, clock_skew = of.sent_at, of.clock_skew
        else:
            request = of
        for name, given, kind, wanted in (
            ("of", request, Request, "an AmbiguousOutcomeError, or the request"),
            ("sent_at", sent_at, datetime, "the time when the request was sent"),
            ("clock_skew", clock_skew, timedelta | None, "a timedelta"),
            ("origin", origin, DRSClient | None, "an open client"),
        ):
            if not isinstance(given, kind):
                what = f"must be {wanted}, got {type(given).__name__}"
                raise RequestValidationError.of(name, what)
        if sent_at is None or sent_at.tzinfo is None:
            raise RequestValidationError.of("sent_at", "must have a time zone, as UTC")
        clock, there = self._link.clock, self._at_region
        look = Look(self, request, sent_at, clock, clock_skew, origin, answer, there)
        return await find_outcome(look)

    def with_options(
        self,
        *,
        read_timeout: float | None = None,
        max_attempts: int | None = None,
        still_valid: Callable[[], bool] | None = None,
    ) -> Self:
        """Make a view of the client with other settings, on the same connections.

        Args:
            read_timeout: Seconds until an answer begins, and between its parts; the whole may
                take five times as long.
            max_attempts: Attempts in all, the first included.
            still_valid: Asked just after each attempt was signed, before a byte of it leaves;
                False ends the call with `RequestExpiredError`. For requests that stand on
                something that grows old.

        Returns:
            The view; what is not given stays as in this client.

        Raises:
            ConfigurationError: A number is not positive, or ``still_valid`` no function.
        """
        if still_valid is not None:
            require_callable(still_valid, "still_valid")
        if read_timeout is not None:
            require_positive(read_timeout, "read_timeout", "seconds")
        if max_attempts is not None:
            require_positive(max_attempts, "max_attempts", "attempts", whole=True)
        now = self._options
        return self._view(
            CallOptions(
                read_timeout=now.read_timeout if read_timeout is None else read_timeout,
                max_attempts=now.max_attempts if max_attempts is None else max_attempts,
                still_valid=now.still_valid if still_valid is None else still_valid,
            )
        )

    async def _give_way(self) -> None:
        await self._link.clock.sleep(0)  # so that a virtual clock sees that work goes on

    def _view(self, options: CallOptions) -> Self:
        view = object.__new__(type(self))  # copy.copy would ask __reduce__, which refuses
        vars(view).update(vars(self), _options=options, _is_view=True)
        return view

    def _at_region(self, region_name: str) -> DRSClient:
        """Make a client of another Region that is told the same otherwise."""
        elsewhere = self._view(self._options)
        vars(elsewhere).update(_link=self._link.at_region(region_name), _is_view=False)
        return elsewhere

    @property
    def _pollers(self) -> PollerHub:
        from drs_sdk.waiters.polling import PollerHub

        if self._link.pollers is None:
            # The client's own settings, whichever view waits first; pollers repeat by themselves.
            once = self._view(CallOptions(max_attempts=1))
            walker = self._view(CallOptions())  # but a walk over pages repeats each of its calls
            self._link.pollers = PollerHub(
                once, self._link.clock, walker, require_usable=self._link.require_usable
            )
        return self._link.pollers

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: connections and secrets do not travel.

        Raises:
            TypeError: Always; make a client where it is needed.
        """
        raise TypeError("a DRSClient cannot be pickled; make one where it is needed")

    def __repr__(self) -> str:
        """Show where the client works; no secret."""
        return f"{type(self).__name__}(region_name={self.region_name!r})"
