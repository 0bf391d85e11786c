"""Type checkers know what every wait and watch returns."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from drs_sdk import DRSClient

HERE = Path(__file__).parent
CODE = HERE / "typing_of_waits.py"
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent


def test_every_wait_and_watch_stands_in_the_typed_code() -> None:
    used = set(re.findall(r"drs\.(\w+)\(", CODE.read_text(encoding="utf-8")))
    methods = {name for name in dir(DRSClient) if name.startswith(("wait_until_", "watch_"))}
    assert used == methods | {"explain_job", "notify"}


def test_basedpyright_agrees(tmp_path: Path) -> None:
    """In strict mode, and every mistake in the code is one: no comment is there in vain."""
    config = tmp_path / "pyrightconfig.json"
    config.write_text(
        '{"typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": "error", '
        f'"include": ["{CODE}"], "extraPaths": ["{ROOT / "src"}"]}}',
        encoding="utf-8",
    )
    done = subprocess.run(  # noqa: S603 - our own tool on our own file
        [BIN / "basedpyright", "--project", config, "--pythonpath", sys.executable],
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
