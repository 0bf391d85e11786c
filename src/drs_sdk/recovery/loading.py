"""Runbook files: TOML, JSON and YAML become plain values, or an error that names the line."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from drs_sdk.recovery.errors import FormatError, RunbookError

if TYPE_CHECKING:
    from collections.abc import Callable


def read_file(path: str | os.PathLike[str]) -> tuple[str, dict[str, object]]:
    """Read the table that a file holds.

    Args:
        path: The file; its suffix says what it is written in.

    Returns:
        The file's name, for errors, and its content.

    Raises:
        RunbookError: The file cannot be read, or holds no table.
    """
    file = os.fspath(path)
    suffix = Path(file).suffix.lower()
    parse = _FORMATS.get(suffix)
    if parse is None:
        raise RunbookError.in_file(
            file, f"a runbook is a file with the suffix {', '.join(_FORMATS)}, not {suffix!r}"
        )
    try:
        content = parse(_text_of(file))
    except FormatError as error:
        raise RunbookError.in_file(file, str(error), line=error.line) from error.__cause__
    except RecursionError as error:
        raise RunbookError.in_file(file, "is nested too deep for a runbook") from error
    except ValueError as error:  # such as a number of 5,000 digits
        raise RunbookError.in_file(file, f"cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise RunbookError.in_file(
            file, "must hold a table with the fields of a runbook: name, waves"
        )
    return file, cast("dict[str, object]", content)  # other keys are refused as fields


def _text_of(file: str) -> str:
    try:
        raw = Path(file).read_bytes()
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror or error}") from error
    try:
        return raw.decode("utf-8-sig")  # editors on Windows put a mark in front
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FormatError("is not UTF-8", line) from error


def _toml(text: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1  # "at end of document"
        raise FormatError(f"is not TOML: {error}", line) from error


def _json(text: str) -> object:
    try:
        content: object = json.loads(
            text, object_pairs_hook=_without_doubles, parse_constant=_no_number
        )
    except json.JSONDecodeError as error:
        raise FormatError(f"is not JSON: {error.msg}", error.lineno) from error
    if isinstance(content, dict):
        cast("dict[str, object]", content).pop("$schema", None)  # editors find the schema by it
    return cast("object", content)


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse what JSON's readers pass over: of two equal names only the last would count."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise FormatError(f"{name!r} is given twice in one object")
        found[name] = value
    return found


def _no_number(text: str) -> NoReturn:
    raise FormatError(f"{text} is no number in JSON")


def _yaml(text: str) -> object:
    try:
        from drs_sdk.recovery.yaml_loading import parse_yaml
    except ModuleNotFoundError as error:
        raise FormatError(f"cannot be read: {error}") from error
    return parse_yaml(text)


_FORMATS: dict[str, Callable[[str], object]] = {
    ".toml": _toml,
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
}
