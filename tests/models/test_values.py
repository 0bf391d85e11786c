"""What every model does: frozen, hashable, picklable, round trips, safe to print."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from botocore import xform_name
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError
from strategies import service_shapes as drs
from strategies.walking import differences

from drs_sdk import models
from drs_sdk._core.base import Response, ResponseMetadata
from drs_sdk.models import (
    DescribeSourceServersResponse,
    ListTagsForResourceResponse,
    SourceServer,
    TagResourceRequest,
)

RECEIVED = sorted(
    name for name in drs.structures().keys() & drs.received() - drs.exceptions().keys()
)
SECRET = "Zz-secret-Zz"


def _with_secrets(name: str) -> tuple[dict[str, Any], set[str]]:
    """A wide answer whose strings are all secret, and the members that may not show."""
    found = drs.shape(name)
    hidden = {alias for alias, _, member in drs.members(found) if drs.is_sensitive(member)}
    return _secret_tree(found), hidden


def _secret_tree(found: Any) -> Any:  # noqa: ANN401 - a JSON tree
    kind = drs.kind_of(found)
    if kind == "structure":
        return {
            alias: _secret_tree(member)
            for alias, member in found.members.items()
            if drs.is_sensitive(member) or member.type_name in {"structure", "list"}
        }
    if kind == "list":
        return [_secret_tree(found.member)]
    if kind == "map":
        return {SECRET: SECRET}
    return SECRET if drs.is_sensitive(found) or kind == "string" else 1


@pytest.mark.parametrize("name", RECEIVED)
@settings(max_examples=8)
@given(data=st.data())
def test_a_received_model_round_trips_in_every_way(name: str, data: st.DataObject) -> None:
    model = getattr(models, name)
    drawn = data.draw(drs.objects_of(name))
    held = model.model_validate(drawn)

    assert differences(drs.shape(name), held, drawn) == []
    again = model.model_validate_json(held.model_dump_json(by_alias=True))
    assert again == held
    assert again.model_dump() == held.model_dump()
    assert model.model_validate_json(held.model_dump_json(by_alias=False)) == held
    assert model.model_validate(held.model_dump(by_alias=True, mode="json")) == held
    assert pickle.loads(pickle.dumps(held)) == held  # noqa: S301 - our own
    assert copy.deepcopy(held) == held
    assert held.model_copy() == held


@pytest.mark.parametrize("operation", drs.OPERATIONS)
@settings(max_examples=8)
@given(data=st.data())
def test_a_request_round_trips_in_every_way(operation: str, data: st.DataObject) -> None:
    found = drs.request_shape(operation)
    drawn = data.draw(drs.requests_of(operation))
    model = getattr(models, f"{operation}Request")
    built = model(**drs.in_python_names(found, drawn))

    assert model.model_validate(drawn) == built
    assert model.model_validate_json(built.model_dump_json(by_alias=True)) == built
    assert pickle.loads(pickle.dumps(built)) == built  # noqa: S301 - our own
    assert copy.deepcopy(built) == built
    sent = built.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert sent == drs.on_the_wire(found, drawn)


@pytest.mark.parametrize("name", RECEIVED)
@settings(max_examples=4)
@given(data=st.data())
def test_a_model_is_built_by_python_names_as_well(name: str, data: st.DataObject) -> None:
    model = getattr(models, name)
    drawn = data.draw(drs.objects_of(name))
    by_python = model(**drs.in_python_names(drs.shape(name), drawn))

    assert by_python == model.model_validate(drawn)


@pytest.mark.parametrize("name", RECEIVED)
def test_an_empty_object_reads_none_and_empty(name: str) -> None:
    held = getattr(models, name)()
    for _, python, member in drs.members(drs.shape(name)):
        expected = {"list": [], "map": {}}.get(member.type_name)
        assert getattr(held, python) == expected
    assert not held.model_extra


@pytest.mark.parametrize("name", RECEIVED)
def test_empty_lists_are_not_shared(name: str) -> None:
    one, other = getattr(models, name)(), getattr(models, name)()
    for field in type(one).model_fields:
        value = getattr(one, field)
        assert value is None or value is not getattr(other, field)


@pytest.mark.parametrize("name", RECEIVED)
def test_a_model_is_frozen(name: str) -> None:
    held = getattr(models, name)()
    for field in type(held).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(held, field, None)


@pytest.mark.parametrize("name", RECEIVED)
def test_a_model_is_hashable_where_its_fields_are(name: str) -> None:
    model = getattr(models, name)
    holds_collections = any(
        member.type_name in {"list", "map"} for member in drs.shape(name).members.values()
    )
    if holds_collections:
        with pytest.raises(TypeError, match="unhashable"):
            hash(model())
    else:
        text = {
            python: "x"
            for _, python, member in drs.members(drs.shape(name))
            if drs.kind_of(member) == "string"
        }
        assert hash(model(**text)) == hash(model(**text))
        assert len({model(**text), model(**text)}) == 1
        assert not text or hash(model(**text)) != hash(model())


@pytest.mark.parametrize("operation", drs.OPERATIONS)
def test_requests_without_collections_are_hashable(operation: str) -> None:
    built = getattr(models, f"{operation}Request")(**drs.example_request(operation))
    again = getattr(models, f"{operation}Request")(**drs.example_request(operation))
    assert built == again
    try:
        assert hash(built) == hash(again)
    except TypeError:
        values = [getattr(built, field) for field in type(built).model_fields]
        assert any(not _is_hashable(value) for value in values)


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("name", [name for name in sorted({*RECEIVED}) if _with_secrets(name)[1]])
def test_sensitive_members_do_not_show(name: str) -> None:
    tree, hidden = _with_secrets(name)
    model = getattr(models, name)
    held = model.model_validate({alias: tree[alias] for alias in hidden})

    for text in (repr(held), str(held), f"{held}", repr([held])):
        assert SECRET not in text
    for alias in hidden:
        assert getattr(held, xform_name(alias)), "the value itself is there"


@pytest.mark.parametrize("operation", drs.OPERATIONS)
def test_sensitive_members_of_a_request_do_not_show(operation: str) -> None:
    found = drs.request_shape(operation)
    hidden = {python for _, python, member in drs.members(found) if drs.is_sensitive(member)}
    built = getattr(models, f"{operation}Request")(**drs.example_request(operation, wide=True))
    shown = {python for _, python, _ in drs.members(found)} - hidden
    assert {name for name, _ in built.__repr_args__()} == shown


def test_a_secret_deep_inside_does_not_show_on_top() -> None:
    page = DescribeSourceServersResponse(
        items=[SourceServer(source_server_id="s-1", tags={"Owner": SECRET})]
    )
    assert SECRET not in repr(page)
    assert "s-1" in repr(page)
    assert SECRET not in repr(
        TagResourceRequest(resource_arn="arn:aws:drs:eu-west-1:1:x/1", tags={"a": SECRET})
    )
    assert SECRET not in repr(ListTagsForResourceResponse(tags={SECRET: "x"}))


def test_answers_are_equal_by_content_whatever_their_metadata() -> None:
    def page(request_id: str | None) -> Response:
        held = DescribeSourceServersResponse(items=[SourceServer(source_server_id="s-1")])
        return held.with_metadata(ResponseMetadata(request_id=request_id)) if request_id else held

    assert page("a") == page("b") == page(None)
    assert page("a") != DescribeSourceServersResponse()
    assert page("a") != "a page"
    assert DescribeSourceServersResponse.model_validate({"later": 1}) != (
        DescribeSourceServersResponse()
    )


def test_metadata_is_pickled_with_its_answer() -> None:
    metadata = ResponseMetadata(
        request_id="r", http_status=200, headers={"a": "b"}, retry_attempts=2, unparsed={"x": 1}
    )
    held = DescribeSourceServersResponse().with_metadata(metadata)
    again = pickle.loads(pickle.dumps(held))  # noqa: S301 - our own
    assert again.response_metadata == metadata
    assert copy.deepcopy(held).response_metadata == metadata


def test_an_answer_built_by_hand_has_empty_metadata() -> None:
    metadata = DescribeSourceServersResponse().response_metadata
    assert metadata == ResponseMetadata()
    assert (metadata.request_id, metadata.http_status, metadata.retry_attempts) == (None, None, 0)
    assert dict(metadata.headers) == dict(metadata.unparsed) == {}
    metadata.unparsed["x"] = 1  # type: ignore[index] - a mutable copy harms nobody
    assert dict(DescribeSourceServersResponse().response_metadata.unparsed) == {}
    assert pickle.loads(pickle.dumps(metadata)) == metadata  # noqa: S301 - our own


def test_metadata_of_one_answer_is_not_that_of_another() -> None:
    one = DescribeSourceServersResponse().with_metadata(ResponseMetadata(request_id="one"))
    assert one.response_metadata.request_id == "one"
    assert DescribeSourceServersResponse().response_metadata.request_id is None


def test_unknown_members_are_kept() -> None:
    raw = '{"sourceServerID": "s-1", "usageOperationData": {"a": [1]}}'
    held = SourceServer.model_validate_json(raw)
    assert held.model_extra == {"usageOperationData": {"a": [1]}}
    assert SourceServer.model_validate_json(held.model_dump_json(by_alias=True)) == held
