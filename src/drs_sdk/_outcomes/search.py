"""Looking for what an ambiguous request made: a finder for each unsafe operation.

The service takes no idempotency token for these, so their traces are looked for: a job begun since
then on the same servers, a resource with the same origin, settings or tags. Tags that were asked
for must be there, so a tag of its own makes a request unmistakable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from drs_sdk._calling import known_request
from drs_sdk._core.base import Response, Shape
from drs_sdk._core.raw import RawRequest
from drs_sdk._outcomes import jobs, resources, reversal
from drs_sdk._outcomes.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk._core.base import Request
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
    if isinstance(look.request, RawRequest):
        look.request = _typed(look.request)
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


def _typed(request: RawRequest) -> Request[Response]:
    """Read a call by names as the request that it is; an unknown operation stays what it was."""
    known = known_request(request.name)
    if known is None:
        return request
    names = {field.serialization_alias or name for name, field in known.model_fields.items()}
    try:
        return known.model_validate(
            {name: value for name, value in request.members.items() if name in names}
        )
    except ValidationError:  # not chained: its text quotes values
        raise OutcomeUnknownError(
            f"whether {request.name} happened cannot be known: what was asked is not to be read "
            "as a request of this release",
            operation=request.name,
        ) from None
