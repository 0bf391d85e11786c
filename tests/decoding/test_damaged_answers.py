"""One bad value never costs more than itself: the page parses and says what was left out."""

# ruff: noqa: ANN401 - JSON trees have any type
from __future__ import annotations

import copy
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings, strategies as st
from loopback import answer, client_for, loopback
from strategies import service_shapes as drs

from drs_sdk import models
from drs_sdk._transport.decoding import decode
from drs_sdk.errors import ResponseDecodeError

if TYPE_CHECKING:
    from typing import Self

# What each kind cannot be read from. A null is a value of its own for lists and maps only.
DAMAGE: dict[str, list[Any]] = {
    "structure": ["text", 7, True, [], [1], ""],
    "list": ["text", 7, True, {}, {"a": 1}, None],
    "map": ["text", 7, True, [], ["a"], None],
    "string": [7, 1.5, True, [], {}, ["text"]],
    "enum": [7, True, [], {}, 1.5],
    "integer": ["many", 1.5, [], {}, "", "0x10"],
    "boolean": ["maybe", 7, [], {}, ""],
    "datetime": ["soon", "2022-13-45T99:99:99Z", "", [], {}, True, "2022-12-07T19:15:38", 1e300],
    "duration": ["long", "P", "", [], {}, "2022-12-07T19:15:38Z"],
}
WITH_CONTENT = [
    name
    for name in drs.OPERATIONS
    if (output := drs.operation(name).output_shape) is not None and output.members
]


class Warnings(logging.Handler):
    """What the package's logger was told."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def __enter__(self) -> Self:
        logging.getLogger("drs_sdk").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("drs_sdk").removeHandler(self)


def parsed(operation: str, content: object) -> tuple[Any, dict[str, object]]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return decode(
        getattr(models, f"{operation}Response"),
        body,
        operation=operation,
        request_id="req-1",
        http_status=200,
    )


def value_at(tree: Any, location: drs.Location) -> Any:
    for part in location:
        tree = tree[part]
    return tree


def put(tree: Any, location: drs.Location, value: Any) -> None:
    value_at(tree, location[:-1])[location[-1]] = value


def take(tree: Any, location: drs.Location) -> None:
    del value_at(tree, location[:-1])[location[-1]]


def same(one: object, other: object) -> bool:
    """Equal in value and type, so that 1 is not True."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@st.composite
def damaged(draw: st.DrawFn, operation: str) -> tuple[Any, Any, dict[str, Any]]:
    """A damaged answer, the same answer without the bad values, and the bad values by path."""
    output = drs.operation(operation).output_shape
    assert output is not None
    whole = draw(drs.answers_of(operation))
    found = list(drs.places(output, whole))
    assume(found)
    chosen = draw(
        st.lists(st.sampled_from(found), min_size=1, max_size=4, unique_by=lambda place: place[2])
    )
    kept = [
        place
        for place in chosen
        if not any(place is not other and place[0][: len(other[0])] == other[0] for other in chosen)
    ]
    bad, good = copy.deepcopy(whole), copy.deepcopy(whole)
    unparsed: dict[str, Any] = {}
    for location, kind, path in kept:
        value = draw(st.sampled_from(DAMAGE[kind]))
        if kind not in {"list", "map"} and isinstance(location[-1], int) and draw(st.booleans()):
            value = None  # an item may not be null
        put(bad, location, value)
        unparsed[path] = value
    for location, _, _ in sorted(kept, key=lambda place: _order(place[0]), reverse=True):
        take(good, location)
    return bad, good, unparsed


def _order(location: drs.Location) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in location]


@pytest.mark.parametrize("operation", WITH_CONTENT)
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_damaged_is_left_out_and_the_rest_reads_as_before(
    operation: str, data: st.DataObject
) -> None:
    bad, good, expected = data.draw(damaged(operation))
    untouched, nothing = parsed(operation, good)
    assert nothing == {}

    with Warnings() as warnings:
        held, unparsed = parsed(operation, bad)

    assert held == untouched
    assert set(unparsed) == set(expected)
    assert all(same(unparsed[path], value) for path, value in expected.items())
    (record,) = warnings.records
    assert record.name == "drs_sdk"
    assert record.levelno == logging.WARNING
    assert sorted(record.paths) == sorted(expected)  # type: ignore[attr-defined]
    assert record.operation == operation  # type: ignore[attr-defined]
    assert record.request_id == "req-1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("operation", WITH_CONTENT)
