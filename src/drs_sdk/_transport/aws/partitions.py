"""Which of AWS's partitions a Region is in, by its name."""

from __future__ import annotations

_PARTITIONS = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}


def partition_of(region_name: str) -> str:
    """Name the partition of a Region; a Region that nobody knows yet is in the public one."""
    for prefix, partition in _PARTITIONS.items():
        if region_name.startswith(prefix):
            return partition
    return "aws"
