"""The service's refusals and failures: one class for each exception that the service model has.

Users find every error in `drs_sdk.errors`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast

from drs_sdk._core.errors import DRSError, RequestValidationError
from drs_sdk._transport.codes import is_throttling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_sdk.enums import ValidationExceptionReason
    from drs_sdk.models import ValidationExceptionField

    class ClientError(Exception):
        """What type checkers are told of botocore's ClientError, which carries no types."""

        operation_name: str

        def __init__(self, error_response: Mapping[str, object], operation_name: str) -> None:
            """Read an error answer."""

else:
    from botocore.exceptions import ClientError

_NAMED_ACTION = re.compile(r"to perform:? ([a-z][a-z0-9-]*:[A-Za-z]+)")
_CLIENT_FAULTS = range(400, 500)
_KEYS_UNKNOWN_THERE = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})


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

    __module__ = "drs_sdk.errors"

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
        if self.code in _KEYS_UNKNOWN_THERE:
            said = f"{said.rstrip('.')}; wrong keys, or the Region is not enabled in the account"
        where = f"HTTP {self.http_status}, request id {self.request_id}"
        self.args: tuple[object, ...] = (f"{operation} failed with {self.code} ({where}): {said}",)

    @property
    def fault(self) -> Literal["client", "server"]:
        """Whose fault it is, by the HTTP status."""
        return "client" if self.http_status in _CLIENT_FAULTS else "server"

    @property
    def is_throttling(self) -> bool:
        """Whether the service asks to slow down."""
        return is_throttling(self.code, self.http_status)

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


def _all_actions(operation: str) -> frozenset[str]:
    from drs_sdk.iam import actions_for

    try:
        return actions_for(operation)
    except RequestValidationError:  # newer than this release
        return frozenset()


def _advise(error: APIError, what: str) -> None:
    """Say at the end of an error's text what to do."""
    error.args = (f"{str(error.args[0]).rstrip('.')}; {what}",)


class AccessDeniedException(APIError):  # noqa: N818 - the service's name
    """The credentials do not allow this operation on this resource.

    Attributes:
        actions: What to grant, as IAM spells it: the action that the service names; where it names
            none, all that `drs_sdk.iam` knows for the operation, its own first.
    """

    __module__ = "drs_sdk.errors"

    def __init__(
        self, response: Mapping[str, object], operation: str, *, retry_after: float | None = None
    ) -> None:
        """Read the answer, and name what to grant; see `APIError`."""
        super().__init__(response, operation, retry_after=retry_after)
        named = _NAMED_ACTION.search(self.message)
        if named is not None:
            self.actions: tuple[str, ...] = (named[1],)
            return
        own = f"drs:{operation}"
        others = _all_actions(operation) - {own}
        self.actions = (own, *sorted(others))
        grant = f"grant {own}"
        if others:
            grant += f" and what it depends on: drs_sdk.iam.actions_for({operation!r}) lists it"
        _advise(self, grant)


class ConflictException(_ResourceError):  # noqa: N818 - the service's name
    """The resource is busy or not in a state for this.

    A server is in a running job, a recovery instance is not initialised yet, a launch-into
    target is not stopped, or something is deleted before it is disconnected.
    """

    __module__ = "drs_sdk.errors"


class InternalServerException(APIError):  # noqa: N818 - the service's name
    """The service failed."""

    __module__ = "drs_sdk.errors"

    @property
    def retry_after_seconds(self) -> int | None:
        """Seconds the service asks to wait."""
        return None if self.retry_after is None else int(self.retry_after)


class ResourceNotFoundException(_ResourceError):  # noqa: N818 - the service's name
    """There is no such resource in this account and Region."""

    __module__ = "drs_sdk.errors"


class ServiceQuotaExceededException(_ResourceError):  # noqa: N818 - the service's name
    """A quota of the account is used up (the service answers HTTP 402)."""

    __module__ = "drs_sdk.errors"

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

    __module__ = "drs_sdk.errors"

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

    __module__ = "drs_sdk.errors"


class ValidationException(APIError):  # noqa: N818 - the service's name
    """The service found the request wrong.

    Attributes:
        field_list: The fields at fault, as the service names them.
    """

    __module__ = "drs_sdk.errors"

    field_list: Sequence[ValidationExceptionField] = ()

    @property
    def reason(self) -> ValidationExceptionReason | None:
        """Why: an unknown operation, a body that cannot be parsed, fields, or something else."""
        from drs_sdk.enums import ValidationExceptionReason

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
