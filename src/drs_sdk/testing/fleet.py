"""Source servers that look like real ones, made from a seed.

Sparse where real ones are sparse: names, addresses and versions are missing here and there,
and MAC addresses come in several spellings.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing import replication, stalling
from drs_sdk.testing.isotime import format_datetime

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.account import Account, Resource
    from drs_sdk.testing.documents import Doc
    from drs_sdk.testing.replication import ReplicationState

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class _Role:
    name: str
    os: str
    instance_types: tuple[str, ...]
    disks: tuple[tuple[int, ...], ...]
    windows: bool = False


_LINUX = (
    "Linux version 5.14.0-427.13.1.el9_4.x86_64 (mockbuild@x86-64-02) "
    "(gcc (GCC) 11.4.1) #1 SMP PREEMPT_DYNAMIC"
)
_AMAZON = "Linux version 6.1.92-99.174.amzn2023.x86_64 (mockbuild@ip-10-0-46-202) #1 SMP"
_UBUNTU = "Linux version 6.8.0-31-generic (buildd@lcy02-amd64-080) #31-Ubuntu SMP"
_WINDOWS = "Microsoft Windows Server 2022 Datacenter 10.0.20348"

_ROLES: tuple[_Role, ...] = (
    _Role("web", _AMAZON, ("c5.large", "c6i.large"), ((8,), (20,))),
    _Role("app", _UBUNTU, ("m5.xlarge", "m6i.xlarge"), ((30,), (30, 100))),
    _Role("db", _LINUX, ("r5.2xlarge", "r6i.4xlarge"), ((50, 500, 200), (50, 1000))),
    _Role("cache", _AMAZON, ("r5.large",), ((16,),)),
    _Role("files", _WINDOWS, ("m5.large",), ((100, 2000), (100, 500, 500)), windows=True),
    _Role("dc", _WINDOWS, ("t3.large", "m5.large"), ((80,),), windows=True),
)
_CORES = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
_MEMORY_PER_CORE = {"c": 2 * GIB, "m": 4 * GIB, "r": 8 * GIB, "t": 4 * GIB}
_CPU_MODELS = (
    "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
    "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz",
    "AMD EPYC 7R13 Processor",
)
_HEX = "0123456789abcdef"
_AGENT_VERSIONS = ("5.1.0", "5.2.0.2024.101.0001", "4.9.3")


def add_source_server(
    account: Account, state: ReplicationState, doc: Doc | None = None
) -> Resource:
    """Add a source server that has come as far as `state`.

    Args:
        account: Where to.
        state: How far its replication has come.
        doc: Members that take the place of made-up ones.
    """
    server_id = account.new_id("s")
    arn = account.settings.arn("source-server", server_id)
    made_up = lasting_properties(server_id, len(account.source_servers) + 1, account.stamp())
    base: Doc = {
        "sourceServerID": server_id,
        "arn": arn,
        "lastLaunchResult": "NOT_STARTED",
        "replicationDirection": "FAILOVER",
        "lifeCycle": {
            "addedToServiceDateTime": account.stamp(),
            "lastSeenByServiceDateTime": account.stamp(),
            "lastLaunch": {"initiated": {}},
        },
        "dataReplicationInfo": {"dataReplicationState": "STOPPED"},
        **made_up,
        **(doc or {}),
    }
    server = account.source_servers.add(server_id, base, arn=arn, state={"live": True})
    _bring_to(account, server, state)
    return server


def lasting_properties(seed: str, number: int, updated: str) -> Doc:
    """Make the lasting part of a source server: properties and tags.

    Args:
        seed: Decides everything that varies.
        number: Makes up the name.
        updated: When the properties were last updated, in the service's form.

    Returns:
        `sourceProperties`, `tags` and, for most, `agentVersion`.
    """
    dice = random.Random(seed)  # noqa: S311 - repeatable fleets, no secrets
    role = dice.choice(_ROLES)
    name = f"{role.name}-{number:04d}"
    instance_type = dice.choice(role.instance_types)
    family, size = instance_type.split(".")
    cores = _CORES[size]
    properties: Doc = {
        "lastUpdatedDateTime": updated,
        "recommendedInstanceType": instance_type,
        "identificationHints": _hints(dice, role, name),
        "networkInterfaces": _interfaces(dice),
        "disks": _disks(dice, role),
        "cpus": [{"cores": 1, "modelName": dice.choice(_CPU_MODELS)}] * cores,
        "ramBytes": cores * _MEMORY_PER_CORE[family[0]] - dice.randrange(64) * 1024**2,
        "os": {"fullString": role.os},
    }
    if _chance(dice, 80):
        properties["supportsNitroInstances"] = True
        properties["architecture"] = "x86_64"
    tags = {"Name": name}
    if _chance(dice, 70):
        tags |= {"Application": dice.choice(("shop", "billing", "portal")), "Role": role.name}
    server: Doc = {"sourceProperties": properties, "tags": tags}
    if _chance(dice, 90):
        server["agentVersion"] = dice.choice(_AGENT_VERSIONS)
    return server


def _bring_to(account: Account, server: Resource, state: ReplicationState) -> None:
    if state == "STOPPED":
        return
    replication.start(account, server)
    if state == "INITIATING":
        return
    account.timeline.cancel(server.id)
    info: Doc = server.doc["dataReplicationInfo"]
    for step in info["dataReplicationInitiation"]["steps"]:
        step["status"] = "SUCCEEDED"
    if state == "INITIAL_SYNC":
        replication.begin_sync(account, server)
        return
    # The other states are those of a server that has replicated for weeks.
    life: Doc = server.doc["lifeCycle"]
    added = account.now - timedelta(days=20 + server.seq % 60, minutes=server.seq % 1440)
    life["addedToServiceDateTime"] = format_datetime(added)
    life["firstByteDateTime"] = format_datetime(added + timedelta(minutes=4))
    if state == "CREATING_SNAPSHOT":
        replication.sync_ended(account, server.id, {})
        return
    server.state["protected_since"] = life["firstByteDateTime"]
    replication.snapshot_taken(account, server.id, {})
    if state == "RESCAN":
        replication.begin_sync(account, server)
    elif state in _LATER:
        _LATER[state](account, server)


_LATER: dict[str, Callable[[Account, Resource], None]] = {
    "BACKLOG": lambda account, server: stalling.set_lag(
        account, server, timedelta(minutes=10), state="BACKLOG"
    ),
    "PAUSED": lambda account, server: stalling.set_lag(
        account, server, timedelta(0), growth=1.0, state="PAUSED"
    ),
    "STALLED": stalling.stall,
    "DISCONNECTED": replication.disconnect,
}
"""What befell a server that had come as far as CONTINUOUS."""


def _hints(dice: random.Random, role: _Role, name: str) -> Doc:
    hints: Doc = {"hostname": name.upper() if role.windows else name}
    if _chance(dice, 80):
        hints["fqdn"] = f"{name}.corp.example.com"
    if _chance(dice, 50):
        hints["awsInstanceID"] = "i-0" + _digits(dice, 16)
    else:
        digits = _digits(dice, 32)
        hints["vmWareUuid"] = "-".join(
            (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        )
    return hints


def _interfaces(dice: random.Random) -> list[Doc]:
    count = 2 if _chance(dice, 20) else 1
    return [
        {
            "macAddress": _mac_address(dice),
            "ips": [] if _chance(dice, 10) else [f"10.{dice.randrange(256)}.{index}.{number}"],
            "isPrimary": index == 0,
        }
        for index in range(count)
        for number in (dice.randrange(4, 250),)
    ]


def _mac_address(dice: random.Random) -> str:
    digits = "02" + _digits(dice, 10)
    pairs = [digits[start : start + 2] for start in range(0, 12, 2)]
    return dice.choice((":".join(pairs), "-".join(pairs).upper(), digits))


def _disks(dice: random.Random, role: _Role) -> list[Doc]:
    if role.windows:
        names = ["c:0", "d:1", "e:2"]
    else:
        names = dice.choice(
            (["/dev/nvme0n1", "/dev/nvme1n1", "/dev/nvme2n1"], ["/dev/sda", "/dev/sdb", "/dev/sdc"])
        )
    sizes = dice.choice(role.disks)
    return [{"deviceName": names[i], "bytes": size * GIB} for i, size in enumerate(sizes)]


def _chance(dice: random.Random, percent: int) -> bool:
    return dice.randrange(100) < percent


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choices(_HEX, k=count))
