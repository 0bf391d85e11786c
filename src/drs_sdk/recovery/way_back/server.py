"""How far one server is on its way back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from drs_sdk.recovery.status import Plain

Stage: TypeAlias = Literal[
    "not launched",
    "launched",
    "waiting for a person",
    "syncing",
    "ready",
    "launching home",
    "failed home",
    "home",
    "re-protecting",
    "protected",
    "retiring",
    "done",
]
"""How far a server is: ``launched`` on the recovery side; ``syncing`` home; ``ready`` to be
launched there; ``home``; ``protected`` again; ``done`` once what the way back needed is gone."""

STAGES: tuple[Stage, ...] = (
    "not launched",
    "launched",
    "waiting for a person",
    "syncing",
    "failed home",
    "ready",
    "launching home",
    "home",
    "re-protecting",
    "protected",
    "retiring",
    "done",
)
"""The stages in order. A server that failed to come home is not yet ready to be tried again."""


class ServerWayBack(Plain):
    """How far a server is on its way back. What is not known is None.

    Attributes:
        source_server_id: B1, the source server on the recovery side.
        name: What people call it.
        wave: Its wave.
        stage: How far it is.
        recovery_instance_id: B2, the instance on the recovery side.
        origin: Where its machine came from, as ``111122223333/eu-west-1``.
        reversed_source_server_id: A2, which replicates B2 home.
        home_instance_id: A3, the instance at home; its EC2 instance is A4.
        home_at: When the launch home ended.
        data_lost: From the point in time that A3 was launched from until its launch was asked for.
        lag: How far A2 is behind while it replicates.
        reason: What it waits for, or what stands still and why.
        for_a_person: What DRS cannot do: somebody has to.
    """

    source_server_id: str
    name: str | None
    wave: str
    stage: Stage
    recovery_instance_id: str | None = None
    origin: str | None = None
    reversed_source_server_id: str | None = None
    home_instance_id: str | None = None
    home_at: datetime | None = None
    data_lost: timedelta | None = None
    lag: timedelta | None = None
    reason: str | None = None
    for_a_person: str | None = None
