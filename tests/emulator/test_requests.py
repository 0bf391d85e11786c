"""Requests: routing, parsing, validation and recording."""

# ruff: noqa: ANN401 - aiobotocore clients have no types
from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator
from drs_sdk.testing.front.wire import parse_request
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.constraints import violations
from drs_sdk.testing.service.model import Member, Shape, load_service
from drs_sdk.testing.service.unlisted_refusals import UNLISTED

if TYPE_CHECKING:
    from collections.abc import Callable

SERVER = "s-" + "0" * 17


async def _post(emulator: DRSEmulator, path: str, body: bytes) -> tuple[int, Any, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(emulator.url + path, data=body) as answer,
    ):
        return answer.status, answer.headers, json.loads(await answer.read())


def _fields(error: ClientError) -> dict[str, str]:
    fields: dict[str, str] = {}
    for field in error.response["fieldList"]:
        fields[field["name"]] = fields.get(field["name"], "") + field["message"] + ". "
    return fields


def test_every_operation_has_a_route() -> None:
    service = load_service()
    for operation in service.operations.values():
        path = operation.path.replace("{resourceArn}", "arn%3Aaws%3Adrs")
        routed = service.route(operation.method, path)
        assert routed is not None
        assert routed[0] is operation


def test_operations_are_found_by_either_name() -> None:
    service = load_service()
    assert service.operation("StartRecovery") is service.operation("start_recovery")
    with pytest.raises(ValueError, match="no operation called 'Nothing'"):
        service.operation("Nothing")


@pytest.mark.parametrize(
    ("operation", "params", "field", "message"),
    [
        ("start_replication", {}, "sourceServerID", "is required"),
        ("start_replication", {"sourceServerID": 7}, "sourceServerID", "must be a string"),
        ("start_replication", {"sourceServerID": "s-1"}, "sourceServerID", "at least 19"),
        ("start_replication", {"sourceServerID": "s-" + "!" * 17}, "sourceServerID", "must match"),
        ("start_replication", {"sourceServerID": SERVER + "\n"}, "sourceServerID", "must match"),
        ("describe_source_servers", {"maxResults": 0}, "maxResults", "at least 1"),
        ("describe_source_servers", {"maxResults": 2**31}, "maxResults", "32 bits"),
        ("describe_source_servers", {"maxResults": True}, "maxResults", "must be a integer"),
        (
            "describe_source_servers",
            {"filters": {"sourceServerIDs": [SERVER] * 201}},
            "filters.sourceServerIDs",
            "at most 200 items",
        ),
        (
            "describe_source_servers",
            {"filters": {"sourceServerIDs": [SERVER, "x"]}},
            "filters.sourceServerIDs[1]",
            "must match",
        ),
        (
            "create_launch_configuration_template",
            {"launchDisposition": "PAUSED"},
            "launchDisposition",
            "must be one of STARTED, STOPPED",
        ),
        ("create_launch_configuration_template", {"tags": {"a": "b" * 257}}, "tags['a']", "256"),
        ("list_staging_accounts", {"maxResults": 51}, "maxResults", "at most 50"),
    ],
)
async def test_every_constraint_is_checked(
    raw: Any, operation: str, params: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(ClientError) as caught:
        await getattr(raw, operation)(**params)
    response = caught.value.response
    assert response["Error"]["Code"] == "ValidationException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["reason"] == "fieldValidationFailed"
    assert message in _fields(caught.value)[field]


async def test_all_fields_at_fault_are_listed(raw: Any) -> None:
    with pytest.raises(ClientError) as caught:
        await raw.create_launch_configuration_template(copyTags="yes", tags={"a": 1})
    assert _fields(caught.value).keys() == {"copyTags", "tags['a']"}


def test_a_union_takes_exactly_one_member() -> None:
    text = Shape("Text", "string")
    union = Shape("Union", "structure", {n: Member(text, "", n) for n in ("a", "b")}, is_union=True)
    assert violations(union, {"a": "x"}) == []
    for value in ({}, {"a": "x", "b": "y"}):
        assert [v.rule for v in violations(union, value)] == ["union"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff",
        b'"text"',
        b'{"tags": {"half": "\\ud83d"}}',
        b'{"tags": {"\\udead": "half"}}',
        b'{"deep": ' + b"[" * 100_000,
        b'{"deep": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
        b'{"maxResults": ' + b"9" * 5000 + b"}",
    ],
    ids=range(9),
)
async def test_what_is_no_json_object_cannot_be_parsed(emulator: DRSEmulator, body: bytes) -> None:
    status, headers, answer = await _post(emulator, "/DescribeSourceServers", body)
    assert status == 400
    assert headers["x-amzn-ErrorType"] == "ValidationException"
    assert answer["reason"] == "cannotParse"


