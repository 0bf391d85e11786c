"""What the loopback service knows: source servers and a job, with the fields that DRS sends.

Everything is worked out from a number, so every run and every peer sees the same bytes. The servers
differ as real ones do: few are alike in disks, systems, addresses, tags and launches, while what
the service itself writes, as the steps of replication, is much the same everywhere. A fleet of
equal servers would flatter whoever shares what is equal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool"

REGION = "eu-west-1"
ACCOUNT = "123456789012"
JOB_ID = "drsjob-3f9a61c0d7b2e8541"

_GIB = 1024**3
_NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
_STEPS = (
    "WAIT",
    "CREATE_SECURITY_GROUP",
    "LAUNCH_REPLICATION_SERVER",
    "BOOT_REPLICATION_SERVER",
    "AUTHENTICATE_WITH_SERVICE",
    "DOWNLOAD_REPLICATION_SOFTWARE",
    "CREATE_STAGING_DISKS",
    "ATTACH_STAGING_DISKS",
    "PAIR_REPLICATION_SERVER_WITH_AGENT",
    "CONNECT_AGENT_TO_REPLICATION_SERVER",
    "START_DATA_TRANSFER",
)
_FAMILIES = ("t3", "t3a", "m5", "m6i", "m7i", "c5", "c6i", "r5", "r6i", "x2idn")
_SIZES = ("medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge")
_ROLES = ("web", "app", "db", "cache", "batch", "queue", "files", "proxy", "search", "build")
_PROCESSORS = (
    "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
    "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz",
    "Intel(R) Xeon(R) Platinum 8488C",
    "Intel(R) Xeon(R) Gold 6248R CPU @ 3.00GHz",
    "Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz",
    "Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz",
    "AMD EPYC 7571",
    "AMD EPYC 7R13 Processor",
    "AMD EPYC 9R14",
)
_WINDOWS = (
    ("2016 Standard", "10.0.14393"),
    ("2019 Datacenter", "10.0.17763"),
    ("2022 Datacenter", "10.0.20348"),
)
_ZONES = "abc"
_IN_ONE_LAUNCH = 40


def source_server(number: int) -> Json:
    """Describe one source server; most are healthy, every eighth lags."""
    chance = Random(number)  # noqa: S311 - no secret: the same for everybody
    server_id = source_server_id(number)
    is_windows = chance.random() < 0.4  # noqa: PLR2004 - two in five
    disks = _disks(chance, is_windows=is_windows)
    instance_id = f"i-{_hex('instance', number)}"
    tags: dict[str, Json] = {
        "Application": f"shop-{chance.randrange(120)}",
        "Environment": chance.choice(("production", "production", "staging")),
        "Name": f"{chance.choice(_ROLES)}-{number:04}",
        "Owner": f"team-{chance.randrange(25)}@example.com",
    }
    if chance.random() < 0.5:  # noqa: PLR2004 - one in two
        tags["Wave"] = str(chance.randrange(1, 9))
    server: dict[str, Json] = {
        "agentVersion": f"5.{chance.randrange(4)}.{chance.randrange(3)}.20260{chance.randrange(9)}",
        "arn": f"arn:aws:drs:{REGION}:{ACCOUNT}:source-server/{server_id}",
        "dataReplicationInfo": _replication(chance, disks, lags=number % 8 == 7),  # noqa: PLR2004
        "lastLaunchResult": "SUCCEEDED" if number % 4 else "NOT_STARTED",
        "lifeCycle": _life_cycle(chance, number),
        "recoveryInstanceId": instance_id,
        "replicationDirection": "FAILOVER",
        "sourceCloudProperties": {
            "originAccountID": str(int(ACCOUNT) + chance.randrange(6)),
            "originAvailabilityZone": f"us-east-1{chance.choice('abcdf')}",
            "originRegion": "us-east-1",
        },
        "sourceProperties": _properties(chance, number, disks, instance_id, is_windows=is_windows),
        "sourceServerID": server_id,
        "stagingArea": {"stagingAccountID": ACCOUNT, "status": "NOT_EXTENDED"},
        "tags": tags,
    }
    return server


def source_server_id(number: int) -> str:
    """Name a source server."""
    return f"s-{_hex('server', number)}"


def job() -> Json:
    """Describe a drill of two servers that is under way: what a waiter polls for."""
    return {
        "arn": f"arn:aws:drs:{REGION}:{ACCOUNT}:job/{JOB_ID}",
        "creationDateTime": _time(timedelta(minutes=6)),
        "initiatedBy": "START_DRILL",
        "jobID": JOB_ID,
        "participatingServers": [
            {"launchStatus": "IN_PROGRESS", "sourceServerID": source_server_id(number)}
            for number in range(2)
        ],
        "status": "STARTED",
        "tags": {"Purpose": "quarterly drill"},
        "type": "LAUNCH",
    }


def _disks(chance: Random, *, is_windows: bool) -> list[tuple[str, int]]:
    """Choose names and sizes: a system disk of a round size, and data disks of any."""
    count = chance.choice((1, 1, 2, 2, 2, 3, 4, 6))
    prefix = chance.choice(("/dev/nvme", "/dev/sd", "/dev/xvd"))
    found: list[tuple[str, int]] = []
    for disk in range(count):
        if is_windows:
            name = f"{chr(ord('c') + disk)}:0"
        else:
            name = f"{prefix}{disk}n1" if prefix.endswith("nvme") else f"{prefix}{chr(97 + disk)}"
        size = chance.choice((30, 50, 80, 100, 128, 200)) if not disk else chance.randrange(8, 2048)
        found.append((name, size * _GIB))
    return found


def _replication(chance: Random, disks: list[tuple[str, int]], *, lags: bool) -> Json:
    begun = _span(chance, 90)
    lag = f"PT{chance.randrange(50)}M{chance.randrange(60)}.{chance.randrange(1000):03}S"
    return {
        "dataReplicationInitiation": {
            "nextAttemptDateTime": _time(begun - timedelta(minutes=30)),
            "startDateTime": _time(begun),
            "steps": [{"name": name, "status": "SUCCEEDED"} for name in _STEPS],
        },
        "dataReplicationState": "BACKLOG" if lags else "CONTINUOUS",
        "lagDuration": lag if lags else "P0D",
        "replicatedDisks": [
            {
                "backloggedStorageBytes": 4096 * chance.randrange(1, 10**7) if lags else 0,
                "deviceName": name,
                "replicatedStorageBytes": size,
                "rescannedStorageBytes": 0,
                "totalStorageBytes": size,
                "volumeStatus": "REGULAR",
            }
            for name, size in disks
        ],
        "stagingAvailabilityZone": f"{REGION}{chance.choice(_ZONES)}",
    }


def _life_cycle(chance: Random, number: int) -> Json:
    added = _span(chance, 400)
    launch = number // _IN_ONE_LAUNCH
    launched: Json = {
        "initiated": {
            "apiCallDateTime": _time(timedelta(days=9, seconds=97 * launch)),
            "jobID": f"drsjob-{_hex('job', launch)}",
            "type": chance.choice(("DRILL", "DRILL", "RECOVERY")),
        },
        "status": "LAUNCHED",
    }
    elapsed = (
        f"P{chance.randrange(90)}DT{chance.randrange(24)}H{chance.randrange(60)}M"
        f"{chance.randrange(60)}.{chance.randrange(1000):03}S"
    )
    return {
        "addedToServiceDateTime": _time(added),
        "elapsedReplicationDuration": elapsed,
        "firstByteDateTime": _time(added - timedelta(minutes=11)),
        "lastLaunch": launched if number % 4 else {"initiated": {}},
        "lastSeenByServiceDateTime": _time(timedelta(seconds=chance.randrange(300))),
    }


def _properties(
    chance: Random,
    number: int,
    disks: list[tuple[str, int]],
    instance_id: str,
    *,
    is_windows: bool,
) -> Json:
    host = f"ip-10-{number // 250}-{number % 250}-17.example.internal"
    cpu: Json = {"cores": chance.choice((1, 2, 4, 8)), "modelName": chance.choice(_PROCESSORS)}
    return {
        "architecture": "x86_64",
        "cpus": [cpu for _ in range(chance.choice((1, 2, 2, 4)))],
        "disks": [{"bytes": size, "deviceName": name} for name, size in disks],
        "identificationHints": {
            "awsInstanceID": instance_id,
            "fqdn": host,
            "hostname": host,
        },
        "lastUpdatedDateTime": _time(_span(chance, 1)),
        "networkInterfaces": [
            _interface(number, which) for which in range(chance.choice((1, 1, 1, 2)))
        ],
        "os": {"fullString": _system(chance, is_windows=is_windows)},
        "ramBytes": chance.choice((4, 8, 16, 32, 64, 128)) * _GIB - chance.randrange(9) * 4096,
        "recommendedInstanceType": f"{chance.choice(_FAMILIES)}.{chance.choice(_SIZES)}",
        "supportsNitroInstances": True,
    }


def _interface(number: int, which: int) -> Json:
    mac = _hex(f"mac {which}", number)
    return {
        "ips": [f"10.{number // 250}.{number % 250}.{17 + which}"],
        "isPrimary": not which,
        "macAddress": ":".join(mac[at : at + 2] for at in range(0, 12, 2)),
    }


def _system(chance: Random, *, is_windows: bool) -> str:
    if is_windows:
        edition, version = chance.choice(_WINDOWS)
        return f"Microsoft Windows Server {edition}, 64-bit, version {version}"
    kernel = (
        f"{chance.choice(('4.18.0', '5.10.0', '5.14.0', '6.1.119'))}-{chance.randrange(20, 60)}0"
    )
    return f"Linux version {kernel}.x86_64 (build@example.com) (gcc version 11.5.0) #1 SMP"


def _hex(kind: str, number: int) -> str:
    return sha256(f"{kind} {number}".encode()).hexdigest()[:17]


def _span(chance: Random, days: int) -> timedelta:
    return timedelta(
        seconds=chance.randrange(3600, 86400 * days), microseconds=chance.randrange(10**6)
    )


def _time(before: timedelta) -> str:
    return (_NOW - before).isoformat()
