"""Text that is no Unicode costs its own letters, never a page."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given, strategies as st

from drs_sdk._transport.decoding import decode
from drs_sdk.errors import ResponseDecodeError
from drs_sdk.models import DescribeSourceServersResponse


def read(body: bytes) -> tuple[DescribeSourceServersResponse, dict[str, object]]:
    return decode(
        DescribeSourceServersResponse,
        body,
        operation="DescribeSourceServers",
        request_id="req-1",
        http_status=200,
    )


def page(name: bytes) -> bytes:
    server = b'{"arn": "a", "tags": {"Name": "' + name + b'"}}'
    return b'{"items": [' + server + b', {"arn": "b"}], "nextToken": "t"}'


@pytest.mark.parametrize(
    ("broken", "shown"),
    [
        (rb"\ud83d", "?"),
        (rb"\ude00 alone", "? alone"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
    ],
    ids=["first half of a pair", "second half", "latin-1", "no bytes of UTF-8"],
)
def test_the_page_stays_whole(broken: bytes, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "drs_sdk"):
        response, unparsed = read(page(broken))
    assert [server.arn for server in response.items] == ["a", "b"]
    assert response.items[0].name == shown
    assert response.next_token == "t"
    assert unparsed == {}
    (record,) = caplog.records
    assert "no Unicode" in record.getMessage()
    assert vars(record)["request_id"] == "req-1"


def test_a_byte_order_mark_is_no_content() -> None:
    response, _ = read(b"\xef\xbb\xbf" + page(b"web"))
    assert response.items[0].name == "web"


def test_what_does_not_fit_besides_is_set_aside() -> None:
    body = page(rb"\ud83d").replace(b'"arn": "b"', b'"arn": 7')
    response, unparsed = read(body)
    assert [server.arn for server in response.items] == ["a", None]
    assert unparsed == {"items[1].arn": 7}


@pytest.mark.parametrize(
    "body",
    [
        page(b"\xff")[:-5],
        b'{"items": [' + b"[" * 100_000,
        b'{"items": [{"sourceProperties": {"ramBytes": ' + b"9" * 5000 + b'}}, "\xff"]',
        b'[{"arn": "\xff"}]',
    ],
    ids=["cut off", "too deep", "too long a number, cut off", "no object"],
)
def test_what_is_no_json_besides_is_no_answer(body: bytes) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        read(body)
    assert caught.value.request_id == "req-1"


def test_tags_behind_a_byte_order_mark_are_not_quoted() -> None:
    body = b'\xef\xbb\xbf{"items": [{"tags": {"topsecret": "v"}}]'
    with pytest.raises(ResponseDecodeError) as caught:
        read(body)
    assert "topsecret" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=())), st.binary(max_size=30))
def test_any_text_between_good_servers_leaves_them(text: str, stray: bytes) -> None:
    escaped = json.dumps(text).encode()[1:-1]
    quotes = stray.translate(None, b'"\\' + bytes(range(0x20)))
    response, _ = read(page(escaped + quotes))
    assert [server.arn for server in response.items] == ["a", "b"]