async def test_half_a_character_does_not_get_into_the_account(emulator: DRSEmulator) -> None:
    path = "/CreateLaunchConfigurationTemplate"
    status, _, _ = await _post(emulator, path, b'{"tags": {"half": "\\ud83d"}}')
    assert status == 400
    whole = b'{"tags": {"whole": "\\ud83d\\ude00"}}'
    status, _, answer = await _post(emulator, path, whole)
    assert answer["launchConfigurationTemplate"]["tags"] == {"whole": "\N{GRINNING FACE}"}
    status, _, _ = await _post(emulator, "/DescribeLaunchConfigurationTemplates", b"{}")
    assert status == 200


@pytest.mark.parametrize("path", ["/DescribeSourceServers", "/"])
@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"{}", "gzip", 400, "ValidationException"),
        (b"x" * 2**21, "identity", 413, "RequestEntityTooLargeException"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_as_any_other(
    emulator: DRSEmulator, path: str, body: bytes, encoding: str, status: int, code: str
) -> None:
    """By DRS in JSON, by STS in XML; and it stands with the requests."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            emulator.url + path, data=io.BytesIO(body), headers={"Content-Encoding": encoding}
        ) as answer,
    ):
        text = await answer.text()
    assert answer.status == status
    assert code in f"{answer.headers.get('x-amzn-ErrorType')} {text}"
    assert text.startswith("<ErrorResponse" if path == "/" else '{"message"')
    (record,) = emulator.requests
    assert (record.status, record.error_code, record.params) == (status, code, {})


@pytest.mark.parametrize("region", ["..", "us east", "\N{LATIN SMALL LETTER Y WITH DIAERESIS}", ""])
async def test_what_is_no_region_opens_no_place(region: str) -> None:
    async with DRSEmulator(regions=["us-east-1"]) as emulator:
        scope = f"AKIAIOSFODNN7EXAMPLE/20240101/{region}/drs/aws4_request"
        signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                f"{emulator.url}/DescribeJobs", data=b"{}", headers={"Authorization": signed}
            ) as answer,
        ):
            assert answer.status == 200
        assert emulator.places == [emulator]


def test_numbers_in_the_query() -> None:
    members = {"n": Member(Shape("Number", "integer"), "querystring", "n")}
    operation = replace(
        load_service().operations["UntagResource"], input=Shape("Query", "structure", members)
    )
    for text, number in (("-5", -5), ("five", "five"), ("9" * 5000, "9" * 5000)):
        assert parse_request(operation, {}, f"n={text}", b"") == {"n": number}


async def test_nulls_and_unknown_members_are_passed_over(emulator: DRSEmulator) -> None:
    sent = {"maxResults": None, "novelty": 1, "filters": {"novelty": 2}}
    status, _, answer = await _post(emulator, "/DescribeSourceServers", json.dumps(sent).encode())
    assert (status, answer) == (200, {"items": []})
    assert emulator.requests[0].params == {"novelty": 1, "filters": {"novelty": 2}}


async def test_unknown_members_are_not_stored(emulator: DRSEmulator) -> None:
    body = json.dumps({"novelty": 1, "tags": {"a": "b"}}).encode()
    _, _, answer = await _post(emulator, "/CreateLaunchConfigurationTemplate", body)
    assert "novelty" not in answer["launchConfigurationTemplate"]


async def test_a_path_of_no_operation_is_refused(emulator: DRSEmulator) -> None:
    status, headers, _ = await _post(emulator, "/Nothing", b"{}")
    assert status == 404
    assert headers["x-amzn-ErrorType"] == "UnknownOperationException"
    assert emulator.requests[0].operation == ""


async def test_a_handler_that_fails_is_a_loud_defect(
    emulator: DRSEmulator, raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(
        "drs_sdk.testing.front.server.load_handlers", lambda: {"StopReplication": fail}
    )
    for operation, code in (
        (raw.stop_replication, "EmulatorDefect"),
        (raw.start_replication, "NotImplemented"),
    ):
        with pytest.raises(ClientError) as caught:
            await operation(sourceServerID=SERVER)
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert [r.status for r in emulator.requests] == [501, 501]


async def test_a_code_that_an_operation_does_not_list_is_a_defect(
    monkeypatch: pytest.MonkeyPatch, raw_of: Callable[[DRSEmulator], Any]
) -> None:
    def refuse(*_: object) -> None:
        raise refusals.conflict("no")

    handlers = {"DescribeJobs": refuse, "DeleteJob": refuse}
    monkeypatch.setattr("drs_sdk.testing.front.server.load_handlers", lambda: handlers)
    async with DRSEmulator(check_answers=True) as emulator, raw_of(emulator) as raw:
        for call in (raw.delete_job(jobID="drsjob-" + "0" * 17), raw.describe_jobs()):
            with pytest.raises(ClientError, match="ConflictException"):
                await call
        assert emulator.defects == ["DescribeJobs: ConflictException is not among its errors"]


def test_the_codes_added_to_the_service_model_are_not_in_it() -> None:
    service = load_service()
    for name, codes in UNLISTED.items():
        assert codes <= service.errors.keys()
        assert not codes & service.operations[name].errors


@pytest.mark.parametrize("place", ["parse_request", "render_answer"])
async def test_a_failure_outside_the_handlers_is_one_too(
    emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(f"drs_sdk.testing.front.server.wire.{place}", fail)
    status, headers, answer = await _post(emulator, "/DescribeSourceServers", b"{}")
    assert (status, headers["x-amzn-ErrorType"]) == (501, "EmulatorDefect")
    assert "oops" in answer["message"]


async def test_an_answer_that_breaks_the_model_is_a_loud_defect(
    monkeypatch: pytest.MonkeyPatch, raw_of: Callable[[DRSEmulator], Any]
) -> None:
    def wrong(*_: object) -> dict[str, Any]:
        return {"items": [{"sourceServerID": "short", "novelty": 1}]}

    monkeypatch.setattr(
        "drs_sdk.testing.front.server.load_handlers", lambda: {"DescribeSourceServers": wrong}
    )
    async with DRSEmulator(check_answers=True) as emulator, raw_of(emulator) as raw:
        with pytest.raises(ClientError, match="AnswerBreaksModel"):
            await raw.describe_source_servers()
        assert len(emulator.defects) == 3
    async with DRSEmulator() as emulator, raw_of(emulator) as raw:
        assert len((await raw.describe_source_servers())["items"]) == 1


async def test_requests_are_recorded_in_order(emulator: DRSEmulator, raw: Any) -> None:
    await raw.describe_source_servers(maxResults=5)
    await emulator.clock.advance(60)
    with pytest.raises(ClientError):
        await raw.delete_source_server(sourceServerID=SERVER)
    first, second = emulator.requests
    assert (first.operation, first.params, first.status) == (
        "DescribeSourceServers",
        {"maxResults": 5},
        200,
    )
    assert "authorization" in first.headers
    assert (second.status, second.error_code) == (404, "ResourceNotFoundException")
    assert (second.received_at - first.received_at).total_seconds() == 60


async def test_recorded_parameters_do_not_change_with_the_account(
    emulator: DRSEmulator, raw: Any
) -> None:
    answer = await raw.create_launch_configuration_template(tags={"a": "1"})
    arn = answer["launchConfigurationTemplate"]["arn"]
    await raw.tag_resource(resourceArn=arn, tags={"b": "2"})
    assert emulator.requests[0].params == {"tags": {"a": "1"}}


async def test_recording_can_be_left_off(raw_of: Callable[[DRSEmulator], Any]) -> None:
    async with DRSEmulator(record_requests=False) as emulator, raw_of(emulator) as raw:
        await raw.describe_source_servers()
        assert emulator.requests == []


async def test_answers_carry_a_request_id(raw: Any) -> None:
    ids = [(await raw.describe_source_servers())["ResponseMetadata"]["RequestId"] for _ in "ab"]
    assert len(set(ids)) == 2
