"""What the end of an attempt or a call means, in our errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from drs_sdk._core.errors import (
    ClientClosedError,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsError,
    DRSError,
    RequestTimeoutError,
    ResponseDecodeError,
)
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import MODELLED, APIError, ValidationException
from drs_sdk._transport.retrying import Failure, retry_after_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk._transport.call import Call

_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
_LOOK_HERE = (
    "look at the profile, the AWS_* environment variables, or the role of the machine or container"
)


class Answer(Protocol):
    """What is looked at of an HTTP answer."""

    status_code: int
    headers: Mapping[str, str]


def failure_of(
    response: tuple[Answer, dict[str, object]] | None, error: Exception | None
) -> Failure:
    """Read how an attempt failed: an error answer, or none at all."""
    if response is not None:
        answer, parsed = response
        api_error = APIError(parsed, "")
        return Failure(
            reason=api_error.code,
            http_status=answer.status_code,
            is_throttling=api_error.is_throttling,
            retry_after=retry_after_of(answer.headers),
        )
    broken = error if isinstance(error, ConnectionFailedError) else None
    # What nobody foresaw may have struck before or after the request left.
    maybe_sent = not isinstance(error, DRSError) if broken is None else broken.maybe_sent
    return Failure(
        reason=type(error).__name__,
        is_connection=broken is not None,
        is_timeout=isinstance(broken, RequestTimeoutError),
        maybe_sent=maybe_sent,
    )


def explain(error: Exception, call: Call) -> DRSError:
    """Turn what ended a call into the error that the caller gets."""
    explained = _not_signed(error, call) if call.is_signing else _explained(error, call)
    explained.operation = call.operation
    quotes_keys = isinstance(error, ResponseParserError)  # the body it could not read, keys and all
    if explained is not error and explained.__cause__ is None and not quotes_keys:
        explained.__cause__ = error
    if call.request.safety == "unsafe" and _is_ambiguous(explained, call):
        return _ambiguous(explained, call)
    return explained


def not_opened(error: Exception) -> DRSError:
    """Turn what kept the client from opening into the error that the caller gets."""
    if isinstance(error, _CREDENTIALS):
        return no_credentials(error)
    advice = {
        "NoRegionError": "; pass region_name, or set AWS_REGION or the profile's region",
        "ProfileNotFound": "; `aws configure list-profiles` lists those that exist",
    }.get(type(error).__name__, "")
    said = str(error).rstrip(".")
    return ConfigurationError(f"the client cannot be opened: {said}{advice}")


def no_credentials(error: Exception) -> CredentialsError:
    """Turn what a credential provider raised while the client opened into our error."""
    return CredentialsError(f"no credentials: {_said_of_credentials(error)}; {_LOOK_HERE}")


def _not_signed(error: Exception, call: Call) -> DRSError:
    """Explain why an attempt did not get its signature: nothing of it was sent."""
    if isinstance(error, DRSError):
        return error
    what = _said_of_credentials(error)
    return CredentialsError(f"{call.operation} was not sent: {what}; {_LOOK_HERE}")


def _said_of_credentials(error: Exception) -> str:
    if isinstance(error, ClientError):  # STS or SSO said no
        parsed = cast("dict[str, object]", error.response)
        refusal = APIError(parsed, cast("str", error.operation_name))
        return f"{refusal.operation} for credentials failed with {refusal.code}"
    if isinstance(error, ResponseParserError):
        return "the answer of the credential provider cannot be read"
    if isinstance(error, BotoCoreError):
        return str(error).rstrip(".")
    said = f"asking for credentials failed with {type(error).__name__}"
    # A plain one may quote the value that cannot be used: a key, for all we know.
    return said if type(error) is ValueError else f"{said}: {str(error).rstrip('.')}"


def _explained(error: Exception, call: Call) -> DRSError:
    if isinstance(error, ClientError) and not isinstance(error, APIError):
        return _api_error(error, call)
    if isinstance(error, ConnectionFailedError):
        return type(error)(
            f"{call.operation}: {error.args[0]}, after {call.attempt} attempt(s); {error.hint}",
            operation=call.operation,
            endpoint_url=error.endpoint_url,
            maybe_sent=error.maybe_sent,
        )
    if isinstance(error, DRSError):
        return error
    if isinstance(error, BotoCoreError):
        return ConfigurationError(f"{call.operation} was not sent: {error}")
    return DRSError(f"{call.operation} failed: {type(error).__name__}: {error}")


def _api_error(error: ClientError, call: Call) -> DRSError:
    parsed = cast("dict[str, object]", error.response)
    code = str(cast("dict[str, object]", parsed.get("Error") or {}).get("Code"))
    after = call.failure.retry_after if call.failure is not None else None
    api_error = MODELLED.get(code, APIError)(parsed, call.operation, retry_after=after)
    if isinstance(api_error, ValidationException):
        from drs_sdk.models import ValidationExceptionField

        fields = cast("list[dict[str, object]]", parsed.get("fieldList") or [])
        api_error.field_list = tuple(ValidationExceptionField.model_validate(f) for f in fields)
    return api_error


def lost_answer(call: Call, why: str) -> AmbiguousOutcomeError | None:
    """Keep what a look for the outcome needs, where a call is cut short after it was sent."""
    if call.permit is None or not (call.in_flight or call.is_ambiguous):
        return None
    return _ambiguous(DRSError(why, operation=call.operation), call)


def _is_ambiguous(error: DRSError, call: Call) -> bool:
    if isinstance(error, ClientClosedError):
        return False
    # One lost attempt is enough: that a later one was refused does not undo it. Whatever breaks
    # between the sending of an attempt and its judgement leaves it lost, too.
    return call.is_ambiguous or call.in_flight or isinstance(error, ResponseDecodeError)


def _ambiguous(cause: DRSError, call: Call) -> AmbiguousOutcomeError:
    error = AmbiguousOutcomeError(
        f"{call.operation} was sent at {call.sent_at.isoformat()}, but whether it happened is not "
        f"known, so it is not sent again; look for what it made before you repeat it. ({cause})",
        request=call.request,
        sent_at=call.sent_at,
        operation=call.operation,
        request_id=cause.request_id,
    )
    error.__cause__ = cause
    return error