@settings(max_examples=6)
@given(data=st.data())
def test_members_of_a_later_service_are_kept(operation: str, data: st.DataObject) -> None:
    whole = data.draw(drs.answers_of(operation))
    later = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        )
    )
    before, _ = parsed(operation, whole)
    with Warnings() as warnings:
        held, unparsed = parsed(operation, {**whole, "aLaterMember": later})

    assert held.model_extra == {"aLaterMember": later}
    assert all(getattr(held, name) == getattr(before, name) for name in type(held).model_fields)
    assert unparsed == {}
    assert warnings.records == []


@pytest.mark.parametrize("operation", WITH_CONTENT)
def test_null_is_none_for_a_value_and_empty_for_a_collection(operation: str) -> None:
    output = drs.operation(operation).output_shape
    assert output is not None
    held, unparsed = parsed(operation, dict.fromkeys(output.members))

    collections = {
        python for _, python, member in drs.members(output) if member.type_name in {"list", "map"}
    }
    assert held == type(held)()
    assert unparsed == dict.fromkeys(collections)


def test_the_warning_names_paths_and_no_values() -> None:
    secret = "Zz-secret-Zz"
    content = {
        "items": [
            {"sourceServerID": [secret], "tags": {secret: [secret]}, "lifeCycle": secret},
            {"dataReplicationInfo": {"lagDuration": secret, "replicatedDisks": [{}, secret]}},
        ],
        "nextToken": {secret: secret},
    }
    with Warnings() as warnings:
        held, unparsed = parsed("DescribeSourceServers", content)

    assert set(unparsed) == {
        "items[0].source_server_id",
        "items[0].tags",
        "items[0].life_cycle",
        "items[1].data_replication_info.lag_duration",
        "items[1].data_replication_info.replicated_disks[1]",
        "next_token",
    }
    assert len(held.items) == 2
    (record,) = warnings.records
    text = f"{record.getMessage()} {record.__dict__}"
    assert secret not in text
    assert "DescribeSourceServers" in record.getMessage()
    assert "items[0].source_server_id" in record.getMessage()


def test_a_long_list_of_paths_is_cut_in_the_message_only() -> None:
    with Warnings() as warnings:
        _, unparsed = parsed("DescribeSourceServers", {"items": [{"tags": 7}] * 30})
    (record,) = warnings.records
    assert "20 more" in record.getMessage()
    assert len(record.paths) == len(unparsed) == 30  # type: ignore[attr-defined]


def test_two_bad_values_in_one_sensitive_map_are_both_kept() -> None:
    _, unparsed = parsed("ListTagsForResource", {"tags": {"a": 1, "b": 2, "c": "three"}})
    assert all(path.startswith("tags") for path in unparsed)
    kept = json.dumps(list(unparsed.values()))
    assert "1" in kept
    assert "2" in kept


def test_a_path_goes_on_below_a_map_of_structures() -> None:
    product = {"productCodeId": 7}
    content = {
        "items": [
            {"eventData": {"conversionProperties": {"volumeToProductCodes": {"vol-1": [product]}}}}
        ]
    }
    _, unparsed = parsed("DescribeJobLogItems", content)
    path = (
        "items[0].event_data.conversion_properties.volume_to_product_codes.vol-1[0].product_code_id"
    )
    assert unparsed == {path: 7}


def test_a_key_of_a_map_that_looks_like_a_member_is_not_renamed() -> None:
    codes = {"productCodeId": [{"productCodeMode": 7}]}
    content = {"items": [{"eventData": {"conversionProperties": {"volumeToProductCodes": codes}}}]}
    _, unparsed = parsed("DescribeJobLogItems", content)
    path = (
        "items[0].event_data.conversion_properties.volume_to_product_codes"
        ".productCodeId[0].product_code_mode"
    )
    assert unparsed == {path: 7}


