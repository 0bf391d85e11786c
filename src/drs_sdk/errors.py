"""Every exception of the package.

    DRSError
    ├── RequestValidationError (ValueError)   the request is wrong; nothing was sent
    ├── ConfigurationError (ValueError)       region, profile, endpoint or options are wrong
    ├── CredentialsError                      no credentials, or none that work
    ├── ClientClosedError                     the client is not open, closed, or another loop's
    ├── APIError (botocore's ClientError)     the service refused or failed
    │   ├── AccessDeniedException             403
    │   ├── ConflictException                 409
    │   ├── InternalServerException           500
    │   ├── ResourceNotFoundException         404
    │   ├── ServiceQuotaExceededException     402
    │   ├── ThrottlingException               429
    │   ├── UninitializedAccountException     400
    │   └── ValidationException               400
    ├── ConnectionFailedError                 no answer: refused, reset, cut off, unresolved
    │   └── RequestTimeoutError               no answer in time
    ├── ResponseDecodeError                   an answer that cannot be read
    ├── AmbiguousOutcomeError                 an unsafe request that may or may not have happened
    ├── OutcomeUnknownError                   ... and that leaves nothing to be found
    ├── PaginationError                       the service's page tokens do not lead on
    └── WaiterError
        ├── WaiterTimeoutError                the deadline came first
        └── WaiterFailedError                 what was waited for cannot happen any more

What another library raised is chained as ``__cause__``. Errors pickle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from pydantic import BaseModel, ValidationError

    from drs_sdk.base import Request, Response, Shape
    from drs_sdk.models import JobLog, ValidationExceptionField, ValidationExceptionReason
    from drs_sdk.operations import Operations

    class ClientError(Exception):
        """What type checkers are told of botocore's ClientError, which carries no types."""

        operation_name: str

        def __init__(self, error_response: Mapping[str, object], operation_name: str) -> None:
            """Read an error answer."""

else:
    from botocore.exceptions import ClientError

REQUEST_TIMEOUT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException"})
"""The service waited for the request in vain: a refusal that another attempt may heal."""

_THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_CLIENT_FAULTS = range(400, 500)


def _rebuild(kind: type[DRSError], args: tuple[object, ...], state: dict[str, object]) -> DRSError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class DRSError(Exception):
    """The base of everything that the package raises.

    Attributes:
        operation: The service's name of the operation, such as ``StartRecovery``.
        request_id: The service's id of the request, where there was an answer.
        next_token: In a walk over pages, the token of the page that failed.
    """

    def __init__(
        self, message: str, *, operation: str | None = None, request_id: str | None = None
    ) -> None:
        """Say what happened, to which operation, with which request id."""
        super().__init__(message)
        self.operation = operation
        self.request_id = request_id
        self.next_token: str | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the message and the attributes; a cause is not carried along."""
        return _rebuild, (type(self), self.args, dict(self.__dict__))


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with a request.

    Attributes:
        path: The field by its Python name, such as ``source_servers[0].source_server_id``.
        message: What is wrong and what it may be.
    """

    path: str
    message: str

    def __str__(self) -> str:
        """Read as ``path: message``."""
        return f"{self.path}: {self.message}" if self.path else self.message


class RequestValidationError(DRSError, ValueError):
    """The request is wrong; nothing was sent.

    Attributes:
        problems: Every field at fault, with what it may be. Values are left out: they may be
            secret.
    """

    def __init__(
        self, message: str, *, problems: Iterable[FieldProblem] = (), operation: str | None = None
    ) -> None:
        """Name the fields at fault."""
        super().__init__(message, operation=operation)
        self.problems: tuple[FieldProblem, ...] = tuple(problems)

    @classmethod
    def of(cls, path: str, message: str) -> RequestValidationError:
        """Name the one thing that is wrong."""
        problem = FieldProblem(path, message)
        return cls(f"nothing was sent: {problem}", problems=[problem])

    @classmethod
    def from_pydantic(
        cls, model: type[BaseModel], error: ValidationError
    ) -> RequestValidationError:
        """Read pydantic's findings, with paths in Python names."""
        from drs_sdk.paths import python_path, siblings

        problems: list[FieldProblem] = []
        for found in error.errors(include_url=False, include_input=False):
            message = found["msg"]
            if found["type"] == "extra_forbidden":
                message = f"Unknown field; known are {', '.join(siblings(model, found['loc']))}"
            nested = cast(
                "list[tuple[tuple[str | int, ...], str]]",
                found.get("ctx", {}).get("problems", [((), message)]),
            )
            for inner, text in nested:
                path = python_path(model, (*found["loc"], *inner))
                problems.append(FieldProblem(path, text))
        operation = cast("str | None", getattr(model, "operation", None))
        listed = "\n".join(f"  {problem}" for problem in problems)
        return cls(
            f"{model.__name__} is not valid, nothing was sent:\n{listed}",
            problems=problems,
            operation=operation,
        )


