"""Faults on demand: what can go wrong between a client and the service.

`Fault` is a value; `DRSEmulator.inject` arms it for an operation. The server carries it out on
the real connection, so that every client sees the real thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from drs_sdk.testing.ranges import require_seconds

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc

FaultKind: TypeAlias = Literal[
    "error",
    "delay",
    "late",
    "drop_before",
    "drop_after",
    "truncate",
    "not_json",
    "unknown_enum_value",
    "unknown_member",
    "repeat_page_token",
    "empty_page",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong; make one by its factories.

    Attributes:
        kind: What goes wrong.
        code: Error code of an error answer.
        message: Text of an error answer.
        status: HTTP status of an error answer (None: the modelled one).
        members: Further members of an error answer.
        after: Whether the request is carried out before the error, or before the wait.
        seconds: Length of a delay, in real seconds, or of a late answer, in the emulator's.
        at: Which share of a body is sent before it is cut.
        name: The member to touch, or the name of the member to add.
        value: The value put there.
    """

    kind: FaultKind
    code: str = ""
    message: str = ""
    status: int | None = None
    members: tuple[tuple[str, object], ...] = ()
    after: bool = False
    seconds: float = 0.0
    at: float = 0.5
    name: str = ""
    value: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot happen.

        Raises:
            ValueError: A length of time, a share or a status out of range, or a code that no
                header can carry.
        """
        require_seconds("seconds", self.seconds)
        require_seconds("retry_after", float(str(dict(self.members).get("retryAfterSeconds", 0))))
        if not 0 <= self.at <= 1:
            raise ValueError("a share of a body lies between 0 and 1")
        if self.status is not None and not 400 <= self.status <= 599:  # noqa: PLR2004
            raise ValueError(f"{self.status} is no HTTP status of an error")
        if self.kind == "error" and not (self.code.isascii() and self.code.isprintable()):
            raise ValueError(f"{self.code!r} is no error code")

    @classmethod
    def throttle(cls, retry_after: int | None = None) -> Fault:
        """Answer ThrottlingException (429), with a `Retry-After` header if given seconds."""
        members: tuple[tuple[str, object], ...] = (("serviceCode", "drs"),)
        if retry_after is not None:
            members = (*members, ("retryAfterSeconds", str(retry_after)))
        return cls(
            kind="error", code="ThrottlingException", message="Rate exceeded", members=members
        )

    @classmethod
    def server_error(
        cls, status: int = 500, *, after: bool = False, retry_after: int | None = None
    ) -> Fault:
        """Answer a 5xx: InternalServerException for 500, a gateway's error for the others.

        Args:
            status: The HTTP status.
            after: Carry the request out first: the caller cannot know whether it was.
            retry_after: Seconds for the `Retry-After` header of a 500.
        """
        codes = {500: "InternalServerException", 503: "ServiceUnavailableException"}
        members = (("retryAfterSeconds", retry_after),) if retry_after is not None else ()
        return cls(
            kind="error",
            code=codes.get(status, "GatewayException"),
            message="The service has failed.",
            status=status,
            members=members,
            after=after,
        )

    @classmethod
    def error(cls, code: str, message: str = "", **members: object) -> Fault:
        """Answer any error, as `Fault.error("ConflictException", resourceId="s-...")`.

        Args:
            code: The error code; one that the service model has brings its HTTP status along.
            message: The text of the answer.
            **members: Further members of the answer, in the service's spelling.
        """
        return cls(kind="error", code=code, message=message, members=tuple(members.items()))

    @classmethod
    def delay(cls, seconds: float) -> Fault:
        """Answer late: after real seconds, as the timeouts of clients are in real time."""
        return cls(kind="delay", seconds=seconds)

    @classmethod
    def late(cls, seconds: float, *, after: bool = True) -> Fault:
        """Answer late by the emulator's clock, as StartRecovery does with a large batch.

        Clients of `DRSEmulator.client` let virtual time go on while they wait for it.

        Args:
            seconds: How late, in seconds of the emulator's time.
            after: Carry the request out at its arrival, so that others see what came of it
                long before its caller; otherwise just before the answer.
        """
        return cls(kind="late", seconds=seconds, after=after)

    @classmethod
    def drop_before(cls) -> Fault:
        """Drop the connection before the request is handled: it has no effect."""
        return cls(kind="drop_before")

    @classmethod
    def drop_after(cls) -> Fault:
        """Handle the request, then drop the connection before anything is answered."""
        return cls(kind="drop_after")

    @classmethod
    def truncate(cls, at: float = 0.5) -> Fault:
        """Handle the request, send part of the body, then close the connection.

        Args:
            at: The share of the body that is sent; at least one byte is kept back.
        """
        return cls(kind="truncate", at=at)

    @classmethod
    def not_json(cls) -> Fault:
        """Handle the request, then answer 200 with a page of HTML, as a proxy would."""
        return cls(kind="not_json")

    @classmethod
    def unknown_enum_value(cls, member: str = "", value: str = "VALUE_FROM_THE_FUTURE") -> Fault:
        """Put an enum value that no model has into the answer.

        Args:
            member: The member to change, wherever it stands; empty: the first enum found.
            value: The value.
        """
        return cls(kind="unknown_enum_value", name=member, value=value)

    @classmethod
    def unknown_member(cls, name: str = "memberFromTheFuture", value: str = "unknown") -> Fault:
        """Add a member that no model has to every structure of the answer.

        Args:
            name: Its name.
            value: Its value.
        """
        return cls(kind="unknown_member", name=name, value=value)

    @classmethod
    def repeat_page_token(cls) -> Fault:
        """Answer a request that carries a page token with that same token, for ever on.

        It waits for a request with a token: the first page of a listing passes untouched.
        """
        return cls(kind="repeat_page_token")

    @classmethod
    def empty_page(cls) -> Fault:
        """Answer a listing with no items and a token that leads to the page left out."""
        return cls(kind="empty_page")

    def fits(self, params: Doc) -> bool:
        """Tell whether the fault can strike a request with these parameters (`params`)."""
        return self.kind != "repeat_page_token" or bool(params.get("nextToken"))
