"""The types of a function's parameters, as objects."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def parameter_types(function: Callable[..., object]) -> dict[str, object]:
    """Return the type of each parameter.

    Modules import many types for type checkers only; those that the annotations name are looked
    up where the module says they stand.

    Raises:
        NameError: An annotation names what its module does not know.
    """
    known = _type_checking_imports(function.__module__)
    named = {name for text in inspect.get_annotations(function).values() for name in _names(text)}
    found = {name: _load(*known[name]) for name in named & known.keys()}
    types: dict[str, object] = get_type_hints(function, localns=found, include_extras=True)
    types.pop("return", None)
    return types


def _names(annotation: object) -> Iterator[str]:
    if isinstance(annotation, str):
        for node in ast.walk(ast.parse(annotation, mode="eval")):
            if isinstance(node, ast.Name):
                yield node.id


def _load(module: str, name: str) -> object:
    found: object = getattr(import_module(module), name)
    return found


@cache
def _type_checking_imports(module: str) -> dict[str, tuple[str, str]]:
    """Return where each name stands that a module imports under `if TYPE_CHECKING`."""
    blocks = [
        block
        for block in ast.parse(inspect.getsource(sys.modules[module])).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
    ]
    return {
        alias.asname or alias.name: (statement.module, alias.name)
        for block in blocks
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module is not None
        for alias in statement.names
    }
