"""What the caller has a say in: approvals before waves, checks around them, word of progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from drs_sdk.recovery.status import RunStatus

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk.recovery.runbook import Wave


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveGate:
    """A wave that waits for an approval.

    Attributes:
        run: The run's name.
        wave: The wave.
        source_server_ids: Its servers.
        status: Where the whole run stands.
    """

    run: str
    wave: Wave
    source_server_ids: tuple[str, ...]
    status: RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchedInstance:
    """What a server was launched as.

    Attributes:
        source_server_id: The source server.
        name: What people call it.
        wave: Its wave.
        recovery_instance_id: The recovery instance.
        ec2_instance_id: The EC2 instance.
        addresses: Its private addresses, as DRS knows them.
    """

    source_server_id: str
    name: str | None
    wave: str
    recovery_instance_id: str | None
    ec2_instance_id: str | None
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookContext:
    """What a hook is told.

    Attributes:
        run: The run's name.
        wave: The wave that it is about.
        instances: After a wave its instances; before one those of the waves that it comes after.
        deadline: When the whole launch gives up, by its clock; None where it does not.
    """

    run: str
    wave: Wave
    instances: tuple[LaunchedInstance, ...]
    deadline: datetime | None


Approve: TypeAlias = Callable[[WaveGate], bool | Awaitable[bool]]
"""Says whether a wave may start."""

WaveHook: TypeAlias = Callable[[HookContext], object | Awaitable[object]]
"""Something that the caller does before or after a wave."""

OnStatus: TypeAlias = Callable[[RunStatus], Awaitable[None] | None]
"""Is told where the run stands, on each change; what it raises does not end the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookResult:
    """What a hook did.

    Attributes:
        wave: The wave; empty for ``update``, which is about the whole run.
        when: ``approve``, ``before``, ``after`` or ``update``.
        returned: What it returned, as text; None for nothing.
        error: What it raised, as text; None where it did not.
    """

    wave: str
    when: str
    returned: str | None
    error: str | None