class ConfigurationError(DRSError, ValueError):
    """The client cannot work with its options: no region, no such profile, a bad endpoint."""


class CredentialsError(DRSError):
    """There are no credentials, or the provider that should give them failed."""


class ClientClosedError(DRSError):
    """The client is not open yet, is closed, or belongs to another event loop or process."""


class APIError(DRSError, ClientError):
    """The service refused the request or failed. A code without a class of its own is this one.

    Attributes:
        operation: The service's name of the operation.
        code: The error code, such as ``ConflictException``.
        message: What the service said.
        http_status: The HTTP status code.
        request_id: The service's id of the request.
        retry_after: Seconds the service asks to wait, where it does.
        fault: Whose fault it is, ``client`` or ``server``.
        response: The parsed answer, as botocore's ClientError has it.
    """

    operation: str  # pyright: ignore[reportIncompatibleVariableOverride]
    response: dict[str, object]
    code: str
    message: str
    http_status: int
    request_id: str | None
    retry_after: float | None
    next_token: str | None

    def __init__(
        self, response: Mapping[str, object], operation: str, *, retry_after: float | None = None
    ) -> None:
        """Read an error answer.

        Args:
            response: The answer as botocore parsed it: ``Error``, ``ResponseMetadata`` and the
                modelled members.
            operation: The service's name of the operation.
            retry_after: Seconds the service asks to wait.
        """
        ClientError.__init__(self, response, operation)
        error = cast("Mapping[str, object]", response.get("Error") or {})
        metadata = cast("Mapping[str, object]", response.get("ResponseMetadata") or {})
        self.operation = operation
        self.response = dict(response)
        self.code = str(error.get("Code") or "Unknown")
        self.message = str(error.get("Message") or response.get("message") or "")
        self.http_status = cast("int", metadata.get("HTTPStatusCode") or 0)
        self.request_id = cast("str | None", metadata.get("RequestId"))
        self.retry_after = retry_after
        self.next_token = None
        said = self.message or "the service gave no message"
        where = f"HTTP {self.http_status}, request id {self.request_id}"
        self.args: tuple[object, ...] = (f"{operation} failed with {self.code} ({where}): {said}",)

    @property
    def fault(self) -> Literal["client", "server"]:
        """Whose fault it is, by the HTTP status."""
        return "client" if self.http_status in _CLIENT_FAULTS else "server"

    @property
    def is_throttling(self) -> bool:
        """Whether the service asks to slow down."""
        return self.http_status == 429 or self.code in _THROTTLING_CODES  # noqa: PLR2004

    @property
    def detail_code(self) -> str | None:
        """The modelled ``code`` member, a finer reason than the error code, where given."""
        return self._text("code")

    def _text(self, member: str) -> str | None:
        value = self.response.get(member)
        return None if value is None else str(value)


class _ResourceError(APIError):
    @property
    def resource_id(self) -> str | None:
        """The id of the resource the error is about."""
        return self._text("resourceId")

    @property
    def resource_type(self) -> str | None:
        """The kind of resource the error is about."""
        return self._text("resourceType")


class AccessDeniedException(APIError):  # noqa: N818 - the service's name
    """The credentials do not allow this operation on this resource."""


class ConflictException(_ResourceError):  # noqa: N818 - the service's name
    """The resource is busy or not in a state for this.

    A server is in a running job, a recovery instance is not initialised yet, a launch-into
    target is not stopped, or something is deleted before it is disconnected.
    """


class InternalServerException(APIError):  # noqa: N818 - the service's name
    """The service failed."""

    @property
    def retry_after_seconds(self) -> int | None:
        """Seconds the service asks to wait."""
        return None if self.retry_after is None else int(self.retry_after)


class ResourceNotFoundException(_ResourceError):  # noqa: N818 - the service's name
    """There is no such resource in this account and Region."""


class ServiceQuotaExceededException(_ResourceError):  # noqa: N818 - the service's name
    """A quota of the account is used up (the service answers HTTP 402)."""

    @property
    def service_code(self) -> str | None:
        """The service that the quota belongs to."""
        return self._text("serviceCode")

    @property
    def quota_code(self) -> str | None:
        """The quota, as Service Quotas names it."""
        return self._text("quotaCode")


class ThrottlingException(APIError):  # noqa: N818 - the service's name
    """Too many requests; the client has already retried."""

    @property
    def service_code(self) -> str | None:
        """The service that throttles."""
        return self._text("serviceCode")

    @property
    def quota_code(self) -> str | None:
        """The quota that was hit."""
        return self._text("quotaCode")

    @property
    def retry_after_seconds(self) -> str | None:
        """What the ``Retry-After`` header says, as the service sent it; see `retry_after`."""
        return self._text("retryAfterSeconds")


class UninitializedAccountException(APIError):  # noqa: N818 - the service's name
    """DRS was never initialised in this account and Region: call ``initialize_service``."""


