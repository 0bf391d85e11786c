"""Sessions that sign with credentials which somebody else's synchronous code finds and renews."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials

from drs_sdk._transport.aws.roles import component_of
from drs_sdk._transport.aws.sessions import new_session

if TYPE_CHECKING:
    from aiobotocore.session import AioSession
    from botocore.config import Config
    from botocore.credentials import ReadOnlyCredentials


class KeySource(Protocol):
    """Credentials of boto3."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Give the keys of now; renews them where that is due, and may ask STS."""
        ...


class BotoSession(Protocol):
    """A session of boto3, as far as it is used."""

    region_name: str | None

    def get_credentials(self) -> KeySource | None:
        """Find the credentials; None where there are none."""
        ...


class BorrowedCredentials(AioCredentials):
    """Credentials of boto3, which are renewed in a thread: they may ask STS, and block."""

    def __init__(self, source: KeySource) -> None:
        """Take the source of the keys; it is asked at each signature."""
        super().__init__("", "", method="borrowed")  # pyright: ignore[reportUnknownMemberType]
        self._source = source

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Give the keys of now."""
        return await asyncio.to_thread(self._source.get_frozen_credentials)


class _Loader(Protocol):
    def load_service_model(self, service_name: str, type_name: str) -> object: ...
    def load_data(self, name: str) -> object: ...


class _Finder:
    def __init__(self, source: KeySource | None) -> None:
        self._source = source

    async def load_credentials(self) -> AioCredentials | None:
        return BorrowedCredentials(self._source) if self._source is not None else None


def borrowing_session(source: KeySource | None, *, profile_name: str | None) -> AioSession:
    """Make a session that signs with other code's credentials.

    Files that opening a client reads are read here, which takes a second: not on the event loop.

    Args:
        source: The credentials; None where there are none.
        profile_name: The profile that all else is configured by.
    """
    session = new_session(profile_name)
    session.register_component("credential_provider", _Finder(source))  # pyright: ignore[reportUnknownMemberType]
    loader = cast("_Loader", component_of(session, "data_loader"))
    for kind in ("service-2", "endpoint-rule-set-1"):
        loader.load_service_model("drs", kind)
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        loader.load_data(name)
    return session


def async_config(config: object) -> AioConfig:
    """Make a configuration of boto3 one of aiobotocore.

    Args:
        config: A ``botocore.config.Config``.
    """
    own = AioConfig()
    return own.merge(cast("Config", config))  # pyright: ignore[reportUnknownMemberType]
