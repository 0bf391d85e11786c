"""The emulated account: its resources, its future and its clock reading.

Collections are made on first use, `account.collection("jobs")`, so a new family adds none here.
Handlers are plain functions that run without a pause, so an account needs no lock.

Nothing ticks: before each request the account *settles*, which applies all transitions that are
due, in order of time, each with `account.now` set to its own exact moment. Those of the other
places of its world (`account.world`) are applied as well. To add one::

    @transition("job.started")
    def job_started(account: Account, subject: str, args: Doc) -> None:
        ...                                             # account.now is the event's time
        account.schedule(timedelta(seconds=52), "job.converting", subject)

`subject` is the identifier of the resource concerned; `Timeline.cancel` takes events back by
it. A transition must bear the disappearance of its resource (deleted meanwhile).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from drs_sdk.testing.job_durations import JobDurations
from drs_sdk.testing.quirks import Quirks
from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.service.isotime import format_datetime, parse_datetime
from drs_sdk.testing.settings import Quotas, Settings
from drs_sdk.testing.world.resources import Collection, Resource
from drs_sdk.testing.world.timeline import Timeline
from drs_sdk.testing.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    TransitionFunction = Callable[["Account", str, Doc], None]
    _F = TypeVar("_F", bound=TransitionFunction)

_ID_DIGITS = 17
SNAPSHOT_VERSION = 2

_TRANSITIONS: dict[str, TransitionFunction] = {}


def transition(kind: str) -> Callable[[_F], _F]:
    """Register the function that carries out events of a kind.

    Raises:
        ValueError: The kind is taken.
    """

    def register(function: _F) -> _F:
        if kind in _TRANSITIONS:
            raise ValueError(f"two transitions are called {kind!r}")
        _TRANSITIONS[kind] = function
        return function

    return register


class Account:
    """Everything one account has in one Region.

    Attributes:
        settings: Identity, pace, quotas and quirks.
        initialized: Whether InitializeService was called.
        now: The clock's reading at the request or the event that is being handled.
        timeline: What will happen.
        arns: Every resource that has an ARN, by it.
        launch_faults: What `DRSEmulator.fail_launch` stored, by source server.
        names: The last part of every identifier and ARN there was; new ones differ from them.
        world: The places there are, this one among them once it was entered.
    """

    def __init__(
        self,
        settings: Settings,
        now: datetime,
        *,
        initialized: bool = True,
        world: World[Account] | None = None,
    ) -> None:
        """Open an empty account.

        Args:
            settings: Identity, pace and quotas.
            now: The clock's reading.
            initialized: Whether InitializeService was called.
            world: The world it is about to enter; by default it has one of its own.
        """
        self.settings = settings
        self.initialized = initialized
        self.now: datetime = now
        self.timeline: Timeline = Timeline(_TRANSITIONS)
        self.arns: dict[str, Resource] = {}
        self.launch_faults: dict[str, Doc] = {}
        self.names: set[str] = set()
        self._collections: dict[str, Collection] = {}
        self._seq = 0
        self._ids = 0
        self.world: World[Account] = World[Account]() if world is None else world
        if world is None:
            self.world.enter(self)

    @property
    def quotas(self) -> Quotas:
        """The account's quotas."""
        return self.settings.quotas

    @property
    def quirks(self) -> Quirks:
        """What the service does at times."""
        return self.settings.quirks

    @property
    def source_servers(self) -> Collection:
        """The source servers, which most families need."""
        return self.collection("source_servers")

    def collection(self, name: str) -> Collection:
        """Return a collection by its name, a plural in snake case such as `source_servers`.

        The word in ARNs and refusals follows from it: `source-server`.
        """
        found = self._collections.get(name)
        if found is None:
            resource_type = name.removesuffix("s").replace("_", "-")
            found = self._collections[name] = Collection(self, resource_type)
        return found

    def settle(self, now: datetime) -> None:
        """Let everything happen that is due at `now`, here and elsewhere, and read the clock."""
        self.world.settle(now)
        self.now = now

    def happen(self, now: datetime) -> None:
        """Carry out the next event if it is due at `now`."""
        event = self.timeline.take_due(now)
        if event is not None:
            self.now = event.at
            _TRANSITIONS[event.kind](self, event.subject, event.args)

    def elsewhere(self, account_id: str, region: str) -> Account | None:
        """Return another place as it is now, or None when it is not in the world."""
        found = self.world.place(account_id, region)
        if found is not None:
            found.now = self.now
        return found

    def owner_of(self, arn: str) -> tuple[Account, Resource] | None:
        """Find the resource of an ARN in any place, and the account that has it, as it is now."""
        if arn in self.arns:
            return self, self.arns[arn]
        found = self.world.owner_of(arn) if arn else None
        if found is not None:
            found[0].now = self.now
        return found

    def schedule(
        self, delay: timedelta, kind: str, subject: str = "", args: Doc | None = None
    ) -> None:
        """Let a transition happen `delay` after `self.now`."""
        at = self.now + delay
        self.timeline.add(at, kind, subject, args)
        self.world.will_happen(at, self)

    def new_id(self, prefix: str, digits: int = _ID_DIGITS) -> str:
        """Make an identifier such as `s-3b01...`: the same seed makes the same ones in order."""
        while True:
            self._ids += 1
            place = f"{self.settings.account_id}/{self.settings.region}"
            seed = f"{self.settings.seed}/{place}/{self._ids}".encode()
            made = f"{prefix}-{hashlib.blake2b(seed, digest_size=16).hexdigest()[:digits]}"
            # What was loaded may come from an emulator of the same seed.
            if made not in self.names:
                return made

    def next_seq(self) -> int:
        """Return the next position in the order of creation."""
        self._seq += 1
        return self._seq

    def stamp(self) -> str:
        """Return `self.now` as the service writes it."""
        return format_datetime(self.now)

    def snapshot(self) -> Doc:
        """Return the whole account as JSON."""
        return {
            "version": SNAPSHOT_VERSION,
            "settings": asdict(self.settings),
            "initialized": self.initialized,
            "now": self.stamp(),
            "counters": {"seq": self._seq, "ids": self._ids},
            "launch_faults": copy_doc(self.launch_faults),
            "timeline": self.timeline.to_json(),
            "resources": {
                name: [copy_doc(asdict(resource)) for resource in collection]
                for name, collection in self._collections.items()
            },
        }

    @classmethod
    def restore(cls, data: Doc, world: World[Account] | None = None) -> Account:
        """Rebuild an account from `snapshot`.

        Args:
            data: What `snapshot` returned.
            world: The world it is about to enter; by default it has one of its own.

        Raises:
            ValueError: The data is not a snapshot of this version.
        """
        if data.get("version") != SNAPSHOT_VERSION:
            raise ValueError(f"not an emulator snapshot of version {SNAPSHOT_VERSION}")
        data = copy_doc(data)
        stored: Doc = data["settings"]
        stored["quotas"] = Quotas(**stored["quotas"])
        stored["quirks"] = Quirks(**stored["quirks"])
        stored["job_durations"] = JobDurations(**stored["job_durations"])
        settings = Settings(**stored)
        now = parse_datetime(data["now"])
        account = cls(settings, now, initialized=data["initialized"], world=world)
        for name, resources in data["resources"].items():
            account.collection(name).restore(Resource(**resource) for resource in resources)
        account._seq = data["counters"]["seq"]
        account._ids = data["counters"]["ids"]
        account.launch_faults = data["launch_faults"]
        account.timeline = Timeline.from_json(data["timeline"], _TRANSITIONS)
        if world is None:
            account.world.enter(account)
        return account
