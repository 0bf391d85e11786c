"""`DRSEmulator`: an in-memory Elastic Disaster Recovery on a loopback HTTP server."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, cast

from drs_sdk.testing.clock import EmulatorClock
from drs_sdk.testing.front.keys import Keyring
from drs_sdk.testing.front.listener import Listener, serve_by
from drs_sdk.testing.front.place import Place
from drs_sdk.testing.front.server import Front
from drs_sdk.testing.front.sts import TokenService
from drs_sdk.testing.handlers import load_handlers
from drs_sdk.testing.job_durations import JobDurations
from drs_sdk.testing.quirks import Quirks
from drs_sdk.testing.settings import Quotas, Settings
from drs_sdk.testing.world import saving
from drs_sdk.testing.world.account import Account
from drs_sdk.testing.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from aiohttp import web

    from drs_sdk.fleet.fleet import Fleet
    from drs_sdk.fleet.target import Target
    from drs_sdk.testing.front.desk import Desk
    from drs_sdk.testing.front.sdk_session import FleetOptions
    from drs_sdk.testing.service.documents import Doc

_REGION = "us-east-1"
_ACCOUNT_ID = "111122223333"
_OTHER_REGION = "us-west-2"
"""Where made-up machines come from when the world has no second Region."""


class DRSEmulator(Place):
    """An emulated AWS account with Elastic Disaster Recovery, on 127.0.0.1.

    Example:
        ```python
        async with DRSEmulator() as emulator, emulator.client() as drs:
            (server_id,) = emulator.add_source_servers(1)
            page = await drs.describe_source_servers()
        ```

    Each emulator is a world of its own. With `regions` and `accounts` it has more than one place
    (see `at`), told apart by the signatures of requests; it stands for the first itself. All but
    `url` and `client` works before it starts, too.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        account_id: str | None = None,
        regions: Sequence[str] | None = None,
        accounts: Sequence[str] | None = None,
        seed: int = 0,
        clock: EmulatorClock | None = None,
        quotas: Quotas | None = None,
        quirks: Quirks | None = None,
        job_durations: JobDurations | None = None,
        sync_bytes_per_second: int = 128 * 1024 * 1024,
        initialized: bool = True,
        page_size: int = 200,
        recovery_instance_ids_in_jobs: bool = False,
        reverse_drill_instances: bool = True,
        check_signatures: bool = False,
        check_answers: bool = False,
        record_requests: bool = True,
        port: int = 0,
        admin_port: int | None = None,
    ) -> None:
        """Set the account up; `async with` starts the server.

        Args:
            region: The only Region, whichever one requests are signed for; by default
                us-east-1.
            account_id: The only account, its twelve digits; by default 111122223333.
            regions: The Regions where DRS is in use, the first one first. A request signed for
                another is answered as where DRS was never initialised.
            accounts: The accounts, the first one first. Each has an access key (see `at`); any
                other key stands for the first account.
            seed: Decides identifiers, made-up fleets and the dice of faults.
            clock: The clock to live by.
            quotas: Quotas other than the service's defaults, of every place; see also
                `Place.quotas`.
            quirks: What the service does at times, in every place; see also `Place.quirks`.
            job_durations: How long the steps of jobs take, in every place; see also
                `Place.job_durations`.
            sync_bytes_per_second: How fast one server's initial sync moves, 128 MiB a second
                unless given: a disk of 100 GiB takes 14 minutes of the emulator's time.
            initialized: Whether InitializeService was called already.
            page_size: Items on a page when a request does not say.
            recovery_instance_ids_in_jobs: Let launch jobs name the recovery instances they
                made. The service model says so; in practice the member is missing.
            reverse_drill_instances: Let ReverseReplication take instances that a drill launched.
                Nothing public says whether the service does: try both.
            check_signatures: Refuse requests that are not signed with the emulator's keys
                (`access_key_id`, `secret_access_key`).
            check_answers: Check each answer against the service model and answer 501 where it
                breaks it; `defects` lists what was found. For tests of the emulator itself.
            record_requests: Keep each request in `requests`.
            port: The port to listen on; 0 takes a free one.
            admin_port: The port of the admin endpoint (see `admin_url`), 0 for a free one; by
                default there is none.

        Raises:
            ValueError: A page without items, a sync that never ends, no Region or no account,
                one twice, or both `region` and `regions` (`account_id` and `accounts`).
        """
        if page_size < 1:
            raise ValueError("a page holds at least one item")
        if sync_bytes_per_second < 1:
            raise ValueError("a sync moves at least one byte a second")
        clock = clock or EmulatorClock.virtual()
        all_regions = _all_of("region", region, regions, _REGION)
        all_accounts = _all_of("account", account_id, accounts, _ACCOUNT_ID)
        self._settings = Settings(
            region=all_regions[0],
            origin_region=_origin_of(all_regions[0], all_regions),
            account_id=all_accounts[0],
            seed=seed,
            page_size=page_size,
            recovery_instance_ids_in_jobs=recovery_instance_ids_in_jobs,
            reverse_drill_instances=reverse_drill_instances,
            quotas=quotas or Quotas(),
            quirks=quirks or Quirks(),
            job_durations=job_durations or JobDurations(),
            sync_bytes_per_second=sync_bytes_per_second,
        )
        self._keys = Keyring(all_accounts)
        self._token_service = TokenService(self._keys)
        self._front = Front(
            desk_for=self._desk_for,
            token_service=self._token_service,
            clock=clock,
            check_signatures=check_signatures,
            check_answers=check_answers,
            record=record_requests,
        )
        self._world: World[Account] = World(
            one_account=accounts is None, one_region=regions is None
        )
        account = Account(self._settings, clock.now(), initialized=initialized, world=self._world)
        self._world.enter(account)
        super().__init__(
            clock, account, self._keys.first, Listener(serve_by(self._front.handle), port)
        )
        self._admin = None if admin_port is None else Listener(self._admin_runner, admin_port)
        self._many_regions = regions is not None
        self._regions = all_regions
        self._first = (all_accounts[0], all_regions[0])
        self._places: dict[tuple[str, str], Place] = {self._first: self}
        self._named = list(product(all_accounts, all_regions))
        for where in self._named:
            if where != self._first:
                self._places[where] = self._open(*where, initialized=initialized)
        load_handlers()

    @property
    def defects(self) -> list[str]:
        """What `check_answers` found wrong with the emulator's own answers."""
        return self._front.defects

    @property
    def admin_url(self) -> str:
        """Where tests of other processes work the emulator, as `http://127.0.0.1:54322`.

        Raises:
            RuntimeError: It has no `admin_port`, or is not running.
        """
        if self._admin is None:
            raise RuntimeError("the emulator has no admin endpoint: give it an admin_port")
        return self._admin.url

    @property
    def places(self) -> list[Place]:
        """Every account in every Region, the first place first; those asked since, too."""
        return list(self._places.values())

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
        await self._listener.start()
        if self._admin is None:
            return
        try:
            await self._admin.start()
        except BaseException:
            await self._listener.stop()
            raise

    async def stop(self) -> None:
        """Stop the server and close its connections; the accounts stay as they are."""
        try:
            if self._admin is not None:
                await self._admin.stop()
        finally:
            await self._listener.stop()

    def at(self, *, region: str | None = None, account_id: str | None = None) -> Place:
        """Return the place of one account in one Region, with every method of the emulator.

        Args:
            region: The Region; by default the first.
            account_id: The account; by default the first.

        Raises:
            ValueError: No such account, or a Region that was neither named nor asked yet.
        """
        where = (account_id or self._first[0], region or self._first[1])
        if where not in self._places:
            raise ValueError(f"the emulator has no account {where[0]} in {where[1]}")
        return self._places[where]

    def fleet(
        self,
        targets: Iterable[Target] | None = None,
        *,
        role_name: str = "DisasterRecovery",
        **options: Unpack[FleetOptions],
    ) -> Fleet:
        """Build a fleet over this emulator's places, on its clock.

        It works in a role in each account, which the emulator's STS lets it assume, and signs
        with the first account's key before. As with `client`, virtual time stands still during
        calls, and none of the machine's AWS configuration files is read.

        Args:
            targets: Where it works; by default every account in every Region that the emulator
                was made with.
            role_name: The role in each account; see `deny_role`.
            **options: What `Fleet` takes besides; all but clock, session and profile.

        Raises:
            TypeError: An option is none of these.
        """
        from drs_sdk.fleet.fleet import Fleet
        from drs_sdk.fleet.target import Target
        from drs_sdk.testing.front.sdk_session import build_config, build_session, check_fleet

        check_fleet(options)
        if targets is None:
            targets = [
                Target(region, role_arn=f"arn:aws:iam::{account_id}:role/{role_name}")
                for account_id, region in self._named
            ]
        listener = self._listener
        merged: FleetOptions = {
            "endpoint_url": self.url,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
        }
        merged.update(options)
        merged["config"] = build_config(options.get("config"))
        session = build_session(self.clock, lambda: listener.url)
        return Fleet(targets, **merged, session=session, clock=self.clock)

    def snapshot_world(self) -> dict[str, object]:
        """Return all places, their future and the time as JSON.

        Faults, requests, denied roles and policies are not part of it.
        """
        accounts = [place.desk.account() for place in self.places]
        saved = saving.save_world(accounts, self._named, self.clock.now())
        return cast("dict[str, object]", saved)

    def restore_world(self, data: dict[str, object]) -> None:
        """Go back to what `snapshot_world` returned; virtual time is set to its time, too.

        Args:
            data: The snapshot, of a world of the same accounts and Regions.

        Raises:
            ValueError: The data is not such a snapshot. Nothing was changed.
        """
        accounts, now = saving.read_world(cast("Doc", data), self._world, self._named)
        if self.clock.mode == "virtual":
            self.clock.set(now)
        for where in {**self._places, **accounts}:
            # What was asked for since then is as if nobody had asked.
            place = self._places.get(where) or self._open_asked(where)
            place.desk.take(accounts.get(where) or self._account_of(*where, initialized=False))

    def deny_role(self, role_arn: str) -> None:
        """Let STS refuse to give keys for a role from now on.

        Args:
            role_arn: The role, as `arn:aws:iam::444455556666:role/DisasterRecovery`.

        Raises:
            ValueError: No ARN of a role.
        """
        self._token_service.deny(role_arn)

    def enforce_policy(
        self, policy: Mapping[str, object] | None, *, role_arn: str | None = None
    ) -> None:
        """Hold callers to an IAM policy from now on: DRS refuses what it does not allow.

        As the service does, a launch that lacks a right besides `drs:StartRecovery` is accepted,
        and fails without an event in the job log that tells why.

        Actions are judged, not resources: `Resource` must be `*`. Of conditions, those on
        `aws:RequestedRegion`, `drs:CreateAction`, `iam:PassedToService` and `iam:AWSServiceName`
        are. STS is not judged; see `deny_role`.

        Args:
            policy: The policy document, as `drs_sdk.iam.policy_for` writes it; None to allow all.
            role_arn: The role whose sessions it is for; by default it is for everybody whose role
                has none of its own.

        Raises:
            ValueError: No policy, one that says what is not judged, or no ARN of a role.
        """
        self._front.policies.enforce(policy, role_arn)

    def _admin_runner(self) -> web.BaseRunner:
        from drs_sdk.testing.admin.endpoint import build_runner

        return build_runner(self)

    def _desk_for(self, key_id: str, region: str) -> Desk:
        key = self._keys.find(key_id) or self._keys.first
        where = (key.account_id, region if region and self._many_regions else self._first[1])
        return (self._places.get(where) or self._open_asked(where)).desk

    def _open_asked(self, where: tuple[str, str]) -> Place:
        """Open a place that was asked for and not named: nobody has initialised DRS there."""
        self._places[where] = self._open(*where, initialized=False)
        return self._places[where]

    def _open(self, account_id: str, region: str, *, initialized: bool) -> Place:
        account = self._account_of(account_id, region, initialized=initialized)
        self._world.enter(account)
        key = self._keys.of_account(account_id) or self._keys.first
        return Place(self.clock, account, key, self._listener)

    def _account_of(self, account_id: str, region: str, *, initialized: bool) -> Account:
        settings = replace(
            self._settings,
            account_id=account_id,
            region=region,
            origin_region=_origin_of(region, self._regions),
        )
        return Account(settings, self.clock.now(), initialized=initialized, world=self._world)


def _origin_of(region: str, regions: Sequence[str]) -> str:
    """Return the Region that the machines of a place come from: the world's next one."""
    at = regions.index(region) + 1 if region in regions else 0
    others = [other for other in (*regions[at:], *regions[:at]) if other != region]
    if others:
        return others[0]
    return _OTHER_REGION if region != _OTHER_REGION else _REGION


def _all_of(
    kind: str, one: str | None, several: Sequence[str] | None, default: str
) -> Sequence[str]:
    if several is None:
        return (one or default,)
    if one is not None:
        raise ValueError(f"give one {kind} or several, not both")
    if not several or len(set(several)) != len(several):
        raise ValueError(f"each {kind} once, and at least one")
    return tuple(several)
