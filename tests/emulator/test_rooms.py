"""The emulator's house: rooms that stand on each other, none overfull, no circle of imports."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

from drs_sdk import testing

HOUSE = Path(testing.__file__).parent
MOST_LINES = 400
MOST_FILES = 20


def _modules() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in HOUSE.rglob("*.py"):
        parts = (testing.__name__, *path.relative_to(HOUSE).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def _imports(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the emulator's modules that a file imports, for types only or inside functions too."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            named |= inside & modules.keys() or {node.module}
    return named & modules.keys()


def test_no_circle_of_imports_is_left_not_even_for_types() -> None:
    modules = _modules()
    graph = {name: _imports(path, modules) for name, path in modules.items()}
    assert sum(map(len, graph.values())) > len(graph)
    # `prepare` raises CycleError, which names the circle.
    TopologicalSorter(graph).prepare()


def test_no_file_is_too_long_and_no_room_too_full() -> None:
    paths = _modules().values()
    lengths = {str(path.relative_to(HOUSE)): len(path.read_text().splitlines()) for path in paths}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}
    rooms = Counter(str(path.parent) for path in paths)
    assert {room: count for room, count in rooms.items() if count > MOST_FILES} == {}
