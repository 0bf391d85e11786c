"""Launching into the instance that the data came from, in the place of a new one.

Where the launch configuration template says `launchIntoSourceInstance`, a reversal lets the
source server be launched into the EC2 instance at its end of the way, or fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import configurations, ec2_instances

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

TAG = ("AWSDRS", "AllowLaunchingIntoThisInstance")
"""Key and value of the tag that an instance to launch into must have in EC2."""

_MUST_BE_OFF = ("copyTags", "copyPrivateIp")


def source_instance(account: Account, instance: Resource, origin: Resource | None) -> str:
    """Return the EC2 instance to launch into once a recovery instance has been reversed.

    Args:
        account: The account that it will be launched in.
        instance: The recovery instance.
        origin: The source server that it was launched from.

    Returns:
        Its identifier; empty where the account's template does not ask for it.

    Raises:
        ServiceError: ValidationException when the instance cannot be launched into.
    """
    template = next(iter(account.collection("launch_configuration_templates")), None)
    if template is None or not template.doc.get("launchIntoSourceInstance"):
        return ""
    hints: Doc = (
        origin.doc.get("sourceProperties", {}).get("identificationHints", {})
        if origin is not None
        else {}
    )
    target: str = hints.get("awsInstanceID", "")
    wrong = [f"{name} must be off" for name in _MUST_BE_OFF if template.doc.get(name)]
    known = ec2_instances.described(account, target)
    if not target:
        wrong.append("there is no source instance")
    elif known.get("tags", {}).get(TAG[0]) != TAG[1]:
        wrong.append(f"{target} must have the tag {TAG[0]}={TAG[1]}")
    platform = ec2_instances.platform_of(instance.doc.get("recoveryInstanceProperties", {}))
    if known.get("platform", platform) != platform:
        wrong.append(f"{target} must be of the platform {platform}")
    if known.get("rootDevice", "EBS") != "EBS":
        wrong.append(f"{target} must have an EBS root device")
    if wrong:
        raise refusals.invalid(
            f"{instance.id} cannot be reversed to be launched into its source instance: "
            f"{'; '.join(wrong)}.",
            reason="other",
        )
    return target


def set_target(account: Account, server: Resource, ec2_instance_id: str) -> None:
    """Let a source server be launched into an EC2 instance."""
    configuration = configurations.launch_configuration_of(account, server)
    configuration.doc["launchIntoInstanceProperties"] = {"launchIntoEC2InstanceID": ec2_instance_id}
