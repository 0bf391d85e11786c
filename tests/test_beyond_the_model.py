"""Operations, members and values that this release does not know, over HTTP."""

# ruff: noqa: ANN401 - JSON and options have any type
from __future__ import annotations

import asyncio
import copy
import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.session import AioSession
from loopback import (
    answer,
    client_for,
    hang_up,
    loopback,
    refuse,
    reset,
    reset_in_body,
    truncate,
)
from strategies import service_shapes as drs

from drs_sdk import OpenEnum, enums, models
from drs_sdk.errors import (
    AmbiguousOutcomeError,
    APIError,
    ConflictException,
    OutcomeUnknownError,
    RequestValidationError,
    ResponseDecodeError,
)
from drs_sdk.models import (
    LaunchDisposition,
    StartRecoveryRequest,
    UpdateLaunchConfigurationRequest,
)

if TYPE_CHECKING:
    from loopback import Step

SERVER = "s-1111111111111111a"
LOST: dict[str, Step] = {
    "reset": reset,
    "hang up": hang_up,
    "truncated": truncate,
    "reset in the body": reset_in_body,
    "500": refuse(500, "InternalServerException"),
    "503": refuse(503, "ServiceUnavailable"),
    "no JSON": answer(b"<html>"),
}
RAISED = {"StartRecovery": {"isDrill": True, "sourceServers": [{"sourceServerID": SERVER}]}}


