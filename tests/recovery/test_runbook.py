"""Runbooks built in Python: the order of their waves, what they take and what they refuse."""

from __future__ import annotations

import itertools
import pickle
import typing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError
from runbooks import FIRST_ID, SECOND_ID, runbook, wave

from drs_sdk import recovery
from drs_sdk.errors import DRSError, RecoveryError, RunbookError
from drs_sdk.recovery import Runbook, Servers, TargetPattern, Wave

# Order


def names(waves: tuple[Wave, ...]) -> list[str]:
    return [each.name for each in waves]


def test_a_wave_comes_after_the_one_before_it_unless_it_says_otherwise() -> None:
    plan = runbook(
        wave("database"), wave("queue", after=[]), wave("app"), wave("web", after=["database"])
    )
    assert {name: plan.after(name) for name in names(plan.waves)} == {
        "database": (),
        "queue": (),
        "app": ("queue",),
        "web": ("database",),
    }


def test_waves_stay_as_they_are_listed_where_after_does_not_say() -> None:
    plan = runbook(wave("web", after=["app"]), wave("app", after=["db"]), wave("db", after=[]))
    assert names(plan.order) == ["db", "app", "web"]
    plan = runbook(wave("c", after=[]), wave("b", after=[]), wave("a", after=["b"]))
    assert names(plan.order) == ["c", "b", "a"]


def test_the_way_home_is_the_way_out_backwards() -> None:
    plan = runbook(wave("db"), wave("app"), wave("web", after=["db"]))
    assert plan.fail_back_after("db") == ("app", "web")
    assert plan.fail_back_after("web") == ()
    assert names(plan.order_home) == ["web", "app", "db"]


def test_a_wave_may_go_home_in_an_order_of_its_own() -> None:
    plan = runbook(wave("db", fail_back_after=[]), wave("app", fail_back_after=["db"]))
    assert names(plan.order_home) == ["db", "app"]
    assert names(plan.order) == ["db", "app"]


@given(st.data())
def test_every_order_respects_after_and_has_every_wave(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 8))
    ranked = data.draw(st.permutations([f"w{index}" for index in range(count)]))
    listed = data.draw(st.permutations(ranked))
    after = {
        name: data.draw(st.lists(st.sampled_from(ranked[:rank]), unique=True)) if rank else []
        for rank, name in enumerate(ranked)
    }
    plan = runbook(*(wave(name, after=after[name]) for name in listed))
    place = {each.name: index for index, each in enumerate(plan.order)}
    home = {each.name: index for index, each in enumerate(plan.order_home)}
    assert sorted(place) == sorted(home) == sorted(ranked)
    for name, before in after.items():
        assert all(place[each] < place[name] for each in before)
        assert all(home[each] > home[name] for each in before)


@given(st.integers(1, 6), st.integers(0, 5), st.booleans())
def test_every_circle_is_refused_with_its_chain(length: int, start: int, home: bool) -> None:  # noqa: FBT001
    ring = [f"w{index}" for index in range(length)]
    field = "fail_back_after" if home else "after"
    out = {"after": []} if home else {}
    circle = {name: ring[index - 1] for index, name in enumerate(ring)}
    waves = [wave(name, **{**out, field: [circle[name]]}) for name in ring]
    turned = waves[start % length :] + waves[: start % length]
    with pytest.raises(RunbookError) as caught:
        runbook(wave("outside", after=[]), *turned)
    (problem,) = caught.value.problems
    assert field in problem.path
    chain = [part.strip("'") for part in problem.message.partition(": ")[2].split(" after ")]
    assert chain[0] == chain[-1]
    assert set(chain) == set(ring)
    assert all(circle[one] == other for one, other in itertools.pairwise(chain))


def test_a_circle_over_a_wave_that_says_nothing_is_found() -> None:
    with pytest.raises(RunbookError, match=r"waves\[0\]\.after: .*'a' after 'b' after 'a'"):
        runbook(wave("a", after=["b"]), wave("b"))
    with pytest.raises(RunbookError, match=r"waves\[1\]\.fail_back_after: .* after 'b' after "):
        runbook(wave("a"), wave("b", fail_back_after=["a"]))


def test_a_wave_is_found_by_its_name() -> None:
    plan = runbook(wave("database"), wave("app"))
    assert plan.wave("app") is plan.waves[1]
    for ask in (plan.wave, plan.after, plan.fail_back_after):
        with pytest.raises(RunbookError, match="'databse'; did you mean 'database'"):
            ask("databse")


# What is refused

