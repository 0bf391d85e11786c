"""The emulated account: its resources, its future and its clock reading.

One kind of record holds every resource (`Resource`): `doc` is what the service would show,
in its own terms; `state` is what the emulator must remember besides (JSON-able). Collections
are made on first use, `account.collection("jobs")`, so a new family adds none here.

Handlers are plain functions that run without a pause, so an account needs no lock.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from drs_sdk.testing import refusals
from drs_sdk.testing.documents import Doc, copy_doc
from drs_sdk.testing.isotime import format_datetime, parse_datetime
from drs_sdk.testing.settings import Quotas, Settings
from drs_sdk.testing.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

_SEQ = attrgetter("seq")
_ID_DIGITS = 17
SNAPSHOT_VERSION = 1


@dataclass(slots=True)
class Resource:
    """One resource of the account.

    Attributes:
        id: Its identifier in its collection.
        arn: Its ARN, or empty when it has none.
        seq: Grows with each resource added; the order of listings, and their page positions.
        doc: What the service shows of it, in the service's terms, stored values only.
        state: What the emulator remembers of it besides.
    """

    id: str
    arn: str
    seq: int
    doc: Doc
    state: Doc = field(default_factory=dict[str, object])


class Collection:
    """The resources of one kind, in the order they were added, found by identifier."""

    def __init__(self, account: Account, resource_type: str) -> None:
        """Start empty; `resource_type` is the word in ARNs and in refusals."""
        self._account = account
        self.resource_type = resource_type
        self._by_id: dict[str, Resource] = {}
        self._ordered: list[Resource] = []

    def __len__(self) -> int:
        """Return the number of resources."""
        return len(self._by_id)

    def __iter__(self) -> Iterator[Resource]:
        """Go through the resources, oldest first."""
        return iter(self._ordered)

    def __contains__(self, resource_id: object) -> bool:
        """Tell whether a resource of this identifier exists."""
        return resource_id in self._by_id

    def get(self, resource_id: str) -> Resource | None:
        """Return a resource, or None."""
        return self._by_id.get(resource_id)

    def require(self, resource_id: str) -> Resource:
        """Return a resource.

        Raises:
            ServiceError: ResourceNotFoundException.
        """
        resource = self._by_id.get(resource_id)
        if resource is None:
            raise refusals.not_found(self.resource_type, resource_id)
        return resource

    def select(self, resource_ids: Iterable[str]) -> list[Resource]:
        """Return those of the named resources that exist, oldest first."""
        found = {i: self._by_id[i] for i in resource_ids if i in self._by_id}
        return sorted(found.values(), key=_SEQ)

    def add(
        self, resource_id: str, doc: Doc, *, arn: str = "", state: Doc | None = None
    ) -> Resource:
        """Store a new resource.

        Raises:
            ValueError: The identifier is taken.
        """
        if resource_id in self._by_id:
            raise ValueError(f"{self.resource_type} {resource_id} exists already")
        resource = Resource(resource_id, arn, self._account.next_seq(), doc, state or {})
        self._insert(resource)
        return resource

    def remove(self, resource_id: str) -> None:
        """Delete a resource and every event that waits for it."""
        resource = self._by_id.pop(resource_id)
        del self._ordered[bisect_left(self._ordered, resource.seq, key=_SEQ)]
        self._account.arns.pop(resource.arn, None)
        self._account.timeline.cancel(resource_id)

    def after(self, seq: int | None, *, newest_first: bool = False) -> Iterator[Resource]:
        """Go on from a position: the cost is that of what is taken, not of the whole."""
        ordered = self._ordered
        if newest_first:
            start = len(ordered) if seq is None else bisect_left(ordered, seq, key=_SEQ)
            return (ordered[index] for index in range(start - 1, -1, -1))
        start = 0 if seq is None else bisect_right(ordered, seq, key=_SEQ)
        return (ordered[index] for index in range(start, len(ordered)))

    def restore(self, resources: Iterable[Resource]) -> None:
        """Put saved resources back, in order."""
        for resource in resources:
            self._insert(resource)

    def _insert(self, resource: Resource) -> None:
        self._by_id[resource.id] = resource
        self._account.names.add(resource.id.rpartition("/")[2])
        self._ordered.append(resource)
        if resource.arn:
            self._account.arns[resource.arn] = resource


class Account:
    """Everything one account has in one Region.

    Attributes:
        settings: Identity, pace and quotas.
        initialized: Whether InitializeService was called.
        now: The clock's reading at the request or the event that is being handled.
        timeline: What will happen.
        arns: Every resource that has an ARN, by it.
        launch_faults: What `DRSEmulator.fail_launch` stored, by source server.
        names: The last part of every identifier and ARN there was; new ones differ from them.
    """

    def __init__(self, settings: Settings, now: datetime, *, initialized: bool = True) -> None:
        """Open an empty account."""
        self.settings = settings
        self.initialized = initialized
        self.now = now
        self.timeline: Timeline = Timeline()
        self.arns: dict[str, Resource] = {}
        self.launch_faults: dict[str, Doc] = {}
        self.names: set[str] = set()
        self._collections: dict[str, Collection] = {}
        self._seq = 0
        self._ids = 0

    @property
    def quotas(self) -> Quotas:
        """The account's quotas."""
        return self.settings.quotas

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
        """Let everything happen that is due at `now`, and read the clock."""
        self.timeline.settle(self, now)
        self.now: datetime = now

    def schedule(
        self, delay: timedelta, kind: str, subject: str = "", args: Doc | None = None
    ) -> None:
        """Let a transition happen `delay` after `self.now`."""
        self.timeline.add(self.now + delay, kind, subject, args)

    def new_id(self, prefix: str, digits: int = _ID_DIGITS) -> str:
        """Make an identifier such as `s-3b01...`: the same seed makes the same ones in order."""
        while True:
            self._ids += 1
            seed = f"{self.settings.seed}/{self.settings.account_id}/{self._ids}".encode()
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
    def restore(cls, data: Doc) -> Account:
        """Rebuild an account from `snapshot`.

        Raises:
            ValueError: The data is not a snapshot of this version.
        """
        if data.get("version") != SNAPSHOT_VERSION:
            raise ValueError(f"not an emulator snapshot of version {SNAPSHOT_VERSION}")
        data = copy_doc(data)
        stored: Doc = data["settings"]
        stored["quotas"] = Quotas(**stored["quotas"])
        settings = Settings(**stored)
        account = cls(settings, parse_datetime(data["now"]), initialized=data["initialized"])
        for name, resources in data["resources"].items():
            account.collection(name).restore(Resource(**resource) for resource in resources)
        account._seq = data["counters"]["seq"]
        account._ids = data["counters"]["ids"]
        account.launch_faults = data["launch_faults"]
        account.timeline = Timeline.from_json(data["timeline"])
        return account
