# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Starting, stopping, sharing nothing, and carrying load."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError

import drs_sdk.testing
from drs_sdk.errors import APIError, ConfigurationError, ResponseDecodeError
from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault
from drs_sdk.testing.__main__ import main, parse_arguments
from drs_sdk.testing.handlers import handles, load_handlers
from drs_sdk.testing.service.refusals import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BOTO3 = "import boto3; print(len(boto3.client('drs').describe_source_servers()['items']))"


def _is_open(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0


async def test_start_and_stop_leave_nothing_behind(raw_of: Callable[..., Any]) -> None:
    before = asyncio.all_tasks()
    emulator = DRSEmulator()
    with pytest.raises(RuntimeError, match="not running"):
        _ = emulator.url
    for _ in range(2):
        async with emulator, raw_of(emulator) as raw:
            url = emulator.url
            assert url.startswith("http://127.0.0.1:")
            assert _is_open(url)
            await raw.describe_source_servers()
            with pytest.raises(RuntimeError, match="running already"):
                await emulator.start()
        assert not _is_open(url)
        assert asyncio.all_tasks() == before
    await emulator.stop()


async def test_a_port_can_be_chosen_and_can_be_taken() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with DRSEmulator(port=port) as emulator:
        assert emulator.url == f"http://127.0.0.1:{port}"
        with pytest.raises(OSError, match="address already in use"):
            await DRSEmulator(port=port).start()


async def test_two_emulators_share_nothing(raw_of: Callable[..., Any]) -> None:
    async with (
        DRSEmulator() as one,
        DRSEmulator() as two,
        raw_of(one) as raw_one,
        raw_of(two) as raw_two,
    ):
        one.add_source_servers(3)
        await raw_one.create_launch_configuration_template()
        assert (await raw_two.describe_source_servers())["items"] == []
        assert (await raw_two.describe_launch_configuration_templates())["items"] == []
        await one.clock.advance(60)
        assert two.clock.now() < one.clock.now()
        assert len(one.requests) == 1


async def test_two_hundred_clients_lose_nothing(emulator: DRSEmulator, raw: Any) -> None:
    emulator.add_source_servers(5)
    servers = (await raw.describe_source_servers())["items"]
    await asyncio.gather(
        *(
            raw.tag_resource(resourceArn=server["arn"], tags={f"k{n}": str(n)})
            for n in range(40)
            for server in servers
        )
    )
    for server in emulator._account.source_servers:
        assert {f"k{n}" for n in range(40)} <= server.doc["tags"].keys()
    assert len(emulator.requests) == 201


def test_a_large_account_stays_fast() -> None:
    emulator = DRSEmulator()
    emulator.add_source_servers(4000)
    describe = load_handlers()["DescribeSourceServers"]
    account = emulator._account
    times: list[float] = []
    for _ in range(5):
        before = time.process_time()
        assert len((describe(account, {"maxResults": 200}) or {})["items"]) == 200
        times.append(time.process_time() - before)
    assert min(times) < 0.01


async def test_signatures(raw_of: Callable[..., Any]) -> None:
    async with DRSEmulator(check_signatures=True) as emulator:
        async with raw_of(emulator) as raw:
            emulator.add_source_servers(1)
            (server,) = (await raw.describe_source_servers(maxResults=1))["items"]
            await raw.tag_resource(resourceArn=server["arn"], tags={"a b": "c"})
            await raw.untag_resource(resourceArn=server["arn"], tagKeys=["a b", "c+d", "ü"])
            raw.meta.events.register(
                "before-send",
                lambda request, **_: request.headers.__setitem__("X-Amz-Date", "x"),
            )
            assert await _refusal(raw) == (403, "AccessDeniedException")
        async with raw_of(emulator) as raw:
            raw.meta.events.register(
                "before-send", lambda request, **_: setattr(request, "body", b'{"maxResults":9}')
            )
            assert await _refusal(raw) == (403, "AccessDeniedException")
        async with raw_of(emulator) as raw:
            raw.meta.events.register(
                "before-send", lambda request, **_: request.headers.__delitem__("Authorization")
            )
            assert await _refusal(raw) == (403, "MissingAuthenticationTokenException")
        async with raw_of(emulator) as raw:
            raw._request_signer._credentials.access_key = "AKIAOTHER"
            assert await _refusal(raw) == (403, "UnrecognizedClientException")


async def _refusal(raw: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        await raw.describe_source_servers()
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


async def test_clients_of_the_emulator_live_by_its_clock() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs, emulator.client() as other:
        emulator.add_source_servers(3)
        assert len([server async for server in drs.describe_source_servers(max_results=1)]) == 3
        emulator.inject("DescribeSourceServers", Fault.throttle(retry_after=120))
        before, real = emulator.clock.now(), time.monotonic()
        await asyncio.gather(drs.describe_source_servers(), emulator.clock.sleep(30))
        assert (emulator.clock.now() - before).total_seconds() >= 120
        assert time.monotonic() - real < 5

        # Time does not run away while a call is under way.
        emulator.inject("*", Fault.delay(0.05))
        before = emulator.clock.now()
        sleeper = asyncio.create_task(emulator.clock.sleep(10))
        await other.describe_source_servers()
        assert emulator.clock.now() == before
        await sleeper

        # Nor does it stand still for ever once a call was cancelled.
        emulator.inject("*", Fault.delay(0.2))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await drs.describe_source_servers()
        async with asyncio.timeout(2):
            await emulator.clock.sleep(10)


async def test_options_of_a_client_go_before_the_emulators() -> None:
    from aiobotocore.config import AioConfig

    async with (
        DRSEmulator() as emulator,
        emulator.client(region_name="eu-west-1", config=AioConfig(read_timeout=5)) as drs,
    ):
        assert drs.region_name == "eu-west-1"
        await drs.describe_source_servers()


async def test_a_client_may_use_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "config"
    settings.write_text(
        "[profile drill]\nregion = eu-west-3\nmax_attempts = 1\n"
        "aws_access_key_id = AKIAEMULATOR\naws_secret_access_key = wrong\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    async with (
        DRSEmulator(check_signatures=True) as emulator,
        emulator.client() as own,
        emulator.client(profile_name="drill") as drs,
    ):
        await own.describe_source_servers()
        with pytest.raises(APIError) as caught:
            await drs.describe_source_servers()
        assert caught.value.code == "UnrecognizedClientException"
        assert "/us-east-1/drs/" in emulator.requests[-1].headers["authorization"]
        assert "Credential=AKIAEMULATOR/" in emulator.requests[-1].headers["authorization"]
        emulator.inject("*", Fault.throttle())
        before = len(emulator.requests)
        with pytest.raises(APIError):
            await drs.describe_source_servers()
        assert len(emulator.requests) == before + 1
        with pytest.raises(ConfigurationError, match="session or profile_name"):
            await emulator.client(profile_name="drill", session=AioSession()).open()


async def test_a_client_may_be_bounded() -> None:
    async with DRSEmulator() as emulator:
        emulator.add_source_servers(20)
        async with emulator.client(max_response_bytes=1000) as drs:
            with pytest.raises(ResponseDecodeError):
                await drs.describe_source_servers()
        with pytest.raises(ConfigurationError, match="plain http"):
            await emulator.client(endpoint_url="http://emulator.example:80").open()
        far = emulator.client(
            endpoint_url="http://emulator.example:80", allow_insecure_endpoint=True
        )
        async with far:
            assert far.endpoint_url == "http://emulator.example:80"


def test_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = parse_arguments(["--port", "5", "--speed", "60", "--seed-servers", "2"])
    assert (options.port, options.speed, options.seed_servers) == (5, 60.0, 2)
    assert main(["--load", str(tmp_path / "missing.json")]) == 1
    assert "missing.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--port", ["-1", "65536", "http"]),
        ("--speed", ["0", "-1", "inf", "nan", "1e300", "fast"]),
        ("--seed-servers", ["-5", "0.5"]),
    ],
)
def test_arguments_out_of_range_are_named(
    capsys: pytest.CaptureFixture[str], option: str, values: list[str]
) -> None:
    for value in values:
        with pytest.raises(SystemExit):
            parse_arguments([f"{option}={value}"])
        error = capsys.readouterr().err
        assert f"argument {option}: {value!r} is no " in error


