"""A place: one account in one Region, as a test works with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.front.desk import Desk
from drs_sdk.testing.front.fault_plan import FaultPlan
from drs_sdk.testing.scenario.scenario import Scenario

if TYPE_CHECKING:
    from typing import Unpack

    from aiobotocore.session import AioSession  # pyright: ignore[reportMissingTypeStubs]

    from drs_sdk.client import DRSClient
    from drs_sdk.testing.clock import EmulatorClock
    from drs_sdk.testing.faults import Fault
    from drs_sdk.testing.front.keys import AccessKey
    from drs_sdk.testing.front.listener import Listener
    from drs_sdk.testing.front.sdk_session import ClientOptions
    from drs_sdk.testing.recording import RecordedRequest
    from drs_sdk.testing.world.account import Account


class Place(Scenario):
    """What one account has in one Region: state, quotas, faults and requests of its own.

    `DRSEmulator.at` returns it. All places of an emulator share its port and its clock.
    """

    def __init__(
        self, clock: EmulatorClock, account: Account, key: AccessKey, listener: Listener
    ) -> None:
        """Open a place."""
        super().__init__(clock, account)
        self._key = key
        self._listener = listener
        self._session: AioSession | None = None
        # Not the account itself: `restore` puts another one in its place.
        self._desk = Desk(lambda: self._account, self._take, FaultPlan(account.settings.seed))

    @property
    def url(self) -> str:
        """Where the emulator listens, as `http://127.0.0.1:54321`.

        Raises:
            RuntimeError: It is not running.
        """
        return self._listener.url

    @property
    def region(self) -> str:
        """The Region of the account."""
        return self._account.settings.region

    @property
    def account_id(self) -> str:
        """The twelve digits of the account."""
        return self._account.settings.account_id

    @property
    def access_key_id(self) -> str:
        """The access key that stands for the account."""
        return self._key.id

    @property
    def secret_access_key(self) -> str:
        """The secret of the access key; it opens nothing but the emulator."""
        return self._key.secret

    @property
    def requests(self) -> list[RecordedRequest]:
        """What arrived, in order; clear it to start afresh."""
        return self._desk.requests

    @property
    def desk(self) -> Desk:
        """What the HTTP front and the emulator work with; not for tests."""
        return self._desk

    def client(self, **options: Unpack[ClientOptions]) -> DRSClient:
        """Build an SDK client for this emulator, on its clock and with its keys.

        Virtual time stands still while such a client is in a call, and jumps ahead while it
        sleeps (as waiters do). With a `session` of your own only the second half holds.

        The client reads none of the machine's AWS configuration files, unless `profile_name`
        names a profile in them: its keys and settings are used then, except for Region and
        endpoint. Environment variables such as `AWS_MAX_ATTEMPTS` count as ever.

        Args:
            **options: What `DRSClient` takes, over the emulator's values; all but the clock,
                which is the emulator's. A role is asked for at the emulator's STS.

        Raises:
            TypeError: An option is none of these, or a role with a `session`.
        """
        from drs_sdk.client import DRSClient
        from drs_sdk.testing.front.sdk_session import build_config, build_session, check_options

        check_options(options)

        merged: ClientOptions = {"region_name": self.region, "endpoint_url": self.url}
        listener = self._listener
        if "profile_name" in options and "session" not in options:
            profile = options.pop("profile_name")
            merged["session"] = build_session(self.clock, lambda: listener.url, profile)
        else:
            self._session = self._session or build_session(self.clock, lambda: listener.url)
            merged["session"] = self._session
            merged["aws_access_key_id"] = self.access_key_id
            merged["aws_secret_access_key"] = self.secret_access_key
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
        self._desk.faults.arm(operation, fault, times, probability)

    def clear_faults(self) -> None:
        """Take back the injected faults that have not struck yet."""
        self._desk.faults.clear()
