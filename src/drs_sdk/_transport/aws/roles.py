"""Working in a role: the session that a client with ``role_arn`` signs with.

The role is assumed by aiobotocore's own credential classes, with whatever credentials would have
been used otherwise, and assumed again before the session expires. The caller's session is left
as it is: a second one, with the same settings and hooks, carries the role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from aiobotocore.credentials import (
    AioAssumeRoleCredentialFetcher,
    AioCredentials,
    AioDeferredRefreshableCredentials,
)
from aiobotocore.session import AioSession
from botocore.exceptions import NoCredentialsError

from drs_sdk._core.errors import ConfigurationError
from drs_sdk._transport.aws.sessions import (
    find_credentials,
    region_for,
    require_both_keys,
    session_for,
)

if TYPE_CHECKING:
    from drs_sdk._transport.settings import ClientSettings

_SESSION_NAME = "drs-sdk"


class CredentialFinder(Protocol):
    """What stands in a session for botocore's chain of providers."""

    async def load_credentials(self) -> AioCredentials | None:
        """Give what is signed with; None where there is nothing."""
        ...


class RoleCredentials:
    """Takes the place of botocore's credential chain: it finds the role's credentials."""

    def __init__(
        self,
        settings: ClientSettings,
        source: AioSession,
        *,
        finder: CredentialFinder | None = None,
        sts_endpoint_url: str | None = None,
    ) -> None:
        """Take the options.

        Args:
            settings: Name the role, and what it is assumed with.
            source: The session that STS is asked through.
            finder: Finds what the role is assumed with; without one, `source` does.
            sts_endpoint_url: Where STS is asked; else where `source` says.
        """
        self._settings = settings
        self._source_session = source
        self._finder = finder
        self._sts_endpoint_url = sts_endpoint_url

    async def load_credentials(self) -> AioCredentials:
        """Give credentials that are fetched at the first signature, and renewed in time."""
        settings = self._settings
        extra = {
            "RoleSessionName": settings.role_session_name or _SESSION_NAME,
            "ExternalId": settings.external_id,
        }
        fetcher = AioAssumeRoleCredentialFetcher(
            self._sts_client,
            await self._source(),
            settings.role_arn,
            extra_args={name: value for name, value in extra.items() if value is not None},
        )
        return cast(
            "AioCredentials",
            AioDeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role"),
        )

    async def _source(self) -> AioCredentials:
        settings = self._settings
        if settings.aws_access_key_id is not None or settings.aws_secret_access_key is not None:
            require_both_keys(settings)
            return AioCredentials(
                settings.aws_access_key_id,
                settings.aws_secret_access_key,
                settings.aws_session_token,
            )
        if self._finder is None:
            source = await find_credentials(self._source_session, settings)
        else:
            source = await self._finder.load_credentials()
        if source is None:
            raise NoCredentialsError
        return source

    def _sts_client(self, service_name: str, **keys: str | None) -> object:
        if self._sts_endpoint_url is not None:
            keys["endpoint_url"] = self._sts_endpoint_url
        return self._source_session.create_client(  # pyright: ignore[reportUnknownMemberType]
            service_name,
            region_name=region_for(self._settings),
            verify=self._settings.verify,
            config=self._settings.config,
            **keys,
        )


def working_session(settings: ClientSettings) -> AioSession:
    """Find the session to sign with: the caller's, the profile's, or one that is in the role."""
    source = session_for(settings)
    if settings.role_arn is None:
        if settings.external_id is not None or settings.role_session_name is not None:
            raise ConfigurationError("external_id and role_session_name go with role_arn")
        return source
    session = AioSession(
        profile=cast("str | None", source.profile),  # pyright: ignore[reportUnknownMemberType]
        include_builtin_handlers=False,  # they are in the emitter of the other one
    )
    set_beside(session, source, RoleCredentials(settings, source))
    return session


def set_beside(session: AioSession, source: AioSession, credentials: CredentialFinder) -> None:
    """Give a session the settings, hooks and loaded models of another.

    Args:
        session: The session; without botocore's own hooks, as they come with the others.
        source: The other one; it is left as it is.
        credentials: Finds what is signed with.
    """
    for taken_over in ("event_emitter", "config_store", "data_loader"):
        session.register_component(taken_over, component_of(source, taken_over))  # pyright: ignore[reportUnknownMemberType]
    session.user_agent_name = source.user_agent_name
    session.user_agent_version = source.user_agent_version
    session.user_agent_extra = source.user_agent_extra
    session.register_component("credential_provider", credentials)  # pyright: ignore[reportUnknownMemberType]


def component_of(session: AioSession, name: str) -> object:
    """Give a part of a session."""
    return cast("object", session.get_component(name))  # pyright: ignore[reportUnknownMemberType]