class ValidationException(APIError):  # noqa: N818 - the service's name
    """The service found the request wrong.

    Attributes:
        field_list: The fields at fault, as the service names them.
    """

    field_list: Sequence[ValidationExceptionField] = ()

    @property
    def reason(self) -> ValidationExceptionReason | None:
        """Why: an unknown operation, a body that cannot be parsed, fields, or something else."""
        from drs_sdk.models.enums import ValidationExceptionReason

        text = self._text("reason")
        return None if text is None else ValidationExceptionReason(text)


MODELLED: Mapping[str, type[APIError]] = {
    kind.__name__: kind
    for kind in (
        AccessDeniedException,
        ConflictException,
        InternalServerException,
        ResourceNotFoundException,
        ServiceQuotaExceededException,
        ThrottlingException,
        UninitializedAccountException,
        ValidationException,
    )
}
"""The class of each error code that the service model has."""


class ConnectionFailedError(DRSError):
    """There was no answer: connection refused or reset, name not resolved, answer cut off.

    Attributes:
        endpoint_url: Where the request was to go.
        maybe_sent: Whether the service may have seen the request.
    """

    hint: ClassVar[str] = "check the endpoint, DNS and network, then try again"

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        endpoint_url: str | None = None,
        maybe_sent: bool = True,
    ) -> None:
        """Say what broke, and where."""
        super().__init__(message, operation=operation)
        self.endpoint_url = endpoint_url
        self.maybe_sent = maybe_sent


class RequestTimeoutError(ConnectionFailedError):
    """There was no answer in time."""

    hint: ClassVar[str] = "raise read_timeout, or look for a slow network"


class ResponseDecodeError(DRSError):
    """The service answered with success, but the body cannot be read.

    Attributes:
        http_status: The HTTP status code.
        excerpt: The beginning of the body.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
        excerpt: str = "",
    ) -> None:
        """Quote the beginning of what came."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.http_status = http_status
        self.excerpt = excerpt


class AmbiguousOutcomeError(DRSError):
    """An unsafe request may or may not have happened: it was sent, and no clear answer came.

    It is not sent again, as a repeat could launch, create or terminate twice. Look for what it
    made before you repeat it.

    Attributes:
        request: What was sent.
        sent_at: When it was sent, by the client's clock.
    """

    def __init__(
        self,
        message: str,
        *,
        request: Request[Response],
        sent_at: datetime,
        operation: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """Keep the request, for the caller to look for its outcome."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.request = request
        self.sent_at = sent_at

    async def find_outcome(self, drs: Operations) -> Shape | None:
        """Look for what the request made.

        Found by its traces, as the service takes no token for unsafe operations: a job on the
        same servers begun since `sent_at`, a resource of the same origin or with the same
        settings and tags. Give the service some seconds before you take None for an answer.

        Args:
            drs: An open client of the same account and Region.

        Returns:
            What the request made, such as the `Job`; None where there is nothing of the kind.

        Raises:
            OutcomeUnknownError: The operation leaves nothing that could be found.
            DRSError: The service could not be asked.
        """
        from drs_sdk.outcome_search import find_outcome

        return await find_outcome(drs, self.request, self.sent_at)


class OutcomeUnknownError(DRSError):
    """Whether an ambiguous request happened cannot be known: it leaves nothing to be found."""


class PaginationError(DRSError):
    """The service's page tokens do not lead to an end."""

    def __init__(
        self, message: str, *, operation: str, request_id: str | None, next_token: str
    ) -> None:
        """Name the token that came again."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.next_token: str | None = next_token


class WaiterError(DRSError):
    """A wait ended without what was waited for.

    Attributes:
        last: The last known state: a resource, or a list of them; None if there was none.
    """

    def __init__(self, message: str, *, last: object = None, operation: str | None = None) -> None:
        """Carry the last known state."""
        super().__init__(message, operation=operation)
        self.last = last


class WaiterTimeoutError(WaiterError):
    """The deadline came first.

    Attributes:
        elapsed: How long the wait took, by the client's clock.
        polls: How often the service was asked.
    """

    def __init__(
        self,
        message: str,
        *,
        elapsed: timedelta,
        polls: int,
        last: object = None,
        operation: str | None = None,
    ) -> None:
        """Say how long was waited, and what was last seen."""
        super().__init__(message, last=last, operation=operation)
        self.elapsed = elapsed
        self.polls = polls


class WaiterFailedError(WaiterError):
    """What was waited for cannot happen any more.

    Attributes:
        reasons: What went wrong, by the id of each subject that failed.
        events: For a job: the last log events of each failed server, by its id.
    """

    def __init__(
        self,
        message: str,
        *,
        reasons: Mapping[str, str],
        events: Mapping[str, Sequence[JobLog]] | None = None,
        last: object = None,
        operation: str | None = None,
    ) -> None:
        """Name what failed, and why."""
        super().__init__(message, last=last, operation=operation)
        self.reasons: dict[str, str] = dict(reasons)
        self.events: dict[str, list[JobLog]] = {
            key: list(logs) for key, logs in (events or {}).items()
        }
