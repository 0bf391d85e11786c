"""A call that was answered is gone: no timer and no connection keeps it, or its answer, alive."""

from __future__ import annotations

import gc

from loopback import client_for, loopback

from drs_sdk._transport.call import Call


def calls_alive() -> int:
    return sum(type(each) is Call for each in gc.get_objects())


async def test_a_call_that_was_answered_is_gone() -> None:
    async with loopback() as server, client_for(server) as drs:
        gc.collect()
        gc.disable()  # what only the collector finds is kept for as long
        try:
            for _ in range(3):
                await drs.describe_jobs()  # on a connection that stays
                await drs.initialize_service()
            assert calls_alive() == 0
        finally:
            gc.enable()
