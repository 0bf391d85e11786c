"""The post-launch actions that every source server and launch template has from the start.

The documents are those that AWS's own read-only policy for DRS names, and the order of the check
of volumes is public; names, the other orders and the identifiers are the emulator's choice.
They are inactive until somebody puts them with `active`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.testing.service.documents import Doc

_AUTOMATIONS = frozenset({"AWS-CreateImage"})
_ACTIONS = (
    (
        "AWSMigration-LinuxTimeSyncSetting",
        "Linux time sync",
        "CONFIGURATION",
        201,
        "Sets the clock of a Linux instance by the time service of EC2.",
    ),
    (
        "AWSEC2-ApplicationInsightsCloudwatchAgentInstallAndConfigure",
        "CloudWatch agent installation",
        "MONITORING",
        301,
        "Installs the CloudWatch agent and configures it.",
    ),
    (
        "AWSMigration-VerifyMountedVolumes",
        "Volume integrity validation",
        "VALIDATION",
        401,
        "Checks that the volumes are mounted.",
    ),
    (
        "AWSMigration-ValidateDiskSpace",
        "Validate disk space",
        "VALIDATION",
        402,
        "Checks that the volumes have room.",
    ),
    (
        "AWSMigration-ValidateNetworkConnectivity",
        "Connectivity check",
        "VALIDATION",
        403,
        "Checks that other machines can be reached.",
    ),
    (
        "AWSMigration-ValidateHttpResponse",
        "HTTP response validation",
        "VALIDATION",
        404,
        "Checks that a URL is answered.",
    ),
    (
        "AWSMigration-VerifyProcessIsRunning",
        "Process status validation",
        "VALIDATION",
        405,
        "Checks that a process runs.",
    ),
    (
        "AWS-CreateImage",
        "Create AMI from instance",
        "OTHER",
        501,
        "Makes an image of the instance.",
    ),
)
COMMANDS = frozenset(code for code, *_ in _ACTIONS) - _AUTOMATIONS
"""Their documents that are commands; the others are automations."""


def _identifier(code: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"drs/{code}"))


IDENTIFIERS = frozenset(_identifier(code) for code, *_ in _ACTIONS)
"""What they go by, in every account."""


def predefined_actions() -> Iterator[Doc]:
    """Make the actions anew, as the service lists them."""
    for code, name, category, order, description in _ACTIONS:
        yield {
            "actionId": _identifier(code),
            "actionCode": code,
            "actionVersion": "$DEFAULT",
            "type": "SSM_COMMAND" if code in COMMANDS else "SSM_AUTOMATION",
            "name": name,
            "category": category,
            "order": order,
            "description": description,
            "active": False,
            "optional": True,
        }
