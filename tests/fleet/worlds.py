"""Worlds in which every target has a fate of its own, for property tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from hypothesis import strategies as st

from drs_sdk.errors import (
    AccessDeniedException,
    CredentialsError,
    PaginationError,
    TargetTimeoutError,
    ThrottlingException,
)
from drs_sdk.fleet import Target
from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk import DRSClient, DRSError
    from drs_sdk.fleet import Fleet
    from drs_sdk.models import SourceServer

Fate = Literal[
    "well",
    "slow",
    "flaky",
    "throttled",
    "absent",
    "denied",
    "refused",
    "choked",
    "endless",
    "hangs",
]

FAILURES: dict[Fate, type[DRSError]] = {
    "denied": CredentialsError,  # STS gives no keys
    "refused": AccessDeniedException,
    "choked": ThrottlingException,  # for longer than anybody tries
    "endless": PaginationError,  # a token that comes again
    "hangs": TargetTimeoutError,
}
"""The fates that end in failure, and what that is."""

DEADLINE = 600.0
"""Seconds for a target, of virtual time."""


def account_of(number: int) -> str:
    """Each target has an account of its own, so that a role can be denied to it alone."""
    return f"{222200000000 + number}"


def region_of(number: int) -> str:
    """Each target has a Region of its own, by which its client can be told."""
    return f"xx-test-{number}"


@dataclass(frozen=True)
class Place:
    """One target: what becomes of it, and how many servers it has."""

    fate: Fate
    servers: int

    @property
    def fails(self) -> bool:
        """Whether a walk ends in a failure of this target."""
        if self.fate == "endless":
            return self.servers > 1  # the token of a second page
        return self.fate in FAILURES


@dataclass
class World:
    """An emulator of such places, each page one server or two.

    Attributes:
        ids: The servers that each target has from the beginning, by its Region.
    """

    places: list[Place]
    emulator: DRSEmulator
    ids: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, places: list[Place]) -> World:
        """Set the emulator up; it is not started."""
        accounts = [account_of(number) for number in range(len(places))]
        regions = [
            region_of(number) for number, place in enumerate(places) if place.fate != "absent"
        ]
        emulator = DRSEmulator(accounts=accounts, regions=[*regions, "xx-unused-1"], page_size=1)
        return cls(places, emulator)

    def targets(self) -> list[Target]:
        """Name the targets; the servers are made and the faults armed."""
        found: list[Target] = []
        for number, place in enumerate(self.places):
            region, account_id = region_of(number), account_of(number)
            role = f"arn:aws:iam::{account_id}:role/DisasterRecovery"
            found.append(Target(region, role_arn=role))
            if place.fate == "absent":
                self.ids[region] = set()
                continue
            at = self.emulator.at(region=region, account_id=account_id)
            self.ids[region] = set(at.add_source_servers(place.servers))
            if place.fate == "denied":
                self.emulator.deny_role(role)
            elif place.fate == "refused":
                at.inject("*", Fault.error("AccessDeniedException"), times=99)
            elif place.fate == "choked":
                at.inject("*", Fault.throttle(), times=99)
            elif place.fate == "throttled":
                at.inject("*", Fault.throttle(retry_after=1), times=2)
            elif place.fate == "flaky":
                at.inject("*", Fault.drop_after(), times=1)
                at.inject("*", Fault.server_error(), times=1)
            elif place.fate == "slow":
                at.inject("*", Fault.delay(0.002), times=2)
            elif place.fate == "endless":
                at.inject("*", Fault.repeat_page_token(), times=99)
        return found

    async def servers(self, drs: DRSClient) -> AsyncIterator[SourceServer]:
        """List the servers of a target; one that hangs does so before its last server."""
        number = int(str(drs.region_name).rpartition("-")[2])
        left = self.places[number].servers
        hangs = self.places[number].fate == "hangs"
        async for server in drs.describe_source_servers():
            left -= 1
            if hangs and left <= 0:
                await asyncio.Event().wait()
            yield server
        if hangs:
            await asyncio.Event().wait()

    def check(self, fleet: Fleet, failures: dict[Target, DRSError], absent: set[Target]) -> None:
        """See that every target has met its fate, and no other."""
        for target, place in zip(fleet.targets, self.places, strict=True):
            if place.fails:
                assert isinstance(failures[target], FAILURES[place.fate]), failures
            else:
                assert target not in failures, failures[target]
            assert (target in absent) == (place.fate == "absent")


FATES: tuple[Fate, ...] = (
    "well",
    "well",
    "slow",
    "flaky",
    "throttled",
    "absent",
    "denied",
    "refused",
    "choked",
    "endless",
    "hangs",
)
places = st.lists(
    st.builds(Place, fate=st.sampled_from(FATES), servers=st.integers(0, 6)),
    min_size=1,
    max_size=7,
)
"""What a world may be made of."""
