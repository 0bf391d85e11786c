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
    from drs_sdk.events import RequestHook
    from drs_sdk.testing.clock import EmulatorClock
    from drs_sdk.testing.service.documents import Doc

_MARK = "drs_sdk.testing.call"


class ClientOptions(TypedDict, total=False):
    """What may be passed on to `DRSClient` by `DRSEmulator.client`.

    Roles are left out: the emulator has no STS, so a role would be asked for at AWS.
    """

    region_name: str
    profile_name: str
    endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str
    verify: bool | str
    config: AioConfig
    session: AioSession
    on_request: RequestHook
    max_response_bytes: int
    allow_insecure_endpoint: bool


def check_options(options: ClientOptions) -> None:
    """Refuse what type checkers would have refused, before a role is asked for at AWS.

    Raises:
        TypeError: An option is none of `ClientOptions`.
    """
    if refused := sorted(options.keys() - ClientOptions.__annotations__.keys()):
        raise TypeError(f"the emulator's client does not take {', '.join(refused)}")


def build_session(clock: EmulatorClock, profile: str | None = None) -> AioSession:
    """Make a session whose clients hold `clock` busy during their calls.

    Args:
        clock: The clock.
        profile: A profile of the machine's shared AWS configuration; without one, the session
            reads none of it.
    """
    # The form of an override: name in the config file, in the environment, default, conversion.
    nothing = (None, None, None, None)
    no_file = (None, None, os.devnull, None)
    overrides: Any = {"profile": nothing, "config_file": no_file, "credentials_file": no_file}
    session = AioSession(session_vars=overrides) if profile is None else AioSession(profile=profile)
    session.register_component("data_loader", data_loader())

    def started(context: Doc, **_event: object) -> None:
        # Should the call be cancelled, the hold goes with the context it stands in.
        context[_MARK] = clock.busy()

    def ended(context: Doc, **_event: object) -> None:
        hold = context.pop(_MARK, None)
        if hold is not None:
            hold.release()

    session.register(f"before-call.{SERVICE}", started)
    session.register(f"after-call.{SERVICE}", ended)
    session.register(f"after-call-error.{SERVICE}", ended)
    return session


def build_config(config: AioConfig | None) -> AioConfig:
    """Make the configuration: the caller's, and no proxy between client and emulator."""
    ours = AioConfig(proxies={})
    return ours if config is None else ours.merge(config)
