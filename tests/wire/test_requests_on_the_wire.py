"""What our methods send is what raw botocore sends."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from botocore import xform_name
from hypothesis import given, settings, strategies as st
from loopback import Seen, answer, client_for, loopback, refuse
from strategies import service_shapes as drs

from drs_sdk import DRSClient, models

if TYPE_CHECKING:
    from botocore.model import Shape
    from strategies.bench import Bench

WITH_CLIENT_TOKEN = [
    name
    for name in drs.OPERATIONS
    if any(
        member.metadata.get("idempotencyToken")
        for member in drs.request_shape(name).members.values()
    )
]


def essence(seen: Seen) -> tuple[Any, ...]:
    """What matters of a request: all but the signature and who sent it."""
    parts = urlsplit(seen.path)
    return (
        seen.method,
        parts.path,
        sorted(parts.query.split("&"), key=lambda pair: pair.partition("=")[0]),
        seen.headers.get("content-type"),
        seen.json if seen.body else None,
    )


def as_models(found: Shape, value: Any, *, top: bool = True) -> Any:  # noqa: ANN401 - a JSON tree
    """The tree in Python names, with models for its nested structures."""
    if found.type_name == "structure":
        built = {
            xform_name(key): as_models(found.members[key], inner, top=False)
            for key, inner in value.items()
        }
        return built if top else getattr(models, found.name)(**built)
    if found.type_name == "list":
        return [as_models(found.member, inner, top=False) for inner in value]
    if found.type_name == "map":
        return {key: as_models(found.value, inner, top=False) for key, inner in value.items()}
    return value


@pytest.mark.parametrize("operation", drs.OPERATIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_a_valid_request_looks_as_botocore_sends_it(
    bench: Bench, operation: str, data: st.DataObject
) -> None:
    found = drs.request_shape(operation)
    members = data.draw(drs.requests_of(operation), label="request")
    how = data.draw(st.sampled_from(["dicts", "models", "send"]), label="given as")
    named = drs.in_python_names(found, members)
    method = xform_name(operation)
    bench.answers({}, status=drs.operation(operation).http["responseCode"])

    if how == "send":
        request = getattr(models, f"{operation}Request")(**named)
        bench.run(bench.ours.send(request))
    else:
        bench.ask_ours(method, **(named if how == "dicts" else as_models(found, members)))
    ours = essence(bench.last_request())
    bench.ask_raw(method, **drs.on_the_wire(found, members))
    raw = essence(bench.last_request())

    assert ours == raw


@pytest.mark.parametrize("operation", drs.OPERATIONS)
def test_a_method_takes_the_service_members_in_order(operation: str) -> None:
    found = drs.request_shape(operation)
    parameters = list(
        inspect.signature(getattr(DRSClient, xform_name(operation))).parameters.values()
    )[1:]
    required = [xform_name(name) for name in found.required_members]
    positional = required if len(required) == 1 else []
    rest = [name for _, name, _ in drs.members(found) if name not in positional]

    assert [parameter.name for parameter in parameters] == [*positional, *rest]
    for parameter in parameters:
        assert (parameter.default is parameter.empty) is (parameter.name in required)
        expected = (
            parameter.POSITIONAL_OR_KEYWORD
            if parameter.name in positional
            else parameter.KEYWORD_ONLY
        )
        assert parameter.kind is expected


def test_the_only_required_member_may_be_given_by_position(bench: Bench) -> None:
    job_id = "drsjob-0123456789abcdefg"
    bench.answers({"items": []})

    async def ask() -> None:
        await bench.ours.describe_job_log_items(job_id, max_results=None)

    bench.run(ask())

    assert bench.last_request().json == {"jobID": job_id}


def test_none_is_not_sent_and_an_empty_filter_is(bench: Bench) -> None:
    bench.ask_ours("describe_source_servers", filters={}, max_results=None, next_token=None)
    assert bench.last_request().json == {"filters": {}}
    bench.ask_ours("describe_source_servers", filters={"hardware_id": None})
    assert bench.last_request().json == {"filters": {}}


@pytest.mark.parametrize("operation", WITH_CLIENT_TOKEN)
async def test_a_missing_client_token_is_a_uuid_fixed_across_attempts(operation: str) -> None:
    members = drs.example_request(operation)
    assert "client_token" not in members
    busy = refuse(503, "ServiceUnavailable")

    async with loopback(busy, busy, answer({}), answer({})) as server, client_for(server) as client:
        await getattr(client, xform_name(operation))(**members)
        await getattr(client, xform_name(operation))(**members)
        tokens = [seen.json["clientToken"] for seen in server.requests]

    assert len(tokens) == 4
    assert UUID(tokens[0]).version == 4
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]


def test_there_are_operations_with_a_client_token() -> None:
    assert set(WITH_CLIENT_TOKEN) >= {
        "CreateRecoveryPlan",
        "CreateRecoveryPlanStep",
        "StartRecoveryPlanExecution",
    }
