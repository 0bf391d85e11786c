"""A genuine capture of a drill parses without loss."""

# ruff: noqa: ANN401 - JSON trees have any type
from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from loopback import answer, client_for, loopback
from strategies import service_shapes as drs
from strategies.walking import differences

from drs_sdk.models import Job, JobLog, SourceServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk._core.base import Shape

CAPTURE = Path(__file__).parents[2] / "shared" / "data" / "drill_capture.json"

pytestmark = pytest.mark.skipif(not CAPTURE.exists(), reason="the capture is not at hand")


def _objects(tree: Any, member: str) -> Iterator[dict[str, Any]]:
    """Every object in the capture that has a member, at any depth."""
    if isinstance(tree, dict):
        if member in tree:
            yield tree
        for inner in tree.values():
            yield from _objects(inner, member)
    elif isinstance(tree, list):
        for inner in tree:
            yield from _objects(inner, member)


@pytest.fixture(scope="module")
def capture() -> Any:
    return json.loads(CAPTURE.read_text("utf-8"))


@pytest.fixture(scope="module")
def source_servers(capture: Any) -> list[dict[str, Any]]:
    return [found for found in _objects(capture, "sourceServerID") if "sourceProperties" in found]


@pytest.fixture(scope="module")
def jobs(capture: Any) -> list[dict[str, Any]]:
    """The jobs; their logs, which the capture puts inside, stand apart."""
    found = _objects(capture, "jobID")
    return [
        {name: value for name, value in job.items() if name != "detail"}
        for job in found
        if "status" in job
    ]


@pytest.fixture(scope="module")
def job_logs(capture: Any) -> list[dict[str, Any]]:
    return list(_objects(capture, "logDateTime"))


def _canonical(found: Any, tree: Any, kind: str | None = None) -> Any:
    """A JSON tree with its times and durations read, so that spelling does not matter."""
    kind = kind or drs.kind_of(found)
    if kind == "datetime":
        return drs.parse_date_time(tree)
    if kind == "duration":
        return drs.parse_duration(tree)
    if kind == "structure":
        return {
            name: _canonical(
                found.members[name],
                value,
                drs.kind_of(found.members[name], owner=found.name, member=name),
            )
            if name in found.members
            else value
            for name, value in tree.items()
        }
    if kind == "list":
        return [_canonical(found.member, value) for value in tree]
    return tree


def _assert_without_loss(model: type[Shape], original: dict[str, Any]) -> None:
    held = model.model_validate_json(json.dumps(original))
    dumped = json.loads(held.model_dump_json(by_alias=True, exclude_unset=True))
    found = drs.shape(model.__name__)

    assert _canonical(found, dumped) == _canonical(found, original)
    known = {name: value for name, value in original.items() if name in found.members}
    assert differences(found, held.model_copy(update={}), known) == [
        f".{name}: kept, but a member of the model" for name in held.model_extra or ()
    ]


def test_the_capture_has_what_it_should(
    source_servers: list[Any], jobs: list[Any], job_logs: list[Any]
) -> None:
    assert len({server["sourceServerID"] for server in source_servers}) == 6
    assert len({job["jobID"] for job in jobs}) == 2
    assert len(job_logs) >= 28


def test_every_source_server_is_dumped_as_it_was(source_servers: list[dict[str, Any]]) -> None:
    for original in source_servers:
        _assert_without_loss(SourceServer, original)


def test_every_job_is_dumped_as_it_was(jobs: list[dict[str, Any]]) -> None:
    for original in jobs:
        _assert_without_loss(Job, original)


def test_every_job_log_item_is_dumped_as_it_was(job_logs: list[dict[str, Any]]) -> None:
    for original in job_logs:
        _assert_without_loss(JobLog, original)


async def test_nothing_is_left_out_of_whole_pages(
    source_servers: list[Any], jobs: list[Any], job_logs: list[Any]
) -> None:
    pages = [answer({"items": items}) for items in (source_servers, jobs, job_logs)]
    async with loopback(*pages) as server, client_for(server) as client:
        servers = await client.describe_source_servers()
        found = await client.describe_jobs()
        logs = await client.describe_job_log_items(jobs[0]["jobID"])

    assert len(servers.items) == len(source_servers)
    assert len(found.items) == len(jobs)
    assert len(logs.items) == len(job_logs)
    for page in (servers, found, logs):
        assert page.response_metadata.unparsed == {}
        assert not page.model_extra


def test_the_traits_read_a_real_drill(
    source_servers: list[dict[str, Any]], jobs: list[dict[str, Any]]
) -> None:
    for original in source_servers:
        server = SourceServer.model_validate(original)
        assert server.is_replicating
        assert server.is_launchable
        assert server.initial_sync_progress == 1
        assert server.lag == timedelta(0)
        assert server.name == original["tags"]["Name"]
        assert server.hostname
    for original in jobs:
        job = Job.model_validate(original)
        assert job.succeeded
        assert not job.failed_servers
        assert job.duration is not None
        assert timedelta(minutes=8) < job.duration < timedelta(minutes=10)


def test_values_that_no_enum_has_are_flagged(job_logs: list[dict[str, Any]]) -> None:
    events = [JobLog.model_validate(original).event for original in job_logs]
    assert [str(event) for event in events] == [original["event"] for original in job_logs]
    for event in events:
        assert event is not None
        assert event.is_known is (str(event) in drs.enums()["JobLogEvent"])
    assert any(event == "LAUNCH_END" for event in events)
