# ruff: noqa: ANN401 - foreign JSON has no types
"""What cannot be loaded is refused with a ValueError, and leaves nothing behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from pathlib import Path

SERVER_ID = "s-" + "3" * 17
SERVER: dict[str, Any] = {"sourceServerID": SERVER_ID, "sourceProperties": {}}
JOB: dict[str, Any] = {"jobID": "drsjob-" + "3" * 17, "status": "COMPLETED"}
ACTION = {"actionId": "11111111-2222-3333-4444-555555555555", "actionCode": "AWS-RunShellScript"}
CONFIGURATIONS: list[dict[str, Any]] = [
    {"sourceServerID": SERVER_ID, "ec2LaunchTemplateID": "lt-1", "launchDisposition": "STARTED"},
    {"sourceServerID": SERVER_ID, "stagingAreaSubnetId": "subnet-1", "pitPolicy": []},
]
PLAN = {"recoveryPlanArn": "arn:aws:drs:us-east-1:111122223333:recovery-plan/p", "name": "p"}
STEP = {"recoveryPlanStepArn": PLAN["recoveryPlanArn"] + "/s", "stepName": "s"}


def _deep() -> Any:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({**SERVER, "sourceProperties": "x"}, "sourceProperties of a SourceServer must be a struc"),
        ({**SERVER, "sourceProperties": {"disks": [None]}}, r"sourceProperties.disks\[0\]"),
        ({**JOB, "participatingServers": "x"}, "participatingServers of a Job must be a list"),
        ({**JOB, "creationDateTime": "yesterday"}, "creationDateTime must be a date-time"),
        ({**JOB, "detail": "x"}, "'x' is no list of JobLog"),
        ({**JOB, "items": [5]}, "an item of a JobLog must be a structure"),
        ({"jobID": "j", "items": [{"logDateTime": 5, "event": "x"}]}, "logDateTime of a JobLog"),
        ([{"logDateTime": "noon", "event": "JOB_START"}], "logDateTime must be a date-time"),
        ({"resourceId": SERVER_ID, "items": [{**ACTION, "order": "x"}]}, "order of a LaunchAction"),
        (
            {"snapshotID": "p", "sourceServerID": SERVER_ID, "expectedTimestamp": "noon"},
            "expectedTimestamp must be a date-time",
        ),
        ([PLAN, {**STEP, "configuration": {"serverStepConfiguration": {"servers": 5}}}], "servers"),
        (
            [PLAN, {**STEP, "configuration": {"serverStepConfiguration": {"servers": ["x"]}}}],
            r"servers\[0\] of a RecoveryPlanStep must be a structure",
        ),
        (CONFIGURATIONS[0] | {"sourceServerID": "s-9"}, "launch configurations of source-server"),
        (CONFIGURATIONS[1] | {"sourceServerID": "s-9"}, "replication configurations of source-"),
        (_deep(), "nothing that the service answers"),
    ],
    ids=range(15),
)
def test_it_is_refused_as_a_whole(wrong: Any, message: str) -> None:
    emulator = DRSEmulator()
    emulator.add_source_servers(1)
    before = emulator.snapshot()
    with pytest.raises(ValueError, match=message):
        emulator.load([SERVER, wrong])
    assert emulator.snapshot() == before


def test_what_belongs_to_a_server_does_not_count_as_one() -> None:
    emulator = DRSEmulator()
    assert emulator.load([*CONFIGURATIONS, SERVER]) == [SERVER_ID]
    assert emulator.load(CONFIGURATIONS) == []


def test_a_file_that_holds_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "servers.json"
    for text in (b"", b"{", b"\xff\xff", b"[" * 100_000):
        path.write_bytes(text)
        with pytest.raises(ValueError, match=r"servers\.json holds no JSON"):
            DRSEmulator().load(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_every_shell(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "servers.json"
    path.write_text(json.dumps([SERVER]), encoding=encoding)
    assert DRSEmulator().load(path) == [SERVER_ID]
