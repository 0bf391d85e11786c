"""YAML as runbooks take it: nothing given twice, and no number where a clock time is written.

Needs the extra ``yaml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

try:
    import yaml
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f'drs_sdk.recovery.yaml_loading needs PyYAML: pip install "drs-sdk[yaml]" ({_missing})',
        name=_missing.name,
    ) from _missing

from drs_sdk.recovery.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Hashable


def parse_yaml(text: str) -> object:
    """Read the one document of a YAML file.

    Args:
        text: The file's text.

    Raises:
        FormatError: It is not YAML, or gives a name twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise FormatError(f"is not YAML: {error.problem or error.context}", line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FormatError(f"is not YAML: {error.reason}", line) from error


class _Loader(yaml.SafeLoader):
    """A safe loader that does not pass over mistakes."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's
    ) -> dict[Hashable, object]:
        """Take every name as text, and none twice.

        PyYAML makes a bool of ``no`` and a number of ``2026``, and of two equal names only the
        last would count.
        """
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            key.tag = _TEXT
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is given twice in one table", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def construct_object(
        self,
        node: yaml.Node,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's
    ) -> object:
        """Name the line of a value that Python cannot hold, such as the 31st of February."""
        if isinstance(node, yaml.ScalarNode) and ":" in node.value and node.tag in _NUMBERS:
            return node.value  # 5:00 stays a text: YAML 1.1 makes the number 300 of it
        try:
            return cast("object", super().construct_object(node, deep=deep))  # pyright: ignore[reportUnknownMemberType]  # PyYAML's stubs leave it open
        except (ArithmeticError, AttributeError, LookupError, ValueError) as error:
            raise yaml.constructor.ConstructorError(
                None, None, f"this cannot be: {error}", node.start_mark
            ) from error


_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
