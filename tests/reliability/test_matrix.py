"""Every operation under every fault: how often it happens, what the caller is told, what is left.

The account is compared with the one that an undisturbed call leaves behind: an unsafe operation
happens once or not at all, and repeating an idempotent one changes nothing more.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiobotocore.config import AioConfig
from loopback import unused_port
from valid_calls import OPERATIONS, UNSAFE, request_type, valid_calls

from drs_sdk._transport import retrying
from drs_sdk.errors import (
    AmbiguousOutcomeError,
    APIError,
    ConflictException,
    ConnectionFailedError,
    DRSError,
    InternalServerException,
    RequestTimeoutError,
    ResourceNotFoundException,
    ResponseDecodeError,
    ThrottlingException,
)
from drs_sdk.events import RequestEvent, RequestRetried
from drs_sdk.testing import DRSEmulator, Fault
from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from valid_calls import ValidCall

    from drs_sdk import DRSClient

ATTEMPTS = 5
READ_TIMEOUT = 0.1
CONNECTIONS = 2  # few, so that one that is lost is missed


@dataclass(frozen=True)
class Trouble:
    """A fault, and what is promised about it.

    Attributes:
        fault: What strikes; None where nobody listens at the endpoint.
        error: What a call ends in when the fault strikes every attempt.
        is_carried_out: Whether the operation happens all the same.
        is_refusal: Whether the caller can know that it did not happen.
        is_final: Whether it is not tried again, whatever the operation.
        hides_refusals: Whether a refusal of a later attempt does not get through either.
        max_attempts: How many attempts are made, at most.
    """

    fault: Fault | None
    error: type[DRSError]
    is_carried_out: bool = False
    is_refusal: bool = False
    is_final: bool = False
    hides_refusals: bool = False
    max_attempts: int = ATTEMPTS


TROUBLES = {
    "throttled": Trouble(Fault.throttle(), ThrottlingException, is_refusal=True),
    "throttled_with_retry_after": Trouble(
        Fault.throttle(retry_after=7), ThrottlingException, is_refusal=True
    ),
    "status_500": Trouble(Fault.server_error(), InternalServerException),
    "status_503": Trouble(Fault.server_error(503), APIError),
    "status_500_after_the_fact": Trouble(
        Fault.server_error(after=True), InternalServerException, is_carried_out=True
    ),
    "dropped_before": Trouble(Fault.drop_before(), ConnectionFailedError),
    "dropped_after": Trouble(
        Fault.drop_after(), ConnectionFailedError, is_carried_out=True, hides_refusals=True
    ),
    "truncated": Trouble(Fault.truncate(), ConnectionFailedError, is_carried_out=True),
    "not_json": Trouble(Fault.not_json(), ResponseDecodeError, is_carried_out=True, is_final=True),
    "late": Trouble(
        Fault.delay(2 * READ_TIMEOUT),
        RequestTimeoutError,
        is_carried_out=True,
        hides_refusals=True,
        max_attempts=2,
    ),
    "nobody_listens": Trouble(None, ConnectionFailedError, is_refusal=True),
}

REFUSED_WHEN_REPEATED = {
    "CancelRecoveryPlanExecution": ConflictException,
    "DeleteJob": ResourceNotFoundException,
    "DeleteLaunchAction": ResourceNotFoundException,
    "DeleteLaunchConfigurationTemplate": ResourceNotFoundException,
    "DeleteRecoveryInstance": ResourceNotFoundException,
    "DeleteRecoveryPlan": ResourceNotFoundException,
    "DeleteRecoveryPlanExecution": ResourceNotFoundException,
    "DeleteRecoveryPlanStep": ResourceNotFoundException,
    "DeleteReplicationConfigurationTemplate": ResourceNotFoundException,
    "DeleteSourceNetwork": ResourceNotFoundException,
    "DeleteSourceServer": ResourceNotFoundException,
    "StartReplication": ConflictException,
    "StartSourceNetworkReplication": ConflictException,
}
"""Idempotent operations that say, when they are repeated, that there is nothing left to do."""


@dataclass(frozen=True)
class Expected:
    """What a cell must show; None stands for success, or for any number.

    Attributes:
        error: What the call ends in.
        refusal: What it may end in as well, as an earlier attempt was carried out.
        arrived: How many requests arrive.
        carried_out: How many of them are carried out.
    """

    error: type[DRSError] | None
    refusal: type[DRSError] | None = None
    arrived: int | None = None
    carried_out: int | None = None


def expected(operation: str, name: str, *, always: bool) -> Expected:
    """Say what is promised for a cell."""
    trouble = TROUBLES[name]
    heard = trouble.fault is not None
    carried_out = int(trouble.is_carried_out)
    output = load_service().operation(operation).output
    if name == "truncated" and (output is None or not output.members):
        promise = Expected(None, arrived=1, carried_out=1)  # of nothing, nothing is missing
    elif trouble.is_refusal and always:
        promise = Expected(trouble.error, arrived=ATTEMPTS * heard, carried_out=0)
    elif trouble.is_refusal:
        promise = Expected(None, arrived=1 + heard, carried_out=1)
    elif operation in UNSAFE:
        promise = Expected(AmbiguousOutcomeError, arrived=1, carried_out=carried_out)
    elif trouble.is_final:
        promise = Expected(trouble.error, arrived=1, carried_out=carried_out)
    else:
        promise = repeated(operation, name, always=always)
    return promise


def repeated(operation: str, name: str, *, always: bool) -> Expected:
    """Say what is promised for a cell in which the operation is tried again."""
    trouble = TROUBLES[name]
    refusal = REFUSED_WHEN_REPEATED.get(operation) if trouble.is_carried_out else None
    if not always:
        return Expected(None if name == "late" else refusal, refusal=refusal)
    if refusal and not trouble.hides_refusals:
        return Expected(refusal, arrived=2, carried_out=1)
    attempts = trouble.max_attempts
    carried_out = int(trouble.is_carried_out) * (1 if refusal else attempts)
    return Expected(trouble.error, arrived=attempts, carried_out=carried_out)


@dataclass
class Bench:
    """One emulator and one client for all cells."""

    emulator: DRSEmulator
    starting: asyncio.Task[None] | None = None
    is_to_start: bool = False

    def client(self) -> DRSClient:
        pool = AioConfig(max_pool_connections=CONNECTIONS)
        return self.emulator.client(config=pool, on_request=self.listen_again)

    def prepare(self, drs: DRSClient, operation: str) -> ValidCall:
        """Put the account where the operation is valid, and the client where it may retry."""
        call = valid_calls()[operation]
        self.emulator.clear_faults()
        self.emulator.restore(call.account)
        self.emulator.requests.clear()
        quota = drs._link.connection()._quota
        quota.available = quota.capacity
        return call

    async def strike(self, operation: str, fault: Fault | None, *, always: bool) -> None:
        if fault is not None:
            self.emulator.inject(operation, fault, times=ATTEMPTS if always else 1)
        else:
            await self.emulator.stop()
            for _ in range(20):  # the pool sees that its connections were closed
                await asyncio.sleep(0)
            self.is_to_start = not always

    def listen_again(self, event: RequestEvent) -> None:
        """Start the server while the client waits for its second attempt."""
        if isinstance(event, RequestRetried) and self.is_to_start:
            self.is_to_start = False
            self.starting = asyncio.create_task(self.start())

    async def start(self) -> None:
        with self.emulator.clock.busy():
            await self.emulator.start()

    async def settle(self, *, is_down: bool) -> None:
        """Wait until the service has done all that it will do, and listens."""
        if self.starting is not None:
            await self.starting
            self.starting = None
        elif is_down:
            await self.emulator.start()
        for seen in self.emulator.requests:
            while seen.fault == "delay" and seen.status is None:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.005)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench() -> AsyncIterator[Bench]:
    # A port of its own, so that it can be left and taken again.
    async with DRSEmulator(port=unused_port(), check_answers=True) as emulator:
        yield Bench(emulator)
        assert emulator.defects == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drs(bench: Bench) -> AsyncIterator[DRSClient]:
    async with bench.client() as drs:
        yield drs


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(bench: Bench, drs: DRSClient) -> dict[str, dict[str, object]]:
    """The account after each operation where nothing went wrong."""
    left: dict[str, dict[str, object]] = {}
    for operation in OPERATIONS:
        await drs.send(bench.prepare(drs, operation).request)
        left[operation] = bench.emulator.snapshot()
    return left


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("how_often", ["once", "always"])
@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_cell(
    operation: str,
    name: str,
    how_often: str,
    bench: Bench,
    drs: DRSClient,
    undisturbed: dict[str, dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trouble, emulator, always = TROUBLES[name], bench.emulator, how_often == "always"
    promise = expected(operation, name, always=always)
    # Without jitter no time passes, and accounts can be compared; starting a server takes time.
    dice = SimpleNamespace(random=lambda: 0.0 if trouble.fault else 1.0)
    monkeypatch.setattr(retrying, "random", dice)
    late = {"read_timeout": READ_TIMEOUT} if name == "late" else {}
    attempts = trouble.max_attempts if always else ATTEMPTS
    view = drs.with_options(max_attempts=attempts, **late)

    call = bench.prepare(drs, operation)
    began = emulator.clock.now()
    await bench.strike(operation, trouble.fault, always=always)
    error: DRSError | None = None
    try:
        response = await view.send(call.request)
    except DRSError as raised:
        error = raised
    else:
        assert isinstance(response, call.request.response_type)
    await bench.settle(is_down=trouble.fault is None)

    # The caller is told what is documented.
    kind = None if error is None else type(error)
    assert kind in {promise.error, promise.refusal} or isinstance(error, promise.error or ()), error
    if error is not None:
        assert error.operation == operation
    if isinstance(error, AmbiguousOutcomeError):
        assert error.request is call.request
        assert error.sent_at == began
        assert isinstance(error.__cause__, trouble.error)
    if isinstance(error, ConnectionFailedError):
        assert error.maybe_sent is (trouble.fault is not None)

    # It happened as often as is documented; at most once, if it is unsafe.
    seen = [request for request in emulator.requests if request.operation == operation]
    done = sum(request.handled for request in seen)
    assert promise.arrived in {None, len(seen)}
    assert promise.carried_out in {None, done}
    if operation in UNSAFE:
        assert done <= 1
    if emulator.clock.now() == began:
        left = undisturbed[operation] if done else call.account
        assert emulator.snapshot() == left

    # The client is as good as new: each of its connections can be used.
    emulator.clear_faults()
    async with asyncio.timeout(30):
        await asyncio.gather(
            *(drs.with_options(max_attempts=1).initialize_service() for _ in range(CONNECTIONS))
        )


def test_the_table_of_refusals_names_idempotent_operations_only() -> None:
    assert {request_type(name).safety for name in REFUSED_WHEN_REPEATED} == {"idempotent"}


def test_the_figures_of_the_docs_are_those_of_the_matrix() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
    cells = len(TROUBLES) * 2
    figures = {
        "operations": len(OPERATIONS),
        "faults": len(TROUBLES),
        "cells": len(OPERATIONS) * cells,
        "cells of unsafe operations": len(UNSAFE) * cells,
    }
    for name, number in figures.items():
        assert f"| {name} | {number:,} |" in page
    safeties = Counter(request_type(name).safety for name in OPERATIONS)
    for safety, number in safeties.items():
        assert re.search(rf"\| `{safety}` \| [^|]+ \| {number} \|", page)
