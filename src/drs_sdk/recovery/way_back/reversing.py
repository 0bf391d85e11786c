"""Reversals: each asked for once, whatever is lost on the way."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConnectionFailedError, DRSError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import (
    APIError,
    ConflictException,
    ResourceNotFoundException,
    UninitializedAccountException,
    ValidationException,
)
from drs_sdk._transport.freshness import RequestExpiredError
from drs_sdk.recovery.look import ARRIVAL
from drs_sdk.recovery.record import PREFIX
from drs_sdk.recovery.run_errors import OriginNotReadyError
from drs_sdk.recovery.starting import passes
from drs_sdk.recovery.way_back.steps import Patience

if TYPE_CHECKING:
    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance
    from drs_sdk.recovery.look import PlaceLook
    from drs_sdk.recovery.places import Places

logger: logging.Logger = logging.getLogger("drs_sdk")

_REVERSING = f"{PREFIX}reversing"
"""When a reversal was asked for: best effort, so that whoever comes next waits for its arrival."""


class Reversals:
    """Asks for reversals, and remembers when, in this process and on the instance.

    Attributes:
        reasons: What became of them, by instance, where there is something to tell.
    """

    def __init__(self, clock: Clock) -> None:
        """Ask for none yet."""
        self._clock = clock
        self._asked: dict[str, datetime | None] = {}
        self._patience = Patience()
        self.reasons: dict[str, str] = {}

    def is_given_up(self, instance: RecoveryInstance) -> bool:
        """Whether the service refuses it for good, or for too long."""
        return self._patience.is_lost(instance.recovery_instance_id or "")

    async def reverse(
        self, side: Places, target: Target, instance: RecoveryInstance, seen: PlaceLook
    ) -> None:
        """Ask for the reversal of an instance, unless it may still be on its way.

        Args:
            side: The side that has the instance.
            target: Its place.
            instance: The instance.
            seen: The look that did not show it reversed; it has to be fresh when this is signed.

        Raises:
            OriginNotReadyError: DRS was never initialised where the machine came from.
            DRSError: The service refuses the caller.
        """
        name = instance.recovery_instance_id or ""
        if self._patience.is_lost(name):
            return
        asked = self._asked[name] if name in self._asked else _told(instance)
        if asked is not None and seen.at - asked < ARRIVAL:
            self.reasons[name] = "its reversal was asked for, and may still arrive"
            return

        async def send(drs: DRSClient, _: Target) -> None:
            await self._note(drs, instance, seen.at)
            await self._send(drs, name, seen)

        outcomes = await side.run(send, [target])
        for error in outcomes.failures.values():
            self.reasons[name] = str(error)
            if not passes(error):
                raise error

    async def _send(self, drs: DRSClient, name: str, seen: PlaceLook) -> None:
        fresh = drs.with_options(still_valid=lambda: seen.stamp.is_fresh(self._clock))
        self._asked[name] = None
        try:
            await fresh.reverse_replication(name)
        except RequestExpiredError:
            self.reasons[name] = "its look grew old before the reversal was sent"
        except AmbiguousOutcomeError as error:
            self._asked[name] = seen.at
            self.reasons[name] = f"the answer of its reversal was lost: {error}"
        except UninitializedAccountException as error:
            raise OriginNotReadyError(str(error)) from error
        except (ValidationException, ResourceNotFoundException) as error:
            self._refused(name, error, seen.at, for_good=True)
        except (ConflictException, ConnectionFailedError) as error:
            self._refused(name, error, seen.at, for_good=False)
        except APIError as error:
            if not passes(error):
                raise
            self.reasons[name] = str(error)
        else:
            self._asked[name] = seen.at
            self.reasons.pop(name, None)

    def _refused(self, name: str, error: DRSError, at: datetime, *, for_good: bool) -> None:
        self.reasons[name] = f"the service refuses its reversal: {error}"
        self._patience.refused(name, at, for_good=for_good)

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
    try:
        told = datetime.fromisoformat(instance.tags.get(_REVERSING, ""))
    except ValueError:
        return None
    return told if told.tzinfo is not None else None
