"""Reversals: each asked for once, whatever is lost on the way."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConnectionFailedError, DRSError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import APIError, ConflictException
from drs_sdk.recovery.look import ARRIVAL
from drs_sdk.recovery.record import PREFIX
from drs_sdk.recovery.starting import passes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance
    from drs_sdk.recovery.places import Places

logger: logging.Logger = logging.getLogger("drs_sdk")

_REVERSING = f"{PREFIX}reversing"
"""When a reversal was asked for: best effort, so that whoever comes next waits for its arrival."""


class Reversals:
    """Asks for reversals, and remembers when, in this process and on the instance."""

    def __init__(self, clock: Clock) -> None:
        """Ask for none yet."""
        self._clock = clock
        self._asked: dict[str, datetime] = {}
        self.reasons: dict[str, str] = {}

    async def reverse(
        self,
        side: Places,
        target: Target,
        instance: RecoveryInstance,
        at: datetime,
        still_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Ask for the reversal of an instance, unless it may still be on its way.

        Args:
            side: The side that has the instance.
            target: Its place.
            instance: The instance.
            at: The service's time of the look that did not show it reversed.
            still_wanted: Whether it is still wanted when it is to leave.
        """
        name = instance.recovery_instance_id or ""
        asked = self._asked.get(name) or _told(instance)
        if asked is not None and at - asked < ARRIVAL:
            self.reasons[name] = "its reversal was asked for, and may still arrive"
            return

        async def send(drs: DRSClient, _: Target) -> None:
            await self._send(drs, instance, at, still_wanted)

        outcomes = await side.run(send, [target])
        for error in outcomes.failures.values():
            self.reasons[name] = str(error)
            if not passes(error):
                raise error

    async def _send(
        self,
        drs: DRSClient,
        instance: RecoveryInstance,
        at: datetime,
        still_wanted: Callable[[], bool],
    ) -> None:
        name = instance.recovery_instance_id or ""
        await self._note(drs, instance, at)
        try:
            await drs.with_options(still_valid=still_wanted).reverse_replication(name)
        except AmbiguousOutcomeError as error:
            self._asked[name] = at
            self.reasons[name] = f"the answer of its reversal was lost: {error}"
        except (ConflictException, ConnectionFailedError) as error:
            self.reasons[name] = str(error)
        except APIError as error:
            if not passes(error):
                raise
            self.reasons[name] = str(error)
        else:
            self._asked[name] = at
            self.reasons.pop(name, None)

    async def _note(self, drs: DRSClient, instance: RecoveryInstance, at: datetime) -> None:
        if instance.arn is None:
            return
        try:
            await drs.tag_resource(
                resource_arn=instance.arn, tags={_REVERSING: at.isoformat(timespec="seconds")}
            )
        except DRSError as error:  # it helps, and proves nothing
            logger.info("%s could not be tagged: %s", instance.recovery_instance_id, error)


def _told(instance: RecoveryInstance) -> datetime | None:
    from datetime import datetime

    try:
        told = datetime.fromisoformat(instance.tags.get(_REVERSING, ""))
    except ValueError:
        return None
    return told if told.tzinfo is not None else None
