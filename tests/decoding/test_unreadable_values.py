"""A number or a nesting that no JSON reader takes costs its member, never the page."""

from __future__ import annotations

import pytest

from drs_sdk._core.errors import ResponseDecodeError
from drs_sdk._transport.decoding import decode
from drs_sdk._transport.unreadable import cut
from drs_sdk.models import DescribeSourceServersResponse

VALUES = {
    "long number": "9" * 5_000,
    "long negative number": "-" + "9" * 5_000,
    "nested lists": "[" * 1_000 + "]" * 1_000,
    "nested maps": '{"a":' * 1_000 + "1" + "}" * 1_000,
    "nested very deep": "[" * 100_000 + "]" * 100_000,
    "both": "[" * 1_000 + "9" * 5_000 + "]" * 1_000,
    "long number in a list": '["]", ' + "9" * 5_000 + ', "\\"["]',
}
MEMBERS = {
    '"new":%s': "items[0].new",
    '"arn":%s': "items[0].arn",
    '"sourceProperties":{"disks":[{"bytes":%s}]}': "items[0].source_properties.disks[0].bytes",
    '"sourceProperties":{"os":{"new":%s}}': "items[0].source_properties.os.new",
    '"sourceProperties":%s': "items[0].source_properties",
    '"tags":{"a":%s}': "items[0].tags",
}


def read(body: str) -> tuple[DescribeSourceServersResponse, dict[str, object]]:
    """Read a page of servers as the client does."""
    return decode(
        DescribeSourceServersResponse,
        body.encode(),
        operation="DescribeSourceServers",
        request_id=None,
        http_status=200,
    )


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("value", VALUES)
def test_only_the_member_is_lost(member: str, value: str) -> None:
    odd = member % VALUES[value]
    body = (
        '{"items":[{"sourceServerID":"s-1[9{",%s,"lastLaunchResult":3},{"sourceServerID":"s-2"}]}'
    )
    page, unparsed = read(body % odd)
    assert [each.source_server_id for each in page.items] == ["s-1[9{", "s-2"]
    assert unparsed["items[0].last_launch_result"] == 3
    others = [path for path in unparsed if path != "items[0].last_launch_result"]
    assert others
    assert all(path.startswith(MEMBERS[member]) for path in others)


@pytest.mark.parametrize(
    "body",
    ['{"items":[' + "[" * 1_000, '{"items":' + "9" * 5_000, '{"a":"' + '\\"' * 9_999, "]" * 999],
)
def test_broken_text_stays_an_error(body: str) -> None:
    with pytest.raises(ResponseDecodeError):
        read(body)


@pytest.mark.parametrize("value", ["long number", "long negative number"])
def test_what_was_lost_is_given_as_it_was_sent(value: str) -> None:
    sent = VALUES[value]
    _, unparsed = read(f'{{"items":[{{"arn":{sent},"new":{sent},"agentVersion":"5"}}]}}')
    assert unparsed == {"items[0].arn": sent, "items[0].new": sent}


def test_what_is_nested_too_deep_is_given_as_it_was_sent() -> None:
    _, unparsed = read(f'{{"items":[{{"new":{"[" * 1_000 + "]" * 1_000}}}]}}')
    (held,) = unparsed.values()
    while isinstance(held, list):
        (held,) = held
    assert isinstance(held, str)
    assert held == "[" * (len(held) // 2) + "]" * (len(held) // 2)


def test_no_answer_can_foresee_what_stands_in_for_a_value() -> None:
    marks = {mark for _ in range(5) for mark in cut("9" * 5_000)[1]}
    assert len(marks) == 5
