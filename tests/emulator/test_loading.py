# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Loading what describe calls printed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drs_sdk.testing.service.deviations import answer_violations
from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from drs_sdk.testing import DRSEmulator

CAPTURE = Path(__file__).parents[3] / "shared" / "data" / "drill_capture.json"
SERVER = {
    "sourceServerID": "s-" + "3" * 17,
    "arn": "arn:aws:drs:eu-west-1:123456789012:source-server/s-" + "3" * 17,
    "dataReplicationInfo": {"dataReplicationState": "CONTINUOUS", "lagDuration": None},
}


@pytest.mark.skipif(not CAPTURE.exists(), reason="the capture is not here")
async def test_a_real_capture(emulator: DRSEmulator, raw: Any) -> None:
    loaded = emulator.load(CAPTURE)
    assert emulator.load(str(CAPTURE)) == loaded
    ids = [i for i in loaded if i.startswith("s-")]
    jobs = [i for i in loaded if i.startswith("drsjob-")]
    assert (len(ids), len(jobs), len(set(loaded))) == (6, 2, 8)
    page = await raw.describe_source_servers()
    assert [server["sourceServerID"] for server in page["items"]] == ids
    captured = json.loads(CAPTURE.read_text())["SourceServers"][0]
    assert page["items"][0] == next(iter(captured.values()))
    captured_jobs = [wave["drs"]["job"] for wave in json.loads(CAPTURE.read_text())["Waves"]]
    shown = (await raw.describe_jobs())["items"]
    assert [job["jobID"] for job in shown] == jobs[::-1]
    for job, captured_job in zip(shown[::-1], captured_jobs, strict=True):
        log = await raw.describe_job_log_items(jobID=job["jobID"])
        assert log["items"] == captured_job["detail"]
        assert captured_job == {**job, "detail": log["items"]}
    assert emulator.defects == []

    await emulator.clock.advance(timedelta(hours=1))
    server_id = ids[0]
    await raw.stop_replication(sourceServerID=server_id)
    await raw.start_replication(sourceServerID=server_id)
    await emulator.clock.advance(timedelta(days=1))
    server = (await raw.describe_source_servers())["items"][0]
    assert server["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    await raw.disconnect_source_server(sourceServerID=ids[1])
    await raw.delete_source_server(sourceServerID=ids[1])


async def test_objects_are_found_at_any_depth_and_merged(emulator: DRSEmulator, raw: Any) -> None:
    tagged = {**SERVER, "tags": {"a": "b"}}
    assert emulator.load({"deep": [[{"items": [SERVER]}], tagged, 1, "text"]}) == [
        SERVER["sourceServerID"]
    ]
    (server,) = (await raw.describe_source_servers())["items"]
    assert server["tags"] == {"a": "b"}
    assert "lagDuration" not in server["dataReplicationInfo"]


async def test_what_only_names_a_server_is_not_loaded(emulator: DRSEmulator) -> None:
    server_id = SERVER["sourceServerID"]
    others = [
        {"sourceServerID": server_id, "launchStatus": "LAUNCHED"},
        {"sourceServerID": server_id, "recoveryInstanceID": "i-" + "0" * 17, "arn": "arn:x"},
        {"sourceServerID": 5, "arn": "arn:x"},
    ]
    assert emulator.load(others) == []


async def test_a_sparse_server_can_be_worked_on(emulator: DRSEmulator, raw: Any) -> None:
    server_id = "s-" + "4" * 17
    assert emulator.load([{"sourceServerID": server_id, "sourceProperties": {}}]) == [server_id]
    (server,) = (await raw.describe_source_servers())["items"]
    assert server == {"sourceServerID": server_id, "sourceProperties": {}}
    emulator.stall_replication(server_id)
    arn = f"arn:aws:drs:{emulator.region}:{emulator.account_id}:source-server/{server_id}"
    await raw.tag_resource(resourceArn=arn, tags={"a": "b"})
    server = await raw.disconnect_source_server(sourceServerID=server_id)
    assert server["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED"


def test_known_deviations_are_no_defects() -> None:
    operations = load_service().operations
    logs = operations["DescribeJobLogItems"].output
    instances = operations["DescribeRecoveryInstances"].output
    assert logs is not None
    assert instances is not None
    log = {"event": "LAUNCH_END", "logDateTime": "2022-12-07T19:15:39+00:00"}
    assert answer_violations(logs, {"items": [log]}) == []
    info = {"lagDuration": "PT11M"}
    failback = {"elapsedReplicationDuration": "P2DT1H32M12.136909S"}
    instance = {"dataReplicationInfo": info, "failback": failback}
    assert answer_violations(instances, {"items": [instance]}) == []
    for wrong in (
        {"event": "LAUNCH_MIDDLE"},
        {"logDateTime": "2022-12-07T19:15:39+02:00"},
        {"novelty": 1},
    ):
        assert len(answer_violations(logs, {"items": [wrong]})) == 1


async def test_loaded_jobs_are_listed_by_their_dates(emulator: DRSEmulator, raw: Any) -> None:
    (server_id,) = emulator.add_source_servers(1)
    started = await raw.start_recovery(sourceServers=[{"sourceServerID": server_id}])
    dated = {
        f"drsjob-{number}" + "0" * 15: f"20{number}-07-01T00:00:00{offset}"
        for number, offset in ((26, "Z"), (22, "+00:00"), (23, "Z"))
    }
    first, middle, last = dated
    for job_id, date in dated.items():
        emulator.load({"jobID": job_id, "status": "COMPLETED", "creationDateTime": date})
    undated = "drsjob-" + "7" * 17
    emulator.load({"jobID": undated, "status": "COMPLETED"})
    expected = [first, started["job"]["jobID"], last, middle, undated]
    pages = raw.get_paginator("describe_jobs").paginate(PaginationConfig={"PageSize": 1})
    assert [job["jobID"] async for page in pages for job in page["items"]] == expected
    found = await raw.describe_jobs(filters={"jobIDs": expected[::-1]})
    assert [job["jobID"] for job in found["items"]] == expected
