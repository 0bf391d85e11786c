"""The table of codes that another attempt heals, against botocore's standard mode."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product
from typing import cast

import pytest
from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.retries import standard
from hypothesis import given, strategies as st
from loopback import answer, client_for, loopback, refuse

from drs_sdk._transport import codes
from drs_sdk._transport.explaining import refusal_of
from drs_sdk._transport.retrying import retry_after_of
from drs_sdk.errors import AmbiguousOutcomeError, APIError
from drs_sdk.waiters.weather import may_heal

THEIRS = {
    *standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
    *standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES,
}
OPERATION = ServiceModel(create_loader().load_service_model("drs", "service-2")).operation_model(
    "StartRecovery"
)
CODES = [*sorted(THEIRS | codes.THROTTLING_CODES | codes.REQUEST_TIMEOUT_CODES), "Other"]
STATUSES = [400, 403, 404, 408, 409, 429, 500, 501, 502, 503, 504]
YEAR = 365 * 86400
BEYOND_STANDARD = {408, 429}
"""Statuses that say by themselves what botocore reads from codes only."""


def botocore_retries(code: str, status: int) -> bool:
    context = standard.RetryContext(
        attempt_number=1,
        parsed_response={"Error": {"Code": code}},
        operation_model=OPERATION,
        http_response=AWSResponse("http://127.0.0.1", status, {}, None),
    )
    return cast("bool", standard.StandardRetryConditions(max_attempts=9).is_retryable(context))


def botocore_throttled(code: str) -> bool:
    context = standard.RetryContext(attempt_number=1, parsed_response={"Error": {"Code": code}})
    return cast("bool", standard.ThrottledRetryableChecker().is_retryable(context))


@pytest.mark.parametrize(("code", "status"), list(product(CODES, STATUSES)))
def test_what_is_retried_is_what_botocore_retries(code: str, status: int) -> None:
    parsed: dict[str, object] = {
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    failure = refusal_of(parsed, {})
    assert failure.is_transient is (botocore_retries(code, status) or status in BEYOND_STANDARD)
    assert failure.is_throttling is (botocore_throttled(code) or status == 429)
    if failure.is_transient:  # what heals in a call heals in a wait
        assert may_heal(APIError(parsed, "DescribeJobs"), first=True)


@pytest.mark.parametrize("status", sorted(codes.TRANSIENT_STATUSES | {429}))
async def test_a_read_heals_from_a_status(status: int) -> None:
    async with (
        loopback(refuse(status, "Unheard"), answer({"items": []})) as server,
        client_for(server) as drs,
    ):
        await drs.describe_jobs()
    assert len(server.requests) == 2


async def test_an_unsafe_request_that_timed_out_at_the_service_is_not_repeated() -> None:
    async with (
        loopback(refuse(408, "Unheard"), answer({})) as server,
        client_for(server) as drs,
    ):
        with pytest.raises(AmbiguousOutcomeError):
            await drs.start_recovery(source_servers=[{"source_server_id": "s-" + "1" * 17}])
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"Retry-After": "1", "x-amz-retry-after": "1500"}, 1.5),
        ({"Retry-After": "2", "x-amz-retry-after": "1500"}, 2),
        ({"x-amz-retry-after": "-5"}, None),
        ({"x-amz-retry-after": "soon"}, None),
        ({"x-amz-retry-after": ""}, None),
        ({"x-amz-retry-after": "nan"}, None),
        ({"x-amz-retry-after": "9" * 400}, None),
        ({"x-amz-retry-after": "9" * 5000}, None),
        ({"x-amz-retry-after": "9" * 300}, YEAR),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "1e300"}, YEAR),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, YEAR),
    ],
)
def test_how_long_the_service_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers) == seconds


@given(st.text() | st.integers().map(str) | st.floats().map(str))
def test_what_the_service_asks_for_is_a_time_that_every_clock_takes(text: str) -> None:
    for header in ("Retry-After", "x-amz-retry-after"):
        seconds = retry_after_of({header: text, "Date": text})
        assert seconds is None or 0 <= seconds <= YEAR


@pytest.mark.parametrize("shift", [timedelta(0), timedelta(days=-900), timedelta(days=900)])
def test_a_date_to_wait_for_is_counted_by_the_services_clock(shift: timedelta) -> None:
    now = datetime.now(UTC) + shift
    headers = {
        "Date": format_datetime(now, usegmt=True),
        "Retry-After": format_datetime(now + timedelta(seconds=45), usegmt=True),
    }
    assert retry_after_of(headers) == 45


@pytest.mark.parametrize("attempts", [1, 3, 7])
async def test_each_attempt_says_how_many_there_may_be(attempts: int) -> None:
    async with loopback(refuse(500)) as server, client_for(server) as drs:
        with pytest.raises(APIError):
            await drs.with_options(max_attempts=attempts).describe_jobs()
    sent = [request.headers["amz-sdk-request"] for request in server.requests]
    assert sent == [f"attempt={number}; max={attempts}" for number in range(1, attempts + 1)]
