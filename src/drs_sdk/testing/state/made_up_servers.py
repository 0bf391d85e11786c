"""The lasting part of source servers that look like real ones, made from a seed.

Sparse where real ones are sparse: names, addresses and versions are missing here and there,
and MAC addresses come in several spellings.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.testing.service.documents import Doc

_GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudOrigin:
    """Where in EC2 a machine is.

    Attributes:
        region: Its Region.
        account_id: Its account.
    """

    region: str
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is said of a machine before it is made up.

    Attributes:
        origin: Where in EC2 it is; None: outside of EC2.
        os: Its operating system, as its agent reports it; None leaves it to the dice.
        tags: Its source server's tags, besides `Name`; None leaves them to the dice.
    """

    origin: CloudOrigin | None = None
    os: str | None = None
    tags: Mapping[str, str] | None = None


OUTSIDE_EC2 = Machine()


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
_MEMORY_PER_CORE = {"c": 2 * _GIB, "m": 4 * _GIB, "r": 8 * _GIB, "t": 4 * _GIB}
_CPU_MODELS = (
    "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
    "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz",
    "AMD EPYC 7R13 Processor",
)
_HEX = "0123456789abcdef"
_AGENT_VERSIONS = ("5.1.0", "5.2.0.2024.101.0001", "4.9.3")


def lasting_properties(seed: str, number: int, updated: str, machine: Machine = OUTSIDE_EC2) -> Doc:
    """Make the lasting part of a source server: properties and tags.

    Args:
        seed: Decides everything that varies.
        number: Makes up the name.
        updated: When the properties were last updated, in the service's form.
        machine: What is settled already.

    Returns:
        `sourceProperties`, `tags`, of machines in EC2 `sourceCloudProperties` and, for most,
        `agentVersion`.
    """
    dice = random.Random(seed)  # noqa: S311 - repeatable fleets, no secrets
    role = dice.choice(_roles_of(machine.os))
    name = f"{role.name}-{number:04d}"
    instance_type = dice.choice(role.instance_types)
    family, size = instance_type.split(".")
    cores = _CORES[size]
    properties: Doc = {
        "lastUpdatedDateTime": updated,
        "recommendedInstanceType": instance_type,
        "identificationHints": _hints(dice, role, name, machine),
        "networkInterfaces": _interfaces(dice),
        "disks": _disks(dice, role),
        "cpus": [{"cores": 1, "modelName": dice.choice(_CPU_MODELS)}] * cores,
        "ramBytes": cores * _MEMORY_PER_CORE[family[0]] - dice.randrange(64) * 1024**2,
        "os": {"fullString": machine.os or role.os},
    }
    if _chance(dice, 80):
        properties["supportsNitroInstances"] = True
        properties["architecture"] = "x86_64"
    tags = {"Name": name}
    if machine.tags is not None:
        tags |= machine.tags
    elif _chance(dice, 70):
        tags |= {"Application": dice.choice(("shop", "billing", "portal")), "Role": role.name}
    server: Doc = {"sourceProperties": properties, "tags": tags}
    if _chance(dice, 90):
        server["agentVersion"] = dice.choice(_AGENT_VERSIONS)
    if machine.origin is not None:
        region = machine.origin.region
        server["sourceCloudProperties"] = {
            "originAccountID": machine.origin.account_id,
            "originRegion": region,
            "originAvailabilityZone": region + dice.choice("abc"),
        }
    return server


def _roles_of(os: str | None) -> tuple[_Role, ...]:
    """Return the roles that machines of an operating system play."""
    if os is None:
        return _ROLES
    windows = "windows" in os.lower()
    return tuple(role for role in _ROLES if role.windows == windows)


def _hints(dice: random.Random, role: _Role, name: str, machine: Machine) -> Doc:
    hints: Doc = {"hostname": name.upper() if role.windows else name}
    if _chance(dice, 80):
        hints["fqdn"] = f"{name}.corp.example.com"
    if machine.origin is not None:
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
    return [{"deviceName": names[i], "bytes": size * _GIB} for i, size in enumerate(sizes)]


def _chance(dice: random.Random, percent: int) -> bool:
    return dice.randrange(100) < percent


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choices(_HEX, k=count))
