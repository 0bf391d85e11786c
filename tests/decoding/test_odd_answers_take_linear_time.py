"""Twice as much that is odd takes twice as many steps, whatever its shape."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

import pytest

from drs_sdk._transport import decoding
from drs_sdk.models import DescribeSourceServersResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from _typeshed import TraceFunction

FEW = 100
MOST_PER_VALUE = 2.3

SHAPES: dict[str, Callable[[int], list[object]]] = {
    "servers": lambda n: [1] * n,
    "every other server": lambda n: [1, {}] * n,
    "members": lambda n: [{"arn": 1, "lifeCycle": 3, "tags": 1}] * n,
    "keys of a sensitive map": lambda n: [{"tags": {str(i): i for i in range(n)}}],
    "items of an inner list": lambda n: [{"sourceProperties": {"disks": [5] * n}}],
    "every other item": lambda n: [{"sourceProperties": {"disks": [5, {"bytes": 1}] * n}}],
    "members of items": lambda n: [{"sourceProperties": {"disks": [{"bytes": "x"}] * n}}],
    "text of an inner list": lambda n: [
        {"sourceProperties": {"networkInterfaces": [{"ips": [1, "10.0.0.1"] * n}]}}
    ],
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of warnings would drown the report."""
    logger = logging.getLogger("drs_sdk")
    logger.disabled = True
    yield
    logger.disabled = False


def steps(items: list[object], lost: int) -> int:
    """Count the lines of Python that reading an answer takes."""
    lines = 0

    def count(frame: FrameType, event: str, _: object) -> TraceFunction | None:
        nonlocal lines
        lines += event == "line"
        return count if frame.f_code.co_filename == decoding.__file__ else None

    before = sys.gettrace()
    sys.settrace(count)
    try:
        _, unparsed = decoding.decode(
            DescribeSourceServersResponse,
            json.dumps({"items": items}).encode(),
            operation="DescribeSourceServers",
            request_id=None,
            http_status=200,
        )
    finally:
        sys.settrace(before)
    assert len(unparsed) == lost
    return lines


@pytest.mark.parametrize("shape", SHAPES)
def test_steps_grow_with_what_is_odd(shape: str) -> None:
    make = SHAPES[shape]
    each = 3 if shape == "members" else 1
    few, many = (steps(make(n), each * n) for n in (FEW, 2 * FEW))
    assert FEW < few < many < MOST_PER_VALUE * few
