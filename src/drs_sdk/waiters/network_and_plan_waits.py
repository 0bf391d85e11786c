"""Waits on source networks and on executions of recovery plans."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.waiters import conditions, kinds
from drs_sdk.waiters.subjects import given, given_execution
from drs_sdk.waiters.waiting import Waiting
from drs_sdk.waiters.watch import Watch

if TYPE_CHECKING:
    from drs_sdk.models import RecoveryPlanExecution, SourceNetwork
    from drs_sdk.waiters.subjects import ExecutionLike, SourceNetworksLike
    from drs_sdk.waiters.updates import OnUpdate
    from drs_sdk.waiters.waiting import Duration


class NetworkAndPlanWaits(Waiting):
    """Waits on source networks and on executions of recovery plans."""

    async def wait_until_source_network_protected(
        self,
        source_networks: SourceNetworksLike,
        *,
        timeout: Duration | None = timedelta(hours=1),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[SourceNetwork] | None = None,
    ) -> list[SourceNetwork]:
        """Waits until source networks are protected: their configuration is replicated.

        All must be protected in one and the same poll: a network that was is looked at again.

        Polls ``DescribeSourceNetworks``.

        Args:
            source_networks: Source networks or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                1 hour unless given.
            min_delay: The shortest delay between polls, 10 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 60 s unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The networks as last seen, in the order asked for.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: A network is in error, or stays stopped for two minutes.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.SOURCE_NETWORK_PROTECTED,
            given(source_networks, kinds.SOURCE_NETWORKS),
            timeout,
            min_delay,
            max_delay,
            on_update,
        )
        await wait.finish()
        if wait.failures:
            raise wait.failed()
        return wait.subjects

    def watch_source_network_protected(
        self,
        source_networks: SourceNetworksLike,
        *,
        timeout: Duration | None = timedelta(hours=1),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[SourceNetwork]:
        """Yields each network at once and at every change, until all are protected or have failed.

        The twin of `wait_until_source_network_protected`; a bad end ends the iteration, it does
        not raise.

        Args:
            source_networks: Source networks or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                1 hour unless given.
            min_delay: The shortest delay between polls, 10 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 60 s unless given.

        Returns:
            An async iterator of `SourceNetwork`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.SOURCE_NETWORK_PROTECTED,
            given(source_networks, kinds.SOURCE_NETWORKS),
            timeout,
            min_delay,
            max_delay,
            None,
        )
        return Watch(wait)

    async def wait_until_recovery_plan_execution_completed(
        self,
        execution: ExecutionLike,
        *,
        timeout: Duration | None = timedelta(hours=12),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[RecoveryPlanExecution] | None = None,
    ) -> RecoveryPlanExecution:
        """Waits until the execution of a recovery plan has completed.

        ``COMPLETED`` may include steps that were skipped. An execution that failed can be taken up
        again by retrying or skipping the step that failed: wait again after that.

        Polls ``GetRecoveryPlanExecution``.

        Args:
            execution: The execution, its ARN, or the response that holds it.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                12 hours unless given.
            min_delay: The shortest delay between polls, 10 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 60 s unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The completed execution.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: The execution failed, was cancelled or timed out; ``last`` is the
                execution.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.RECOVERY_PLAN_EXECUTION_COMPLETED,
            given_execution(execution),
            timeout,
            min_delay,
            max_delay,
            on_update,
        )
        await wait.finish()
        if wait.failures:
            raise wait.failed()
        return wait.only

    def watch_recovery_plan_execution(
        self,
        execution: ExecutionLike,
        *,
        timeout: Duration | None = timedelta(hours=12),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[RecoveryPlanExecution]:
        """Yields an execution at once and at every change, until it has ended.

        The twin of `wait_until_recovery_plan_execution_completed`; a bad end ends the iteration, it
        does not raise.

        Args:
            execution: The execution, its ARN, or the response that holds it.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                12 hours unless given.
            min_delay: The shortest delay between polls, 10 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 60 s unless given.

        Returns:
            An async iterator of `RecoveryPlanExecution`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.RECOVERY_PLAN_EXECUTION_COMPLETED,
            given_execution(execution),
            timeout,
            min_delay,
            max_delay,
            None,
        )
        return Watch(wait)