REFUSED = [
    ({"waves": []}, "waves: must not be empty"),
    ({"waves": [wave("a"), wave("b"), wave("a")]}, "waves[2].name: must be unique; waves[0]"),
    (
        {"waves": [wave("a"), wave("b", after=["a", "c"])]},
        "waves[1].after[1]: no wave is named 'c'",
    ),
    (
        {"waves": [wave("database"), wave("b", fail_back_after=["databse"])]},
        "waves[1].fail_back_after[0]: no wave is named 'databse'; did you mean 'database'?",
    ),
    (
        {
            "waves": [
                wave("a", servers={"source_server_ids": [FIRST_ID]}),
                wave("b", servers={"source_server_ids": [SECOND_ID, FIRST_ID]}),
            ]
        },
        f"waves[1].servers.source_server_ids[1]: {FIRST_ID} is in wave 'a' already",
    ),
    ({"name": "e/rp"}, "name: must not hold '/'"),
    ({"name": ""}, "name: must not be empty"),
    ({"name": 5}, "name: must be text"),
    ({"name": b"erp"}, "name: must be text"),
    ({"name": "x" * 255}, "name: must have at most 256 characters"),
    ({"waves": [wave("x" * 257)]}, "waves[0].name: must have at most 256 characters"),
    ({"waves": [wave("a", servers={})]}, "waves[0].servers: must select servers by"),
    ({"waves": [{"name": "a"}]}, "waves[0].servers: is missing"),
    ({"waves": ["a"]}, "waves[0]: must be a table"),
    ({"waves": [wave("a", servers="s-1")]}, "waves[0].servers: must be a table"),
    ({"waves": [wave("a", after="b")]}, "waves[0].after: must be a list"),
    ({"waves": [wave("a", attempts=0)]}, "waves[0].attempts: must be at least 1"),
    ({"waves": [wave("a", attempts=True)]}, "waves[0].attempts: must be a whole number"),
    ({"waves": [wave("a", attempts="2")]}, "waves[0].attempts: must be a whole number"),
    ({"waves": [wave("a", pause_before="yes")]}, "waves[0].pause_before: must be true or false"),
    ({"waves": [wave("a", on_failure="go")]}, "waves[0].on_failure: must be 'stop' or 'continue'"),
    (
        {"waves": [wave("a", atempts=2)]},
        "waves[0].atempts: is no field; did you mean 'attempts'? There are name, servers, after",
    ),
    (
        {"waves": [wave("a", servers={"tag": {"a": "b"}})]},
        "waves[0].servers.tag: is no field; did you mean 'tags'? There are source_server_ids",
    ),
    (
        {"waves": [wave("a", servers={"all": True, "targets": [{"region": "eu"}]})]},
        "waves[0].servers.targets[0].region: is no field; did you mean 'region_name'?",
    ),
    ({"wave": []}, "wave: is no field; did you mean 'waves'? There are name, waves, description"),
]


@pytest.mark.parametrize(("fields", "told"), REFUSED)
def test_what_is_wrong_is_named_by_its_path(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(RunbookError) as caught:
        Runbook(**{"name": "erp", "waves": [wave("a")], **fields})
    assert any(str(problem).startswith(told) for problem in caught.value.problems), caught.value
    assert told in str(caught.value)
    assert len(caught.value.problems) == 1
    assert caught.value.file is None


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(RunbookError) as caught:
        runbook(wave("a", attempts=0), wave("b", rpo=3), name="e/rp")
    assert [problem.path for problem in caught.value.problems] == [
        "name",
        "waves[0].attempts",
        "waves[1].rpo",
    ]


@pytest.mark.parametrize(
    "build",
    [
        lambda: Wave(name="a", servers={}),
        Servers,
        TargetPattern,
        lambda: TargetPattern(account_id="1"),
        lambda: Runbook(name="a"),  # type: ignore[call-arg]
    ],
)
def test_every_part_raises_the_error_of_runbooks(build: Any) -> None:  # noqa: ANN401
    with pytest.raises(RunbookError) as caught:
        build()
    assert isinstance(caught.value, RecoveryError)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, DRSError)
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (str(copy), copy.problems) == (str(caught.value), caught.value.problems)


def test_a_runbook_does_not_change() -> None:
    plan = runbook(wave("a"))
    with pytest.raises(ValidationError, match="frozen"):
        plan.name = "b"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        plan.waves[0].attempts = 2  # type: ignore[misc]


# Durations and moments

