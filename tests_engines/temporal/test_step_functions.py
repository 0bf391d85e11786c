"""The recipe for Lambda with Step Functions: the handler and the state machine, carried out."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SHORT
from recipes import EXAMPLES, environment, load

from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

MACHINE: dict[str, Any] = json.loads((EXAMPLES / "state_machine.json").read_text())
STATES: dict[str, Any] = MACHINE["States"]
LIMIT = 256 * 1024
"""Bytes that Step Functions takes between two states."""


@pytest.fixture
async def emulator() -> AsyncIterator[DRSEmulator]:
    clock = EmulatorClock.virtual(auto_advance=False)
    async with DRSEmulator(clock=clock, job_durations=SHORT) as world:
        yield world


@pytest.fixture
def handler(emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    for name, value in environment(emulator).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    return load("lambda_handler").handler


def add(emulator: DRSEmulator, tier: str, count: int) -> list[str]:
    return emulator.add_source_servers(count, tags={"app": "erp", "tier": tier})


def look_up(data: Any, path: str) -> Any:
    for part in path.removeprefix("$").strip(".").split("."):
        data = data[part]
    return data


def fill(template: Any, data: Any) -> Any:
    if isinstance(template, dict):
        return {
            name.removesuffix(".$"): "a token"
            if value == "$$.Task.Token"
            else look_up(data, value)
            if name.endswith(".$")
            else fill(value, data)
            for name, value in template.items()
        }
    return template


def put(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    return {**data, path.removeprefix("$."): value}


def holds(choice: dict[str, Any], data: Any) -> bool:
    value = look_up(data, choice["Variable"])
    if "StringEquals" in choice:
        return value == choice["StringEquals"]
    return (value is None) == choice["IsNull"]


class Machine:
    """As much of the Amazon States Language as the recipe has."""

    def __init__(self, emulator: DRSEmulator, handler: Callable[..., Any]) -> None:
        self.emulator = emulator
        self.handler = handler
        self.asked: list[dict[str, Any]] = []
        self.waits: list[int] = []
        self.looks: list[Counter[str]] = []

    async def run(self, data: dict[str, Any]) -> str:
        name = MACHINE["StartAt"]
        while True:
            state = STATES[name]
            match state["Type"]:
                case "Succeed" | "Fail":
                    if "ErrorPath" in state:
                        return str(look_up(data, state["ErrorPath"]))
                    return name
                case "Wait":
                    seconds = look_up(data, state["SecondsPath"])
                    assert type(seconds) is int
                    assert seconds > 0
                    self.waits.append(seconds)
                    await self.emulator.clock.advance(seconds)
                    name = state["Next"]
                case "Choice":
                    found = (c["Next"] for c in state["Choices"] if holds(c, data))
                    name = next(found, state["Default"])
                case "Task":
                    result = await self.task(state, fill(state["Parameters"], data))
                    data = put(data, state["ResultPath"], result)
                    name = state["Next"]

    async def task(self, state: dict[str, Any], parameters: dict[str, Any]) -> Any:
        if state["Resource"].endswith(".waitForTaskToken"):
            self.asked.append(parameters["Message"])
            return parameters["Message"]["waits_for"]
        (retry,) = state["Retry"]
        while True:
            self.emulator.requests.clear()
            try:
                event = json.loads(json.dumps(parameters["Payload"]))
                answer = await asyncio.to_thread(self.handler, event, None)
            except Exception as error:
                if type(error).__name__ not in retry["ErrorEquals"]:
                    raise
                await self.emulator.clock.advance(retry["IntervalSeconds"])
            else:
                self.looks.append(Counter(r.operation for r in self.emulator.requests))
                return fill(state["ResultSelector"], {"Payload": json.loads(json.dumps(answer))})


def event(approved: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"key": "2026-q4", "mode": "drill", "approved": list(approved)}


async def launches(emulator: DRSEmulator) -> int:
    async with emulator.client() as drs:
        return len(await drs.describe_jobs().collect())


async def test_a_run_with_an_approval(emulator: DRSEmulator, handler: Callable[..., Any]) -> None:
    add(emulator, "db", 2)
    add(emulator, "app", 3)
    machine = Machine(emulator, handler)
    assert await machine.run(event()) == "Done"
    (asked,) = machine.asked
    assert asked == {"run": "erp/2026-q4", "waits_for": ["application"], "token": "a token"}
    assert await launches(emulator) == 2


async def test_a_look_costs_two_calls_for_two_hundred_servers(
    emulator: DRSEmulator, handler: Callable[..., Any]
) -> None:
    add(emulator, "db", 150)
    add(emulator, "app", 50)
    machine = Machine(emulator, handler)
    assert await machine.run(event(("application",))) == "Done"
    assert await launches(emulator) == 3
    steady = [look for look in machine.looks if not look["StartRecovery"]][:3]
    assert steady == [Counter({"DescribeSourceServers": 1, "DescribeJobs": 1})] * 3


async def test_what_is_passed_on_fits_for_a_thousand_servers(
    emulator: DRSEmulator, handler: Callable[..., Any]
) -> None:
    add(emulator, "db", 1000)
    add(emulator, "app", 1)
    answer = await asyncio.to_thread(handler, event(), None)
    assert answer["state"] == "running"
    assert len(json.dumps(answer)) < LIMIT / 50


async def test_a_server_that_fails_ends_it(
    emulator: DRSEmulator, handler: Callable[..., Any]
) -> None:
    (database,) = add(emulator, "db", 1)
    add(emulator, "app", 1)
    emulator.fail_launch(database)
    assert await Machine(emulator, handler).run(event(("application",))) == "failed"
    assert await launches(emulator) == 1


async def test_an_answer_that_is_lost_and_a_service_that_is_down(
    emulator: DRSEmulator, handler: Callable[..., Any]
) -> None:
    add(emulator, "db", 1)
    add(emulator, "app", 1)
    emulator.inject("StartRecovery", Fault.drop_after(), times=1)
    emulator.inject("DescribeSourceServers", Fault.server_error(), times=2)
    assert await Machine(emulator, handler).run(event(("application",))) == "Done"
    assert await launches(emulator) == 2


def test_every_state_that_is_named_exists_and_is_reached() -> None:
    named = set(re.findall(r'"(?:Next|Default|StartAt)": "([^"]+)"', json.dumps(MACHINE)))
    assert named == set(STATES)
