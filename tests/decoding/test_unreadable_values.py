"""A number or a nesting that no JSON reader takes costs its member, never the page."""

from __future__ import annotations

import pytest

from drs_sdk._core.errors import ResponseDecodeError
from drs_sdk._transport.decoding import decode
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
