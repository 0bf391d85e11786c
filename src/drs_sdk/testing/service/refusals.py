"""The service's refusals: one exception class, and a function for each that handlers raise.

A handler raises what these functions return; the server turns it into the error answer of
the real service (`x-amzn-ErrorType` header, status and members of the service model).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

QUOTA_CODES = {
    "servers_in_one_job": "L-B827C881",
    "concurrent_jobs": "L-D88FAC3A",
    "servers_in_all_jobs": "L-05AFA8C6",
    "replicating_servers": "L-C1D14A2B",
    "source_servers": "L-E28BE5E0",
    "launch_actions": "L-0588D03B",
    "launch_configuration_templates": "L-1F3FAE4D",
    "source_networks": "L-4B0323BD",
}
"""The quota codes that are public, by the name of the field of `Quotas`."""

Reason = Literal["unknownOperation", "cannotParse", "fieldValidationFailed", "other"]


class ServiceError(Exception):
    """An error answer of the service.

    Attributes:
        code: Name of the modelled exception, or any other code.
        message: The text of the answer.
        members: Further modelled members, header-located ones too, by member name.
        status: HTTP status for a code that the service model does not know.
    """

    def __init__(
        self,
        code: str,
        message: str,
        members: Mapping[str, object] | None = None,
        *,
        status: int | None = None,
    ) -> None:
        """Describe the error answer."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members: Mapping[str, object] = members or {}


def not_found(resource_type: str, resource_id: str) -> ServiceError:
    """Refuse because the resource does not exist."""
    return ServiceError(
        "ResourceNotFoundException",
        f"{resource_type} {resource_id} does not exist.",
        {
            "code": "ResourceNotFoundException",
            "resourceId": resource_id,
            "resourceType": resource_type,
        },
    )


def conflict(message: str, resource_type: str = "", resource_id: str = "") -> ServiceError:
    """Refuse because the resource is in a state that does not admit the call."""
    members: dict[str, object] = {"code": "ConflictException"}
    if resource_id:
        members.update(resourceId=resource_id, resourceType=resource_type)
    return ServiceError("ConflictException", message, members)


def quota_exceeded(quota: str, limit: int, resource_type: str) -> ServiceError:
    """Refuse because a quota is used up.

    Args:
        quota: Name of the field of `Quotas`. The answer's quota code is the public one; where
            none is public, one is made from the name, and only its form is the real one.
        limit: The quota's value.
        resource_type: What is counted.
    """
    digest = hashlib.blake2b(quota.encode(), digest_size=4).hexdigest().upper()
    return ServiceError(
        "ServiceQuotaExceededException",
        f"The quota {quota.replace('_', ' ')} ({limit}) is used up.",
        {
            "code": "ServiceQuotaExceededException",
            "resourceType": resource_type,
            "serviceCode": "drs",
            "quotaCode": QUOTA_CODES.get(quota, f"L-{digest}"),
        },
    )


def invalid(
    message: str,
    *,
    fields: Iterable[tuple[str, str]] = (),
    reason: Reason = "fieldValidationFailed",
) -> ServiceError:
    """Refuse because the request is wrong in itself.

    Args:
        message: What is wrong.
        fields: Name and message of each member at fault.
        reason: The service's reason code.
    """
    members: dict[str, object] = {"code": "ValidationException", "reason": reason}
    listed = [{"name": name, "message": text} for name, text in fields]
    if listed:
        members["fieldList"] = listed
    return ServiceError("ValidationException", message, members)


def uninitialized() -> ServiceError:
    """Refuse because the account was never initialised for DRS in this Region."""
    code = "UninitializedAccountException"
    return ServiceError(
        code,
        "Account not initialized: call InitializeService in this Region first.",
        {"code": code},
    )


def access_denied(message: str) -> ServiceError:
    """Refuse because the caller may not do this."""
    return ServiceError("AccessDeniedException", message, {"code": "AccessDeniedException"})
