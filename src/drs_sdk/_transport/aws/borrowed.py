"""Sessions that sign with credentials which somebody else's synchronous code finds and renews."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials

from drs_sdk._transport.aws.sessions import new_session

if TYPE_CHECKING:
    from aiobotocore.session import AioSession
    from botocore.config import Config as Config  # the hook takes it from here


class KeySource(Protocol):
    """Credentials of boto3."""

    def get_frozen_credentials(self) -> object:
        """Give the keys of now; renews them where that is due, and may ask STS."""
        ...


class BorrowedCredentials(AioCredentials):
    """Credentials of boto3, which are renewed in a thread: they may ask STS, and block."""

    def __init__(self, source: KeySource) -> None:
        """Take the source of the keys; it is asked at each signature."""
        super().__init__("", "", method="borrowed")
        self._source = source

    async def get_frozen_credentials(self) -> object:
        """Give the keys of now."""
        return await asyncio.to_thread(self._source.get_frozen_credentials)


class _Finder:
    def __init__(self, source: KeySource | None) -> None:
        self._source = source

    async def load_credentials(self) -> AioCredentials | None:
        return BorrowedCredentials(self._source) if self._source is not None else None


def borrowing_session(source: KeySource | None, *, profile_name: str | None) -> AioSession:
    """Make a session that signs with other code's credentials.

    Args:
        source: The credentials; None where there are none.
        profile_name: The profile that all else is configured by.
    """
    session = new_session(profile_name)
    session.register_component("credential_provider", _Finder(source))  # pyright: ignore[reportUnknownMemberType]
    return session


def async_config(config: object) -> AioConfig:
    """Make a configuration of boto3 one of aiobotocore.

    Args:
        config: A ``botocore.config.Config``.
    """
    own = AioConfig()
    return own.merge(cast("Config", config))  # pyright: ignore[reportUnknownMemberType]
