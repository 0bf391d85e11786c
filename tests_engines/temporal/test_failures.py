"""How errors are told to Temporal: every class of the SDK, one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.converter import DefaultFailureConverter, DefaultPayloadConverter

from drs_sdk import errors
from drs_sdk.fleet import Target
from drs_sdk.temporal import as_failure


def api_error(code: str, status: int, retry_after: float | None = None) -> errors.APIError:
    kind = getattr(errors, code, errors.APIError)
    response = {
        "Error": {"Code": code, "Message": "said"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
    }
    return kind(response, "StartRecovery", retry_after=retry_after)


PASSING = [
    api_error("ThrottlingException", 429),
    api_error("InternalServerException", 500),
    api_error("ServiceUnavailableException", 503),
    api_error("ServiceQuotaExceededException", 402),
    errors.ConnectionFailedError("reset"),
    errors.RequestTimeoutError("late"),
    errors.CredentialsError("the provider failed"),
    errors.ClientClosedError("closed"),
    errors.RequestExpiredError("too old"),
    errors.ResponseDecodeError("half a body"),
    errors.NotStartedInTimeError("erp/k", "held: s-1"),
    errors.TargetTimeoutError("late", target=Target("eu-west-1"), seconds=3),
]
FINAL = [
    api_error("AccessDeniedException", 403),
    api_error("ValidationException", 400),
    api_error("ConflictException", 409),
    api_error("ResourceNotFoundException", 404),
    api_error("UninitializedAccountException", 400),
    api_error("SomethingNew", 400),
    errors.RequestValidationError.of("servers", "must not be empty"),
    errors.ConfigurationError("no region"),
    errors.AmbiguousOutcomeError("lost", request=None, sent_at=None),
    errors.OutcomeUnknownError("unknown"),
    errors.RunbookError("wrong"),
    errors.RunMismatchError("erp/k", ["mode"]),
    errors.RunClosedError("erp/k", "closed"),
    errors.InstanceInTheWayError({"s-1": "i-1"}, is_drill=True),
    errors.ServerHeldError({"s-1": "drsjob-1"}),
    errors.RecordLostError({"s-1": "drsjob-1"}),
    errors.RecordNotKeptError("drsjob-1", {"a": "b"}, "denied"),
    errors.WaiterFailedError("failed", reasons={}),
    errors.DRSError("of a later release"),
]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_trouble_that_passes_may_be_tried_again(error: errors.DRSError) -> None:
    assert not as_failure(error).non_retryable


@pytest.mark.parametrize("error", FINAL, ids=lambda error: type(error).__name__)
def test_what_a_repeat_cannot_mend_is_not_tried_again(error: errors.DRSError) -> None:
    told = as_failure(error)
    assert told.non_retryable
    assert told.next_retry_delay is None


def test_the_delay_is_the_one_that_the_service_asked_for() -> None:
    told = as_failure(api_error("ThrottlingException", 429, retry_after=7))
    assert told.next_retry_delay == timedelta(seconds=7)


def test_a_refusal_has_no_delay_even_when_the_service_names_one() -> None:
    assert as_failure(api_error("AccessDeniedException", 403, 7)).next_retry_delay is None


def test_the_type_and_the_details_say_what_it_was() -> None:
    told = as_failure(api_error("ThrottlingException", 429))
    assert told.type == "ThrottlingException"
    assert told.details == (
        {"operation": "StartRecovery", "request_id": "r-1", "code": "ThrottlingException"},
    )


def test_a_fleet_is_as_good_as_its_worst_place() -> None:
    slow, denied = api_error("ThrottlingException", 429, 9), api_error("AccessDeniedException", 403)
    here, there = Target("eu-west-1"), Target("us-east-1")
    assert as_failure(errors.FleetError.of({here: slow, there: denied}, 2)).non_retryable
    passing = as_failure(errors.FleetError.of({here: slow, there: slow}, 2))
    assert not passing.non_retryable
    assert passing.next_retry_delay == timedelta(seconds=9)


@pytest.mark.parametrize("error", [*PASSING, *FINAL], ids=lambda error: type(error).__name__)
def test_what_is_told_fits_into_a_failure_of_temporal(error: errors.DRSError) -> None:
    from temporalio.api.failure.v1 import Failure

    failure = Failure()
    DefaultFailureConverter().to_failure(as_failure(error), DefaultPayloadConverter(), failure)
    assert failure.application_failure_info.type == type(error).__name__
    assert failure.message
