"""Resources, and collections of them.

One kind of record holds every resource (`Resource`): `doc` is what the service would show,
in its own terms; `state` is what the emulator must remember besides (JSON-able).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from drs_sdk.testing.service import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.timeline import Timeline

_SEQ = attrgetter("seq")


@dataclass(slots=True)
class Resource:
    """One resource of the account.

    Attributes:
        id: Its identifier in its collection.
        arn: Its ARN, or empty when it has none.
        seq: Grows with each resource added; the order of listings, and their page positions.
        doc: What the service shows of it, in the service's terms, stored values only.
        state: What the emulator remembers of it besides. `made_up` has the members of `doc` that
            were missing when it was loaded, and which the emulator needs.
    """

    id: str
    arn: str
    seq: int
    doc: Doc
    state: Doc = field(default_factory=dict[str, object])

    def shown(self) -> Doc:
        """Return what the service shows: without what was made up, until that changes."""
        made_up: Doc | None = self.state.get("made_up")
        if not made_up:
            return self.doc
        return {n: v for n, v in self.doc.items() if n not in made_up or made_up[n] != v}

    def settle_members(self, names: Iterable[str]) -> None:
        """Show members from now on, as somebody has given them."""
        made_up: Doc = self.state.get("made_up", {})
        for name in names:
            made_up.pop(name, None)


class Owner(Protocol):
    """What a collection needs of the account that it is in; see `Account`."""

    arns: dict[str, Resource]
    names: set[str]
    timeline: Timeline

    def next_seq(self) -> int:
        """Return the next position in the order of creation."""
        ...


class Collection:
    """The resources of one kind, in the order they were added, found by identifier."""

    def __init__(self, owner: Owner, resource_type: str) -> None:
        """Start empty; `resource_type` is the word in ARNs and in refusals."""
        self._owner = owner
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
        resource = Resource(resource_id, arn, self._owner.next_seq(), doc, state or {})
        self._insert(resource)
        return resource

    def remove(self, resource_id: str) -> None:
        """Delete a resource and every event that waits for it."""
        resource = self._by_id.pop(resource_id)
        del self._ordered[bisect_left(self._ordered, resource.seq, key=_SEQ)]
        self._owner.arns.pop(resource.arn, None)
        self._owner.timeline.cancel(resource_id)

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
        self._owner.names.add(resource.id.rpartition("/")[2])
        self._ordered.append(resource)
        if resource.arn:
            self._owner.arns[resource.arn] = resource
