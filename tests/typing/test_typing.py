"""What type checkers and IDEs see of the package."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import drs_sdk
from drs_sdk import DRSClient

ROOT = Path(__file__).parents[2]
USER_CODE = Path(__file__).with_name("user_code.py")
WRONG_CODE = Path(__file__).with_name("wrong_code.py")
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
BIN = Path(sys.executable).parent
SOURCE = Path(drs_sdk.__file__).parent
EMULATOR_ROOMS = {
    file.relative_to(SOURCE).parent for file in SOURCE.glob("testing/*/**/__init__.py")
}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment; what it finds out is read from its output."""
    return subprocess.run(  # noqa: S603
        [str(part) for part in command],
        cwd=ROOT,
        env={
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            # What stands in for engines, which are not installed here. --verifytypes reads no
            # configuration, and so would not find it.
            "PYTHONPATH": os.pathsep.join((str(SOURCE.parent), str(ROOT / "typings"))),
        },
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


def marked() -> dict[int, str]:
    """Find the lines of the wrong code that say which rule they break."""
    lines = {
        number: match.group(1)
        for number, line in enumerate(WRONG_CODE.read_text().splitlines(), 1)
        if (match := re.search(r"# error: (\w+)$", line))
    }
    assert len(lines) > 70
    return lines


def test_mistakes_are_found_where_they_are_and_nowhere_else(
    found: dict[Path, list[dict[str, Any]]],
) -> None:
    expected = marked()
    rules: dict[int, set[str]] = {}
    for diagnostic in found[WRONG_CODE]:
        line = diagnostic["range"]["start"]["line"] + 1
        rules.setdefault(line, set()).add(diagnostic.get("rule", "none"))
    missed = {line: rule for line, rule in expected.items() if rule not in rules.get(line, set())}
    assert missed == {}
    assert {line: rule for line, rule in rules.items() if line not in expected} == {}


def test_mypy_finds_the_same_mistakes() -> None:
    done = run(sys.executable, "-m", "mypy", "--strict", "--no-error-summary", WRONG_CODE)
    told = re.findall(r"wrong_code\.py:(\d+): error: ", done.stdout)
    assert {int(line) for line in told} == set(marked()), done.stdout + done.stderr


def test_every_wait_is_in_the_wrong_code() -> None:
    waits = {name for name in dir(DRSClient) if name.startswith(("wait_until_", "watch_"))}
    assert len(waits) > 15
    assert waits <= set(re.findall(r"drs\.(\w+)\(3\)", WRONG_CODE.read_text()))


def is_alias(value: ast.expr) -> bool:
    """Whether a type is built here: a union, or a generic with its arguments."""
    return (isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr)) or (
        isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name)
    )


def test_every_alias_says_that_it_is_one() -> None:
    """Mypy takes one that crosses modules in a circle for a variable, and so for `Any`."""
    implicit: list[str] = []
    for file in sorted(SOURCE.rglob("*.py")):
        text = file.read_text()
        if text.startswith("# Generated") or file.relative_to(SOURCE).parent in EMULATOR_ROOMS:
            continue  # nobody's signatures: literals to the last, or inside the emulator
        tree = ast.parse(text)
        guarded = [part for node in tree.body if isinstance(node, ast.If) for part in node.body]
        implicit += [
            f"{file.relative_to(SOURCE)}:{node.lineno}"
            for node in (*tree.body, *guarded)
            if isinstance(node, ast.Assign) and is_alias(node.value)
        ]
    assert implicit == []


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
