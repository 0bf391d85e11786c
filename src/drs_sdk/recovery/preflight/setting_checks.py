"""Checks of launch configurations that cannot work, as far as DRS alone can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.preflight.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.recovery.preflight.reading import Facts


def settings(facts: Facts) -> Iterator[Finding]:
    """Find private IPs copied without a subnet in sight, and launches into an instance."""
    for member in facts.members():
        found = facts.settings.get(member.server_id)
        if found is None:
            continue
        into = found.launch_into_instance_properties
        instance = into.launch_into_ec2_instance_id if into is not None else None
        where = {
            "wave": member.wave.name,
            "target": str(member.target),
            "server": member.server_id,
        }
        if instance and (found.copy_tags or found.copy_private_ip):
            on = " and ".join(
                name
                for name, value in (
                    ("copy_tags", found.copy_tags),
                    ("copy_private_ip", found.copy_private_ip),
                )
                if value
            )
            yield Finding(
                severity="blocking",
                check="launch configuration",
                cause=f"it is launched into {instance}, and {on} must be off then",
                remedy="update_launch_configuration",
                **where,
            )
        elif instance:
            yield Finding(
                severity="warning",
                check="launch configuration",
                cause=f"it is launched into {instance}, which must be stopped, of the same "
                "platform, with an EBS root and the tag AWSDRS",
                remedy="look at the instance in EC2",
                **where,
            )
        elif found.copy_private_ip:
            yield Finding(
                severity="warning",
                check="launch configuration",
                cause="its private IP is copied, which needs a subnet with that address in the "
                f"launch template {found.ec2_launch_template_id or ''}".rstrip(),
                remedy="look at the subnet of the template in EC2: DRS cannot tell",
                **where,
            )
