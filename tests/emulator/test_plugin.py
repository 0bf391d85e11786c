"""The pytest plugin, run as users run it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_LOOP = "asyncio_default_fixture_loop_scope=function\n"
_TEST = """
import pytest

{mark}
async def test_one(drs, drs_emulator):
    drs_emulator.add_source_servers(2)
    assert len([s async for s in drs.describe_source_servers()]) == 2

{mark}
async def test_two(drs):
    assert (await drs.describe_source_servers()).items == []
"""


def _run(folder: Path, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    run = subprocess.run(  # noqa: S603
        [*command, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": "", **environment},
    )
    return run.stdout + run.stderr


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_fixtures_work_in_both_modes_of_pytest_asyncio(tmp_path: Path, mode: str) -> None:
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    text = _TEST.format(mark=mark)
    (tmp_path / "test_it.py").write_text(text)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nasyncio_mode={mode}\n{_LOOP}")
    # Whether or not the installed package registers the plugin, it is loaded once.
    output = _run(tmp_path, "-W", "error", "-p", "no:drs_sdk", "-p", "drs_sdk.testing.plugin")
    assert "2 passed" in output, output


def test_without_pytest_asyncio_the_fixtures_say_so(tmp_path: Path) -> None:
    (tmp_path / "pytest_asyncio.py").write_text("raise ImportError('not installed')\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_one(drs, drs_emulator):\n    pass\n")
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(tmp_path)}
    output = _run(tmp_path, "-p", "drs_sdk.testing.plugin", **environment)
    assert "install pytest-asyncio" in output
    assert "1 error" in output
