"""What type checkers and IDEs see of the package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
USER_CODE = Path(__file__).with_name("user_code.py")
WRONG_CODE = Path(__file__).with_name("wrong_code.py")
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
BIN = Path(sys.executable).parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment; what it finds out is read from its output."""
    return subprocess.run(  # noqa: S603
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def basedpyright(*arguments: str | Path) -> dict[str, Any]:
    done = run(BIN / "basedpyright", "--outputjson", *arguments)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def found() -> dict[Path, list[dict[str, Any]]]:
    """Check all files in one go: starting the checker is what takes time."""
    files = [USER_CODE, WRONG_CODE]
    report = basedpyright("--pythonpath", sys.executable, *files)
    by_file: dict[Path, list[dict[str, Any]]] = {file: [] for file in files}
    for diagnostic in report["generalDiagnostics"]:
        if diagnostic["severity"] == "error":
            by_file[Path(diagnostic["file"])].append(diagnostic)
    return by_file


def test_basedpyright_takes_user_code_in_strict_mode(
    found: dict[Path, list[dict[str, Any]]],
) -> None:
    assert [
        f"{diagnostic['range']['start']['line'] + 1}: {diagnostic['message']}"
        for diagnostic in found[USER_CODE]
    ] == []


def test_mypy_takes_user_code_in_strict_mode() -> None:
    done = run(sys.executable, "-m", "mypy", "--strict", USER_CODE, *EXAMPLES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mistakes_are_found_where_they_are_and_nowhere_else(
    found: dict[Path, list[dict[str, Any]]],
) -> None:
    marked = {
        number: match.group(1)
        for number, line in enumerate(WRONG_CODE.read_text().splitlines(), 1)
        if (match := re.search(r"# error: (\w+)$", line))
    }
    assert len(marked) > 40
    rules: dict[int, set[str]] = {}
    for diagnostic in found[WRONG_CODE]:
        line = diagnostic["range"]["start"]["line"] + 1
        rules.setdefault(line, set()).add(diagnostic.get("rule", "none"))
    missed = {line: rule for line, rule in marked.items() if rule not in rules.get(line, set())}
    assert missed == {}
    assert {line: rule for line, rule in rules.items() if line not in marked} == {}


def test_every_public_name_has_a_known_type() -> None:
    report = basedpyright("--verifytypes", "drs_sdk", "--ignoreexternal")["typeCompleteness"]
    incomplete = [
        f"{symbol['name']}: {diagnostic['message'].splitlines()[0]}"
        for symbol in report["symbols"]
        if symbol["isExported"] and not (symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"])
        for diagnostic in symbol["diagnostics"]
    ]
    assert report["pyTypedPath"]
    assert incomplete == []
    assert report["completenessScore"] == 1
