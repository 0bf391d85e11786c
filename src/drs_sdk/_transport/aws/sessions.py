"""Sessions, configuration and credentials, as aiobotocore resolves them."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

import aiobotocore
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from botocore import UNSIGNED
from botocore.configprovider import SectionConfigProvider
from botocore.exceptions import PartialCredentialsError
from botocore.httpsession import get_cert_path  # pyright: ignore[reportUnknownVariableType]

from drs_sdk._core.errors import ConfigurationError
from drs_sdk._transport.aws.handlers import emitter
from drs_sdk._transport.aws.loading import share_loader
from drs_sdk._transport.retrying import DEFAULT_MAX_ATTEMPTS
from drs_sdk._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from botocore.config import Config

    from drs_sdk._transport.http import HTTPSession
    from drs_sdk._transport.settings import ClientSettings

_POOL_SIZE = 50
_CONNECT_TIMEOUT = 10


_VariableMap: TypeAlias = (
    "MutableMapping[str, tuple[str | None, str | list[str] | None, object, object]]"
)


class _Config(Protocol):
    """What is read of a botocore configuration."""

    region_name: str | None
    retries: Mapping[str, int] | None
    user_agent_appid: str | None
    signature_version: object
    http_session_cls: type[object]


class _Settings(Protocol):
    """What is used of a session's settings."""

    def set_config_provider(self, logical_name: str, provider: object) -> None: ...


class SharedSession(AioSession):
    """A session that many clients share, in whichever Regions.

    Its credentials are found once, by somebody who knows the Region to ask STS in.
    """

    def __init__(self, source: AioSession) -> None:
        """Make a session that reads the files of another.

        Args:
            source: The other one.
        """
        self._source = source
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            profile=cast("str | None", source.profile),  # pyright: ignore[reportUnknownMemberType]
            include_builtin_handlers=False,  # they are in the emitter of the other one
        )

    @property
    def full_config(self) -> dict[str, dict[str, object]]:
        """Give the files of the other session: they are read once for all accounts."""
        return cast("dict[str, dict[str, object]]", self._source.full_config)  # pyright: ignore[reportUnknownMemberType]


def session_for(settings: ClientSettings) -> AioSession:
    """Find the session that credentials, profile and Region come from."""
    if settings.session is not None:
        if settings.profile_name is not None:
            raise ConfigurationError("give session or profile_name, not both")
        return settings.session
    session = new_session(settings.profile_name)
    if (region := region_for(settings)) is not None:  # STS is asked there for a profile's role
        session.set_config_variable("region", region)  # pyright: ignore[reportUnknownMemberType]
    return session


def new_session(profile_name: str | None) -> AioSession:
    """Make a session that takes a variable of the environment that is empty for one not set.

    It knows DRS and what credentials come from, and no other service's peculiarities.
    """
    session = AioSession(  # pyright: ignore[reportUnknownMemberType]
        event_hooks=emitter(), include_builtin_handlers=False, profile=profile_name
    )
    variables = cast("_VariableMap", session.session_var_map)
    for setting, (key, variable, default, convert) in list(variables.items()):
        names = [variable] if isinstance(variable, str) else list(variable or ())
        said = [name for name in names if os.environ.get(name) != ""]
        if said != names:
            variables[setting] = (key, said or None, default, convert)
    store = cast("_Settings", session.get_component("config_store"))  # pyright: ignore[reportUnknownMemberType]
    # botocore checks the settings of S3 for all; without its variables, as an empty one is refused.
    store.set_config_provider("s3", SectionConfigProvider("s3", session))
    share_loader(session)
    return session


async def find_credentials(session: AioSession, settings: ClientSettings) -> AioCredentials | None:
    """Ask a session's providers, and have them ask STS in the client's Region.

    The providers of a session take the Region of the first client that it makes. A session of
    the caller is given no other Region: one client is made, with keys of its own, and let go.
    """
    region = region_for(settings)
    is_users = session is settings.session and not isinstance(session, SharedSession)
    if is_users and region not in (None, setting_of(session, "region")):
        first = session.create_client(  # pyright: ignore[reportUnknownMemberType]
            "sts",
            region_name=region,
            verify=settings.verify,
            config=settings.config,
            aws_access_key_id="unused",
            aws_secret_access_key="unused",  # noqa: S106 - signs nothing
        )
        async with first:
            pass
    found = cast("AioCredentials | None", await session.get_credentials())
    if type(found) is AioCredentials:  # others are renewed: their keys are checked when they come
        _require_no_empty_key(found)
    return found


def _require_no_empty_key(found: AioCredentials) -> None:
    """Refuse keys of a profile that are there and say nothing: botocore would sign with them."""
    keys = {"aws_access_key_id": found.access_key, "aws_secret_access_key": found.secret_key}
    if empty := [name for name, value in keys.items() if not value]:
        found_by = cast("str", found.method)  # pyright: ignore[reportUnknownMemberType]
        raise PartialCredentialsError(provider=found_by, cred_var=", ".join(empty))


def static_keys(settings: ClientSettings) -> dict[str, str | None]:
    """Give the keys that were passed in, unless they are only there to assume a role with."""
    if settings.role_arn is not None:
        return {}
    return {
        "aws_access_key_id": settings.aws_access_key_id,
        "aws_secret_access_key": settings.aws_secret_access_key,
        "aws_session_token": settings.aws_session_token,
    }


def signs_with_found_credentials(config: AioConfig, settings: ClientSettings) -> bool:
    """Say whether credentials are looked for: no keys are given, and requests are signed."""
    keys = static_keys(settings)
    if keys.get("aws_access_key_id") is not None or keys.get("aws_secret_access_key") is not None:
        return False
    return cast("_Config", config).signature_version is not UNSIGNED


