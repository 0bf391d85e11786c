"""The plain errors: those that carry nothing but text and numbers.

Users find every error in `drs_sdk.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel, ValidationError


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

    __module__ = "drs_sdk.errors"

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
    """One thing that is wrong with a request, or with a runbook.

    Attributes:
        path: The field by its Python name, such as ``source_servers[0].source_server_id``.
        message: What is wrong and what it may be.
    """

    path: str
    message: str

    def __str__(self) -> str:
        """Read as ``path: message``."""
        return f"{self.path}: {self.message}" if self.path else self.message


# Not in its body: dataclasses look up the module that a class names while it is made.
FieldProblem.__module__ = "drs_sdk.errors"


class RequestValidationError(DRSError, ValueError):
    """The request is wrong; nothing was sent.

    Attributes:
        problems: Every field at fault, with what it may be. Values are left out: they may be
            secret.
    """

    __module__ = "drs_sdk.errors"

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
        from drs_sdk._core.paths import python_path, siblings
        from drs_sdk._core.wording import wording

        problems: list[FieldProblem] = []
        for found in error.errors(include_url=False):
            message = wording(found)
            if found["type"] == "extra_forbidden":
                message = f"Unknown field; known are {', '.join(siblings(model, found['loc']))}"
            if found["type"] == "model_type":
                message += f"; it has {', '.join(siblings(model, (*found['loc'], '')))}"
            nested = cast(
                "list[tuple[tuple[str | int, ...], str]]",
                found.get("ctx", {}).get("problems", [((), message)]),
            )
            for inner, text in nested:
                path = python_path(model, (*found["loc"], *inner))
                problems.append(FieldProblem(path, text))
        return cls.listing(model, problems)

    @classmethod
    def listing(
        cls, model: type[BaseModel], problems: list[FieldProblem]
    ) -> RequestValidationError:
        """Name everything that is wrong with an object of a model."""
        operation = cast("str | None", getattr(model, "operation", None))
        listed = "\n".join(f"  {problem}" for problem in problems)
        return cls(
            f"{model.__name__} is not valid, nothing was sent:\n{listed}",
            problems=problems,
            operation=operation,
        )


class ConfigurationError(DRSError, ValueError):
    """The client cannot work with its options: no region, no such profile, a bad endpoint."""

    __module__ = "drs_sdk.errors"


class CredentialsError(DRSError):
    """There are no credentials, or the provider that should give them failed."""

    __module__ = "drs_sdk.errors"


class ClientClosedError(DRSError):
    """The client is not open yet, is closed, or belongs to another event loop or process."""

    __module__ = "drs_sdk.errors"


class ConnectionFailedError(DRSError):
    """There was no answer: connection refused or reset, name not resolved, answer cut off.

    Attributes:
        endpoint_url: Where the request was to go.
        maybe_sent: Whether the service may have seen the request.
        hint: What may mend it.
    """

    __module__ = "drs_sdk.errors"

    hint: str = "check the endpoint, DNS and network, then try again"

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        endpoint_url: str | None = None,
        maybe_sent: bool = True,
        hint: str | None = None,
    ) -> None:
        """Say what broke, and where."""
        super().__init__(message, operation=operation)
        self.endpoint_url = endpoint_url
        self.maybe_sent = maybe_sent
        if hint is not None:
            self.hint = hint


class RequestTimeoutError(ConnectionFailedError):
    """There was no answer in time."""

    __module__ = "drs_sdk.errors"

    hint: str = "raise read_timeout, or look for a slow network"


class ResponseDecodeError(DRSError):
    """The service answered with success, but the body cannot be read.

    Attributes:
        http_status: The HTTP status code.
        excerpt: The beginning of the body.
    """

    __module__ = "drs_sdk.errors"

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


class PaginationError(DRSError):
    """A walk over pages came to no end: a page token came again, or a step was cancelled."""

    __module__ = "drs_sdk.errors"

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        request_id: str | None = None,
        next_token: str | None = None,
    ) -> None:
        """Name the token that came again, if one did."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.next_token: str | None = next_token
