"""Pages and their tokens."""

# ruff: noqa: ANN401 - aiobotocore clients have no types
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator
from drs_sdk.testing.clock import DEFAULT_START
from drs_sdk.testing.handlers.listing.paging import page_of, page_of_list
from drs_sdk.testing.service.refusals import ServiceError
from drs_sdk.testing.settings import Settings
from drs_sdk.testing.world.account import Account

if TYPE_CHECKING:
    from collections.abc import Callable


async def _walk(raw: Any, **params: Any) -> list[list[str]]:
    pages: list[list[str]] = []
    while True:
        page = await raw.describe_source_servers(**params)
        pages.append([server["sourceServerID"] for server in page["items"]])
        if "nextToken" not in page:
            return pages
        params["nextToken"] = page["nextToken"]


async def test_each_item_comes_once_and_in_order(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(7)
    pages = await _walk(raw, maxResults=3)
    assert pages == [ids[:3], ids[3:6], ids[6:]]
    assert await _walk(raw, maxResults=7) == [ids]
    wanted = [ids[5], ids[1], ids[3], "s-" + "9" * 17]
    pages = await _walk(raw, maxResults=2, filters={"sourceServerIDs": wanted})
    assert pages == [[ids[1], ids[3]], [ids[5]]]


async def test_boto_paginators_page_too(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(5)
    paginator = raw.get_paginator("describe_source_servers")
    found = [
        server["sourceServerID"]
        async for page in paginator.paginate(PaginationConfig={"PageSize": 2})
        for server in page["items"]
    ]
    assert found == ids


async def test_the_default_page_size_can_be_set(raw_of: Callable[[DRSEmulator], Any]) -> None:
    async with DRSEmulator(page_size=2) as emulator, raw_of(emulator) as raw:
        emulator.add_source_servers(5)
        assert [len(page) for page in await _walk(raw)] == [2, 2, 1]


async def test_tokens_survive_what_comes_and_goes(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(4, state="DISCONNECTED")
    page = await raw.describe_source_servers(maxResults=2)
    await raw.delete_source_server(sourceServerID=ids[1])
    await raw.delete_source_server(sourceServerID=ids[2])
    (added,) = emulator.add_source_servers(1)
    pages = await _walk(raw, maxResults=2, nextToken=page["nextToken"])
    assert pages == [[ids[3], added]]


async def test_a_wrong_token_is_refused(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(3)
    token = (await raw.describe_source_servers(maxResults=1))["nextToken"]
    swapped = token[:-2] + token[-1] + token[-2]
    for params in (
        {"nextToken": "garbage"},
        {"nextToken": "ü"},
        {"nextToken": "AAAA"},
        {"nextToken": swapped},
        {"nextToken": token, "filters": {"sourceServerIDs": ids}},
    ):
        with pytest.raises(ClientError) as caught:
            await raw.describe_source_servers(**params)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
        assert caught.value.response["fieldList"][0]["name"] == "nextToken"
    # The size of a page may change on the way.
    assert [len(p) for p in await _walk(raw, maxResults=2, nextToken=token)] == [2]


def _account() -> Account:
    return Account(Settings(page_size=2), DEFAULT_START)


def test_newest_first() -> None:
    account = _account()
    jobs = account.collection("jobs")
    for name in "abcde":
        jobs.add(name, {})
    params: dict[str, Any] = {}
    seen: list[str] = []
    while True:
        page, token = page_of(account, "DescribeJobs", params, jobs, newest_first=True)
        seen += [job.id for job in page]
        if token is None:
            break
        params = {"nextToken": token}
        jobs.add(f"new-{len(seen)}", {})
    assert seen == list("edcba")
    chosen: dict[str, Any] = {"maxResults": 1}
    page, token = page_of(account, "DescribeJobs", chosen, jobs, ids=["a", "c"], newest_first=True)
    assert [job.id for job in page] == ["c"]
    page, token = page_of(
        account,
        "DescribeJobs",
        {**chosen, "nextToken": token},
        jobs,
        ids=["a", "c"],
        newest_first=True,
    )
    assert ([job.id for job in page], token) == (["a"], None)


def test_pages_of_a_plain_list() -> None:
    account = _account()
    log = list(range(5))
    first, token = page_of_list(account, "DescribeJobLogItems", {"jobID": "j"}, log)
    log.append(5)
    params: dict[str, Any] = {"jobID": "j", "nextToken": token, "maxResults": 1000}
    second, end = page_of_list(account, "DescribeJobLogItems", params, log)
    assert (first, second, end) == ([0, 1], [2, 3, 4, 5], None)
    with pytest.raises(ServiceError):
        page_of_list(account, "DescribeJobs", params, log)


def test_a_page_costs_what_it_holds() -> None:
    account = _account()
    servers = account.source_servers
    for number in range(1000):
        servers.add(str(number), {})
    looked_at: list[str] = []

    def matches(resource: Any) -> bool:
        looked_at.append(resource.id)
        return True

    _, token = page_of(account, "X", {"maxResults": 10}, servers, matches=matches)
    page_of(account, "X", {"maxResults": 10, "nextToken": token}, servers, matches=matches)
    assert len(looked_at) == 22