class TestCall:
    """``drs.call(...)``."""

    async def test_an_unknown_operation_is_json_in_and_out(self) -> None:
        content = {"items": [{"aNewThing": 1.5}], "odd": None, "nested": {"a": [True]}}
        members = {"aText": "ü", "aMap": {"b": [1, None]}, "isIt": False}
        async with loopback(answer(content)) as server, client_for(server) as client:
            assert await client.call("NewOperation", members) == content
            assert await client.call("OtherOperation") == content
        first, second = server.requests
        assert (first.method, first.path, first.json) == ("POST", "/NewOperation", members)
        assert first.headers["content-type"] == "application/json"
        assert "/drs/aws4_request" in first.headers["authorization"]
        assert (second.method, second.path, second.json) == ("POST", "/OtherOperation", {})

    async def test_an_endpoint_with_a_path_keeps_it(self) -> None:
        async with loopback() as server, client_for(f"{server.url}/base") as client:
            assert await client.call("NewOperation") == {}
        assert server.requests[0].path == "/base/NewOperation"

    @pytest.mark.parametrize(
        ("method", "path", "members", "target", "body"),
        [
            ("PUT", "/things/{id}", {"id": "a b/ü", "x": 1}, "/things/a%20b%2F%C3%BC", {"x": 1}),
            ("GET", "/things/{id}", {"id": 7}, "/things/7", None),
            ("GET", "/things", {"k": ["a", "b c"], "n": 1, "t": True},
             "/things?k=a&k=b%20c&n=1&t=true", None),
            ("DELETE", "/things/{a}/{b}", {"a": "x", "b": "y"}, "/things/x/y", None),
            ("PATCH", None, {"a": 1}, "/NewOperation", {"a": 1}),
        ],
    )  # fmt: skip
    async def test_method_and_path_are_as_the_caller_says(
        self, method: Any, path: str | None, members: Any, target: str, body: object
    ) -> None:
        async with loopback() as server, client_for(server) as client:
            await client.call("NewOperation", members, method=method, path=path)
        (seen,) = server.requests
        assert (seen.method, seen.path) == (method, target)
        assert (seen.json if seen.body else None) == body

    @pytest.mark.parametrize("operation", sorted(drs.OPERATIONS))
    async def test_a_known_operation_goes_where_its_method_sends_it(self, operation: str) -> None:
        members = drs.example_request(operation)
        request = getattr(models, f"{operation}Request")(**members)
        wire = request.model_dump(mode="json", by_alias=True, exclude_none=True)
        async with loopback() as server, client_for(server) as client:
            await client.send(request)
            assert await client.call(operation, wire) == {}
        typed, raw = server.requests
        assert (raw.method, raw.path) == (typed.method, typed.path)
        token = request.token_member and "clientToken"
        seen, expected = (each.json if each.body else {} for each in (raw, typed))
        for each in (seen, expected):
            each.pop(token, None)
        assert seen == expected

    async def test_members_deep_in_a_known_operation_need_not_be_known(self) -> None:
        members = {"sourceServers": [{"sourceServerID": SERVER, "later": 1}], "isDrill": True}
        async with loopback() as server, client_for(server) as client:
            await client.call("StartRecovery", members)
        assert server.requests[0].json == members

    @pytest.mark.parametrize("lost", LOST)
    @pytest.mark.parametrize("operation", ["NewOperation", *RAISED])
    async def test_what_is_unsafe_is_sent_once(self, operation: str, lost: str) -> None:
        members: Any = RAISED.get(operation, {"a": 1})
        async with loopback(LOST[lost], answer()) as server, client_for(server) as client:
            with pytest.raises(AmbiguousOutcomeError) as caught:
                await client.call(operation, members)
        assert server.operations == [operation]
        assert caught.value.operation == operation
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
        assert again.request == caught.value.request
        assert again.request.safety == "unsafe"

    @pytest.mark.parametrize("safety", ["read", "idempotent"])
    async def test_what_is_said_to_be_harmless_is_sent_again(self, safety: Any) -> None:
        steps = reset, refuse(503, "ServiceUnavailable"), answer({"a": 1})
        async with loopback(*steps) as server, client_for(server) as client:
            assert await client.call("NewOperation", safety=safety) == {"a": 1}
        assert server.operations == ["NewOperation"] * 3

    async def test_what_is_known_stands_whatever_is_said(self) -> None:
        async with loopback() as server, client_for(server) as client:
            for wrong in (
                {"safety": "read"}, {"safety": "idempotent"}, {"safety": "sure"},
                {"method": "POST"}, {"path": "/StartRecovery"},
            ):  # fmt: skip
                with pytest.raises(RequestValidationError) as caught:
                    await client.call("StartRecovery", RAISED["StartRecovery"], **wrong)  # type: ignore[arg-type]
                assert caught.value.problems[0].path == next(iter(wrong))
            with pytest.raises(RequestValidationError):
                await client.call("Innocent", path="/StartRecovery", safety="read")
            await client.call("DescribeJobs", safety="unsafe")
        assert server.operations == ["DescribeJobs"]

    @pytest.mark.parametrize(
        ("members", "options"),
        [
            ({"a": datetime.now(UTC)}, {}), ({"a": float("nan")}, {}), ({"a": {1, 2}}, {}),
            ([1], {}), ("text", {}), ({}, {"path": "no-slash"}), ({}, {"path": "/a b"}),
            ({}, {"path": "/x/{id}"}), ({"id": ""}, {"path": "/x/{id}"}),
            ({"id": [1]}, {"path": "/x/{id}"}), ({"a": {}}, {"method": "GET"}),
            ({}, {"method": "BREW"}), ({}, {"safety": ""}),
        ],
    )  # fmt: skip
    async def test_what_cannot_be_sent_is_refused(self, members: Any, options: Any) -> None:
        async with loopback() as server, client_for(server) as client:
            with pytest.raises(RequestValidationError):
                await client.call("NewOperation", members, **options)
        assert server.requests == []

    @pytest.mark.parametrize("name", ["", "a b", "../x", "x/y", "ä", "A?b=c"])
    async def test_a_name_is_a_name(self, name: str) -> None:
        async with loopback() as server, client_for(server) as client:
            with pytest.raises(RequestValidationError):
                await client.call(name)
        assert server.requests == []

    async def test_errors_are_as_of_any_operation(self) -> None:
        steps = refuse(409, "ConflictException"), refuse(418, "TeapotException"), answer([1])
        async with loopback(*steps) as server, client_for(server) as client:
            with pytest.raises(ConflictException) as conflict:
                await client.call("NewOperation")
            assert conflict.value.operation == "NewOperation"
            with pytest.raises(APIError) as caught:
                await client.call("NewOperation")
            assert caught.value.code == "TeapotException"
            with pytest.raises(ResponseDecodeError):
                await client.call("NewOperation", safety="read")

    async def test_a_lost_call_of_a_known_operation_can_be_looked_for(self) -> None:
        steps = reset, answer({"items": []})
        async with loopback(*steps) as server, client_for(server) as client:
            with pytest.raises(AmbiguousOutcomeError) as caught:
                await client.call("StartRecovery", {**RAISED["StartRecovery"], "later": 1})
            assert await client.find_outcome(caught.value) is None
        assert server.operations[1] == "DescribeJobs"

    async def test_a_lost_call_of_an_unknown_operation_cannot(self) -> None:
        async with loopback(reset) as server, client_for(server) as client:
            for name, members in (("NewOperation", {}), ("StartRecovery", {"sourceServers": 7})):
                with pytest.raises(AmbiguousOutcomeError) as caught:
                    await client.call(name, members)  # type: ignore[arg-type]
                with pytest.raises(OutcomeUnknownError):
                    await client.find_outcome(caught.value)

    async def test_hooks_see_what_goes_out(self) -> None:
        session = AioSession()
        seen: list[tuple[str, bytes]] = []

        def look(request: Any, **_: object) -> None:
            seen.append((request.url, request.body))

        session.get_component("event_emitter").register("before-send.drs", look)
        async with loopback() as server, client_for(server, session=session) as client:
            await client.call("NewOperation", {"a": 1})
        assert seen == [(f"{server.url}/NewOperation", b'{"a": 1}')]

    async def test_calls_side_by_side_keep_apart(self) -> None:
        async with loopback() as server, client_for(server) as client:
            await asyncio.gather(
                *(client.call(f"New{number}", {"n": number}) for number in range(20)),
                *(client.describe_jobs() for _ in range(20)),
            )
        sent = {seen.operation: seen.json for seen in server.requests}
        assert all(sent[f"New{number}"] == {"n": number} for number in range(20))
        assert server.operations.count("DescribeJobs") == 20
        assert sent["DescribeJobs"] == {}


