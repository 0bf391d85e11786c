"""Machines that are no EC2 instances: a failback client boots there, by a person's hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConnectionFailedError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import APIError
from drs_sdk.recovery.look import instances_of
from drs_sdk.recovery.starting import passes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.steps import Deadline

_READY = "FAILBACK_READY_FOR_LAUNCH"
_ENDED = frozenset({"FAILBACK_COMPLETED", "FAILBACK_ERROR"})


async def launch_on_premises(run: Run, journeys: Sequence[Journey], deadline: Deadline) -> None:
    """Launch original machines that are ready, and wait until they are home or have failed.

    Raises:
        APIError: The service refuses for good.
    """
    by_place: dict[Target, dict[str, str]] = {}
    for one in journeys:
        if one.b2 is not None and one.b2.recovery_instance_id is not None:
            place = by_place.setdefault(one.member.target, {})
            place[one.b2.recovery_instance_id] = one.member.server_id

    async def step(drs: DRSClient, target: Target) -> bool:
        states = await _states(drs, by_place[target])
        ready = sorted(name for name, state in states.items() if state == _READY)
        if ready:
            await _start(drs, ready)
        return bool(states) and all(state in _ENDED for state in states.values())

    while True:
        outcomes = await run.places.run(step, list(by_place))
        for error in outcomes.failures.values():
            if not passes(error):
                raise error
        if not outcomes.failures and all(outcomes.results.values()):
            return
        if not await deadline.sleep():
            return


async def _states(drs: DRSClient, wanted: dict[str, str]) -> dict[str, str]:
    found = await instances_of(drs, list(wanted.values()))
    return {
        one.recovery_instance_id: str(one.failback.state) if one.failback is not None else ""
        for instances in found.values()
        for one in instances
        if one.recovery_instance_id in wanted
    }


async def _start(drs: DRSClient, instances: Sequence[str]) -> None:
    """Launch them. A lost answer is looked for: a machine that is ready no more was launched."""
    try:
        await drs.start_failback_launch(instances)
    except (AmbiguousOutcomeError, ConnectionFailedError):
        return
    except APIError as error:
        if not passes(error) and error.code != "ConflictException":
            raise