@pytest.mark.parametrize(
    "text", ["{", '{"jobID": "j", "items": [{"logDateTime": 5, "event": ""}]}']
)
def test_a_file_that_cannot_be_loaded_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    path = tmp_path / "capture.json"
    path.write_text(text)
    assert main(["--load", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {path}")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped(stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "drs_sdk.testing", "--speed", "60", "--seed-servers", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        assert "3 source servers" in lines[0]
        exports = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines[1:7])
        assert (
            json.loads(lines[7].removeprefix("# ready "))["url"] == exports["AWS_ENDPOINT_URL_DRS"]
        )
        assert exports.keys() == {
            "AWS_ENDPOINT_URL_DRS",
            "AWS_ENDPOINT_URL_STS",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        }
        assert _is_open(exports["AWS_ENDPOINT_URL_DRS"])
        answered = subprocess.run(  # noqa: S603
            [sys.executable, "-c", _BOTO3],
            env={**os.environ, **exports},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answered.stdout.strip() == "3", answered.stderr
        process.send_signal(stop)
        assert process.wait(timeout=10) == 0


def test_the_public_names_are_there_and_load_lazily() -> None:
    for name in drs_sdk.testing.__all__:
        assert getattr(drs_sdk.testing, name).__name__ == name
        assert name in dir(drs_sdk.testing)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = drs_sdk.testing.Nothing  # type: ignore[attr-defined]
    code = (
        "import sys, drs_sdk.testing, drs_sdk.testing.plugin; "
        "print([m for m in ('aiohttp', 'aiobotocore', 'botocore', 'pydantic') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert run.stdout.strip() == "[]"


def test_the_registry_of_handlers_is_checked() -> None:
    assert load_handlers().keys() >= {"DescribeSourceServers", "TagResource"}
    with pytest.raises(ValueError, match="two handlers"):
        handles("TagResource")(lambda *_: None)
    with pytest.raises(ValueError, match="no operation"):
        handles("Nothing")


def test_clocks_can_be_handed_in() -> None:
    clock = EmulatorClock.scaled(60)
    assert DRSEmulator(clock=clock).clock is clock


def test_what_would_go_wrong_later_is_refused_at_once() -> None:
    emulator = DRSEmulator()
    with pytest.raises(ValueError, match="at least one item"):
        DRSEmulator(page_size=0)
    with pytest.raises(ServiceError, match="s-typo does not exist"):
        emulator.fail_launch("s-typo")
    with pytest.raises(ValueError, match="no stage"):
        emulator.fail_launch("s-" + "0" * 17, stage="NEVER")


async def test_a_faster_network_syncs_faster() -> None:
    ready: list[timedelta] = []
    for rate in (64 * 1024**2, 512 * 1024**2):
        async with DRSEmulator(sync_bytes_per_second=rate) as emulator, emulator.client() as drs:
            (server,) = emulator.add_source_servers(1, state="INITIATING")
            began = emulator.clock.now()
            await drs.wait_until_source_servers_launchable(server, timeout=timedelta(days=9))
            ready.append(emulator.clock.now() - began)
    assert ready[0] > 2 * ready[1]
    with pytest.raises(ValueError, match="a second"):
        DRSEmulator(sync_bytes_per_second=0)
