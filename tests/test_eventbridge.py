"""Events of EventBridge become typed objects, whatever is in them."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections import UserDict
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from drs_sdk.errors import RequestValidationError
from drs_sdk.eventbridge import (
    DetailType,
    Event,
    EventDetail,
    FailbackChangeState,
    LaunchResultState,
    PitSnapshotTaken,
    RecoveryInstanceFailbackStateChange,
    SourceServerLaunchResult,
    SourceServerReplicationStalledChange,
    StalledState,
    parse_event,
)

HOME = "arn:aws:drs:us-west-2:111122223333"
SERVER = "s-1234567890abcdef0"
INSTANCE = "i-1234567890abcdef0"
JOB = "drsjob-1234567890abcdef0"


def payload_of(
    detail_type: str, resource: str = f"source-server/{SERVER}", **detail: object
) -> dict[str, Any]:
    """An event as EventBridge delivers it; ``job_id`` stands for the member ``job-id``."""
    return {
        "version": "0",
        "id": "9da9af57-9253-4406-87cb-7cc400e43465",
        "detail-type": detail_type,
        "source": "aws.drs",
        "account": "111122223333",
        "time": "2026-08-22T20:12:19Z",
        "region": "us-west-2",
        "resources": [f"{HOME}:{resource}"],
        "detail": {name.replace("_", "-"): value for name, value in detail.items()},
    }


def launch(**detail: object) -> dict[str, Any]:
    told = {"state": "RECOVERY_LAUNCH_SUCCEEDED", "job_id": JOB, "is_drill": "FALSE"}
    return payload_of("DRS Source Server Launch Result", **{**told, **detail})


def stalled(state: str = "STALLED") -> dict[str, Any]:
    return payload_of("DRS Source Server Data Replication Stalled Change", state=state)


def failback(state: str = "FAILBACK_COMPLETED") -> dict[str, Any]:
    kind = "DRS Recovery Instance Failback State Change"
    return payload_of(kind, f"recovery-instance/{INSTANCE}", state=state)


def snapshot(**detail: object) -> dict[str, Any]:
    told = {"DrsSnapshotID": "pit-112233", "EbsSnapshotIDs": "snap-445566,snap-778899"}
    return payload_of("DRS PIT Snapshot Taken", **{**told, **detail})


def network(kind: str = "DRS Source Network Recovery Result", **detail: object) -> dict[str, Any]:
    return payload_of(kind, "source-network/sn-1234567890abcdef0", **detail)


SAMPLES = [launch(), stalled(), failback(), snapshot(), network(state="UNHEARD_OF", job_id=JOB)]


def without(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in names}


# What is documented


@pytest.mark.parametrize("told", ["TRUE", "FALSE", "true", "false", True, False])
@pytest.mark.parametrize("state", list(LaunchResultState))
def test_a_launch_has_a_result(state: LaunchResultState, told: str | bool) -> None:  # noqa: FBT001
    event = parse_event(launch(state=state.value, is_drill=told))

    assert event.detail_type is DetailType.SOURCE_SERVER_LAUNCH_RESULT
    assert event.source_server_id == SERVER
    assert event.job_id == JOB
    assert event.recovery_instance_id is event.source_network_id is None
    assert isinstance(event.detail, SourceServerLaunchResult)
    assert event.detail.state is state
    assert event.detail.job_id == JOB
    assert event.detail.is_drill is (str(told).upper() == "TRUE")


def test_the_envelope_says_whence_and_when() -> None:
    event = parse_event(launch())

    assert event.version == "0"
    assert event.id == "9da9af57-9253-4406-87cb-7cc400e43465"
    assert event.source == "aws.drs"
    assert event.account == "111122223333"
    assert event.region == "us-west-2"
    assert event.time == datetime(2026, 8, 22, 20, 12, 19, tzinfo=UTC)
    assert event.time is not None
    assert event.time.utcoffset() == timedelta(0)
    assert event.resources == (f"{HOME}:source-server/{SERVER}",)
    assert event.unparsed == {}
    assert not event.model_extra


@pytest.mark.parametrize("state", list(StalledState))
def test_replication_stalls_and_goes_on(state: StalledState) -> None:
    event = parse_event(stalled(state.value))

    assert event.detail_type is DetailType.SOURCE_SERVER_REPLICATION_STALLED_CHANGE
    assert event.source_server_id == SERVER
    assert event.job_id is None
    assert event.detail == SourceServerReplicationStalledChange(state=state)


@pytest.mark.parametrize("state", list(FailbackChangeState))
def test_a_failback_changes_its_state(state: FailbackChangeState) -> None:
    event = parse_event(failback(state.value))

    assert event.detail_type is DetailType.RECOVERY_INSTANCE_FAILBACK_STATE_CHANGE
    assert event.recovery_instance_id == INSTANCE
    assert event.source_server_id is None
    assert event.detail == RecoveryInstanceFailbackStateChange(state=state)


def test_a_point_in_time_names_its_snapshots() -> None:
    event = parse_event(snapshot())

    assert event.detail_type is DetailType.PIT_SNAPSHOT_TAKEN
    assert event.source_server_id == SERVER
    assert event.detail == PitSnapshotTaken(
        drs_snapshot_id="pit-112233", ebs_snapshot_ids=("snap-445566", "snap-778899")
    )


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("snap-1", ("snap-1",)),
        (" snap-1 , snap-2 ,", ("snap-1", "snap-2")),
        ("", ()),
        (["snap-1", "snap-2"], ("snap-1", "snap-2")),
    ],
)
def test_a_list_in_a_string_is_a_list(told: object, read: tuple[str, ...]) -> None:
    detail = parse_event(snapshot(EbsSnapshotIDs=told)).detail
    assert isinstance(detail, PitSnapshotTaken)
    assert detail.ebs_snapshot_ids == read


@pytest.mark.parametrize(
    "kind",
    [
        DetailType.SOURCE_NETWORK_PROTECTION_STATUS_CHANGE,
        DetailType.SOURCE_NETWORK_RECOVERY_RESULT,
    ],
)
def test_an_event_without_a_public_sample_is_kept_as_it_is(kind: DetailType) -> None:
    event = parse_event(network(kind.value, state="PROTECTED", job_id=JOB))

    assert event.detail_type is kind
    assert event.source_network_id == "sn-1234567890abcdef0"
    assert event.job_id == JOB
    assert type(event.detail) is EventDetail
    assert event.detail.model_extra == {"state": "PROTECTED", "job-id": JOB}


def test_a_call_that_cloudtrail_reports_is_an_event_of_drs_too() -> None:
    told = {"eventSource": "drs.amazonaws.com", "eventName": "StartRecovery", "errorCode": None}
    event = parse_event(without(payload_of("AWS API Call via CloudTrail", **told), "resources"))

    assert event.detail_type == "AWS API Call via CloudTrail"
    assert not event.detail_type.is_known
    assert event.resources == ()
    assert event.source_server_id is event.job_id is None
    assert event.detail.model_extra == told


def test_an_event_of_a_job_has_it_in_its_arn() -> None:
    event = parse_event(payload_of("DRS Job Ended", f"job/{JOB}", job_id=7))
    assert event.job_id == JOB


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-eusc"])
def test_ids_are_read_in_every_partition(partition: str) -> None:
    arn = f"arn:{partition}:drs:us-gov-west-1:111122223333:source-server/{SERVER}"
    assert parse_event({**stalled(), "resources": [arn]}).source_server_id == SERVER


@pytest.mark.parametrize(
    "arn",
    [
        "",
        SERVER,
        "arn:aws:drs:us-west-2",
        f"{HOME}:source-server",
        f"{HOME}:source-server/",
        f"{HOME}:source-servers/{SERVER}",
        f"arn:aws:ec2:us-west-2:111122223333:source-server/{SERVER}",
    ],
)
def test_what_is_no_arn_of_a_server_names_none(arn: str) -> None:
    event = parse_event({**stalled(), "resources": [arn]})
    assert event.source_server_id is None
    assert event.resources == (arn,)
    other = parse_event({**stalled(), "resources": [arn, f"{HOME}:source-server/{SERVER}"]})
    assert other.source_server_id == SERVER


# How it may be given


@pytest.mark.parametrize("sample", SAMPLES)
def test_an_object_and_its_text_are_the_same_event(sample: dict[str, Any]) -> None:
    event = parse_event(sample)
    text = json.dumps(sample, indent=2)
    for given_as in (
        text,
        text.encode(),
        bytearray(text, "utf-8"),
        b"\xef\xbb\xbf" + text.encode(),
        UserDict(sample),
        MappingProxyType(sample),
        {**sample, "detail": MappingProxyType(sample["detail"])},
        {**sample, "resources": tuple(sample["resources"])},
    ):
        assert parse_event(given_as) == event


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_is_given_stays_as_it_is(sample: dict[str, Any]) -> None:
    before = copy.deepcopy(sample)
    parse_event(sample)
    parse_event({**sample, "resources": [None], "detail": 7})
    assert sample == before


@pytest.mark.parametrize("sample", SAMPLES)
def test_an_event_travels(sample: dict[str, Any]) -> None:
    event = parse_event({**sample, "account": 7, "replay-name": "yesterday"})

    assert event.unparsed == {"account": 7}
    assert event.model_extra == {"replay-name": "yesterday"}
    for again in (
        *(pickle.loads(pickle.dumps(event, protocol)) for protocol in range(2, 6)),  # noqa: S301 - our own
        copy.copy(event),
        copy.deepcopy(event),
    ):
        assert again == event
        assert again.unparsed == event.unparsed
        assert type(again.detail) is type(event.detail)
    assert hash(event) == hash(parse_event({**sample, "account": 7, "replay-name": "yesterday"}))


@pytest.mark.parametrize("sample", SAMPLES)
def test_an_event_goes_through_json_and_back(sample: dict[str, Any]) -> None:
    event = parse_event(sample)
    text = event.model_dump_json(by_alias=True)
    assert set(json.loads(text)) == set(sample)
    assert parse_event(text) == event
    assert Event.model_validate_json(text) == event
    assert Event.model_validate(event.model_dump()) == event


def test_an_event_does_not_change() -> None:
    event = parse_event(launch())
    with pytest.raises(ValueError, match="frozen"):
        event.account = "444455556666"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        event.detail.state = None  # type: ignore[attr-defined]


def test_a_fake_is_built_by_python_names() -> None:
    event = Event(
        detail_type=DetailType.SOURCE_SERVER_LAUNCH_RESULT,
        resources=(f"{HOME}:source-server/{SERVER}",),
        detail=SourceServerLaunchResult(job_id=JOB, is_drill=True),
    )
    assert (event.source_server_id, event.job_id) == (SERVER, JOB)
    assert event.unparsed == {}
    with pytest.raises(ValueError, match="account"):  # a fake is no place for garbage
        Event(detail_type=DetailType.PIT_SNAPSHOT_TAKEN, account=7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is-drill"):
        Event.model_validate(launch(is_drill="perhaps"), context={"a": "context of the user's own"})


# What is missing, unknown or garbage


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_is_missing_is_none_or_empty(sample: dict[str, Any]) -> None:
    event = parse_event({"detail-type": sample["detail-type"]})

    assert event.version is event.id is event.source is event.account is None
    assert event.region is event.time is None
    assert event.resources == ()
    assert event.source_server_id is event.recovery_instance_id is event.job_id is None
    assert type(event.detail) is type(parse_event(sample).detail)
    assert set(event.detail.model_dump().values()) <= {None, ()}
    assert event.unparsed == {}


@pytest.mark.parametrize("sample", [launch(), stalled(), failback()])
def test_a_state_of_tomorrow_is_kept(sample: dict[str, Any]) -> None:
    detail: Any = parse_event({**sample, "detail": {"state": "SAID_BY_A_LATER_SERVICE"}}).detail
    assert detail.state == "SAID_BY_A_LATER_SERVICE"
    assert not detail.state.is_known


def test_a_member_of_tomorrow_is_kept() -> None:
    event = parse_event({**launch(reason={"code": 7}), "replay-name": "r"})
    assert event.model_extra == {"replay-name": "r"}
    assert event.detail.model_extra == {"reason": {"code": 7}}


@pytest.mark.parametrize("told", ["", "perhaps", 7, 0.5, None, [], {}])
def test_a_drill_that_may_be_none_is_not_taken_for_a_failover(told: object) -> None:
    event = parse_event(launch(is_drill=told))
    assert isinstance(event.detail, SourceServerLaunchResult)
    assert event.detail.is_drill is None
    assert event.detail.job_id == JOB
    assert event.unparsed == ({} if told is None else {"detail.is_drill": told})


@pytest.mark.parametrize("told", ["yesterday", "2026-08-22T20:12:19", [], "", "9" * 400, 1e300])
def test_a_time_that_is_none_is_left_out(told: object) -> None:
    event = parse_event({**launch(), "time": told})
    assert event.time is None
    assert event.unparsed == {"time": told}
    assert event.job_id == JOB


def test_one_bad_resource_does_not_hide_the_others() -> None:
    event = parse_event({**stalled(), "resources": [None, f"{HOME}:source-server/{SERVER}", 7]})
    assert event.source_server_id == SERVER
    assert event.unparsed == {"resources[0]": None, "resources[2]": 7}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("detail", [None, 7, "STALLED", [], [{}], {7: 8}])
def test_a_detail_that_is_none_leaves_the_event(sample: dict[str, Any], detail: object) -> None:
    event = parse_event({**sample, "detail": detail})
    assert event.unparsed == {"detail": detail}
    assert event.detail == type(parse_event(sample).detail)()
    assert event.resources == tuple(sample["resources"])


def test_what_does_not_fit_is_warned_of_by_path_alone(caplog: pytest.LogCaptureFixture) -> None:
    secret = ["the value itself"]
    with caplog.at_level(logging.WARNING, "drs_sdk"):
        parse_event({**launch(job_id=secret), "region": secret})
    (record,) = caplog.records
    assert record.getMessage().endswith("region, detail.job_id")
    assert record.__dict__["paths"] == ["region", "detail.job_id"]
    assert "the value itself" not in record.getMessage()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["version", "id", "account", "time", "region", "resources", "detail", "unheard-of"]
)
DETAIL_NAMES = st.sampled_from(
    ["state", "job-id", "is-drill", "DrsSnapshotID", "EbsSnapshotIDs", "job_id", "", "model_extra"]
)


@given(
    sample=st.sampled_from(SAMPLES),
    envelope=st.dictionaries(NAMES, VALUES, max_size=4),
    detail=st.dictionaries(DETAIL_NAMES, VALUES, max_size=4),
)
def test_garbage_costs_the_members_that_it_stands_in(
    sample: dict[str, Any], envelope: dict[str, Any], detail: dict[str, Any]
) -> None:
    whole = parse_event(sample)
    damaged = {**sample, "detail": {**sample["detail"], **detail}, **envelope}

    event = parse_event(damaged)

    assert type(event.detail) is type(whole.detail)
    for name in Event.model_fields:
        wire = "detail-type" if name == "detail_type" else name
        if wire not in envelope and name != "detail":
            assert getattr(event, name) == getattr(whole, name)
    if "detail" not in envelope:
        for name, field in type(event.detail).model_fields.items():
            if not {name, field.validation_alias} & set(detail):
                assert getattr(event.detail, name) == getattr(whole.detail, name)
    touched = {*envelope, *detail} | {name.replace("-", "_") for name in detail}
    for path in event.unparsed:
        last = path.removeprefix("detail.").partition("[")[0]
        assert last in touched or last in {"drs_snapshot_id", "ebs_snapshot_ids"}, path
    assert parse_event(json.dumps(damaged)) == event
    assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301 - our own
    for read in (event.source_server_id, event.recovery_instance_id, event.job_id):
        assert read is None or isinstance(read, str)


KEYS = st.sampled_from(["detail-type", "source", "resources", "detail"]) | st.text(max_size=5)


@given(
    VALUES
    | st.dictionaries(KEYS, VALUES | st.sampled_from(["aws.drs", *DetailType]), max_size=6)
    | st.dictionaries(st.none() | st.integers() | KEYS, VALUES, max_size=4)
    | st.text()
    | st.binary()
)
@example("[" * 100_000)
@example('{"detail-type":' * 100_000)
@example("1" * 10_000)
@example(b"\xff\xfe{")
@example('{"detail-type": "\\ud800"}')
@example({"detail-type": "x", 7: 8})
@example(object())
def test_anything_at_all_is_an_event_or_refused(payload: Any) -> None:  # noqa: ANN401 - anything
    try:
        event = parse_event(payload)
    except RequestValidationError as caught:
        refused = caught
    else:
        refused = None
    if refused is not None:
        assert len(str(refused)) < 1_000
        assert [problem.path for problem in refused.problems] == ["payload"]
        return
    assert isinstance(event, Event)
    assert event.source in {None, "aws.drs"}
    assert isinstance(event.detail_type, DetailType)
    assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301 - our own


# What is wired wrongly


@pytest.mark.parametrize(
    "payload", [{}, launch()["detail"], {"detail-type": ""}, {"detail-type": 7}]
)
def test_an_object_that_is_no_event_is_refused_with_what_it_has(payload: dict[str, Any]) -> None:
    told = ", ".join(map(repr, payload)) or "nothing at all"
    with pytest.raises(RequestValidationError, match=f"no detail-type, but {told}"):
        parse_event(payload)


@pytest.mark.parametrize("source", ["aws.ec2", "aws.events", "com.example.drs", ""])
def test_an_event_of_another_source_is_refused_with_what_to_look_at(source: str) -> None:
    with pytest.raises(RequestValidationError, match="pattern") as caught:
        parse_event({**launch(), "source": source})
    assert repr(source) in str(caught.value)
    assert "DRS Source Server Launch Result" in str(caught.value)
    assert '{"source": ["aws.drs"]}' in str(caught.value)


def test_an_event_in_a_wrapper_is_refused_with_where_it_is() -> None:
    queue = {"Records": [{"body": json.dumps(launch()), "eventSource": "aws:sqs"}]}
    topic = {"Records": [{"Sns": {"Message": json.dumps(launch())}}]}
    for payload in (queue, topic):
        with pytest.raises(RequestValidationError, match=r"body of each \(SQS\), or its message"):
            parse_event(payload)
    assert parse_event(queue["Records"][0]["body"]) == parse_event(launch())


@pytest.mark.parametrize("payload", [[launch()], "[]"])
def test_a_batch_is_refused_with_how_to_read_it(payload: Any) -> None:  # noqa: ANN401 - anything
    with pytest.raises(RequestValidationError, match="one by one"):
        parse_event(payload)


@pytest.mark.parametrize("payload", ["", "{", b"\xff", "not JSON", None, 7, '"text"', "null"])
def test_what_is_no_object_is_refused_as_such(payload: Any) -> None:  # noqa: ANN401 - anything
    with pytest.raises(RequestValidationError, match="no JSON"):
        parse_event(payload)
