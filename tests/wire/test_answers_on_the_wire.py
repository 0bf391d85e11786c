"""What our models hold is what botocore parses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore import xform_name
from hypothesis import given, settings, strategies as st
from strategies import service_shapes as drs
from strategies.walking import differences

from drs_sdk import models
from drs_sdk._transport.decoding import decode
from drs_sdk.errors import ResponseDecodeError

if TYPE_CHECKING:
    from strategies.bench import Bench

    from drs_sdk._core.base import Response


@pytest.mark.parametrize("operation", drs.OPERATIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_a_valid_answer_holds_what_botocore_parses(
    bench: Bench, operation: str, data: st.DataObject
) -> None:
    answer = data.draw(drs.answers_of(operation, nulls=data.draw(st.booleans())), label="answer")
    request = drs.example_request(operation)
    method = xform_name(operation)
    output = drs.operation(operation).output_shape
    bench.answers(answer, status=drs.operation(operation).http["responseCode"])

    ours = bench.ask_ours(method, **request)
    raw = bench.ask_raw(method, **drs.in_service_names(drs.request_shape(operation), request))

    assert type(ours) is getattr(models, f"{operation}Response")
    metadata = raw.pop("ResponseMetadata")
    assert ours.response_metadata.request_id == metadata["RequestId"] == "req-1"
    assert ours.response_metadata.http_status == metadata["HTTPStatusCode"]
    assert ours.response_metadata.retry_attempts == metadata["RetryAttempts"] == 0
    assert set(ours.response_metadata.headers) == set(metadata["HTTPHeaders"])
    if output is not None:
        assert differences(output, ours, raw) == []
    only_nulls = set(ours.response_metadata.unparsed.values()) <= {None}
    assert only_nulls, "a valid answer has nothing to leave out but null lists and maps"


@pytest.mark.parametrize("operation", drs.OPERATIONS)
def test_an_empty_body_is_an_answer_only_where_there_is_nothing_to_say(operation: str) -> None:
    nothing = _decode(operation, b"{}")
    fields = type(nothing).model_fields
    assert all(getattr(nothing, name) in (None, [], {}) for name in fields)

    if not fields:
        assert _decode(operation, b"") == nothing
        return
    with pytest.raises(ResponseDecodeError, match="it is empty"):
        _decode(operation, b"")


def _decode(operation: str, body: bytes) -> Response:
    response, unparsed = decode(
        getattr(models, f"{operation}Response"),
        body,
        operation=operation,
        request_id=None,
        http_status=200,
    )
    assert unparsed == {}
    return response
