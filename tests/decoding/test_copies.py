"""A deep copy of an answer shares nothing with it that could be written to."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings, strategies as st
from strategies import service_shapes as drs

from drs_sdk import models
from drs_sdk._core.base import Shape
from drs_sdk._transport.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_sdk.models import SourceServer

OPERATIONS = sorted(drs.OPERATIONS)
EXTRAS: list[Any] = [None, "text", 7, [], [1], {}, {"a": [1]}, [{"a": {}}]]


def read(operation: str, answer: object) -> Any:  # noqa: ANN401 - any response
    page, _ = decode(
        getattr(models, f"{operation}Response"),
        json.dumps(answer).encode(),
        operation=operation,
        request_id="r",
        http_status=200,
    )
    return page


def containers(value: object) -> Iterator[object]:
    """Find the lists and maps in a value, extras' included."""
    if isinstance(value, Shape):
        for name in type(value).model_fields:
            yield from containers(getattr(value, name))
        for extra in (value.model_extra or {}).values():
            yield from containers(extra)
    elif isinstance(value, list):
        yield value
        for each in cast("list[object]", value):
            yield from containers(each)
    elif isinstance(value, dict):
        yield value
        for each in cast("dict[str, object]", value).values():
            yield from containers(each)


@st.composite
def answers(draw: st.DrawFn, operation: str) -> dict[str, Any]:
    """An answer, with members in it that this package does not know."""
    output = drs.operation(operation).output_shape
    answer: dict[str, Any] = draw(drs.answers_of(operation)) if output is not None else {}

    def add(value: object) -> None:
        if isinstance(value, dict):
            for each in list(value.values()):
                add(each)
            if draw(st.integers(0, 5)) == 0:
                value["aLaterMember"] = copy.deepcopy(draw(st.sampled_from(EXTRAS)))
        elif isinstance(value, list):
            for each in value:
                add(each)

    add(answer)
    return answer


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy.deepcopy": copy.deepcopy,
    "model_copy": lambda value: value.model_copy(deep=True),
    "of a copy": lambda value: copy.deepcopy(copy.copy(value)),
    "of a deep copy": lambda value: copy.deepcopy(copy.deepcopy(value)),
    "with an update": lambda value: value.model_copy(deep=True, update={}),
    "in a list": lambda value: copy.deepcopy([value, value])[1],
}


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(max_examples=20)
@given(data=st.data())
def test_a_deep_copy_is_whole_and_its_owners(operation: str, data: st.DataObject) -> None:
    page = read(operation, data.draw(answers(operation)))
    made = COPIES[data.draw(st.sampled_from(sorted(COPIES)))](page)
    assert made is not page
    assert type(made) is type(page)
    assert made == page
    assert repr(made) == repr(page)
    assert made.model_fields_set == page.model_fields_set
    assert made.model_extra == page.model_extra
    assert made.response_metadata == page.response_metadata
    assert made.model_dump(exclude_unset=True) == page.model_dump(exclude_unset=True)
    assert not {*map(id, containers(made))} & {*map(id, containers(page))}
    assert len([*containers(made)]) == len([*containers(page)])


def server(**more: object) -> SourceServer:
    found: SourceServer = read("DescribeSourceServers", {"items": [more]}).items[0]
    return found


def test_what_an_update_puts_into_a_copy_stays_there() -> None:
    one = server(sourceServerID="s-1")
    for deep in (True, False):
        changed = one.model_copy(deep=deep, update={"new": 1, "agent_version": "5"})
        assert changed.model_extra == {"new": 1}
        again = copy.deepcopy(changed)
        assert again == changed
        assert again.model_extra == {"new": 1}
    assert one.model_extra == {}
    assert server(sourceServerID="s-1") == one
    assert one.model_fields_set == {"source_server_id"}


def test_what_was_put_where_no_list_belongs_is_copied_too() -> None:
    odd = server().model_copy(update={"agent_version": ["a list"]})
    made = copy.deepcopy(odd)
    assert made == odd
    assert made.agent_version is not odd.agent_version


def test_what_was_put_into_a_list_or_a_map_is_copied_too() -> None:
    cores = {"cores": 2}
    found = server(tags={"a": "b"}, sourceProperties={"cpus": [cores], "networkInterfaces": []})
    assert found.source_properties is not None
    tags, cpus = cast("dict[str, object]", found.tags), found.source_properties.cpus
    tags["list"] = ["of mine"]
    cpus.append(cpus[0].model_copy(update={"model_name": ["a list"]}))
    cast("list[object]", cpus).append(["of mine"])
    made = copy.deepcopy(found)
    assert made == found
    assert not {*map(id, containers(made))} & {*map(id, containers(found))}
    assert made.source_properties is not None
    assert made.source_properties.cpus[0] is cpus[0]
    assert made.source_properties.cpus[1].model_name is not cpus[1].model_name


def test_what_holds_itself_is_copied_once() -> None:
    found = server(tags={})
    cast("dict[str, object]", found.tags)["me"] = found
    made = copy.deepcopy(found)
    assert made.tags["me"] is made
    page = read("DescribeSourceServers", {"items": [{"tags": {}}] * 2})
    page.items.append(page.items)
    again = copy.deepcopy(page)
    assert again.items[2] is again.items
    assert again.items is not page.items
    del page.items[2]
    page.items.append(page.items[0])
    again = copy.deepcopy(page)
    assert again.items[2] is again.items[0]
    assert again.items[1] is not again.items[0]


def test_a_part_of_a_part_with_extras_is_copied() -> None:
    launch = {"initiated": {"type": "DRILL", "aLaterMember": ["a list"]}}
    found = server(lifeCycle={"lastLaunch": launch})
    made = copy.deepcopy(found)
    assert made == found
    assert not {*map(id, containers(made))} & {*map(id, containers(found))}
