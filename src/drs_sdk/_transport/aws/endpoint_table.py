"""botocore's table of endpoints, of which a service is read when it is asked for.

The table is more than a megabyte of JSON, and a client looks up one service of hundreds in it. So
the text is cut apart where botocore's layout says that a partition's services begin and end, and
what is cut out is read by the JSON parser alone. A table in another layout is read whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVICES = re.compile(r'\n    "services" : (?=\{\n)')
_END = "\n    }\n"
_read_value = json.JSONDecoder().raw_decode


class Services(Mapping[str, object]):
    """The services of one partition. Who looks through all of them has all of them read."""

    def __init__(self, text: str) -> None:
        """Take the text of the JSON object."""
        self._text = text
        self._found: dict[str, object] = {}
        self._whole: dict[str, object] | None = None

    def __getitem__(self, name: str) -> object:
        """Read one service."""
        if self._whole is None and name not in self._found:
            key = json.dumps(name)
            at = self._text.find(f"\n      {key} : {{")
            if at >= 0:
                self._found[name], _ = _read_value(self._text, self._text.index("{", at))
            elif key not in self._text:
                raise KeyError(name)
        return self._found[name] if name in self._found else self._all()[name]

    def __iter__(self) -> Iterator[str]:
        """Name all services."""
        return iter(self._all())

    def __len__(self) -> int:
        """Count all services."""
        return len(self._all())

    def _all(self) -> dict[str, object]:
        if self._whole is None:
            self._whole = cast("dict[str, object]", json.loads(self._text))
        return self._whole


class EndpointTable:
    """The text of a table, cut apart. Each session reads it anew, as botocore writes to it."""

    def __init__(self, text: str) -> None:
        """Cut the services of all partitions out of the text of a table."""
        kept: list[str] = []
        self._services: list[str] = []
        at = 0
        for match in _SERVICES.finditer(text):
            end = text.find(_END, match.end())
            if end < 0:
                break
            kept += [text[at : match.end()], "{}"]
            at = end + len(_END) - 1
            self._services.append(text[match.end() : at])
        self._frame = "".join([*kept, text[at:]])
        table = cast("dict[str, object]", json.loads(self._frame))
        partitions = cast("list[dict[str, object]]", table.get("partitions", []))
        if len(partitions) != len(self._services) or any(map(_has_services, partitions)):
            self._frame, self._services = text, []

    def read(self) -> dict[str, object]:
        """Give what all of the table would be read to, looked at one service at a time."""
        table = cast("dict[str, object]", json.loads(self._frame))
        partitions = cast("list[dict[str, object]]", table.get("partitions", []))
        for partition, text in zip(partitions, self._services, strict=False):
            partition["services"] = Services(text)
        return table


def _has_services(partition: dict[str, object]) -> bool:
    return bool(partition.get("services"))
