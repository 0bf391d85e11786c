"""Waits on source servers: replication, readiness, disconnection."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.waiters import conditions, kinds
from drs_sdk.waiters.subjects import given
from drs_sdk.waiters.waiting import Waiting, optional_duration
from drs_sdk.waiters.watch import Watch

if TYPE_CHECKING:
    from drs_sdk.models import SourceServer
    from drs_sdk.waiters.subjects import SourceServersLike
    from drs_sdk.waiters.updates import OnUpdate
    from drs_sdk.waiters.waiting import Duration


class SourceServerWaits(Waiting):
    """Waits on source servers: replication, readiness, disconnection."""

    async def wait_until_source_servers_replicating(
        self,
        source_servers: SourceServersLike,
        *,
        max_lag: Duration | None = None,
        timeout: Duration | None = timedelta(hours=24),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[SourceServer] | None = None,
    ) -> list[SourceServer]:
        """Waits until source servers replicate: ``CONTINUOUS``, and within a lag if given.

        ``STALLED``, ``RESCAN``, ``PAUSED`` and ``BACKLOG`` may heal and are waited out; a server
        that stays ``STOPPED`` or ``DISCONNECTED`` for two minutes has failed. All must be well in
        one and the same poll: a server that was is looked at again.

        Polls ``DescribeSourceServers``.

        Args:
            source_servers: Source servers or their ids, one or many.
            max_lag: The longest lag that is good enough, a `timedelta` or seconds.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                24 hours unless given.
            min_delay: The shortest delay between polls, 15 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 2 minutes unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The servers as last seen, in the order asked for.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: A server stopped replicating; ``reasons`` says which and why.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.replicating(optional_duration(max_lag, "max_lag")),
            given(source_servers, kinds.SOURCE_SERVERS),
            timeout,
            min_delay,
            max_delay,
            on_update,
        )
        await wait.finish()
        if wait.failures:
            raise wait.failed()
        return wait.subjects

    def watch_source_servers_replicating(
        self,
        source_servers: SourceServersLike,
        *,
        max_lag: Duration | None = None,
        timeout: Duration | None = timedelta(hours=24),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[SourceServer]:
        """Yields each server at once and at every change, until all replicate or have failed.

        The twin of `wait_until_source_servers_replicating`; a bad end ends the iteration, it does
        not raise.

        Args:
            source_servers: Source servers or their ids, one or many.
            max_lag: The longest lag that is good enough, a `timedelta` or seconds.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                24 hours unless given.
            min_delay: The shortest delay between polls, 15 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 2 minutes unless given.

        Returns:
            An async iterator of `SourceServer`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.replicating(optional_duration(max_lag, "max_lag")),
            given(source_servers, kinds.SOURCE_SERVERS),
            timeout,
            min_delay,
            max_delay,
            None,
        )
        return Watch(wait)

    async def wait_until_source_servers_launchable(
        self,
        source_servers: SourceServersLike,
        *,
        timeout: Duration | None = timedelta(hours=24),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[SourceServer] | None = None,
    ) -> list[SourceServer]:
        """Waits until source servers can be launched: their initial sync has completed.

        Lag or a stall after the initial sync does not stand in the way of a launch. All must be
        launchable in one and the same poll: a server that was is looked at again.

        Polls ``DescribeSourceServers``.

        Args:
            source_servers: Source servers or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                24 hours unless given.
            min_delay: The shortest delay between polls, 15 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 2 minutes unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The servers as last seen, in the order asked for.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: A server stopped replicating; ``reasons`` says which and why.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.SOURCE_SERVERS_LAUNCHABLE,
            given(source_servers, kinds.SOURCE_SERVERS),
            timeout,
            min_delay,
            max_delay,
            on_update,
        )
        await wait.finish()
        if wait.failures:
            raise wait.failed()
        return wait.subjects

    def watch_source_servers_launchable(
        self,
        source_servers: SourceServersLike,
        *,
        timeout: Duration | None = timedelta(hours=24),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[SourceServer]:
        """Yields each server at once and at every change, until all can be launched or have failed.

        The twin of `wait_until_source_servers_launchable`; a bad end ends the iteration, it does
        not raise.

        Args:
            source_servers: Source servers or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                24 hours unless given.
            min_delay: The shortest delay between polls, 15 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 2 minutes unless given.

        Returns:
            An async iterator of `SourceServer`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.SOURCE_SERVERS_LAUNCHABLE,
            given(source_servers, kinds.SOURCE_SERVERS),
            timeout,
            min_delay,
            max_delay,
            None,
        )
        return Watch(wait)

    async def wait_until_source_servers_disconnected(
        self,
        source_servers: SourceServersLike,
        *,
        timeout: Duration | None = timedelta(minutes=15),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[SourceServer] | None = None,
    ) -> list[SourceServer]:
        """Waits until source servers are disconnected, so that they can be deleted.

        Polls ``DescribeSourceServers``.

        Args:
            source_servers: Source servers or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                15 minutes unless given.
            min_delay: The shortest delay between polls, 3 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 20 s unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The servers as last seen, in the order asked for.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: A server is not there.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.SOURCE_SERVERS_DISCONNECTED,
            given(source_servers, kinds.SOURCE_SERVERS),
            timeout,
            min_delay,
            max_delay,
            on_update,
        )
        await wait.finish()
        if wait.failures:
            raise wait.failed()
        return wait.subjects

    def watch_source_servers_disconnected(
        self,
        source_servers: SourceServersLike,
        *,
        timeout: Duration | None = timedelta(minutes=15),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[SourceServer]:
        """Yields each server at once and at every change, until all are disconnected.

        The twin of `wait_until_source_servers_disconnected`; a bad end ends the iteration, it does
        not raise.

        Args:
            source_servers: Source servers or their ids, one or many.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                15 minutes unless given.
            min_delay: The shortest delay between polls, 3 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 20 s unless given.

        Returns:
            An async iterator of `SourceServer`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.SOURCE_SERVERS_DISCONNECTED,
            given(source_servers, kinds.SOURCE_SERVERS),
            timeout,
            min_delay,
            max_delay,
            None,
        )
        return Watch(wait)
