"""Refusals that the service model does not list with an operation: the emulator's choice.

What the real service says there is not public. These codes are what it says elsewhere in the
same case. Every other code that an operation does not list is a defect of the emulator, which
`DRSEmulator(check_answers=True)` reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.testing.service.model import Operation

_NOT_FOUND = "ResourceNotFoundException"
_QUOTA = "ServiceQuotaExceededException"

UNLISTED: Mapping[str, frozenset[str]] = {
    "DeleteRecoveryInstance": frozenset({_NOT_FOUND}),
    "DescribeJobLogItems": frozenset({_NOT_FOUND}),
    "DescribeRecoverySnapshots": frozenset({_NOT_FOUND}),
    "PutLaunchAction": frozenset({_QUOTA}),
    "RetryDataReplication": frozenset({_QUOTA, "ConflictException"}),
    "StartFailbackLaunch": frozenset({_NOT_FOUND}),
    "StartRecovery": frozenset({_NOT_FOUND}),
    "StartReplication": frozenset({_QUOTA}),
    "StartSourceNetworkRecovery": frozenset({_NOT_FOUND}),
    "TerminateRecoveryInstances": frozenset({_NOT_FOUND}),
}
"""By operation, the codes that the emulator adds to those of the service model."""

_ANYWHERE = frozenset({"AccessDeniedException", "ValidationException"})
"""For a wrong signature and for a request that breaks its shape, before any operation."""


def is_explained(operation: Operation, code: str) -> bool:
    """Tell whether an operation may refuse with a code, by the service model or by the table."""
    added = UNLISTED.get(operation.name, frozenset())
    return code in operation.errors | added | _ANYWHERE
