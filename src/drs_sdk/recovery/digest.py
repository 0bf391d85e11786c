"""What makes two runbooks the same plan, in a few characters that stand in a tag."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_sdk.recovery.servers import Servers, TargetPattern
    from drs_sdk.recovery.wave import Wave

_LENGTH = 16


def digest_of(name: str, waves: Sequence[Wave], after: Mapping[str, Sequence[str]]) -> str:
    """Digest the name, and the waves' names, order, ``after`` and selectors.

    It never changes for the same plan, from release to release: jobs of years carry it. So what
    is not given is left out, and a way to select that is added later changes no old plan.

    Args:
        name: The runbook's name.
        waves: Its waves, as they are listed.
        after: For each wave, the waves that it comes after.
    """
    plan = {
        "name": name,
        "waves": [
            {
                "name": wave.name,
                "after": sorted(set(after[wave.name])),
                "servers": _selector(wave.servers),
            }
            for wave in waves
        ],
    }
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()[:_LENGTH]


def _selector(servers: Servers) -> dict[str, object]:
    """Write down what selects, in an order of its own: lists of a selector have none."""
    ways: dict[str, object] = {}
    if servers.source_server_ids is not None:
        ways["source_server_ids"] = sorted(set(servers.source_server_ids))
    if servers.tags is not None:
        ways["tags"] = dict(servers.tags)
    if servers.names is not None:
        ways["names"] = sorted(set(servers.names))
    if servers.all:
        ways["all"] = True
    if servers.targets is not None:
        ways["targets"] = sorted({_target(each) for each in servers.targets})
    return ways


def _target(pattern: TargetPattern) -> tuple[str, str]:
    return pattern.region_name or "*", pattern.account_id or "*"
