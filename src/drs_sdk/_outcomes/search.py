"""Looking for what an ambiguous request made: a finder for each unsafe operation.

The service takes no idempotency token for these, so their traces are looked for: a job begun since
then on the same servers, a resource with the same origin, settings or tags. Tags that were asked
for must be there, so a tag of its own makes a request unmistakable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.base import Response, Shape
from drs_sdk._outcomes import jobs, resources, reversal
from drs_sdk._outcomes.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk._outcomes.look import Look


async def find_outcome(look: Look) -> Shape | None:
    """Find what a request made, if it happened.

    Args:
        look: What was sent, when, and by whom to look for it.

    Returns:
        What it made, or None where there is nothing of the kind (yet).

    Raises:
        OutcomeUnknownError: The operation leaves nothing that could be found, or what is found
            may be somebody else's.
    """
    if look.answer is not None and (made := _told_by(look.answer)) is not None:
        return made
    operation = look.request.operation
    finder = _FINDERS.get(operation)
    if finder is None:
        raise OutcomeUnknownError(
            f"whether {operation} happened cannot be known: it leaves nothing that the "
            "service would list",
            operation=operation,
        )
    return await finder(look)


def _told_by(answer: Response) -> Shape | None:
    """Read off an answer what was made; None where it is no more than an id."""
    if type(answer).__bases__ != (Response,):  # it is what was made
        return answer
    members = (getattr(answer, name) for name in type(answer).model_fields)
    return next((each for each in members if isinstance(each, Shape)), None)


_FINDERS: dict[str, Callable[[Look], Awaitable[Shape | None]]] = {
    "AssociateSourceNetworkStack": jobs.stack_association,
    "CreateExtendedSourceServer": resources.extended_server,
    "CreateLaunchConfigurationTemplate": resources.launch_template,
    "CreateReplicationConfigurationTemplate": resources.replication_template,
    "CreateSourceNetwork": resources.source_network,
    "RetryDataReplication": resources.replication_retry,
    "RetryRecoveryPlanExecutionStep": resources.step_retry,
    "ReverseReplication": reversal.reversed_server,
    "StartFailbackLaunch": jobs.failback,
    "StartRecovery": jobs.recovery,
    "StartSourceNetworkRecovery": jobs.network_recovery,
    "TerminateRecoveryInstances": jobs.termination,
}
