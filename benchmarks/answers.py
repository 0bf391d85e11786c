"""The HTTP answers of the loopback service, built once, before anything is measured."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING

import fleet
from sizes import FEW, PAGE, PAGES

if TYPE_CHECKING:
    from fleet import Json

_TOKEN = re.compile(rb'"nextToken"\s*:\s*"page-(\d+)"')
_FEW = re.compile(rb'"maxResults"\s*:\s*' + str(FEW).encode() + rb"\b")


class Answers:
    """Every answer there is, as bytes."""

    def __init__(self) -> None:
        """Build them."""
        servers = [fleet.source_server(number) for number in range(PAGE * PAGES)]
        self._pages = [
            _http(_page(servers[at : at + PAGE], at // PAGE + 1))
            for at in range(0, len(servers), PAGE)
        ]
        self._few = _http({"items": servers[:FEW]})
        self._job = _http({"items": [fleet.job()]})
        self._unknown = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"

    def find(self, path: bytes, body: bytes) -> bytes:
        """Choose the answer to a request."""
        if path == b"/DescribeJobs":
            return self._job
        if path != b"/DescribeSourceServers":
            return self._unknown
        if _FEW.search(body):
            return self._few
        token = _TOKEN.search(body)
        return self._pages[int(token[1]) if token else 0]


def _page(items: list[Json], following: int) -> Json:
    return {"items": items} | ({"nextToken": f"page-{following}"} if following < PAGES else {})


def _http(content: Json) -> bytes:
    body = json.dumps(content, separators=(",", ":")).encode()
    request_id = sha256(body).hexdigest()
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Date: Sat, 14 Mar 2026 09:26:53 GMT\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: keep-alive\r\n"
        f"x-amzn-RequestId: {request_id[:8]}-{request_id[8:12]}-{request_id[12:16]}\r\n"
        f"x-amz-apigw-id: {request_id[:16]}=\r\n"
        f"X-Amzn-Trace-Id: Root=1-{request_id[:8]}-{request_id[8:32]}\r\n"
        "\r\n"
    )
    return head.encode() + body
