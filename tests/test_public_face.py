"""The face of the package: its names, its documentation, and the rules of the house."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

import drs_sdk
from drs_sdk import DRSClient, Pager, errors, events, models
from drs_sdk._transport import api_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SOURCE = Path(drs_sdk.__file__).parent
ROOT = Path(__file__).parents[1]
FILES = sorted(SOURCE.rglob("*.py"))
GENERATED = [
    file
    for file in FILES
    if file.parent.name in {"models", "operations"}
    or str(file.relative_to(SOURCE)) in {"enums.py", "scalars.py", "waiters/methods.py"}
]
HAND_WRITTEN = [file for file in FILES if file not in GENERATED]
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages([str(SOURCE)], "drs_sdk.")
    if not module.name.rpartition(".")[2].startswith("__main__")
)
OPTIONAL = {
    "drs_sdk.airflow": "airflow",
    "drs_sdk.otel": "opentelemetry",
    "drs_sdk.progress": "rich",
    "drs_sdk.recovery.progress": "rich",
    "drs_sdk.recovery.yaml_loading": "yaml",
    "drs_sdk.temporal": "temporalio",
}
ENGINES = {"airflow", "temporal"}
"""Rooms that load only where the engine is installed: `make test-engines`."""


def name_of(file: Path) -> str:
    return str(file.relative_to(SOURCE))


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def load(name: str) -> ModuleType:
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name])
    return importlib.import_module(name)


# Names


@pytest.mark.parametrize("name", ["drs_sdk", *MODULES])
def test_everything_that_a_module_exports_is_there(name: str) -> None:
    module = load(name)
    exported = getattr(module, "__all__", [])
    assert len(set(exported)) == len(exported)
    for member in exported:
        assert getattr(module, member) is not None


def test_the_package_exports_what_it_shows() -> None:
    shown = {name for name in dir(drs_sdk) if name.isidentifier() and name[0] != "_"}
    submodules = {module.name for module in pkgutil.iter_modules([str(SOURCE)])}
    assert shown - submodules <= set(drs_sdk.__all__)
    assert set(drs_sdk.__all__) <= shown | {"__version__"}


LAZY = [file for file in FILES if "def __getattr__(name: str)" in file.read_text("utf-8")]


@pytest.mark.parametrize("file", LAZY, ids=name_of)
def test_completion_offers_what_is_public_and_nothing_else(file: Path) -> None:
    parts = file.relative_to(SOURCE.parent).with_suffix("").parts
    module = load(".".join(parts).removesuffix(".__init__"))
    offered = set(dir(module))
    assert set(module.__all__) <= offered
    assert offered - set(module.__all__) <= {
        each.name for each in pkgutil.iter_modules([str(file.parent)]) if each.name[0] != "_"
    }
    assert all(hasattr(module, name) for name in offered)


@pytest.mark.parametrize("package", [drs_sdk, models])
def test_a_name_that_does_not_exist_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=r"'drs_sdk[.\w]*' has no attribute 'Nonsense'"):
        _ = package.Nonsense
    assert not hasattr(package, "Nonsense")


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_module_exports_every_public_name_that_it_defines(file: Path) -> None:
    exported = next(
        (
            {ast.literal_eval(item) for item in node.value.elts}
            for node in tree_of(file).body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "__all__"
            and isinstance(node.value, ast.List)
        ),
        None,
    )
    if exported is None:
        return
    defined = {
        node.name
        for node in tree_of(file).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and not node.name.startswith("_")
    }
    assert defined <= exported


def test_the_face_names_every_error_of_the_service() -> None:
    for name, kind in api_errors.MODELLED.items():
        assert getattr(errors, name) is kind


def test_every_error_is_in_the_tree_of_the_module() -> None:
    told = errors.__doc__ or ""
    for name in errors.__all__:
        assert name in told or name == "FieldProblem"
        assert getattr(errors, name).__module__ == "drs_sdk.errors"


def test_every_error_that_is_raised_is_in_the_face() -> None:
    for file in FILES:
        for node in tree_of(file).body:
            if isinstance(node, ast.ClassDef) and node.name in _errors_of(file):
                assert node.name in errors.__all__, file


def _errors_of(file: Path) -> set[str]:
    """The public errors that a module defines, all but those of the emulator and of engines."""
    if "testing" in file.parts or file.relative_to(SOURCE).parts[0] in ENGINES:
        return set()
    name = ".".join(["drs_sdk", *file.relative_to(SOURCE).with_suffix("").parts])
    found = vars(load(name.removesuffix(".__init__")))
    return {
        name
        for name, kind in found.items()
        if isinstance(kind, type) and issubclass(kind, errors.DRSError) and name[0] != "_"
    }


def test_the_event_types_are_what_the_hook_is_told() -> None:
    kinds = {
        name
        for name, kind in vars(events).items()
        if isinstance(kind, type) and issubclass(kind, events.RequestEvent)
    }
    assert kinds == {
        "RequestEvent",
        "RequestStarted",
        "RequestRetried",
        "RequestSucceeded",
        "RequestFailed",
    }


# Documentation


def _public(body: list[ast.stmt], path: str) -> Iterator[tuple[str, Any]]:
    """Find public classes and functions, and what is public inside of public classes."""
    for node in body:
        if isinstance(node, (ast.If, ast.Try)):
            yield from _public([*node.body, *node.orelse], path)
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if node.name.startswith("_") and not node.name.startswith("__"):
            continue
        name = f"{path}.{node.name}" if path else node.name
        yield name, node
        if isinstance(node, ast.ClassDef):
            yield from _public(node.body, name)


def _is_property(node: ast.AST) -> bool:
    return any("property" in ast.dump(one) for one in getattr(node, "decorator_list", []))


def _is_overload(node: ast.AST) -> bool:
    return any("overload" in ast.dump(one) for one in getattr(node, "decorator_list", []))


MODULE_HOOKS = {"__getattr__", "__dir__"}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_everything_public_has_a_docstring(file: Path) -> None:
    tree = tree_of(file)
    assert ast.get_docstring(tree), "the module itself"
    missing = [
        name
        for name, node in _public(tree.body, "")
        if not ast.get_docstring(node) and not _is_overload(node) and name not in MODULE_HOOKS
    ]
    assert missing == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_docstrings_are_sentences(file: Path) -> None:
    for name, node in _public(tree_of(file).body, ""):
        docstring = ast.get_docstring(node) or "Overload."
        first = docstring.split("\n\n")[0]
        assert first[-1] in ".:?", name
        assert first[0].isupper() or first[0] in "`'\"" or first[0].isdigit(), name


# What users call themselves, and so need parameters and errors to be described.
USED_DIRECTLY = [
    *("client.py", "pagination.py", "clock.py", "events.py"),
    *("_core/base.py", "_core/open_enum.py", "eventbridge.py", "iam.py"),
    *("otel.py", "progress.py", "waiters/watch.py", "waiters/updates.py"),
    *("recovery/runbook.py", "recovery/servers.py", "recovery/wave.py"),
    "recovery/progress.py",
    *("testing/emulator.py", "testing/clock.py", "testing/faults.py"),
]
DESCRIBED_ELSEWHERE = {
    "clock.py:SystemClock.sleep",  # in the protocol that it implements
    "waiters/watch.py:Watch.__init__",  # users are given watches
}


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [one.arg for one in given if one.arg not in {"self", "cls"} and one.arg[0] != "_"]


def _tells_of(docstring: str, parameter: str) -> bool:
    listed = re.search(rf"^ *{parameter}: \S", docstring, re.MULTILINE)
    told = re.search(rf"\b{parameter.replace('_', '[ _-]')}s?\b", docstring, re.IGNORECASE)
    return bool(listed or told)


def _used_directly() -> Iterator[Any]:
    for name in USED_DIRECTLY:
        file = SOURCE / name
        if not file.exists():
            continue
        for path, node in _public(tree_of(file).body, ""):
            if isinstance(node, ast.ClassDef) or _is_overload(node):
                continue
            if f"{name}:{path}" in DESCRIBED_ELSEWHERE or path.startswith("FaultPlan."):
                continue
            if not node.name.startswith("__") or node.name == "__init__":
                yield pytest.param(node, id=f"{name}:{path}")


@pytest.mark.parametrize("node", list(_used_directly()))
def test_parameters_and_errors_are_described(node: ast.FunctionDef) -> None:
    docstring = ast.get_docstring(node) or ""
    parameters = _parameters(node)
    if len(parameters) > 1:
        assert "Args:" in docstring
    for parameter in parameters:
        assert _tells_of(docstring, parameter), parameter
    raised = {
        one.exc.func.id
        for one in ast.walk(node)
        if isinstance(one, ast.Raise)
        and isinstance(one.exc, ast.Call)
        and isinstance(one.exc.func, ast.Name)
        and one.exc.func.id[0].isupper()
    }
    for error in raised - {"NotImplementedError", "AttributeError"}:
        assert re.search(rf"^ *{error}: \S", docstring, re.MULTILINE), error


def _methods(kind: type) -> Iterator[Any]:
    for name, member in inspect.getmembers(kind, inspect.isfunction):
        if not name.startswith("_"):
            yield pytest.param(member, id=f"{kind.__name__}.{name}")


@pytest.mark.parametrize("method", [*_methods(DRSClient), *_methods(Pager)])
def test_every_method_says_what_it_takes_and_gives(method: Any) -> None:  # noqa: ANN401
    docstring = inspect.getdoc(method) or ""
    signature = inspect.signature(method)
    parameters = [name for name in signature.parameters if name != "self"]
    assert bool(parameters) == ("Args:" in docstring)
    for parameter in parameters:
        assert re.search(rf"^    {parameter}: \S", docstring, re.MULTILINE), parameter
    if signature.return_annotation not in {"None", None}:
        first = docstring.split("\n\n")[0].lower()
        told = {"return", "give", "gather", "yield"}
        assert "Returns:" in docstring or "Yields:" in docstring or any(t in first for t in told)


def test_every_member_of_every_model_is_described() -> None:
    for name in models.__all__:
        kind = getattr(models, name)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for field, info in kind.model_fields.items():
                assert info.description, f"{name}.{field}"


def test_every_value_of_every_enum_is_described() -> None:
    file = SOURCE / "enums.py"
    for node in tree_of(file).body:
        if not isinstance(node, ast.ClassDef):
            continue
        kind = getattr(models, node.name)
        assert issubclass(kind, Enum)
        described = {
            before.targets[0].id
            for before, after in zip(node.body, node.body[1:], strict=False)
            if isinstance(before, ast.Assign)
            and isinstance(before.targets[0], ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        }
        assert described == set(kind.__members__), node.name


def test_every_attribute_of_errors_and_events_is_described() -> None:
    for module in (errors, events):
        for name in dir(module):
            kind = getattr(module, name)
            if not isinstance(kind, type) or kind.__module__ != module.__name__ or name[0] == "_":
                continue
            told = "\n".join(base.__doc__ or "" for base in kind.__mro__)
            for attribute in inspect.get_annotations(kind):
                if attribute != "hint":
                    assert re.search(rf"\b{attribute}: ", told), f"{name}.{attribute}"


# Rules of the house


def test_imports_point_down() -> None:
    done = subprocess.run(  # noqa: S603
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_module_is_named_after_what_it_holds(file: Path) -> None:
    vague = {"util", "utils", "helper", "helpers", "common", "misc", "shared", "lib", "stuff"}
    assert not vague & {part.removesuffix(".py").strip("_") for part in file.parts}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_generated_files_say_so_and_others_do_not(file: Path) -> None:
    banner = file.read_text().startswith("# Generated by `make generate`")
    assert banner is (file in GENERATED)


PROTOCOL_NAMES = {"_missing_", "_name_", "_value_", "_generate_next_value_", "_fields", "_replace"}


@cache
def _own_private_names() -> frozenset[str]:
    """Find what this package itself calls by a private name."""
    own = set(PROTOCOL_NAMES)
    for file in FILES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                own.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
                    own.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
    return frozenset(own)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_private_name_of_another_library_is_used(file: Path) -> None:
    used: set[str] = set()
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("drs_sdk"):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            used |= {name for name in names if _is_private(name)}
        elif isinstance(node, ast.Import):
            parts = [part for alias in node.names for part in alias.name.split(".")]
            used |= {part for part in parts if _is_private(part)}
        elif isinstance(node, ast.Attribute) and _is_private(node.attr):
            used |= {node.attr} - _own_private_names()
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"getattr", "setattr", "hasattr", "delattr"}
            and isinstance(name := node.args[1], ast.Constant)
            and _is_private(str(name.value))
        ):
            used |= {str(name.value)} - _own_private_names()
    assert used == set()


@pytest.mark.parametrize("file", HAND_WRITTEN, ids=name_of)
def test_a_hand_written_module_is_short_enough_to_be_read(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 600


def test_the_package_says_that_it_is_typed() -> None:
    assert (SOURCE / "py.typed").exists()
