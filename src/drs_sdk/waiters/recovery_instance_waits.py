"""Waits on recovery instances: running, and ready to go back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.waiters import conditions, kinds
from drs_sdk.waiters.subjects import given
from drs_sdk.waiters.waiting import Waiting
from drs_sdk.waiters.watch import Watch

if TYPE_CHECKING:
    from drs_sdk.models import RecoveryInstance
    from drs_sdk.waiters.subjects import RecoveryInstancesLike
    from drs_sdk.waiters.updates import OnUpdate
    from drs_sdk.waiters.waiting import Duration


class RecoveryInstanceWaits(Waiting):
    """Waits on recovery instances: running, and ready to go back."""

    async def wait_until_recovery_instances_running(
        self,
        recovery_instances: RecoveryInstancesLike,
        *,
        timeout: Duration | None = timedelta(minutes=30),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[RecoveryInstance] | None = None,
    ) -> list[RecoveryInstance]:
        """Waits until EC2 says that recovery instances run.

        An instance launched by a configuration that leaves it stopped is waited for until the
        deadline: somebody may start it. All must run in one and the same poll: an instance that
        did is looked at again.

        Polls ``DescribeRecoveryInstances``.

        Args:
            recovery_instances: Recovery instances or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                30 minutes unless given.
            min_delay: The shortest delay between polls, 5 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 30 s unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The instances as last seen, in the order asked for.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: An instance was terminated or is not there.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.RECOVERY_INSTANCES_RUNNING,
            given(recovery_instances, kinds.RECOVERY_INSTANCES),
            timeout,
            min_delay,
            max_delay,
            on_update,
        )
        await wait.finish()
        if wait.failures:
            raise wait.failed()
        return wait.subjects

    def watch_recovery_instances_running(
        self,
        recovery_instances: RecoveryInstancesLike,
        *,
        timeout: Duration | None = timedelta(minutes=30),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[RecoveryInstance]:
        """Yields each instance at once and at every change, until all run or are gone.

        The twin of `wait_until_recovery_instances_running`; a bad end ends the iteration, it does
        not raise.

        Args:
            recovery_instances: Recovery instances or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                30 minutes unless given.
            min_delay: The shortest delay between polls, 5 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 30 s unless given.

        Returns:
            An async iterator of `RecoveryInstance`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.RECOVERY_INSTANCES_RUNNING,
            given(recovery_instances, kinds.RECOVERY_INSTANCES),
            timeout,
            min_delay,
            max_delay,
            None,
        )
        return Watch(wait)

    async def wait_until_failback_ready(
        self,
        recovery_instances: RecoveryInstancesLike,
        *,
        timeout: Duration | None = timedelta(hours=24),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[RecoveryInstance] | None = None,
    ) -> list[RecoveryInstance]:
        """Waits until a failback can be launched: ``FAILBACK_READY_FOR_LAUNCH``.

        All must be ready in one and the same poll: an instance that was is looked at again.

        Polls ``DescribeRecoveryInstances``.

        Args:
            recovery_instances: Recovery instances or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                24 hours unless given.
            min_delay: The shortest delay between polls, 15 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 2 minutes unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The instances as last seen, in the order asked for.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: A failback is over already, or stays in error for two minutes.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.FAILBACK_READY,
            given(recovery_instances, kinds.RECOVERY_INSTANCES),
            timeout,
            min_delay,
            max_delay,
            on_update,
        )
        await wait.finish()
        if wait.failures:
            raise wait.failed()
        return wait.subjects

    def watch_failback_ready(
        self,
        recovery_instances: RecoveryInstancesLike,
        *,
        timeout: Duration | None = timedelta(hours=24),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[RecoveryInstance]:
        """Yields each instance at once and at every change, until all are ready or have failed.

        The twin of `wait_until_failback_ready`; a bad end ends the iteration, it does
        not raise.

        Args:
            recovery_instances: Recovery instances or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                24 hours unless given.
            min_delay: The shortest delay between polls, 15 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 2 minutes unless given.

        Returns:
            An async iterator of `RecoveryInstance`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.FAILBACK_READY,
            given(recovery_instances, kinds.RECOVERY_INSTANCES),
            timeout,
            min_delay,
            max_delay,
            None,
        )
        return Watch(wait)
