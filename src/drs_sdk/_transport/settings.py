"""What a client and a view of it are told, in one place each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk._core.arguments import require_callable, require_text, require_type
from drs_sdk._core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiobotocore.session import AioSession as AioSession
    from botocore.config import Config as Config

    from drs_sdk.clock import Clock
    from drs_sdk.events import RequestHook

DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024

_TEXTS = (
    "region_name",
    "profile_name",
    "endpoint_url",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "role_arn",
    "external_id",
    "role_session_name",
)


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
    config: Config | None
    session: AioSession | None
    clock: Clock
    on_request: RequestHook | None
    max_response_bytes: int
    allow_insecure_endpoint: bool

    def __post_init__(self) -> None:
        """Refuse an option of a type that it cannot have.

        Raises:
            ConfigurationError: One is, or it is empty; the message says what it has to be. Or a
                session token has no keys that it could belong to.
        """
        for name in _TEXTS:
            require_text(getattr(self, name), name)
        for name in (*_TEXTS, "verify"):
            if getattr(self, name) == "" and name != "aws_session_token":
                raise ConfigurationError(
                    f"{name} is an empty text; leave it out, or look where it should come from"
                )
        if self.aws_session_token and self.aws_access_key_id is self.aws_secret_access_key is None:
            raise ConfigurationError(
                "aws_session_token goes with aws_access_key_id and aws_secret_access_key: it signs "
                "nothing by itself"
            )
        verify = "True, False, or the path of a CA bundle as a text"
        require_type(self.verify, "verify", (bool, str, type(None)), verify)
        require_type(self.allow_insecure_endpoint, "allow_insecure_endpoint", bool, "True or False")
        for method in ("now", "sleep"):
            require_callable(getattr(self.clock, method, None), f"clock.{method}")
        if self.on_request is not None:
            require_callable(self.on_request, "on_request")
        if self.config is not None:
            from botocore.config import Config

            wanted = "a botocore Config, such as aiobotocore.config.AioConfig(read_timeout=3)"
            require_type(self.config, "config", Config, wanted)
        if self.session is not None:
            from aiobotocore.session import AioSession

            wanted = "an AioSession, as aiobotocore.session.get_session() makes one"
            require_type(self.session, "session", AioSession, wanted)


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
