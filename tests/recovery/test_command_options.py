"""What the command line takes, what it refuses, and which exit code an end has."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

import drs_sdk.errors
from drs_sdk.clock import SystemClock
from drs_sdk.errors import (
    ConnectionFailedError,
    DRSError,
    RecoveryError,
    RequestValidationError,
    RunbookError,
    RunClosedError,
    RunMismatchError,
)
from drs_sdk.fleet import Target
from drs_sdk.recovery import Limits, RecoveryReport
from drs_sdk.recovery.command import exit_codes, readers
from drs_sdk.recovery.command.arguments import parse
from drs_sdk.recovery.command.commands import COMMANDS
from drs_sdk.recovery.command.exit_codes import ExitCode, code_of_error, code_of_report
from drs_sdk.recovery.command.given import Given, GivenLimits, GivenPlace
from drs_sdk.recovery.command.limit_options import limits_of
from drs_sdk.recovery.command.opening import opened
from drs_sdk.recovery.status import RunState

if TYPE_CHECKING:
    from collections.abc import Callable

RUN = ("erp.toml", "--key", "q4", "--drill")
DOCS = Path(__file__).parent.parent.parent / "docs" / "recovery-command.md"


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (readers.duration, "90", timedelta(seconds=90)),
        (readers.duration, "1.5h", timedelta(minutes=90)),
        (readers.duration, "2d", timedelta(days=2)),
        (readers.duration, "PT1H30M", timedelta(minutes=90)),
        (readers.duration_or_none, "none", None),
        (readers.since, "30d", timedelta(days=30)),
        (readers.since, "2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
        (readers.place, "eu-west-1", GivenPlace("eu-west-1")),
        (readers.place, "111122223333/us-gov-west-1", GivenPlace("us-gov-west-1", "111122223333")),
        (readers.tag, "owner=a=b", ("owner", "a=b")),
        (readers.tag, "note=", ("note", "")),
        (readers.limits, "concurrent-jobs=5", GivenLimits(None, {"concurrent_jobs": 5})),
        (
            readers.limits,
            "111122223333/eu-west-1:servers-in-one-job=7,concurrent-jobs=5",
            GivenLimits(
                GivenPlace("eu-west-1", "111122223333"),
                {"servers_in_one_job": 7, "concurrent_jobs": 5},
            ),
        ),
        (readers.whole(1), "1", 1),
    ],
)
def test_arguments_are_read(read: Callable[[str], Any], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "texts"),
    [
        (readers.duration, ["", "-1", "5 minutes", "1e9999d", "99999999999d", "P", "-PT5M", "nan"]),
        (readers.since, ["2026-11-01", "2026-11-01T00:00", "yesterday"]),
        (readers.place, ["", "eu", "1/eu-west-1", "111122223333/", "EU-WEST-1"]),
        (readers.tag, ["owner", "=value", ""]),
        (
            readers.limits,
            ["", "jobs=5", "concurrent-jobs", "concurrent-jobs=x", "x:concurrent-jobs=5"],
        ),
        (readers.file_to_write, ["/no/such/folder/report.html", "/tmp", "x" * 300]),  # noqa: S108
        (readers.whole(1), ["0", "-1", "1.5", "x"]),
    ],
)
def test_what_cannot_be_is_refused(read: Callable[[str], Any], texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError) as refused:
            read(text)
        assert repr(text) in str(refused.value) or repr(text.split(":")[0]) in str(refused.value)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["launch", *RUN[:-1]],
        ["launch", *RUN, "--recovery"],
        ["launch", "erp.toml", "--drill"],
        ["launch", *RUN, "--account=111122223333"],
        ["launch", *RUN, "--limits=eu-west-1:concurrent-jobs=5"],
        ["launch", *RUN, "--attempt=2"],
        ["approve", *RUN],
        ["close", *RUN],
        ["status", *RUN, "--approved=web"],
        ["reverse", *RUN],
    ],
)
def test_a_wrong_command_line_is_a_usage_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == ExitCode.USAGE
    assert "usage: python -m drs_sdk.recovery" in capsys.readouterr().err


def test_every_command_tells_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            parse([command.name, "--help"])
        assert ended.value.code == 0
        assert "--json" in capsys.readouterr().out


def test_every_option_has_its_place_in_what_is_given() -> None:
    words = {"approve": ["--wave=web"], "close": ["--reason=over"], "runs": []}
    known = set(vars(Given)) | set(Given.__annotations__)
    for command in COMMANDS:
        run = () if command.name == "runs" else RUN
        _, given = parse([command.name, *run, *words.get(command.name, [])])
        assert set(vars(given)) <= known, command.name


def test_limits_of_a_place_go_before_those_of_all() -> None:
    here, there = Target("eu-west-1"), Target("us-east-1")
    given = [
        GivenLimits(GivenPlace("us-east-1"), {"concurrent_jobs": 40}),
        GivenLimits(None, {"concurrent_jobs": 30, "servers_in_all_jobs": 800}),
    ]
    assert limits_of([], [here]) == Limits()
    assert limits_of(given[1:], [here]) == Limits(concurrent_jobs=30, servers_in_all_jobs=800)
    assert limits_of(given, [here, there]) == {
        here: Limits(concurrent_jobs=30, servers_in_all_jobs=800),
        there: Limits(concurrent_jobs=40, servers_in_all_jobs=800),
    }
    with pytest.raises(drs_sdk.errors.ConfigurationError, match="none of us-east-1"):
        limits_of([*given[:1], GivenLimits(GivenPlace("eu-west-1"))], [there])


async def test_an_origin_in_another_account_needs_a_role(tmp_path: Path) -> None:
    file = tmp_path / "erp.json"
    file.write_text('{"name": "erp", "waves": [{"name": "all", "servers": {"all": true}}]}')
    words = ["preflight", str(file), "--key=q4", "--recovery", "--region=eu-west-1"]
    _, given = parse([*words, "--origin=444455556666/us-east-1"])
    with pytest.raises(drs_sdk.errors.ConfigurationError, match="--origin-role-name"):
        async with opened(given, SystemClock()):
            pass
    _, given = parse([*words, "--origin=444455556666/us-east-1", "--origin-role-name=Home"])
    async with opened(given, SystemClock()) as recovery:
        assert recovery.name == "erp/q4"


def test_every_end_has_an_exit_code_of_its_own() -> None:
    assert len({code.value for code in ExitCode}) == len(list(ExitCode))
    base: dict[str, Any] = {
        "run": "erp/q4",
        "runbook": "erp",
        "key": "q4",
        "mode": "drill",
        "started": None,
        "at": None,
        "waves": (),
        "servers": (),
    }
    states = get_args(RunState)
    codes = {state: code_of_report(RecoveryReport(**base, state=state)) for state in states}
    assert len(set(codes.values())) == len(states)
    assert [state for state, code in codes.items() if code == 0] == ["succeeded"]
    done = RecoveryReport(**base, state="succeeded", already_complete=True)
    assert code_of_report(done) == ExitCode.ALREADY_COMPLETE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RunMismatchError("erp/q4", ["mode"]), ExitCode.MISMATCH),
        (RunClosedError("erp/q4", "closed"), ExitCode.CLOSED),
        (RunbookError("no such wave"), ExitCode.USAGE),
        (RequestValidationError.of("by", "must not be empty"), ExitCode.USAGE),
        (RecoveryError("no job yet"), ExitCode.REFUSED),
        (ConnectionFailedError("no answer"), ExitCode.UNREADABLE),
    ],
)
def test_an_error_has_the_exit_code_of_its_kind(error: DRSError, code: ExitCode) -> None:
    assert code_of_error(error) == code


def test_no_error_of_a_run_passes_for_one_of_the_way_there() -> None:
    kinds = [
        kind
        for name in drs_sdk.errors.__all__
        if isinstance(kind := getattr(drs_sdk.errors, name), type)
        and issubclass(kind, RecoveryError)
    ]
    assert len(kinds) > 5
    for kind in kinds:
        error = kind.__new__(kind)
        assert code_of_error(error) not in {ExitCode.SUCCEEDED, ExitCode.UNREADABLE}, kind


def test_the_page_lists_the_exit_codes_as_they_are() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", DOCS.read_text(), re.MULTILINE)
    assert {int(value): meaning for value, meaning in rows} == {
        code.value: code.meaning for code in ExitCode
    }
    assert exit_codes.table().count("\n") == len(rows) - 1


def test_the_page_tells_of_every_command() -> None:
    page = DOCS.read_text()
    for command in COMMANDS:
        assert f"| `{command.name}` |" in page, command.name