def test_bad_items_that_show_only_after_others_are_gone_keep_their_own_index() -> None:
    disks = [7, {"bytes": "many"}, "text", {"bytes": 5}, {"bytes": []}]
    content = {"items": [None, {"sourceProperties": {"disks": disks}}, None]}
    held, unparsed = parsed("DescribeSourceServers", content)
    assert [disk.bytes for disk in held.items[0].source_properties.disks] == [None, 5, None]
    prefix = "items[1].source_properties.disks"
    assert unparsed == {
        "items[0]": None,
        "items[2]": None,
        f"{prefix}[0]": 7,
        f"{prefix}[1].bytes": "many",
        f"{prefix}[2]": "text",
        f"{prefix}[4].bytes": [],
    }


@pytest.mark.parametrize("key", ["source_server_id", "items", "data_replication_info", "tags"])
@pytest.mark.parametrize("value", [7, None, [], {}, "text"])
def test_a_member_under_its_python_name_breaks_nothing(key: str, value: Any) -> None:
    for content in ({"items": [{key: value, "arn": "a"}]}, {key: value}):
        held, _ = parsed("DescribeSourceServers", content)
        assert isinstance(held.items, list)


def test_a_duplicated_member_breaks_nothing() -> None:
    for text in (
        '{"items": 7, "items": []}',
        '{"items": [], "items": 7}',
        '{"items": [{"tags": 7, "tags": {}, "arn": "a"}]}',
        '{"items": [{"tags": {}, "tags": 7, "arn": "a"}]}',
        '{"items": [{"tags": {"a": 7, "a": "b"}}]}',
        '{"items": [{"tags": {"a": "b", "a": 7}}]}',
    ):
        held, _ = parsed("DescribeSourceServers", text.encode())
        assert isinstance(held.items, list)


class TestOverHTTP:
    """What the decoder says reaches the caller."""

    async def test_unparsed_values_stand_in_the_metadata(self) -> None:
        content = {"items": [{"arn": "a", "lastLaunchResult": 7}], "nextToken": None}
        async with loopback(answer(content)) as server, client_for(server) as client:
            with Warnings() as warnings:
                page = await client.describe_source_servers()

        assert page.items[0].arn == "a"
        assert page.items[0].last_launch_result is None
        assert page.response_metadata.unparsed == {"items[0].last_launch_result": 7}
        assert page.response_metadata.request_id == "req-1"
        assert len(warnings.records) == 1

    async def test_a_good_answer_says_nothing(self) -> None:
        async with (
            loopback(answer({"items": [{"arn": "a"}]})) as server,
            client_for(server) as client,
        ):
            with Warnings() as warnings:
                page = await client.describe_source_servers()
        assert page.response_metadata.unparsed == {}
        assert warnings.records == []

    @pytest.mark.parametrize(
        "body", [b"<html>busy</html>", b"[]", b'"text"', b"7", b"null", b'{"items": [', b"\xff\xfe"]
    )
    async def test_a_body_that_is_no_json_object_is_quoted(self, body: bytes) -> None:
        async with loopback(answer(body)) as server, client_for(server) as client:
            with pytest.raises(ResponseDecodeError) as caught:
                await client.describe_source_servers()

        error = caught.value
        assert error.operation == "DescribeSourceServers"
        assert error.http_status == 200
        assert error.request_id == "req-1"
        assert error.excerpt == body.decode("utf-8", "replace")
        for part in ("DescribeSourceServers", "200", "req-1"):
            assert part in str(error)
        assert len(server.requests) == 1, "a bad body is no reason to ask again"

    async def test_an_excerpt_is_short(self) -> None:
        async with loopback(answer(b"x" * 100_000)) as server, client_for(server) as client:
            with pytest.raises(ResponseDecodeError) as caught:
                await client.describe_source_servers()
        assert len(caught.value.excerpt) <= 200
        assert len(str(caught.value)) < 500
