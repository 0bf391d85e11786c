"""What a test said of EC2 instances, as far as launching into one depends on it.

The emulator has no EC2: an instance that nobody described is taken for a stopped one without
tags, of the platform that is asked for. The collection is `ec2_instances`; a `doc` may have
`state`, `tags`, `platform` and `rootDevice`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account

Platform = Literal["LINUX", "WINDOWS"]
RootDevice = Literal["EBS", "INSTANCE_STORE"]

_STOPPED = "STOPPED"


def described(account: Account, instance_id: str) -> Doc:
    """Return what is known of an EC2 instance; empty where nobody described it."""
    found = account.collection("ec2_instances").get(instance_id)
    return found.doc if found is not None else {}


def describe(account: Account, instance_id: str, said: Mapping[str, object]) -> None:
    """Add to what is known of an EC2 instance."""
    instances = account.collection("ec2_instances")
    found = instances.get(instance_id)
    if found is None:
        found = instances.add(instance_id, {})
    found.doc.update(said)


def state_of(account: Account, instance_id: str) -> str:
    """Return the state of an EC2 instance: that of its recovery instance, where there is one."""
    shown = account.collection("recovery_instances").get(instance_id)
    if shown is not None:
        return shown.doc.get("ec2InstanceState", "")
    return described(account, instance_id).get("state", _STOPPED)


def platform_of(properties: Doc) -> Platform:
    """Return the platform of a machine by its properties."""
    name: str = properties.get("os", {}).get("fullString", "")
    return "WINDOWS" if "windows" in name.lower() else "LINUX"
