"""Whatever the body is, it is read or refused by name; nothing else ever comes of it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings, strategies as st
from strategies import service_shapes as drs

from drs_sdk import models
from drs_sdk._transport.decoding import decode
from drs_sdk.errors import ResponseDecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

WITH_CONTENT = [
    name
    for name in drs.OPERATIONS
    if (output := drs.operation(name).output_shape) is not None and output.members
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**60), 10**60),
    st.floats(),
    st.text(max_size=6),
    drs.date_time_texts,
    drs.duration_texts,
)


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of warnings would drown the report."""
    logger = logging.getLogger("drs_sdk")
    logger.disabled = True
    yield
    logger.disabled = False


def survives(operation: str, body: bytes) -> Any:  # noqa: ANN401 - a response or None
    """Decode; None when the body was refused by name. Anything else that is raised is a defect."""
    model = getattr(models, f"{operation}Response")
    try:
        held, unparsed = decode(model, body, operation=operation, request_id="r", http_status=200)
    except ResponseDecodeError:
        held = None
    else:
        assert type(held) is model
        assert all(isinstance(path, str) for path in unparsed)
    return held


def trees(operation: str) -> st.SearchStrategy[Any]:
    """JSON objects that use the names of an operation's answer, with anything as values."""
    output = drs.operation(operation).output_shape
    assert output is not None
    names = sorted({name for name, _ in _names(output)})
    keys = st.one_of(st.sampled_from(names), st.text(max_size=3))
    return st.dictionaries(
        keys,
        st.recursive(
            scalars,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )


def _names(found: Any, depth: int = 0) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a shape
    if found.type_name == "structure":
        for alias, python, member in drs.members(found):
            yield alias, python
            yield python, alias
            if depth < 3:
                yield from _names(member, depth + 1)
    elif found.type_name == "list":
        yield from _names(found.member, depth)


@pytest.mark.parametrize("operation", WITH_CONTENT)
@settings(max_examples=12)
@given(data=st.data())
def test_any_json_object_is_read(operation: str, data: st.DataObject) -> None:
    tree = data.draw(trees(operation))
    body = json.dumps(tree, ensure_ascii=data.draw(st.booleans()))
    assert survives(operation, body.encode()) is not None


@settings(max_examples=300)
@given(st.binary(max_size=40))
@example(b"\xff")
@example(b'{"items": "\xff"}')
@example(b'{"\xff": 1}')
@example(b"\xef\xbb\xbf{}")
@example(b'{"items": "\\ud800"}')
@example(b'{"aLaterMember": "\\ud800"}')
@example(b'{"items": 7, "\\ud800": 1}')
@example(b"{} {}")
@example(b"\x00")
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    survives("DescribeSourceServers", body)


@settings(max_examples=300)
@given(data=st.data())
def test_a_valid_answer_with_any_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(WITH_CONTENT))
    body = bytearray(json.dumps(data.draw(drs.answers_of(operation))).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body)))
        length = data.draw(st.integers(0, 3))
        body[place : place + length] = data.draw(
            st.one_of(st.binary(max_size=2), st.sampled_from([b"{", b"}", b"[", b"]", b",", b'"']))
        )
    survives(operation, bytes(body))


@settings(max_examples=100)
@given(data=st.data())
def test_a_truncated_answer_is_refused(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(WITH_CONTENT))
    body = json.dumps(data.draw(drs.answers_of(operation))).encode()
    cut = data.draw(st.integers(1, len(body) - 1))
    assert survives(operation, body[:cut]) is None


BOMBS = {
    "lists": lambda depth: b"[" * depth + b"]" * depth,
    "objects": lambda depth: b'{"a":' * depth + b"1" + b"}" * depth,
    "items": lambda depth: b'{"items":' * depth + b"1" + b"}" * depth,
    "unclosed lists": lambda depth: b"[" * depth,
    "unclosed objects": lambda depth: b'{"a":' * depth,
}


@pytest.mark.parametrize("depth", [10, 100, 150, 190, 195, 198, 199, 200, 250, 1000, 100_000])
@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize(
    "around",
    [
        b"%s",
        b'{"items": %s}',
        b'{"aLaterMember": %s}',
        b'{"items": 7, "aLaterMember": %s}',
        b'{"items": [{"arn": %s, "sourceServerID": "s-1"}]}',
        b'{"items": [{"tags": {"a": %s}, "aLaterMember": %s}]}',
    ],
    ids=["top", "items", "later", "misfit and later", "scalar", "tag and later"],
)
def test_a_deeply_nested_body_is_read_or_refused(bomb: str, around: bytes, depth: int) -> None:
    survives("DescribeSourceServers", around.replace(b"%s", BOMBS[bomb](depth)))


@pytest.mark.parametrize(
    "number",
    [
        b"1e400", b"-1e400", b"1e-400", b"NaN", b"Infinity", b"-Infinity", b"nan", b"-0", b"01",
        b"1.", b"1" + b"0" * 30, b"1" + b"0" * 4200, b"9" * 4299, b"9" * 4300, b"9" * 4301,
        b"1" + b"0" * 5000, b"-" + b"9" * 5000, b"1" + b"0" * 100_000, b"1e" + b"9" * 5000,
        b"0." + b"3" * 5000,
    ],
    ids=lambda number: number[:12].decode() + f"-{len(number)}",
)  # fmt: skip
@pytest.mark.parametrize(
    "around",
    [
        b'{"items": [{"sourceProperties": {"ramBytes": %s}}]}',
        b'{"items": [{"arn": %s}]}',
        b'{"items": %s}',
        b'{"aLaterMember": %s}',
        b'{"items": [{"arn": 7, "aLaterMember": %s}]}',
        b'{"items": [{"lifeCycle": {"addedToServiceDateTime": %s}}]}',
        b'{"items": [{"dataReplicationInfo": {"lagDuration": %s}}]}',
    ],
    ids=["integer", "string", "list", "later", "misfit and later", "date-time", "duration"],
)
def test_a_number_of_any_size_is_read_or_refused(number: bytes, around: bytes) -> None:
    survives("DescribeSourceServers", around % number)


def test_a_number_too_large_for_a_float_in_a_later_member_does_not_cost_the_page() -> None:
    body = b'{"items": [{"arn": "a", "tags": 7, "aLaterMember": [1e400, NaN]}]}'
    held = survives("DescribeSourceServers", body)
    assert held is not None
    assert held.items[0].arn == "a"


@pytest.mark.parametrize(
    "text",
    ["2022-12-07T19:15:38.846723123+00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
     "0000-00-00T00:00:00Z", "10000-01-01T00:00:00Z", "2022-12-07T24:00:00Z",
     "2022-12-07T23:59:60Z", "P99999999999D", "-P1D", "P1Y2M", "PT0.0000001S",
     "P" + "9" * 400 + "D", "1" * 30, "-1", "1e10"],
)  # fmt: skip
def test_any_time_or_duration_is_read_or_left_out(text: str) -> None:
    content = {
        "items": [
            {
                "arn": "a",
                "lifeCycle": {"addedToServiceDateTime": text, "elapsedReplicationDuration": text},
            }
        ]
    }
    held = survives("DescribeSourceServers", json.dumps(content).encode())
    assert held is not None
    assert held.items[0].arn == "a"
    repr(held)
    held.model_dump_json(by_alias=True)
