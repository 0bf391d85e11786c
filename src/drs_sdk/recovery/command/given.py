"""What stands on the command line, with types."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.recovery.record import Mode


@dataclass(frozen=True, slots=True)
class GivenPlace:
    """A place as people write it: ``eu-west-1`` or ``111122223333/eu-west-1``."""

    region: str
    account: str | None = None

    def __str__(self) -> str:
        """Write it as it is read."""
        return self.region if self.account is None else f"{self.account}/{self.region}"


@dataclass(frozen=True, slots=True)
class GivenLimits:
    """Quotas as they are given: of one place, or of all."""

    place: GivenPlace | None = None
    values: dict[str, int] = field(default_factory=dict[str, int])


class Given(argparse.Namespace):
    """What was given; an option that a command does not have reads as not given."""

    command: str = ""
    runbook: str | None = None
    key: str = ""
    mode: Mode = "drill"
    horizon: timedelta = timedelta(days=14)
    regions: tuple[str, ...] | list[str] = ()
    accounts: tuple[str, ...] | list[str] = ()
    role_name: str | None = None
    external_id: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    sts_endpoint_url: str | None = None
    origin: tuple[GivenPlace, ...] | list[GivenPlace] = ()
    origin_role_name: str | None = None
    origin_external_id: str | None = None
    origin_profile: str | None = None
    limits: tuple[GivenLimits, ...] | list[GivenLimits] = ()
    tags: tuple[tuple[str, str], ...] | list[tuple[str, str]] = ()
    approved: tuple[str, ...] | list[str] = ()
    attempts: int | None = None
    replace_instances_of: tuple[str, ...] | list[str] = ()
    not_launched: tuple[str, ...] | list[str] = ()
    timeout: timedelta | None = None
    yes: bool = False
    waves: tuple[str, ...] | list[str] = ()
    by: str = ""
    reason: str = ""
    since: datetime | timedelta | None = None
    json: bool = False
    html: str | None = None
    markdown: str | None = None
