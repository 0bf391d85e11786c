"""The report of a way back as Markdown and as a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from drs_sdk.recovery import ServerWayBack, WayBackReport

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script> | [x](http://example.com)"


def server(number: int, stage: str = "done", **members: object) -> ServerWayBack:
    return ServerWayBack.model_validate(
        {
            "source_server_id": f"s-{number:017x}",
            "name": f"web-{number}",
            "wave": "web",
            "stage": stage,
            **members,
        }
    )


def home(number: int, **members: object) -> ServerWayBack:
    return server(
        number,
        recovery_instance_id=f"i-{number:017x}",
        home_instance_id=f"i-{number + 16:017x}",
        home_at=AT + timedelta(minutes=number),
        data_lost=timedelta(seconds=10 * number),
        **members,
    )


def report(*servers: ServerWayBack, **members: object) -> WayBackReport:
    return WayBackReport.model_validate(
        {"run": "shop/q4", "mode": "recovery", "wanted": "done", "servers": servers, **members}
    )


def renderings(of: WayBackReport) -> list[str]:
    return [of.to_markdown().replace("\\", ""), of.to_html()]


def test_it_tells_the_time_at_home_and_the_data_lost() -> None:
    for text in renderings(report(home(1), home(3), home(2))):
        assert "Way back of recovery shop/q4" in text
        assert "3 of 3 done" in text
        assert "last server home at: 2026-03-14 09:29:53 UTC" in text or (
            "<dt>last server home at</dt><dd>2026-03-14 09:29:53 UTC</dd>" in text
        )
        assert "30s" in text


def test_what_is_not_known_is_neither_zero_nor_left_out() -> None:
    text = report(home(1), server(2, home_at=None)).to_markdown()
    assert "- most data lost on the way home: ?" in text
    row = next(line for line in text.splitlines() if "web-2" in line)
    assert row.count("?") == 2  # when it came home, and what was lost


def test_what_did_not_come_yet_does_not_apply() -> None:
    text = report(server(1, "syncing", lag=timedelta(minutes=2))).to_markdown()
    assert "- last server home at: -" in text.replace("\\", "")
    assert "0 of 1 done, 1 syncing" in text
    assert "2m" in text


def test_what_stands_still_is_left_or_is_for_a_person_is_told_with_its_server() -> None:
    full = report(
        home(1, for_a_person="terminate A1 in EC2"),
        server(2, "failed home", reason="the launch failed"),
        left={f"s-{1:017x}": "it replicates"},
        failed={f"s-{2:017x}": "no capacity"},
        notes=("DRS does not say more",),
    )
    for text in renderings(full):
        for told in (
            f"web-1 s-{1:017x}: terminate A1 in EC2",
            f"web-1 s-{1:017x}: it replicates",
            f"web-2 s-{2:017x}: no capacity",
            "the launch failed",
            "DRS does not say more",
        ):
            assert told in text


@pytest.mark.parametrize("member", ["name", "wave", "reason", "for_a_person"])
def test_texts_of_others_are_texts(member: str) -> None:
    found = report(server(1, **{member: SCRIPT}))
    tags: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            assert not any(name in {"src", "href"} for name, _ in attrs)

    Reader().feed(found.to_html())
    assert "script" not in tags
    assert "a" not in tags
    assert "<script>" not in found.to_markdown()