MINUTES = [
    (timedelta(minutes=90), timedelta(minutes=90)),
    (300, timedelta(minutes=5)),
    (0.5, timedelta(seconds=0.5)),
    ("PT5M", timedelta(minutes=5)),
    ("PT1H30M", timedelta(minutes=90)),
    ("P1D", timedelta(days=1)),
    ("P2W", timedelta(days=14)),
    ("P1DT12H", timedelta(hours=36)),
    ("PT1.5S", timedelta(seconds=1.5)),
]
NO_DURATIONS = [
    *("", "P", "PT", "P1DT", "5m", "5 minutes", "05:00", "300", "-PT5M", "PT0S", "pt5m"),
    *("P5M", "P1Y", "PT5M ", "PT5M\n", "P٣D"),  # a digit, but none of ISO 8601
    *(0, -1, True, float("nan"), float("inf"), 10**30, [5], {"minutes": 5}),
    *(timedelta(0), timedelta(days=365), datetime(2026, 1, 1, tzinfo=UTC).time(), b"PT5M"),
]


@pytest.mark.parametrize("field", ["recovery_point_objective", "recovery_time_objective"])
@pytest.mark.parametrize(("given_as", "meant"), MINUTES)
def test_an_objective_is_a_duration(field: str, given_as: object, meant: timedelta) -> None:
    assert getattr(runbook(wave("a", **{field: given_as})).waves[0], field) == meant


@pytest.mark.parametrize("value", NO_DURATIONS, ids=repr)
def test_what_may_be_misread_is_no_objective(value: object) -> None:
    with pytest.raises(RunbookError, match=r"recovery_time_objective: must be a duration"):
        runbook(wave("a", recovery_time_objective=value))


MOMENT = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", [MOMENT, "2026-11-26T08:00:00Z", "2026-11-26T09:00+01:00", "2026-11-26 08:00:00+00:00"]
)
def test_a_point_in_time_is_the_latest_or_a_moment(value: object) -> None:
    assert runbook(wave("a", point_in_time=value)).waves[0].point_in_time == MOMENT
    assert runbook(wave("a", point_in_time="latest")).waves[0].point_in_time == "latest"
    assert runbook(wave("a")).waves[0].point_in_time == "latest"


@pytest.mark.parametrize(
    "value",
    [
        *("Latest", "last", "", "2026-11-26", "2026-11-26T08:00:00", "08:00Z", None, True),
        *(1_700_000_000, MOMENT.replace(tzinfo=None), MOMENT.date()),
    ],
)
def test_a_moment_without_an_offset_is_refused(value: object) -> None:
    with pytest.raises(RunbookError, match=r'point_in_time: must be "latest", or a date and time'):
        runbook(wave("a", point_in_time=value))


# Tags of a run


def test_a_run_is_named_by_runbook_and_key() -> None:
    assert runbook(wave("a")).run_tag("2026-q4") == "erp/2026-q4"
    assert runbook(wave("a")).run_tag("dag/run/task+3@x:y=z") == "erp/dag/run/task+3@x:y=z"
    assert runbook(wave("a"), name="Übung 1").run_tag("k").startswith("Übung 1/")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "must not be empty"),
        ("x" * 253, "at most 256 characters, not 257"),
        ("a,b", "must not hold ','"),
        ("a\nb", r"must not hold '\\n'"),
        ("a ", "begin or end with a space"),
        ("😀", "must not hold"),
    ],
)
def test_a_key_that_does_not_fit_a_tag_is_refused(key: str, told: str) -> None:
    with pytest.raises(RunbookError, match=told) as caught:
        runbook(wave("a")).run_tag(key)
    assert caught.value.problems[0].path == "key"


def test_the_longest_names_and_keys_fit() -> None:
    assert len(runbook(wave("x" * 256), name="n" * 254).run_tag("k")) == 256
    assert len(runbook(wave("a")).run_tag("k" * 252)) == 256


@given(st.text(max_size=12), st.text(max_size=12))
def test_what_is_taken_fits_tags_and_comes_apart_again(name: str, key: str) -> None:
    try:
        tag = runbook(wave("a"), name=name).run_tag(key)
    except RunbookError:
        return
    assert tag.partition("/")[::2] == (name, key)
    assert all(each.isalnum() or each in " _.:/=+-@" for each in tag)


# Schema and dicts


def test_the_schema_describes_every_field() -> None:
    schema = Runbook.model_json_schema()
    tables = [schema, *schema["$defs"].values()]
    assert {table["title"] for table in tables} == {"Runbook", "Wave", "Servers", "TargetPattern"}
    for table in tables:
        assert table["additionalProperties"] is False
        assert table["description"]
        for name, field in table["properties"].items():
            assert field.get("description"), name


@pytest.mark.parametrize("model", ["Wave", "Servers", "TargetPattern"])
def test_the_dicts_have_the_fields_of_their_models(model: str) -> None:
    twin = getattr(recovery, f"{model}Dict")
    assert set(typing.get_type_hints(twin)) == set(getattr(recovery, model).model_fields)
