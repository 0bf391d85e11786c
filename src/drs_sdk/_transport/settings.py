"""What a client and a view of it are told, in one place each."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiobotocore.config import AioConfig as AioConfig
    from aiobotocore.session import AioSession as AioSession

    from drs_sdk.clock import Clock
    from drs_sdk.events import RequestHook

DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """The options of a client, as `DRSClient` documents them. Secrets do not show."""

    region_name: str | None
    profile_name: str | None
    endpoint_url: str | None
    aws_access_key_id: str | None
    aws_secret_access_key: str | None = field(repr=False)
    aws_session_token: str | None = field(repr=False)
    role_arn: str | None
    external_id: str | None = field(repr=False)
    role_session_name: str | None
    verify: bool | str | None
    config: AioConfig | None
    session: AioSession | None
    clock: Clock
    on_request: RequestHook | None
    max_response_bytes: int
    allow_insecure_endpoint: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """What a view changes for the calls made through it; None leaves the client's own value.

    Attributes:
        read_timeout: Seconds to wait for an answer.
        max_attempts: Attempts in all.
        extra_members: What one call adds to its request, by the service's names.
    """

    read_timeout: float | None = None
    max_attempts: int | None = None
    still_valid: Callable[[], bool] | None = None
    extra_members: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)


def require_positive(value: object, name: str, unit: str, *, whole: bool = False) -> None:
    """Refuse a number that makes no sense, before it does harm in the middle of a call.

    Raises:
        ValueError: It is no number, or not above zero, or endless.
    """
    if not isinstance(value, int if whole else (int, float)) or not 0 < value < inf:
        kind = "whole number" if whole else "number"
        raise ValueError(f"{name} must be a {kind} of {unit} above zero, got {value!r}")
