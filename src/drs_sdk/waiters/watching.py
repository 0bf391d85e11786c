"""Watches without an end, and the events that wake whoever waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

import drs_sdk.waiters as waiters
from drs_sdk._core.errors import FieldProblem, RequestValidationError
from drs_sdk.waiters.subjects import given
from drs_sdk.waiters.waiting import Waiting, delays, optional_duration
from drs_sdk.waiters.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drs_sdk.eventbridge import Event
    from drs_sdk.models import SourceServer
    from drs_sdk.waiters.changes import Change
    from drs_sdk.waiters.ledger import Ledger
    from drs_sdk.waiters.listing import Listing
    from drs_sdk.waiters.monitor import Monitor
    from drs_sdk.waiters.pace import Pace
    from drs_sdk.waiters.subjects import SourceServersLike
    from drs_sdk.waiters.waiting import Duration

_DELAYS = (timedelta(seconds=30), timedelta(minutes=1))


class Watching(Waiting):
    """The base of the watches without an end."""

    def watch_source_servers(
        self,
        source_servers: SourceServersLike | None = None,
        *,
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[Change[SourceServer]]:
        """Yields what appears, changes and goes among source servers, until it is left.

        At first all that there is appears. Throttles, outages and lost networks are waited out,
        however long they last. Who takes changes slowly is told the newest state of each server,
        once. A step can be cancelled, as by ``asyncio.wait_for(anext(watch), 30)``, and nothing is
        lost.

        Polls ``DescribeSourceServers``: with ids together with the waits of the client, one call
        for 200 servers; without, one listing for all such watches of the client.

        Args:
            source_servers: Source servers or their ids, one or many; all there are unless given.
            min_delay: The shortest delay between polls, 30 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 60 s unless given.

        Returns:
            An async iterator of `Change`.

        Raises:
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        from drs_sdk.waiters.monitor import Monitor

        pace = endless_pace(min_delay, max_delay)
        if source_servers is None:
            return Watch(monitor_of_all(self, pace))
        ids = given(source_servers, waiters.kinds.SOURCE_SERVERS)

        def in_order(found: Mapping[str, SourceServer]) -> Mapping[str, SourceServer]:
            return {name: found[name] for name in ids if name in found}

        return Watch(Monitor(self._pollers, waiters.kinds.SOURCE_SERVERS, ids, pace, in_order))

    def notify(self, event: Event) -> None:
        """Wakes the waits and watches that an event of the service concerns: they poll now.

        Events are reasons to look, no more: a wait ends by what the poll shows, and an event that
        is lost only delays it. One that concerns nobody does nothing. However many come, polls are
        at least half a second apart, and a ``Retry-After`` of the service holds.

        Call it in the thread of the event loop.

        Args:
            event: The event, as ``drs_sdk.eventbridge.parse_event`` reads it.

        Raises:
            RequestValidationError: It is something else, such as a payload that was not parsed.
        """
        from drs_sdk.eventbridge import Event as Known
        from drs_sdk.waiters.listing import WHOLE

        if not isinstance(cast("object", event), Known):
            problem = (
                f"an Event is wanted, but this is a {type(event).__name__}: "
                "drs_sdk.eventbridge.parse_event(payload) makes one"
            )
            raise RequestValidationError(problem, problems=[FieldProblem("event", problem)])
        about = (event.job_id, event.source_server_id, event.source_network_id)
        self._pollers.wake({name for name in about if name is not None})
        if event.source_server_id is not None:
            self._pollers.wake({WHOLE})
        if event.recovery_instance_id is not None:
            # Events name instances by ids of another form than operations do: any may be meant.
            self._pollers.wake(None, waiters.kinds.RECOVERY_INSTANCES)


def endless_pace(min_delay: Duration | None, max_delay: Duration | None) -> Pace:
    """Find out how often a watch without an end asks.

    Raises:
        RequestValidationError: A delay is not in range.
    """
    from drs_sdk.waiters.pace import Pace

    least, most = delays(
        _DELAYS,
        optional_duration(min_delay, "min_delay"),
        optional_duration(max_delay, "max_delay"),
    )
    return Pace(timeout=None, min_delay=least, max_delay=most)


def monitor_of_all(
    drs: Watching,
    pace: Pace,
    *,
    ledger: Ledger[SourceServer] | None = None,
    when_polled: Callable[[], None] = lambda: None,
) -> Monitor[SourceServer, Listing[SourceServer]]:
    """Make the monitor of all source servers of a client; see `Monitor`."""
    from drs_sdk.waiters.listing import LISTED_SOURCE_SERVERS, WHOLE
    from drs_sdk.waiters.monitor import Monitor

    return Monitor(
        drs._pollers,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - one mechanism
        LISTED_SOURCE_SERVERS,
        [WHOLE],
        pace,
        _unfolded,
        ledger=ledger,
        when_polled=when_polled,
    )


def _unfolded(found: Mapping[str, Listing[SourceServer]]) -> Mapping[str, SourceServer]:
    (listing,) = found.values()
    return listing.subjects
