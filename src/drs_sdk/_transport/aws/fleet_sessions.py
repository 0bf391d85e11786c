"""Sessions that the clients of a fleet share: credentials found once, models loaded once.

Clients of one account sign with the same credentials, whichever their Regions: a role is assumed
once, and again before its keys expire.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import BotoCoreError

from drs_sdk._transport.aws.partitions import partition_of
from drs_sdk._transport.aws.roles import RoleCredentials, set_beside
from drs_sdk._transport.aws.sessions import (
    SharedSession,
    find_credentials,
    region_for,
    require_secure,
    session_for,
    setting_of,
    with_session_config,
)
from drs_sdk._transport.explaining import not_opened

if TYPE_CHECKING:
    from aiobotocore.credentials import AioCredentials
    from aiobotocore.session import AioSession
    from botocore.config import Config

    from drs_sdk._transport.aws.roles import CredentialFinder
    from drs_sdk._transport.settings import ClientSettings

    _Key: TypeAlias = tuple[str | None, str | None, str | None, str | None, str]


class FleetSessions:
    """One session for each role, profile and partition that clients work in."""

    def __init__(self, settings: ClientSettings, *, sts_endpoint_url: str | None) -> None:
        """Take the options that all clients have; nothing is looked up yet.

        Args:
            settings: The options.
            sts_endpoint_url: Where STS is asked for roles; else where the environment says.

        Raises:
            ConfigurationError: STS would give keys in clear text.
        """
        if sts_endpoint_url is not None:
            require_secure(sts_endpoint_url, allowed=settings.allow_insecure_endpoint)
        self._settings = with_session_config(settings)
        self._sts_endpoint_url = sts_endpoint_url
        self._sources: dict[str | None, AioSession] = {}
        self._sessions: dict[_Key, AioSession] = {}
        self._found: dict[tuple[str | None, str | None], CredentialFinder] = {}

    @property
    def config(self) -> Config | None:
        """What clients on these sessions are configured with."""
        return self._settings.config

    def session_for(
        self,
        *,
        region_name: str,
        profile_name: str | None,
        role_arn: str | None,
        external_id: str | None,
        role_session_name: str | None,
    ) -> AioSession:
        """Find the session of clients that work in a role, or as whoever a profile is.

        Args:
            region_name: The Region of the client that asks first. STS is asked there, unless
                the environment, the profile or the session of the caller names another Region
                of the same partition.
            profile_name: The profile.
            role_arn: The role; None to work as whoever is found.
            external_id: What the role's trust policy asks for.
            role_session_name: How the role's session shows in CloudTrail.

        Raises:
            ConfigurationError: There is no such profile, or the options do not go together.
        """
        try:
            settings = replace(
                self._settings,
                profile_name=profile_name,
                role_arn=role_arn,
                external_id=external_id,
                role_session_name=role_session_name,
            )
            source = self._source(settings)
            partition = partition_of(region_name)
            key = (profile_name, role_arn, external_id, role_session_name, partition)
            if key not in self._sessions:
                home = region_for(settings) or setting_of(source, "region")
                if home is None or partition_of(home) != partition:
                    home = region_name
                asking = replace(settings, region_name=home)
                finder = self._finder(asking, source)
                session = SharedSession(source)
                set_beside(session, source, finder)
                self._sessions[key] = session
            return self._sessions[key]
        except BotoCoreError as error:
            raise not_opened(error) from error

    def _source(self, settings: ClientSettings) -> AioSession:
        name = settings.profile_name
        if name not in self._sources:
            self._sources[name] = session_for(settings)
        return self._sources[name]

    def _finder(self, settings: ClientSettings, source: AioSession) -> CredentialFinder:
        where = (settings.profile_name, region_for(settings))
        if where not in self._found:
            self._found[where] = _Once(_SourceCredentials(settings, source))
        found = self._found[where]
        if settings.role_arn is None:
            return found
        url = self._sts_endpoint_url
        return _Once(RoleCredentials(settings, source, finder=found, sts_endpoint_url=url))


class _SourceCredentials:
    """Finds what the session of the caller, the profile or the environment says."""

    def __init__(self, settings: ClientSettings, source: AioSession) -> None:
        self._settings = settings
        self._source = source

    async def load_credentials(self) -> AioCredentials | None:
        return await find_credentials(self._source, self._settings)


class _Once:
    """Looks for credentials once, whoever asks, and gives everybody the same."""

    def __init__(self, finder: CredentialFinder) -> None:
        self._finder = finder
        self._found: AioCredentials | None = None
        self._looking = asyncio.Lock()

    async def load_credentials(self) -> AioCredentials | None:
        async with self._looking:
            if self._found is None:
                self._found = await self._finder.load_credentials()
            return self._found
