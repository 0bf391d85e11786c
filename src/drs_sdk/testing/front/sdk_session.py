"""The aiobotocore session that clients built by the emulator run on.

It is closed off from the machine (no profile, no config file) and tells the emulator's clock
of each call in flight, so that virtual time does not jump while one is.
"""
# aiobotocore ships no type information; it is wrapped here, with explicit casts.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypedDict

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from drs_sdk.testing.service.model import SERVICE, data_loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.config import Config

    from drs_sdk.events import RequestHook
    from drs_sdk.testing.clock import EmulatorClock
    from drs_sdk.testing.service.documents import Doc

_MARK = "drs_sdk.testing.call"


class ClientOptions(TypedDict, total=False):
    """What may be passed on to `DRSClient` by `DRSEmulator.client`.

    The clock is left out: it is the emulator's.
    """

    region_name: str
    profile_name: str
    endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str
    verify: bool | str
    config: Config
    role_arn: str
    external_id: str
    role_session_name: str
    session: AioSession
    on_request: RequestHook
    max_response_bytes: int
    allow_insecure_endpoint: bool


class FleetOptions(TypedDict, total=False):
    """What may be passed on to `Fleet` by `DRSEmulator.fleet`.

    Clock and session are left out: they are the emulator's.
    """

    concurrency: int
    max_open_clients: int
    sts_endpoint_url: str
    endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str
    role_session_name: str
    verify: bool | str
    config: Config
    on_request: RequestHook
    max_response_bytes: int
    allow_insecure_endpoint: bool


def check_options(options: ClientOptions) -> None:
    """Refuse what type checkers would have refused, and a role that AWS would be asked for.

    Raises:
        TypeError: An option is none of `ClientOptions`, or a role with a session.
    """
    if refused := sorted(options.keys() - ClientOptions.__annotations__.keys()):
        raise TypeError(f"the emulator's client does not take {', '.join(refused)}")
    if "session" in options and "role_arn" in options:
        raise TypeError("a session of your own would ask AWS for the role: give role_arn alone")


def check_fleet(options: FleetOptions) -> None:
    """Refuse what type checkers would have refused.

    Raises:
        TypeError: An option is none of `FleetOptions`.
    """
    if refused := sorted(options.keys() - FleetOptions.__annotations__.keys()):
        raise TypeError(f"the emulator's fleet does not take {', '.join(refused)}")


class _Session(AioSession):
    """A session whose STS is the emulator's."""

    sts_url: Callable[[], str]

    def create_client(self, service_name: str, **options: Any) -> Any:  # noqa: ANN401 - untyped
        if service_name == "sts":
            options.setdefault("endpoint_url", self.sts_url())
        return super().create_client(service_name, **options)


def build_session(
    clock: EmulatorClock, sts_url: Callable[[], str], profile: str | None = None
) -> AioSession:
    """Make a session whose clients hold `clock` busy during their calls.

    Args:
        clock: The clock.
        sts_url: Returns where STS is asked.
        profile: A profile of the machine's shared AWS configuration; without one, the session
            reads none of it.
    """
    # The form of an override: name in the config file, in the environment, default, conversion.
    nothing = (None, None, None, None)
    no_file = (None, None, os.devnull, None)
    overrides: Any = {"profile": nothing, "config_file": no_file, "credentials_file": no_file}
    session = _Session(session_vars=overrides) if profile is None else _Session(profile=profile)
    session.sts_url = sts_url
    session.register_component("data_loader", data_loader())

    def started(context: Doc, **_event: object) -> None:
        # Should the call be cancelled, the hold goes with the context it stands in.
        context[_MARK] = clock.busy()

    def ended(context: Doc, **_event: object) -> None:
        hold = context.pop(_MARK, None)
        if hold is not None:
            hold.release()

    for service in (SERVICE, "sts"):
        session.register(f"before-call.{service}", started)
        session.register(f"after-call.{service}", ended)
        session.register(f"after-call-error.{service}", ended)
    return session


def build_config(config: Config | None) -> AioConfig:
    """Make the configuration: the caller's, and no proxy between client and emulator."""
    ours = AioConfig(proxies={})
    return ours if config is None else ours.merge(config)
