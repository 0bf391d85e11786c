"""What the figures were measured with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

_LIBRARIES = (
    "drs-sdk",
    "aiobotocore",
    "botocore",
    "aiohttp",
    "pydantic",
    "pydantic-core",
    "capo-drs",
    "aws-resource-validator-drs",
    "orjson",
)


def describe() -> str:
    """Say it in two lines; nothing that tells one machine from another of its kind."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, {python}."
    return f"{machine}\n" + ", ".join(filter(None, map(_named, _LIBRARIES))) + "."


def _named(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:  # not every benchmark needs all of them
        return ""
