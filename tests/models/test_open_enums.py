"""Enums know their values and take those that they do not know."""

from __future__ import annotations

import copy
import gc
import json
import pickle

import pytest
from hypothesis import given, settings, strategies as st
from strategies import service_shapes as drs

from drs_sdk import models
from drs_sdk.models import DataReplicationState, EC2InstanceState, JobLogEvent, JobStatus

ENUMS = sorted(drs.enums())


@pytest.mark.parametrize("name", ENUMS)
@settings(max_examples=20)
@given(value=st.text())
def test_any_other_string_is_a_flagged_member(name: str, value: str) -> None:
    enum = getattr(models, name)
    member = enum(value)

    assert isinstance(member, enum)
    assert member.is_known is (value in drs.enums()[name])
    assert str(member) == member.value == member == value
    assert f"{member}" == value
    assert hash(member) == hash(value)
    assert member == enum(value)
    assert {member: 1}[value] == 1
    assert json.dumps(member) == json.dumps(value)
    assert [known.value for known in enum] == list(drs.enums()[name])


@pytest.mark.parametrize("name", ENUMS)
def test_an_unknown_member_travels_through_pickle_and_copies(name: str) -> None:
    enum = getattr(models, name)
    for value in (*drs.enums()[name], "SAID_BY_A_LATER_SERVICE"):
        member = enum(value)
        for again in (
            *(pickle.loads(pickle.dumps(member, protocol)) for protocol in range(2, 6)),  # noqa: S301 - our own
            copy.copy(member),
            copy.deepcopy(member),
        ):
            assert type(again) is enum
            assert again == member
            assert again.is_known is member.is_known
            assert (again is member) or not member.is_known


def test_unknown_members_are_not_kept() -> None:
    before = {name: len(vars(getattr(models, name))) for name in ENUMS}
    for name in ENUMS:
        enum = getattr(models, name)
        for number in range(50):
            enum(f"JUNK_{number}")
        assert f"JUNK_{1}" not in enum.__members__
        assert "JUNK_1" not in enum._value2member_map_
    gc.collect()
    assert {name: len(vars(getattr(models, name))) for name in ENUMS} == before
    alive = [found for found in gc.get_objects() if isinstance(found, JobStatus)]
    assert all(found.is_known for found in alive)


@pytest.mark.parametrize("value", [7, None, 1.5, b"COMPLETED", ["COMPLETED"], object()])
def test_what_is_no_string_is_no_member(value: object) -> None:
    with pytest.raises(ValueError, match="not a valid JobStatus"):
        JobStatus(value)


def test_a_repr_tells_known_from_unknown() -> None:
    assert repr(JobStatus.COMPLETED) == "<JobStatus.COMPLETED>"
    assert repr(JobStatus("TIMED_OUT")) == "<JobStatus.unknown 'TIMED_OUT'>"


def test_a_member_name_that_differs_from_its_value_is_no_value() -> None:
    assert EC2InstanceState("SHUTTING-DOWN") is EC2InstanceState.SHUTTING_DOWN
    lookalike = EC2InstanceState("SHUTTING_DOWN")
    assert not lookalike.is_known
    assert lookalike != EC2InstanceState.SHUTTING_DOWN


def test_members_of_two_enums_are_equal_by_their_string_only() -> None:
    assert DataReplicationState.STOPPED == "STOPPED"
    assert DataReplicationState("stopped") != DataReplicationState.STOPPED


def test_a_value_seen_in_real_life_but_not_in_the_model_reads_as_it_is() -> None:
    event = models.JobLog.model_validate_json('{"event": "LAUNCH_END"}').event
    assert isinstance(event, JobLogEvent)
    assert event == "LAUNCH_END"
    assert event.is_known is ("LAUNCH_END" in drs.enums()["JobLogEvent"])
