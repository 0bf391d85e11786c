"""Where requests go and what they are signed for, by many settings: ours and raw aiobotocore's.

    python benchmarks/endpoints.py

Prints how many settings differ, of how many. Nothing is sent: a handler takes each request away.
"""

from __future__ import annotations

import asyncio
import os
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.loaders import create_loader

from drs_sdk import DRSClient
from drs_sdk.errors import DRSError

_LOADER = create_loader()  # keeps the service model that it has read
_CONFIG = """
[profile plain]
region = us-west-2
[profile fips]
region = us-east-1
use_fips_endpoint = true
[profile dual]
region = eu-central-1
use_dualstack_endpoint = true
[profile services]
region = eu-west-1
services = ours
[services ours]
drs =
  endpoint_url = https://drs.example.internal/with/a/path
[profile url]
region = eu-north-1
endpoint_url = https://all.example.internal
"""
_REGIONS = ("us-gov-west-1", "cn-north-1")
_KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "benchmark"}
_PROFILES = ("plain", "fips", "dual", "services", "url")
_URLS = (None, "https://vpce.example.internal/a/path/")
_VARIANTS = ((None, None), (True, None), (None, True), (True, True))


class _TakenError(Exception):
    """Ends a call before it leaves."""


def _session(profile: str, seen: list[tuple[str, str]]) -> AioSession:
    session = AioSession(profile=profile)
    session.register_component("data_loader", _LOADER)

    def take(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        signed = request.headers["Authorization"]
        text = signed.decode() if isinstance(signed, bytes) else signed
        scope = text.partition("Credential=")[2].split(",")[0].split("/")[2:]
        seen.append((request.url, "/".join(scope)))
        raise _TakenError

    session.get_component("event_emitter").register_first("before-send.drs", take)
    return session


async def where(
    ours: bool,  # noqa: FBT001 - one of two
    profile: str,
    region: str | None,
    url: str | None,
    config: AioConfig,
) -> object:
    """Say where a request would go; or that it would not."""
    seen: list[tuple[str, str]] = []
    session = _session(profile, seen)
    options: Any = {"region_name": region, "endpoint_url": url, "config": config, **_KEYS}
    try:
        if ours:
            async with DRSClient(session=session, **options) as drs:
                await drs.describe_jobs()
        else:
            raw: Any = session.create_client("drs", **options)
            async with raw as client:
                await client.describe_jobs()
    except DRSError:
        pass
    except Exception:  # noqa: BLE001, S110 - whatever raw aiobotocore raises
        pass
    return seen[:1]


def _settings() -> list[tuple[str, str | None, str | None, tuple[bool | None, bool | None]]]:
    """List every profile with its own Region, and one of them with the others."""
    places = [(profile, None) for profile in _PROFILES] + [("plain", each) for each in _REGIONS]
    return [(*place, url, kind) for place, url, kind in product(places, _URLS, _VARIANTS)]


async def main() -> None:
    """Compare."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "config")
        path.write_text(_CONFIG)  # noqa: ASYNC240 - nothing else runs
        os.environ["AWS_CONFIG_FILE"] = str(path)
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            os.environ.pop(name, None)
        different = count = sent = 0
        for profile, region, url, (fips, dual) in _settings():
            config: Any = AioConfig(
                use_fips_endpoint=fips,
                use_dualstack_endpoint=dual,
                retries={"total_max_attempts": 1},
            )
            mine, theirs = [
                await where(ours, profile, region, url, config) for ours in (True, False)
            ]
            count += 1
            sent += bool(theirs)
            if mine != theirs:
                different += 1
                print(profile, region, url, fips, dual, mine, theirs)
    assert sent > count / 2, "hardly anything would have been sent"
    print(different, count)


if __name__ == "__main__":
    asyncio.run(main())
