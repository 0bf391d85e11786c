"""Which servers a selector means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from drs_sdk.errors import RunbookError
from drs_sdk.models import SourceServer
from drs_sdk.recovery import Servers, TargetPattern

ACCOUNTS = ["111122223333", "444455556666"]
REGIONS = ["eu-west-1", "eu-central-1", "us-east-1"]
IDS = [f"s-{digit * 17}" for digit in "123"]
NAMES = ["db-1", "db-2", "web[1]", "DB-1"]
PATTERNS = {  # what fits, worked out by hand
    "db-1": {"db-1"},
    "db-*": {"db-1", "db-2"},
    "??-1": {"db-1", "DB-1"},
    "db-[23]": {"db-2"},
    "web[1]": {"web[1]"},
    "*": set(NAMES),
    "nobody": set[str](),
}
REGION_PATTERNS = {"eu-west-1": {"eu-west-1"}, "eu-*": {"eu-west-1", "eu-central-1"}}
TAGS = [("app", "erp"), ("app", "crm"), ("tier", "db"), ("tier", "")]


def server(name: str = "db-1", *, at: int = 0, **tags: str) -> SourceServer:
    return SourceServer(source_server_id=IDS[at], tags={"Name": name, **tags})


places = st.tuples(st.sampled_from(REGIONS), st.sampled_from(ACCOUNTS))
tag_sets = st.lists(st.sampled_from(TAGS), max_size=2).map(dict)
some_tags = st.lists(st.sampled_from(TAGS), min_size=1, max_size=2).map(dict)
servers = st.builds(
    lambda name, at, tags: server(name, at=at, **tags),
    st.sampled_from(NAMES),
    st.integers(0, 2),
    tag_sets,
)
region_or_none = st.none() | st.sampled_from(sorted(REGION_PATTERNS))
account_or_none = st.none() | st.sampled_from(ACCOUNTS)


@given(
    servers,
    places,
    st.none() | st.lists(st.sampled_from(IDS), min_size=1),
    st.none() | some_tags,
    st.none() | st.lists(st.sampled_from(sorted(PATTERNS)), min_size=1),
    st.none() | st.lists(st.tuples(region_or_none, account_or_none).filter(any), min_size=1),
)
def test_ways_narrow_each_other(
    one: SourceServer,
    place: tuple[str, str],
    ids: list[str] | None,
    tags: dict[str, str] | None,
    names: list[str] | None,
    targets: list[tuple[str | None, str | None]] | None,
) -> None:
    every = ids is None and tags is None and names is None
    region_name, account_id = place
    selector = Servers(
        source_server_ids=ids,
        tags=tags,
        names=names,
        all=every,
        targets=targets
        and [{"region_name": region, "account_id": account} for region, account in targets],
    )
    by_id = ids is None or one.source_server_id in ids
    by_tag = tags is None or tags.items() <= one.tags.items()
    by_name = names is None or one.tags["Name"] in set().union(*(PATTERNS[n] for n in names))
    by_place = targets is None or any(
        (region is None or region_name in REGION_PATTERNS[region])
        and (account is None or account == account_id)
        for region, account in targets
    )
    meant = selector.matches(one, region_name=region_name, account_id=account_id)
    assert meant == (by_id and by_tag and by_name and by_place)
    assert selector.reaches(region_name=region_name, account_id=account_id) == by_place


def matches(selector: Servers, one: SourceServer, account_id: str | None = ACCOUNTS[0]) -> bool:
    return selector.matches(one, region_name="eu-west-1", account_id=account_id)


def test_an_empty_tag_is_not_a_missing_one() -> None:
    selector = Servers(tags={"tier": ""})
    assert matches(selector, server(tier=""))
    assert not matches(selector, server())


def test_a_server_is_named_by_its_host_where_it_has_no_name_tag() -> None:
    one = SourceServer.model_validate(
        {
            "sourceServerID": IDS[0],
            "sourceProperties": {"identificationHints": {"hostname": "erp-db-1"}},
        }
    )
    assert matches(Servers(names=["erp-*"]), one)
    assert matches(Servers(names=["s-*"]), SourceServer(source_server_id=IDS[0]))


def test_a_server_without_anything_is_meant_by_all_only() -> None:
    nothing = SourceServer()
    assert matches(Servers(all=True), nothing)
    for selector in (
        Servers(names=["*"]),
        Servers(tags={"a": "b"}),
        Servers(source_server_ids=IDS),
    ):
        assert not matches(selector, nothing)


def test_an_account_that_is_not_known_is_read_from_the_arn() -> None:
    selector = Servers(all=True, targets=[TargetPattern(account_id=ACCOUNTS[0])])
    arn = "arn:aws:drs:eu-west-1:{}:source-server/s-1"
    assert matches(selector, SourceServer(arn=arn.format(ACCOUNTS[0])), None)
    assert not matches(selector, SourceServer(arn=arn.format(ACCOUNTS[1])), None)
    assert not matches(selector, SourceServer(arn="arn:aws"), None)
    assert not matches(selector, SourceServer(), None)
    assert matches(selector, SourceServer(arn=arn.format(ACCOUNTS[1])), ACCOUNTS[0])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "must select servers by source_server_ids, tags, names, or all of them by all"),
        ({"targets": [{"region_name": "eu-west-1"}]}, "must select servers by"),
        ({"all": False}, "must select servers by"),
        ({"source_server_ids": []}, "source_server_ids: must not be empty"),
        ({"tags": {}}, "tags: must not be empty"),
        ({"names": []}, "names: must not be empty"),
        ({"names": [""]}, r"names\[0\]: must not be empty"),
        ({"names": "db"}, "names: must be a list"),
        ({"all": True, "targets": []}, "targets: must not be empty"),
        ({"all": True, "targets": [{}]}, r"targets\[0\]: must have a region_name, an account_id"),
        ({"all": True, "targets": [{"account_id": "1"}]}, r"account_id: must be an account id: 12"),
        ({"all": True, "targets": [{"account_id": 111122223333}]}, "in a file, put it in quotes"),
        ({"all": True, "names": ["a"]}, "all: must not stand beside names"),
        ({"all": 1}, "all: must be true or false"),
        ({"source_server_ids": ["i-1"]}, r"source_server_ids\[0\]: must be a source server id: s-"),
        ({"source_server_ids": [IDS[0] + "\n"]}, r"source_server_ids\[0\]: must be a source"),
        ({"tags": {"a": 1}}, "tags.a: must be text"),
        ({"tags": {1: "a"}}, "tags.1: must be text"),
        ({"tags": {"": "a"}}, "tags.: must not be empty"),
        ({"tags": [["a", "b"]]}, "tags: must be a table of text by text"),
    ],
)
def test_a_selector_that_selects_nothing_or_is_unclear_is_refused(
    fields: dict[str, Any], told: str
) -> None:
    with pytest.raises(RunbookError, match=told):
        Servers(**fields)
