"""The garbage collector belongs to the application."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import drs_sdk

SOURCE = Path(drs_sdk.__file__).parent


def modules_imported_by(text: str) -> set[str]:
    """List the modules that a source file imports, wherever in it it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_no_module_imports_gc() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    assert files
    assert [
        each.name for each in files if "gc" in modules_imported_by(each.read_text("utf-8"))
    ] == []


@pytest.mark.parametrize(
    "text", ["import gc", "def f():\n    from gc import collect", "import gc as g"]
)
def test_an_import_would_be_seen(text: str) -> None:
    assert "gc" in modules_imported_by(text)
