"""The text of a long page stays readable: the first entries, and how many follow."""

from __future__ import annotations

import pytest

from drs_sdk.models import DescribeJobsResponse, Job, ParticipatingServer


def page(count: int) -> DescribeJobsResponse:
    return DescribeJobsResponse(items=[Job(job_id=f"job-{number}") for number in range(count)])


@pytest.mark.parametrize("count", [0, 1, 10, 11])
def test_a_short_list_is_shown_whole(count: int) -> None:
    for text in (repr(page(count)), str(page(count))):
        assert text.count("Job(") == count
        assert "more" not in text


@pytest.mark.parametrize("count", [12, 200])
def test_of_a_long_list_the_first_entries_are_shown(count: int) -> None:
    for text in (repr(page(count)), str(page(count))):
        assert text.count("Job(") == 10
        assert f", ... {count - 10} more]" in text
        assert "job-9" in text
        assert "job-10" not in text
    assert len(page(count).items) == count


def test_a_list_deep_in_a_page_is_shown_whole() -> None:
    servers = [ParticipatingServer(source_server_id=f"s-{number}") for number in range(50)]
    job = Job(job_id="job-1", participating_servers=servers)
    for shown in (repr(job), repr(DescribeJobsResponse(items=[job]))):
        assert shown.count("ParticipatingServer(") == 50
