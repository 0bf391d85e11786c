"""A launch home on premises that the service refuses: for one, it sinks nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from ways import KEY

from drs_sdk.errors import AccessDeniedException
from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator, Fault
from drs_sdk.testing.front.sdk_session import build_session


@pytest.mark.parametrize("message", ["{} cannot be launched", "one of them cannot be launched"])
async def test_one_that_is_refused_stays_and_the_others_come_home(message: str) -> None:
    bad: list[str] = []
    async with DRSEmulator() as emulator:
        session = build_session(emulator.clock, lambda: emulator.url)

        def before(model: Any, params: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
            if model.name == "StartFailbackLaunch" and bad[0] in str(params["body"]):
                emulator.inject(
                    model.name, Fault.error("ValidationException", message.format(bad[0]))
                )

        session.register("before-call.drs", before)
        async with emulator.client(
            session=session,
            aws_access_key_id=emulator.access_key_id,
            aws_secret_access_key=emulator.secret_access_key,
        ) as drs:
            ids = emulator.add_source_servers(4, origin="ON_PREMISES")
            recovery = await _ready(emulator, drs, ids)
            b2s = {b2.source_server_id: b2.recovery_instance_id for b2 in await _b2s(drs)}
            bad.append(b2s[ids[1]])
            began = emulator.clock.now()
            report = await recovery.fail_back(timeout=36_000)
            assert (emulator.clock.now() - began).total_seconds() < 7200
            (behind,) = report.behind
            assert behind.source_server_id == ids[1]
            assert "the service refuses its launch home" in (behind.reason or "")
            assert [b2.recovery_instance_id for b2 in await _b2s(drs)] == bad
            bad[0] = "nobody"
            (await recovery.fail_back()).raise_if_failed()


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
async def test_an_instance_that_stays_keeps_no_other_from_going(code: str) -> None:
    bad: list[str] = []
    async with DRSEmulator() as emulator:
        session = build_session(emulator.clock, lambda: emulator.url)

        def before(model: Any, params: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
            if model.name == "TerminateRecoveryInstances" and bad[0] in str(params["body"]):
                emulator.inject(model.name, Fault.error(code, "one of them is protected"))

        session.register("before-call.drs", before)
        async with emulator.client(
            session=session,
            aws_access_key_id=emulator.access_key_id,
            aws_secret_access_key=emulator.secret_access_key,
        ) as drs:
            ids = emulator.add_source_servers(4, origin="ON_PREMISES")
            recovery = await _ready(emulator, drs, ids)
            b2s = {b2.source_server_id: b2.recovery_instance_id for b2 in await _b2s(drs)}
            bad.append(b2s[ids[1]])
            report = await recovery.fail_back(timeout=36_000)
            assert [b2.recovery_instance_id for b2 in await _b2s(drs)] == bad
            assert set(report.left) == {ids[1]}
            assert "is protected" in report.left[ids[1]]


async def test_a_missing_right_ends_it_after_one_request() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        recovery = await _ready(emulator, drs, emulator.add_source_servers(4, origin="ON_PREMISES"))
        denied = Fault.error("AccessDeniedException", "not authorized on resource: *")
        emulator.inject("StartFailbackLaunch", denied, times=100)
        with pytest.raises(AccessDeniedException):
            await recovery.fail_back()
        sent = [one for one in emulator.requests if one.operation == "StartFailbackLaunch"]
        assert len(sent) == 1


async def _ready(emulator: DRSEmulator, drs: Any, ids: list[str]) -> Recovery:  # noqa: ANN401 - a client
    runbook = Runbook(name="plant", waves=[{"name": "db", "servers": {"source_server_ids": ids}}])
    recovery = Recovery(drs, runbook, key=KEY, mode="recovery")
    (await recovery.launch()).raise_if_failed()
    await recovery.reprotect(timeout=60)
    for b2 in await _b2s(drs):
        emulator.pair_failback_client(b2.recovery_instance_id)
    (await recovery.reprotect()).raise_if_failed()
    return recovery


async def _b2s(drs: Any) -> list[Any]:  # noqa: ANN401 - same
    found: list[Any] = await drs.describe_recovery_instances().collect()
    return found
