"""`DRSEmulator`: an in-memory Elastic Disaster Recovery on a loopback HTTP server."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aiohttp import web

from drs_sdk.testing.clock import EmulatorClock
from drs_sdk.testing.front.fault_plan import FaultPlan
from drs_sdk.testing.front.server import Front
from drs_sdk.testing.front.signatures import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from drs_sdk.testing.handlers import load_handlers
from drs_sdk.testing.scenario.scenario import Scenario
from drs_sdk.testing.settings import Quotas, Settings
from drs_sdk.testing.world.account import Account

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, Unpack

    from aiobotocore.session import AioSession  # pyright: ignore[reportMissingTypeStubs]

    from drs_sdk.client import DRSClient
    from drs_sdk.testing.faults import Fault
    from drs_sdk.testing.front.sdk_session import ClientOptions
    from drs_sdk.testing.recording import RecordedRequest

_SHUTDOWN_SECONDS = 0.2


class DRSEmulator(Scenario):
    """An emulated AWS account with Elastic Disaster Recovery, on 127.0.0.1.

    Example:
        ```python
        async with DRSEmulator() as emulator, emulator.client() as drs:
            (server_id,) = emulator.add_source_servers(1)
            page = await drs.describe_source_servers()
        ```

    Each emulator is an account of its own. All but `url` and `client` works before it starts, too.
    """

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        account_id: str = "111122223333",
        seed: int = 0,
        clock: EmulatorClock | None = None,
        quotas: Quotas | None = None,
        initialized: bool = True,
        page_size: int = 200,
        recovery_instance_ids_in_jobs: bool = False,
        check_signatures: bool = False,
        check_answers: bool = False,
        record_requests: bool = True,
        port: int = 0,
    ) -> None:
        """Set the account up; `async with` starts the server.

        Args:
            region: The Region of the account.
            account_id: Its twelve digits.
            seed: Decides identifiers, made-up fleets and the dice of faults.
            clock: The clock to live by.
            quotas: Quotas other than the service's defaults.
            initialized: Whether InitializeService was called already.
            page_size: Items on a page when a request does not say.
            recovery_instance_ids_in_jobs: Let launch jobs name the recovery instances they
                made. The service model says so; in practice the member is missing.
            check_signatures: Refuse requests that are not signed with the emulator's keys
                (`access_key_id`, `secret_access_key`).
            check_answers: Check each answer against the service model and answer 501 where it
                breaks it; `defects` lists what was found. For tests of the emulator itself.
            record_requests: Keep each request in `requests`.
            port: The port to listen on; 0 takes a free one.

        Raises:
            ValueError: A page without items.
        """
        if page_size < 1:
            raise ValueError("a page holds at least one item")
        clock = clock or EmulatorClock.virtual()
        settings = Settings(
            region=region,
            account_id=account_id,
            seed=seed,
            page_size=page_size,
            recovery_instance_ids_in_jobs=recovery_instance_ids_in_jobs,
            quotas=quotas or Quotas(),
        )
        super().__init__(clock, Account(settings, clock.now(), initialized=initialized))
        self._front = Front(
            # Not the account itself: `restore` puts another one in its place.
            account=lambda: self._account,
            clock=clock,
            check_signatures=check_signatures,
            check_answers=check_answers,
            record=record_requests,
            faults=FaultPlan(seed),
        )
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._session: AioSession | None = None
        load_handlers()

    @property
    def url(self) -> str:
        """Where the emulator listens, as `http://127.0.0.1:54321`.

        Raises:
            RuntimeError: It is not running.
        """
        if self._runner is None:
            raise RuntimeError("the emulator is not running: use it with 'async with'")
        host, port = cast("tuple[str, int]", self._runner.addresses[0][:2])
        return f"http://{host}:{port}"

    @property
    def region(self) -> str:
        """The Region of the account."""
        return self._account.settings.region

    @property
    def access_key_id(self) -> str:
        """The access key that signatures are checked against."""
        return ACCESS_KEY_ID

    @property
    def secret_access_key(self) -> str:
        """The secret of the access key; it opens nothing but the emulator."""
        return SECRET_ACCESS_KEY

    @property
    def requests(self) -> list[RecordedRequest]:
        """What arrived, in order; clear it to start afresh."""
        return self._front.requests

    @property
    def defects(self) -> list[str]:
        """What `check_answers` found wrong with the emulator's own answers."""
        return self._front.defects

    async def __aenter__(self) -> Self:
        """Start the server."""
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        await self.stop()

    async def start(self) -> None:
        """Start the server; the same as entering `async with`.

        Raises:
            RuntimeError: It is running already.
        """
        if self._runner is not None:
            raise RuntimeError("the emulator is running already")
        runner = web.ServerRunner(
            web.Server(self._front.handle, access_log=None), shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner

    async def stop(self) -> None:
        """Stop the server and close its connections; the account stays as it is."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def client(self, **options: Unpack[ClientOptions]) -> DRSClient:
        """Build an SDK client for this emulator, on its clock and with its keys.

        Virtual time stands still while such a client is in a call, and jumps ahead while it
        sleeps (as waiters do). With a `session` of your own only the second half holds.

        The client reads none of the machine's AWS configuration files, unless `profile_name`
        names a profile in them: its keys and settings are used then, except for Region and
        endpoint. Environment variables such as `AWS_MAX_ATTEMPTS` count as ever.

        Args:
            **options: What `DRSClient` takes, over the emulator's values; all but the clock,
                which is the emulator's, and the roles, which it has no STS for.

        Raises:
            TypeError: An option is none of these.
        """
        from drs_sdk.client import DRSClient
        from drs_sdk.testing.front.sdk_session import build_config, build_session, check_options

        check_options(options)

        merged: ClientOptions = {"region_name": self.region, "endpoint_url": self.url}
        if "profile_name" in options and "session" not in options:
            merged["session"] = build_session(self.clock, options.pop("profile_name"))
        else:
            self._session = self._session or build_session(self.clock)
            merged["session"] = self._session
            merged["aws_access_key_id"] = ACCESS_KEY_ID
            merged["aws_secret_access_key"] = SECRET_ACCESS_KEY
        merged.update(options)
        merged["config"] = build_config(options.get("config"))
        return DRSClient(**merged, clock=self.clock)

    def inject(
        self,
        operation: str,
        fault: Fault,
        *,
        times: int | None = None,
        probability: float | None = None,
    ) -> None:
        """Let something go wrong with the coming requests of an operation.

        Args:
            operation: The operation, as `StartRecovery` or `start_recovery`; `*` means any.
            fault: What goes wrong.
            times: How many requests it strikes: by default one, or, with a probability, any
                number.
            probability: The chance that it strikes a request, by the emulator's seed.

        Raises:
            ValueError: No such operation, or numbers out of range.
        """
        self._front.faults.arm(operation, fault, times, probability)

    def clear_faults(self) -> None:
        """Take back the injected faults that have not struck yet."""
        self._front.faults.clear()
