"""Runbooks in files: TOML, JSON and YAML say the same, and every mistake has its place."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from runbooks import FIRST_ID, runbook, wave

from drs_sdk.errors import RunbookError
from drs_sdk.recovery import Runbook

if TYPE_CHECKING:
    from pathlib import Path

TOML = """
name = "erp"
description = "the ERP"

[[waves]]
name = "database"
servers = { tags = { app = "erp", tier = "db" } }
recovery_point_objective = "PT5M"
point_in_time = 2026-11-26T08:00:00Z

[[waves]]
name = "application"
servers = { names = ["app-*"], targets = [{ region_name = "eu-*", account_id = "111122223333" }] }
after = []
pause_before = true
recovery_time_objective = 3600
attempts = 2
on_failure = "continue"
fail_back_after = []
"""

YAML = """
name: erp
description: the ERP
waves:
  - name: database
    servers: {tags: {app: erp, tier: db}}
    recovery_point_objective: PT5M
    point_in_time: 2026-11-26T08:00:00Z
  - name: application
    servers:
      names: [app-*]
      targets:
        - {region_name: eu-*, account_id: "111122223333"}
    after: []
    pause_before: true
    recovery_time_objective: 3600
    attempts: 2
    on_failure: continue
    fail_back_after: []
"""

JSON = """
{
  "$schema": "./runbook.schema.json",
  "name": "erp",
  "description": "the ERP",
  "waves": [
    {
      "name": "database",
      "servers": {"tags": {"app": "erp", "tier": "db"}},
      "recovery_point_objective": "PT5M",
      "point_in_time": "2026-11-26T08:00:00Z"
    },
    {
      "name": "application",
      "servers": {
        "names": ["app-*"],
        "targets": [{"region_name": "eu-*", "account_id": "111122223333"}]
      },
      "after": [],
      "pause_before": true,
      "recovery_time_objective": 3600,
      "attempts": 2,
      "on_failure": "continue",
      "fail_back_after": []
    }
  ]
}
"""

PLAN = runbook(
    wave(
        "database",
        servers={"tags": {"app": "erp", "tier": "db"}},
        recovery_point_objective=timedelta(minutes=5),
        point_in_time=datetime(2026, 11, 26, 8, tzinfo=UTC),
    ),
    wave(
        "application",
        servers={
            "names": ["app-*"],
            "targets": [{"region_name": "eu-*", "account_id": "111122223333"}],
        },
        after=[],
        pause_before=True,
        recovery_time_objective=timedelta(hours=1),
        attempts=2,
        on_failure="continue",
        fail_back_after=[],
    ),
    description="the ERP",
)
FILES = {"a.toml": TOML, "a.json": JSON, "a.yaml": YAML, "a.yml": YAML, "A.JSON": JSON}


@pytest.mark.parametrize("name", FILES)
def test_every_format_says_the_same(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(FILES[name])
    assert Runbook.load(file) == PLAN
    assert Runbook.load(str(file)).digest == PLAN.digest


@pytest.mark.parametrize("name", ["a.toml", "a.json", "a.yaml"])
def test_a_mark_that_editors_put_in_front_is_passed_over(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"\xef\xbb\xbf" + FILES[name].replace("\n", "\r\n").encode())
    assert Runbook.load(file) == PLAN


def test_what_is_written_out_reads_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(PLAN.model_dump_json())
    assert Runbook.load(tmp_path / "a.json") == PLAN
    (tmp_path / "a.yaml").write_text(PLAN.model_dump_json())  # JSON is YAML, too
    assert Runbook.load(tmp_path / "a.yaml") == PLAN


@given(st.timedeltas(timedelta(microseconds=1), timedelta(days=365) - timedelta(microseconds=1)))
def test_every_objective_is_written_so_that_it_can_be_read(objective: timedelta) -> None:
    plan = runbook(wave("a", recovery_point_objective=objective))
    again = Runbook.model_validate_json(plan.model_dump_json())
    assert again.waves[0].recovery_point_objective == objective


# Mistakes

SYNTAX = [
    ("a.toml", 'name = "erp"\nwaves = [\n', 3, "is not TOML"),
    ("a.toml", 'name = "erp"\n\nwaves == 3\n', 3, "is not TOML"),
    ("a.toml", 'name = "erp"\nname = "crm"\n', 2, "is not TOML"),
    ("a.toml", "name = \x00", 1, "is not TOML"),
    ("a.json", '{\n "name": "erp"\n "waves": []}', 3, "is not JSON"),
    ("a.json", "", 1, "is not JSON"),
    ("a.json", '{"name": "erp", "name": "crm"}', None, "'name' is given twice"),
    ("a.json", '{"waves": [{"attempts": NaN}]}', None, "NaN is no number in JSON"),
    ("a.json", '{"name": %s}' % ("1" * 5000), None, "cannot be read"),
    ("a.json", "[" * 100_000, None, "is nested too deep"),
    ("a.yaml", "name: erp\nwaves: [\n", 3, "is not YAML"),
    ("a.yaml", "name: erp\nwaves:\n\t- 1\n", 3, "is not YAML"),
    ("a.yaml", "name: erp\nname: crm\n", 2, "'name' is given twice"),
    ("a.yaml", "name: erp\nwaves:\n- name: a\n  name: b\n", 4, "'name' is given twice"),
    ("a.yaml", "name: erp\n--- \nname: crm\n", 2, "is not YAML"),
    ("a.yaml", "name: erp\nwaves: 2026-02-31\n", 2, "this cannot be: day"),
    ("a.yaml", "name: !!bool erp\n", 1, "this cannot be"),
    ("a.yaml", "name: erp\nwaves: !!python/object:os.system 1\n", 2, "is not YAML"),
    ("a.yaml", "name: erp\nwaves: \x07\n", 2, "is not YAML"),
    ("a.yaml", "", None, "must hold a table"),
    ("a.json", "[]", None, "must hold a table"),
    ("a.txt", TOML, None, "the suffix .toml, .json, .yaml, .yml, not '.txt'"),
    ("a", TOML, None, "not ''"),
]


@pytest.mark.parametrize(("name", "text", "line", "told"), SYNTAX)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, line: int | None, told: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(RunbookError) as caught:
        Runbook.load(file)
    assert told in str(caught.value)
    place = f"{file}: " if line is None else f"{file}, line {line}: "
    assert str(caught.value).startswith(place)
    assert (caught.value.file, caught.value.line) == (str(file), line)


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b'name = "erp"\ndescription = "\xfc"\n')
    with pytest.raises(RunbookError, match="line 2: is not UTF-8"):
        Runbook.load(tmp_path / "a.toml")


def test_a_file_that_is_not_there_is_no_runbook(tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match=r"a\.toml: cannot be read: No such file") as caught:
        Runbook.load(tmp_path / "a.toml")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    (tmp_path / "b.toml").mkdir()
    with pytest.raises(RunbookError, match=r"b\.toml: cannot be read: "):
        Runbook.load(tmp_path / "b.toml")


@pytest.mark.parametrize("name", ["a.toml", "a.json", "a.yaml"])
def test_a_wrong_field_is_named_by_file_and_path(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(FILES[name].replace("attempts", "atempts"))
    with pytest.raises(RunbookError) as caught:
        Runbook.load(file)
    assert str(caught.value).startswith(f"{file} is not valid:\n  waves[1].atempts: is no field; ")
    assert caught.value.file == str(file)
    assert [problem.path for problem in caught.value.problems] == ["waves[1].atempts"]


YAML_VALUES = [
    ("name: no", "name: must be text; in a file, put it in quotes"),
    ("name: 2026", "name: must be text; in a file, put it in quotes"),
    ("name: 2026-01-01", "name: must be text; in a file, put it in quotes"),
    ("1: 2", "1: is no field"),
    ("no: 2", "no: is no field"),
    ("[a, b]: 2", "is not YAML"),
]


@pytest.mark.parametrize(("line", "told"), YAML_VALUES)
def test_what_yaml_takes_for_no_text_is_told(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "a.yaml").write_text(f"{line}\nwaves: []\n")
    with pytest.raises(RunbookError) as caught:
        Runbook.load(tmp_path / "a.yaml")
    assert told in str(caught.value)


def test_names_in_yaml_are_text_and_anchors_work(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("""
name: erp
waves:
  - &first
    name: database
    servers: {tags: {2026: "yes", on: "x"}}
    attempts: 3
  - <<: *first
    name: application
