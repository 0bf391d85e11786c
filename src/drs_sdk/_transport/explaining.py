"""What the end of an attempt or a call means, in our errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard, cast

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
)
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import MODELLED, APIError, ValidationException
from drs_sdk._transport.call import Stage
from drs_sdk._transport.failures import Failure
from drs_sdk._transport.retrying import retry_after_of

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


_LOG_IN = "run `aws sso login` with that profile"
_ADVICE = {
    "AccessDenied": "look at the trust policy of the role, and at what its source may do",
    "ExpiredToken": "log in again, or renew the keys",
    "ExpiredTokenException": "log in again, or renew the keys",
    "InvalidClientTokenId": "look at the keys: the service knows none such",
    "SSOTokenLoadError": _LOG_IN,
    "SignatureDoesNotMatch": "look at the secret key: it does not belong to the access key",
    "TokenRetrievalError": _LOG_IN,
    "UnauthorizedException": _LOG_IN,
    "UnauthorizedSSOTokenError": _LOG_IN,
}
"""What mends a provider's failure, by the code or the name of its error."""


def refusal_of(
    parsed: Mapping[str, object], headers: Mapping[str, str], *, is_final: bool = False
) -> Failure:
    """Read an error answer.

    Args:
        parsed: The answer as botocore parsed it.
        headers: Its headers, whatever the case of their names.
        is_final: Whether it is not the service that answered.
    """
    api_error = APIError(parsed, "")
    return Failure(
        reason=api_error.code,
        http_status=api_error.http_status,
        is_throttling=api_error.is_throttling,
        is_final=is_final,
        retry_after=retry_after_of(headers),
    )


def failure_of(error: Exception, call: Call) -> Failure:
    """Read how an attempt failed: an error answer, or none at all."""
    if _is_answer(error, call):
        if call.refusal is not None:
            return call.refusal
        return refusal_of(cast("dict[str, object]", error.response), {}, is_final=True)
    # What a hook raises, or nobody foresaw, may have struck before or after the request left.
    left = call.permit is not None and call.has_left
    maybe_sent = left and (call.refusal is None or call.refusal.is_ambiguous)
    broken = isinstance(error, ConnectionFailedError) and call.stage is Stage.SENDING
    return Failure(
        reason=type(error).__name__,
        is_connection=broken,
        is_timeout=broken and isinstance(error, RequestTimeoutError),
        maybe_sent=maybe_sent,
    )


def _is_answer(error: Exception, call: Call) -> TypeGuard[ClientError]:
    """Whether an error is botocore's for an answer to this call, and no hook's about another."""
    if not isinstance(error, ClientError) or isinstance(error, APIError):
        return False
    return cast("str", error.operation_name) == call.sent_as and call.stage is not Stage.SIGNING


def explain(error: Exception, call: Call) -> DRSError:
    """Turn what ended a call into the error that the caller gets."""
    explained = _explained(error, call)
    explained.operation = explained.operation or call.operation
    quotes_keys = isinstance(error, ResponseParserError)  # the body it could not read, keys and all
    if explained is not error and explained.__cause__ is None and not quotes_keys:
        explained.__cause__ = error
    if call.is_lost and not isinstance(explained, ClientClosedError):
        # Of somebody else's error the message says enough: it is the cause itself.
        is_foreign = type(explained) is DRSError and explained is not error
        return _ambiguous(explained, call, because=error if is_foreign else explained)
    return explained


def not_opened(error: Exception) -> DRSError:
    """Turn what kept the client from opening into the error that the caller gets."""
    if isinstance(error, _CREDENTIALS):
        return no_credentials(error)
    advice = {
        "ConfigParseError": "; it has to be plain UTF-8 without a byte order mark, with each "
        "section and setting once",
        "NoRegionError": "; pass region_name, or set AWS_REGION or the profile's region",
        "ProfileNotFound": "; `aws configure list-profiles` lists those that exist",
    }.get(type(error).__name__, "")
    said = str(error).rstrip(".")
    return ConfigurationError(f"the client cannot be opened: {said}{advice}")


def no_credentials(error: Exception) -> CredentialsError:
    """Turn what a credential provider raised while the client opened into our error."""
    return CredentialsError(f"no credentials: {_said_of_credentials(error)}; {_advice(error)}")


def _advice(error: Exception) -> str:
    if isinstance(error, ClientError):
        parsed = cast("dict[str, dict[str, str]]", error.response)
        return _ADVICE.get(str(parsed.get("Error", {}).get("Code")), _LOOK_HERE)
    return _ADVICE.get(type(error).__name__, _LOOK_HERE)


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
    quotes = type(error) is ValueError or not str(error)
    return said if quotes else f"{said}: {str(error).rstrip('.')}"


def _explained(error: Exception, call: Call) -> DRSError:
    if _is_answer(error, call):
        return _api_error(error, call)
    if isinstance(error, ConnectionFailedError) and call.stage is Stage.SENDING:
        return type(error)(
            f"{call.operation}: {error.args[0]}, after {call.attempt} attempt(s); {error.hint}",
            operation=call.operation,
            endpoint_url=error.endpoint_url,
            maybe_sent=error.maybe_sent,
            hint=error.hint,
        )
    if isinstance(error, DRSError):
        return error
    if call.stage is Stage.SIGNING:
        what = _said_of_credentials(error)
        return CredentialsError(f"{call.operation} was not sent: {what}; {_advice(error)}")
    return _foreign(error, call)


def _foreign(error: Exception, call: Call) -> DRSError:
    """Say whose an error is that is neither ours nor a provider's."""
    if call.stage is Stage.PREPARING and not call.has_left and isinstance(error, BotoCoreError):
        return ConfigurationError(f"{call.operation} was not sent: {error}")
    said = f"{type(error).__name__}: {error}"
    if call.stage is Stage.SENDING:
        return DRSError(f"{call.operation} failed: {said}")
    what = "was sent, but" if call.has_left else "was not sent:"
    return DRSError(
        f"{call.operation} {what} a hook of the session, or a class that it puts in, raised {said}"
    )


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
    if not call.is_lost:
        return None
    cause = DRSError(why, operation=call.operation)
    return _ambiguous(cause, call, because=cause)


def _ambiguous(cause: DRSError, call: Call, *, because: Exception) -> AmbiguousOutcomeError:
    answer = call.response
    if answer is None:
        what = (
            "but whether it happened is not known, so it is not sent again; look for what it made "
            "before you repeat it"
        )
    else:
        what = "and the service accepted it: the answer is in `response`. Do not repeat it"
    error = AmbiguousOutcomeError(
        f"{call.operation} was sent at {call.sent_at.isoformat()}, {what}. ({cause})",
        request=call.request,
        sent_at=call.sent_at,
        operation=call.operation,
        request_id=cause.request_id if answer is None else answer.response_metadata.request_id,
        clock_skew=call.clock_skew,
        response=answer,
    )
    error.__cause__ = because
    return error