def require_both_keys(settings: ClientSettings) -> None:
    """Refuse half of a key, as botocore does where it is given the keys itself."""
    given = {
        "aws_access_key_id": settings.aws_access_key_id,
        "aws_secret_access_key": settings.aws_secret_access_key,
    }
    missing = [name for name, value in given.items() if value is None]
    if missing:
        raise PartialCredentialsError(provider="explicit", cred_var=", ".join(missing))


def setting_of(session: AioSession, name: str) -> str | None:
    """Read a botocore setting: environment, then profile, then botocore's default."""
    return cast("str | None", session.get_config_variable(name))  # pyright: ignore[reportUnknownMemberType]


def with_session_config(settings: ClientSettings) -> ClientSettings:
    """Put what the caller's session configures under what the client's options do.

    A configuration of botocore's own becomes one of aiobotocore's.
    """
    session = settings.session
    default = session and cast("AioConfig | None", session.get_default_client_config())
    given = [each for each in (default, settings.config) if each is not None]
    if not given:
        return settings
    config = AioConfig()
    for each in given:
        config = _merged(config, each)
    return replace(settings, config=config)


def region_for(settings: ClientSettings) -> str | None:
    """Find the Region where botocore would not: it reads ``AWS_DEFAULT_REGION`` only.

    ``AWS_REGION``, which every other SDK reads, comes before that one. What the caller says in
    code comes first: the client's option, its configuration, the session, which may have a
    Region of its own.
    """
    given = settings.region_name
    if given is None and settings.config is not None:
        given = cast("_Config", settings.config).region_name
    if given is None and settings.session is not None:
        given = setting_of(settings.session, "region")
    return given or os.environ.get("AWS_REGION") or None


def config_for(
    session: AioSession, settings: ClientSettings, http_session: type[HTTPSession]
) -> AioConfig:
    """Merge the caller's configuration over ours, and ours for what must not change over both.

    Args:
        session: What the user agent's application is read from.
        settings: The client's options, with the caller's configuration.
        http_session: What aiobotocore makes with the proxies and certificates that it resolves.

    Raises:
        ConfigurationError: The caller brings an HTTP session.
    """
    given = settings.config
    if given is not None and cast("_Config", given).http_session_cls is not AIOHTTPSession:
        raise ConfigurationError(
            "http_session_cls cannot be set: the client has an HTTP session of its own, which "
            "sends nothing twice"
        )
    ours = AioConfig(
        connect_timeout=_CONNECT_TIMEOUT,
        max_pool_connections=_POOL_SIZE,
    )
    ours = _merged(ours, _user_agent(session, given))
    fixed = AioConfig(
        parameter_validation=False,  # the request models have validated
        retries={"mode": "standard", "total_max_attempts": 1},  # attempts are repeated by us
        http_session_cls=cast("type[AIOHTTPSession]", http_session),
    )
    return _merged(ours if given is None else _merged(ours, given), fixed)


def _user_agent(session: AioSession, config: Config | None) -> AioConfig:
    """Say who calls, in one string: botocore would put its own together anew at every call.

    That takes a fifth of a small call. An application id (``AWS_SDK_UA_APP_ID``) is worth it.
    """
    own = f"drs-sdk/{__version__}"
    given = cast("_Config", config) if config is not None else None
    if (given and given.user_agent_appid) or setting_of(session, "user_agent_appid"):
        return AioConfig(user_agent_extra=own)
    python, system = platform.python_version(), f"{platform.system()}/{platform.release()}"
    return AioConfig(
        user_agent=f"{own} aiobotocore/{aiobotocore.__version__} Python/{python} {system}"
    )


def _merged(under: AioConfig, over: Config) -> AioConfig:
    return under.merge(over)  # pyright: ignore[reportUnknownMemberType]


def max_attempts_for(session: AioSession, settings: ClientSettings) -> int:
    """Find how many attempts a call has: the configuration, environment or profile, else ours."""
    given = cast("_Config", settings.config).retries if settings.config is not None else None
    if given:
        if "total_max_attempts" in given:
            return given["total_max_attempts"]
        if "max_attempts" in given:
            return given["max_attempts"] + 1  # botocore counts retries under this name
    profile = cast("Mapping[str, object]", session.get_scoped_config())
    text = os.environ.get("AWS_MAX_ATTEMPTS") or profile.get("max_attempts")
    if text is None:
        return DEFAULT_MAX_ATTEMPTS
    try:
        return max(1, int(str(text)))
    except ValueError as error:
        raise ConfigurationError(f"max_attempts must be a number, got {text!r}") from error


def verify_for(session: AioSession, settings: ClientSettings) -> bool | str:
    """Find how certificates are checked: botocore's order, with the bundle spelled out."""
    given = settings.verify
    if given is None:
        given = setting_of(session, "ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or None
    if given is None or given is True:
        return get_cert_path(verify=True)
    return given


def require_secure(endpoint_url: str, *, allowed: bool) -> None:
    """Refuse an endpoint in clear text that is not this machine, or one with a password in it."""
    parts = urlsplit(endpoint_url)
    if parts.username is not None:
        raise ConfigurationError(
            "the endpoint has a user or a password in its address; requests are signed instead"
        )
    if parts.scheme != "http" or allowed or _is_loopback(parts.hostname or ""):
        return
    raise ConfigurationError(
        f"the endpoint {endpoint_url} is plain http; use https, or pass "
        "allow_insecure_endpoint=True if that is what you want"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