""")
    first, second = Runbook.load(tmp_path / "a.yaml").waves
    assert first.servers.tags == second.servers.tags == {"2026": "yes", "on": "x"}
    assert (first.attempts, second.attempts) == (3, 3)


@pytest.mark.parametrize("value", ["5:00", "1:30:00", "1:30.5", "5m"])
def test_a_clock_time_in_yaml_is_no_number_of_seconds(tmp_path: Path, value: str) -> None:
    (tmp_path / "a.yaml").write_text(YAML.replace("PT5M", value))
    with pytest.raises(RunbookError, match=r"recovery_point_objective: must be a duration"):
        Runbook.load(tmp_path / "a.yaml")


@pytest.mark.parametrize("suffix", ["toml", "json", "yaml"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_whatever_a_file_holds_the_error_is_ours(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    whole = FILES[f"a.{suffix}"]
    start = data.draw(st.integers(0, len(whole)))
    put = data.draw(st.text(alphabet=" \n\t:{}[]\"'!&*-#=.,<>|%@`0129aTZ\x00é", max_size=6))
    left_out = data.draw(st.integers(0, 20))
    file = tmp_path / f"a.{suffix}"
    file.write_text(whole[:start] + put + whole[start + left_out :], encoding="utf-8")
    try:
        found = Runbook.load(file)
    except RunbookError as error:
        assert error.file == str(file)  # noqa: PT017
    else:
        assert found.waves


def test_yaml_without_its_extra_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "a.toml").write_text(TOML)
    code = f"""
import sys
sys.modules["yaml"] = None
from drs_sdk.recovery import Runbook
from drs_sdk.errors import RunbookError
Runbook.load({str(tmp_path / "a.toml")!r})
try:
    Runbook.load({str(tmp_path / "a.yaml")!r})
except RunbookError as error:
    assert isinstance(error.__cause__, ModuleNotFoundError)
    print(error)
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert 'pip install "drs-sdk[yaml]"' in done.stdout


def test_json_needs_no_dict_to_be_told_apart(tmp_path: Path) -> None:
    """The schema is named at the top only; anywhere else it is a field that is not known."""
    content = json.loads(JSON)
    content["waves"][0]["$schema"] = "x"
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(RunbookError, match=r"waves\[0\]\.\$schema: is no field"):
        Runbook.load(tmp_path / "a.json")


def test_ids_in_two_waves_are_found_in_files_too(tmp_path: Path) -> None:
    content = {
        "name": "erp",
        "waves": [wave(n, servers={"source_server_ids": [FIRST_ID]}) for n in ("a", "b")],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(RunbookError, match=r"waves\[1\].*is in wave 'a' already"):
        Runbook.load(tmp_path / "a.json")
