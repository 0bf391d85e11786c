"""What `preload` has done, no client does again."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

import drs_sdk
from drs_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_environment")

LATER = """
import asyncio, sys
import drs_sdk

before = "{way}"
if before == "async":
    asyncio.run(drs_sdk.preload())
elif before == "sync":
    drs_sdk.preload_sync()

late = []
def note(event, arguments):
    if event == "import" and arguments[1]:
        late.append(str(arguments[0]))
    elif event == "open" and str(arguments[0]).endswith((".json", ".gz", ".pem", ".py", ".pyc")):
        late.append(str(arguments[0]))
sys.addaudithook(note)

from drs_sdk import DRSClient
from drs_sdk.models import DescribeSourceServersResponse

async def main():
    async with DRSClient(
        region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    ) as drs:
        assert drs.region_name == "eu-west-1"

asyncio.run(main())
print(len(late), DescribeSourceServersResponse.__pydantic_complete__)
print(*late, file=sys.stderr)
"""


def loaded_late(way: str) -> tuple[int, bool, str]:
    """Count the files that opening a client reads after a preload, or after none."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LATER.format(way=way)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    count, complete = done.stdout.split()
    return int(count), complete == "True", done.stderr


@pytest.mark.parametrize("way", ["async", "sync"])
def test_a_client_opens_without_a_file_read_or_a_module_loaded(way: str) -> None:
    count, complete, which = loaded_late(way)
    assert count == 0, which
    assert complete


def test_without_it_a_client_reads_many() -> None:
    count, complete, _ = loaded_late("not at all")
    assert count > 50
    assert not complete


async def test_it_works_while_a_loop_runs_and_in_many_threads_at_once() -> None:
    drs_sdk.preload_sync()
    threads = [threading.Thread(target=drs_sdk.preload_sync) for _ in range(4)]
    for thread in threads:
        thread.start()
    await drs_sdk.preload()
    for thread in threads:
        thread.join()


async def test_it_fails_as_opening_a_client_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(ConfigurationError, match="no-such-profile"):
        await drs_sdk.preload()
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(ConfigurationError, match="CA bundle"):
        drs_sdk.preload_sync()
