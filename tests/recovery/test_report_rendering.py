"""Any report can be shown, and what it shows is what it holds."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from reports import BEGAN, DURATIONS, HOSTILE, NAMES, report, reports, server

from drs_sdk.recovery import HookOutcome, JobOutcome, RecoveryReport, WaveOutcome
from drs_sdk.recovery.rendering.markdown import escaped
from drs_sdk.recovery.rendering.outline import outline_of
from drs_sdk.recovery.rendering.words import cells, cut, measured, objective, plain

if TYPE_CHECKING:
    from markdown_it.token import Token

VOID = {"meta"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "p", "div"),
    *("dl", "dt", "dd", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "desc", "g", "line", "rect", "text", "tspan"),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "http-equiv", "class", "scope", "role", "xmlns"),
    *("viewbox", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "rx", "dx", "text-anchor"),
}
PLAIN_TOKENS = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline"),
    *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
    *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close"),
}


class Page(HTMLParser):
    """Reads a page: elements that nest as they should, and the text of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
            self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def cells(self) -> list[str]:
        """The text of each cell, in order."""
        found: list[str] = []
        for tag, text in self.texts:
            if tag == "td" and not text:
                found.append("")
            elif tag == "td":
                found[-1] += text
        return found


def tokens_of(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def text_of(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


# -- any report ------------------------------------------------------------------------------


@settings(max_examples=40)
@given(reports())
def test_a_report_goes_through_json(made: RecoveryReport) -> None:
    assert RecoveryReport.model_validate_json(made.to_json()) == made


@settings(max_examples=40)
@given(reports())
def test_text_fits_80_columns_and_commands_no_terminal(made: RecoveryReport) -> None:
    for line in str(made).split("\n"):
        assert cells(line) <= 80
        assert line.isprintable()


@settings(max_examples=40)
@given(reports())
def test_a_page_holds_only_what_we_put_there(made: RecoveryReport) -> None:
    page = Page(made.to_html())
    assert page.open == []
    assert set(page.tags) <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert not [v for v in page.values if "//" in v and v != "http://www.w3.org/2000/svg"]
    expected = [
        text
        for section in outline_of(made).sections
        for row in section.rows
        for text in (
            [*row.cells, row.note or ""]
            if any(one.note is not None for one in section.rows)
            else row.cells
        )
    ]
    assert page.cells() == expected


@settings(max_examples=40)
@given(reports())
def test_markdown_says_no_more_than_it_means(made: RecoveryReport) -> None:
    tokens = tokens_of(made.to_markdown())
    assert {token.type for token in tokens} <= PLAIN_TOKENS
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= {"text", "text_special", "strong_open", "strong_close"}
    shown = [
        text_of(tokens[index + 1]) for index, token in enumerate(tokens) if token.type == "td_open"
    ]
    expected: list[str] = []
    for section in outline_of(made).sections:
        noted = any(row.note is not None for row in section.rows)
        for row in section.rows:
            expected += [*row.cells, *([row.note or ""] if noted else [])]
    assert shown == expected


@given(NAMES)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    tokens = tokens_of(f"- {escaped(plain(text))}")
    inline = [token for token in tokens if token.type == "inline"]
    assert "".join(text_of(token) for token in inline) == plain(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_reaches_every_rendering_as_text(name: str) -> None:
    made = report(servers=(server(1, name=name, outcome="failed", reason=name),))
    shown = plain(name)
    assert shown[:10] in str(made)
    assert shown in Page(made.to_html()).cells()
    assert "http://evil" not in made.to_markdown()
    assert "www.evil" not in made.to_markdown()


# -- figures ---------------------------------------------------------------------------------


@given(DURATIONS)
def test_what_was_measured_is_rounded_up_to_the_second(value: timedelta) -> None:
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"(\d+)([dhms])", measured(value))
    assert sum(int(n) * units[unit] for n, unit in parts) == math.ceil(value / timedelta(seconds=1))


def test_what_misses_an_objective_by_a_moment_does_not_look_as_if_it_met_it() -> None:
    asked = timedelta(minutes=5)
    assert measured(asked + timedelta(microseconds=1)) == "5m 1s"
    assert objective(asked) == measured(asked) == "5m"
    assert objective(timedelta(seconds=1.25)) == "1.25s"


def test_what_is_not_known_is_never_shown_as_zero() -> None:
    made = report(
        waves=(
            WaveOutcome(
                name="db",
                state="up",
                recovery_point_objective=timedelta(minutes=5),
                recovery_time_objective=timedelta(minutes=5),
                jobs=("drsjob-1",),
            ),
        ),
        servers=(server(1),),
        started=None,
        at=None,
    )
    for text in (str(made), made.to_markdown(), " ".join(Page(made.to_html()).cells())):
        assert re.search(r"\b0[sm]\b", text) is None
    lines = str(made).splitlines()
    assert "took            ?" in lines
    assert [line.split() for line in lines if "srv-0001" in line] == [
        ["srv-0001", "db", "launched", "1", "?", "?"]
    ]


def test_objectives_are_told_as_met_missed_or_unknown() -> None:
    wave = WaveOutcome(name="db", state="up", recovery_time_objective=timedelta(minutes=10))
    times = [(timedelta(minutes=9), True), (timedelta(minutes=11), False), (None, None)]
    made = report(
        waves=(wave,),
        servers=tuple(
            server(number, time_taken=taken, meets_recovery_time_objective=met)
            for number, (taken, met) in enumerate(times)
        ),
    )
    text = str(made)
    assert "10m        11m (? for 1)  1 missed, 1 met, 1 ?" in text
    assert "missed by srv-0001 (11m)" in text
    assert "      misses the RTO" in text.splitlines()


# -- what a report tells ----------------------------------------------------------------------


def test_failed_servers_come_first_and_each_cause_once_with_what_to_do() -> None:
    silent = (
        "failed without a word in the job's log. Most often rights are missing: ec2:RunInstances"
    )
    made = report(
        state="failed",
        waves=(WaveOutcome(name="db", state="failed", reason="2 of 3 have not come up"),),
        servers=(
            server(1),
            server(2, outcome="failed", reason=silent),
            server(3, outcome="failed", reason=silent, attempt=2),
        ),
    )
    text = str(made)
    assert text.index("srv-0002") < text.index("srv-0003") < text.index("srv-0001")
    assert text.count("without a word") == 1
    assert "ec2:RunInstances" in text
    joined = " ".join(text.split())
    assert "launch again under the same key with attempts=3" in joined
    assert "clean up" in joined


def test_a_thousand_servers_hide_nothing_that_needs_attention() -> None:
    servers = [server(number) for number in range(990)]
    servers += [server(number, outcome="failed", reason="no room") for number in range(990, 1000)]
    made = report(state="failed", servers=tuple(servers))
    text = str(made)
    assert all(f"srv-{number:04}" in text for number in range(990, 1000))
    assert "... and 950 more that need no attention" in text
    assert len(text.splitlines()) < 120
    waiting = report(servers=tuple(server(n, outcome="not launched") for n in range(1000)))
    assert len(str(waiting).splitlines()) < 120
    markdown = made.to_markdown()
    assert all(f"srv-{number:04}" in markdown for number in range(1000))
    assert set(Page(made.to_html()).cells()) >= {f"srv-{number:04}" for number in range(1000)}


def test_everything_else_is_told() -> None:
    made = report(
        state="waiting for approval",
        waves=(
            WaveOutcome(name="db", state="up"),
            WaveOutcome(name="app", state="waiting for approval"),
        ),
        servers=(
            server(1, is_selected=False),
            server(2, launched_again_by="drsjob-9", attempt=2),
            server(3, outcome="gone", reason="its instance stands no more"),
            server(4, name="srv-0002"),
        ),
        jobs=(JobOutcome(job_id="j", wave="db", attempt=1, region_name=None, account_id=None),),
        kept=("s-00000000000000001",),
        newcomers=("s-00000000000000003",),
        dropped=("s-left",),
        replaced={"s-00000000000000001": "i-old"},
        hooks=(
            HookOutcome(wave="db", when="after", error="ValueError: no table"),
            HookOutcome(wave="db", when="before", returned="42"),
        ),
        unreadable={"444455556666 eu-west-1": "AccessDeniedException: no"},
    )
    for text in (
        " ".join(str(made).split()),
        text_of_markdown(made),
        " ".join(text for _, text in Page(made.to_html()).texts),
    ):
        for wanted in (
            "1 server kept, though the runbook no longer selects them: srv-0001",
            "launched again since by job drsjob-9",
            "1 server joined after their wave had begun: srv-0003",
            "before they were launched: s-left",
            "replaced by this launch: srv-0001 (i-old)",
            "srv-0003: its instance stands no more",
            "raised ValueError: no table",
            "returned 42",
            "444455556666 eu-west-1: AccessDeniedException: no",
            "srv-0002 s-00000000000000004",  # two of one name are told apart
            'recovery.approve("app", by=...)',
            "See why the check after the wave db failed",
            "1 gone",
        ):
            assert wanted in text, wanted


def text_of_markdown(made: RecoveryReport) -> str:
    return " ".join(text_of(token) for token in tokens_of(made.to_markdown()))


def test_a_page_asks_no_host_and_runs_no_script() -> None:
    page = report(servers=(server(1),)).to_html()
    assert page.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in page
    for wanted in ("@media print", "prefers-color-scheme: dark", "width=device-width"):
        assert wanted in page
    for never in ("<script", "<link", "src=", "@import", "url("):
        assert never not in page


# -- the timeline ----------------------------------------------------------------------------


def test_the_timeline_draws_attempts_failures_and_objectives_where_they_belong() -> None:
    def job(number: int, attempt: int, begin: int, end: int | None, *, failed: int) -> JobOutcome:
        ids = tuple(f"s-{n}" for n in range(4))
        return JobOutcome(
            job_id=f"drsjob-{number}",
            wave="db",
            attempt=attempt,
            region_name="us-east-1",
            account_id=None,
            asked_at=BEGAN + timedelta(minutes=begin),
            ended_at=None if end is None else BEGAN + timedelta(minutes=end),
            servers=ids,
            launched=() if end is None else ids[failed:],
            failed=ids[:failed],
        )

    wave = WaveOutcome(
        name="db",
        state="launching",
        asked_at=BEGAN,
        recovery_time_objective=timedelta(minutes=20),
        jobs=("drsjob-1", "drsjob-2"),
    )
    made = report(
        state="running",
        at=BEGAN + timedelta(minutes=40),
        waves=(wave,),
        jobs=(job(1, 1, 0, 10, failed=1), job(2, 2, 10, None, failed=0)),
    )
    svg = made.to_html().partition("<svg")[2].partition("</svg>")[0]
    bars = {
        kind: (float(x), float(width), float(height))
        for x, width, height, kind in re.findall(
            r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="([\d.]+)" rx="2" '
            r'class="(good|bad|open going)"',
            svg,
        )
    }
    left, width = bars["good"][0], bars["good"][1]
    assert bars["bad"][:2] == (left, width)
    assert bars["good"][2] == pytest.approx(3 * bars["bad"][2])  # three of four
    assert bars["open going"][0] == pytest.approx(left + width, abs=0.2)
    assert bars["open going"][1] == pytest.approx(3 * width, abs=0.4)  # ten of forty minutes
    due = re.search(r'<line x1="([\d.]+)"[^>]* class="objective"', svg)
    assert due is not None
    assert float(due[1]) == pytest.approx(left + 2 * width, abs=0.2)
    for wanted in ("attempt 1, us-east-1", "attempt 2, us-east-1", "RTO 20m", "3 of 4 up", "+10m"):
        assert wanted in svg


def test_a_report_without_times_has_no_timeline() -> None:
    assert "<svg" not in report(servers=(server(1),)).to_html()


@given(NAMES)
def test_text_is_cut_to_the_columns_it_takes(text: str) -> None:
    for width in (0, 1, 3, 10):
        assert cells(cut(plain(text), width)) <= width
