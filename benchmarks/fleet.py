"""What the loopback service knows: source servers and a job, with the fields that DRS sends.

Everything is worked out from a number, so every run and every peer sees the same bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
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
_TYPES = ("t3.large", "m5.xlarge", "c5.2xlarge", "r5.large")
_ROLES = ("web", "app", "db", "cache", "batch")
_SYSTEMS = (
    "Linux version 5.14.0-503.el9.x86_64 (build@example.com) (gcc version 11.5.0) #1 SMP",
    "Linux version 6.1.119-129.201.amzn2023.x86_64 (build@example.com) (gcc version 11.4.1) #1 SMP",
    "Microsoft Windows Server 2022 Datacenter, 64-bit, version 10.0.20348",
)


def source_server(number: int) -> Json:
    """Describe one source server; most are healthy, every eighth lags."""
    server_id = source_server_id(number)
    lags = number % 8 == 7  # noqa: PLR2004 - every eighth
    disks = [(f"/dev/nvme{disk}n1", (8 << disk) * _GIB) for disk in range(1 + number % 3)]
    instance_id = f"i-{_hex('instance', number)}"
    return {
        "agentVersion": "5.3.1.20260114",
        "arn": f"arn:aws:drs:{REGION}:{ACCOUNT}:source-server/{server_id}",
        "dataReplicationInfo": _replication(number, disks, lags=lags),
        "lastLaunchResult": "SUCCEEDED" if number % 4 else "NOT_STARTED",
        "lifeCycle": _life_cycle(number),
        "recoveryInstanceId": instance_id,
        "replicationDirection": "FAILOVER",
        "sourceCloudProperties": {
            "originAccountID": ACCOUNT,
            "originAvailabilityZone": f"us-east-1{'abc'[number % 3]}",
            "originRegion": "us-east-1",
        },
        "sourceProperties": _properties(number, disks, instance_id),
        "sourceServerID": server_id,
        "stagingArea": {"stagingAccountID": ACCOUNT, "status": "NOT_EXTENDED"},
        "tags": {
            "Application": f"shop-{number % 40}",
            "Environment": "production",
            "Name": f"{_ROLES[number % len(_ROLES)]}-{number:04}",
            "Role": _ROLES[number % len(_ROLES)],
        },
    }


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


def _replication(number: int, disks: list[tuple[str, int]], *, lags: bool) -> Json:
    begun = timedelta(days=40 + number % 50, seconds=number)
    backlog = 4096 * (number + 1) if lags else 0
    return {
        "dataReplicationInitiation": {
            "nextAttemptDateTime": _time(begun - timedelta(minutes=30)),
            "startDateTime": _time(begun),
            "steps": [{"name": name, "status": "SUCCEEDED"} for name in _STEPS],
        },
        "dataReplicationState": "BACKLOG" if lags else "CONTINUOUS",
        "lagDuration": f"PT{1 + number % 50}M{number % 60}.{number % 1000:03}S" if lags else "P0D",
        "replicatedDisks": [
            {
                "backloggedStorageBytes": backlog,
                "deviceName": name,
                "replicatedStorageBytes": size,
                "rescannedStorageBytes": 0,
                "totalStorageBytes": size,
                "volumeStatus": "REGULAR",
            }
            for name, size in disks
        ],
        "stagingAvailabilityZone": f"{REGION}{'abc'[number % 3]}",
    }


def _life_cycle(number: int) -> Json:
    added = timedelta(days=41 + number % 50, seconds=number)
    launched: Json = {
        "initiated": {
            "apiCallDateTime": _time(timedelta(days=9, seconds=number % 600)),
            "jobID": f"drsjob-{_hex('job', number // 50)}",
            "type": "DRILL",
        },
        "status": "LAUNCHED",
    }
    return {
        "addedToServiceDateTime": _time(added),
        "elapsedReplicationDuration": f"P{40 + number % 50}DT{number % 24}H{number % 60}M12.136S",
        "firstByteDateTime": _time(added - timedelta(minutes=11)),
        "lastLaunch": launched if number % 4 else {"initiated": {}},
        "lastSeenByServiceDateTime": _time(timedelta(seconds=number % 300)),
    }


def _properties(number: int, disks: list[tuple[str, int]], instance_id: str) -> Json:
    host = f"ip-10-{number // 250}-{number % 250}-17.example.internal"
    mac = _hex("mac", number)
    return {
        "architecture": "x86_64",
        "cpus": [
            {"cores": 1, "modelName": "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz"}
            for _ in range(2 + 2 * (number % 2))
        ],
        "disks": [{"bytes": size, "deviceName": name} for name, size in disks],
        "identificationHints": {
            "awsInstanceID": instance_id,
            "fqdn": host,
            "hostname": host,
        },
        "lastUpdatedDateTime": _time(timedelta(hours=1 + number % 20, seconds=number)),
        "networkInterfaces": [
            {
                "ips": [f"10.{number // 250}.{number % 250}.17"],
                "isPrimary": True,
                "macAddress": ":".join(mac[at : at + 2] for at in range(0, 12, 2)),
            }
        ],
        "os": {"fullString": _SYSTEMS[number % len(_SYSTEMS)]},
        "ramBytes": (4 << number % 4) * _GIB,
        "recommendedInstanceType": _TYPES[number % len(_TYPES)],
        "supportsNitroInstances": True,
    }


def _hex(kind: str, number: int) -> str:
    return sha256(f"{kind} {number}".encode()).hexdigest()[:17]


def _time(before: timedelta) -> str:
    return (_NOW - before).isoformat()
