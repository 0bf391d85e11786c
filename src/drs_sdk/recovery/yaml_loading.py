"""YAML as runbooks take it: nothing given twice, and no number where a clock time is written.

Needs the extra ``yaml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Hashable


class RunbookLoader(yaml.SafeLoader):
    """A safe loader that does not pass over mistakes."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's
    ) -> dict[Hashable, object]:
        """Refuse what PyYAML passes over: of two equal names only the last would count."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is given twice in one table", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _number(loader: RunbookLoader, node: yaml.ScalarNode) -> object:
    """Leave ``5:00`` a text: YAML 1.1 makes the number 300 of it."""
    if ":" in node.value:
        return node.value
    if node.tag.endswith(":int"):
        return loader.construct_yaml_int(node)
    return loader.construct_yaml_float(node)


RunbookLoader.add_constructor("tag:yaml.org,2002:int", _number)
RunbookLoader.add_constructor("tag:yaml.org,2002:float", _number)