class TestExtraMembers:
    """``drs.send(request, extra_members=...)``."""

    request = StartRecoveryRequest(source_servers=[{"source_server_id": SERVER}], is_drill=True)  # type: ignore[list-item]

    async def test_they_go_with_the_rest(self) -> None:
        async with loopback() as server, client_for(server) as client:
            await client.send(self.request, extra_members={"later": {"a": [1, "ü"]}})
            await client.send(self.request)
        first, second = (seen.json for seen in server.requests)
        assert first == {**second, "later": {"a": [1, "ü"]}}

    async def test_they_go_with_each_attempt_and_change_no_safety(self) -> None:
        jobs = models.DescribeJobsRequest()
        steps = reset, answer(), reset, answer()
        async with loopback(*steps) as server, client_for(server) as client:
            await client.send(jobs, extra_members={"later": 1})
            with pytest.raises(AmbiguousOutcomeError):
                await client.send(self.request, extra_members={"later": 1})
        assert server.operations == ["DescribeJobs", "DescribeJobs", "StartRecovery"]
        assert all(seen.json["later"] == 1 for seen in server.requests)

    @pytest.mark.parametrize("name", ["isDrill", "is_drill", "sourceServers", "tags"])
    async def test_a_field_is_not_written_over(self, name: str) -> None:
        async with loopback() as server, client_for(server) as client:
            with pytest.raises(RequestValidationError) as caught:
                await client.send(self.request, extra_members={"later": 1, name: False})
        assert caught.value.problems[0].path == f"extra_members.{name}"
        assert server.requests == []

    @pytest.mark.parametrize("extra", [{"a": {1}}, [1], {"a": float("inf")}])
    async def test_what_is_no_json_is_refused(self, extra: Any) -> None:
        async with loopback() as server, client_for(server) as client:
            with pytest.raises(RequestValidationError):
                await client.send(self.request, extra_members=extra)
        assert server.requests == []

    async def test_an_operation_without_a_body_has_no_place_for_them(self) -> None:
        arn = "arn:aws:drs:eu-west-1:123456789012:source-server/s-1111111111111111a"
        requests = (
            models.ListTagsForResourceRequest(resource_arn=arn),
            models.UntagResourceRequest(resource_arn=arn, tag_keys=["a"]),
        )
        async with loopback() as server, client_for(server) as client:
            for request in requests:
                with pytest.raises(RequestValidationError):
                    await client.send(request, extra_members={"later": 1})
                await client.send(request, extra_members={})
        assert len(server.requests) == 2


ENUMS = sorted(
    (
        each
        for each in vars(enums).values()
        if isinstance(each, type) and issubclass(each, OpenEnum)
    ),
    key=lambda each: each.__name__,
)


class TestUnknownValues:
    """``SomeEnum.unknown("VALUE")``."""

    @pytest.mark.parametrize("enum", [each for each in ENUMS if each is not OpenEnum])
    def test_every_enum_makes_them(self, enum: type[OpenEnum]) -> None:
        made = enum.unknown("A_LATER_VALUE")
        assert made == "A_LATER_VALUE"
        assert not made.is_known
        assert made.is_sendable
        assert not enum("A_LATER_VALUE").is_sendable, "only what is meant"
        for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301
            assert again == made
            assert again.is_sendable
        known = next(iter(enum))
        assert enum.unknown(known.value) is known
        assert pickle.loads(pickle.dumps(known)) is known  # noqa: S301
        read = pickle.loads(pickle.dumps(enum("A_LATER_VALUE")))  # noqa: S301
        assert not read.is_sendable
        assert repr(read) == repr(made)

    async def test_requests_take_them(self) -> None:
        later = LaunchDisposition.unknown("HIBERNATED")
        async with loopback() as server, client_for(server) as client:
            await client.update_launch_configuration(SERVER, launch_disposition=later)
            await client.send(
                UpdateLaunchConfigurationRequest(source_server_id=SERVER, launch_disposition=later)
            )
            for value in ("HIBERNATED", LaunchDisposition("HIBERNATED")):
                with pytest.raises(RequestValidationError):
                    await client.update_launch_configuration(SERVER, launch_disposition=value)  # type: ignore[arg-type]
        assert [seen.json["launchDisposition"] for seen in server.requests] == ["HIBERNATED"] * 2

    async def test_structures_in_requests_take_them(self) -> None:
        disk = models.ReplicationConfigurationReplicatedDisk(
            device_name="/dev/sda",
            staging_disk_type=enums.ReplicationConfigurationReplicatedDiskStagingDiskType.unknown(
                "GP9"
            ),
        )
        async with loopback() as server, client_for(server) as client:
            await client.update_replication_configuration(SERVER, replicated_disks=[disk])
        assert server.requests[0].json["replicatedDisks"][0]["stagingDiskType"] == "GP9"

    @pytest.mark.parametrize("value", ["", None, 7, b"A"])
    def test_a_value_is_a_text(self, value: Any) -> None:
        with pytest.raises(RequestValidationError):
            LaunchDisposition.unknown(value)
