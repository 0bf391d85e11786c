"""What an Airflow connection says reaches the client."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from conftest import connection_to

from drs_sdk.airflow import DrsHook

if TYPE_CHECKING:
    from pathlib import Path

    from drs_sdk import DRSClient
    from drs_sdk.testing import DRSEmulator


async def count(drs: DRSClient) -> int:
    return len([server async for server in drs.describe_source_servers()])


def keys_in(emulator: DRSEmulator) -> set[str]:
    return {
        request.headers["authorization"].partition("Credential=")[2].partition("/")[0]
        for request in emulator.requests
        if request.operation.startswith("Describe")
    }


def test_keys_region_and_endpoint_of_the_connection(aws_default: DRSEmulator) -> None:
    aws_default.add_source_servers(3)
    assert DrsHook().run(count) == 3
    assert keys_in(aws_default) == {aws_default.access_key_id}
    assert "/us-east-1/drs/" in aws_default.requests[-1].headers["authorization"]


def test_the_hooks_region_comes_before_the_connections(aws_default: DRSEmulator) -> None:
    assert DrsHook(region_name="eu-west-1").run(count) == 0
    assert "/eu-west-1/drs/" in aws_default.requests[-1].headers["authorization"]


def test_a_profile(emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[dr]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n")
    config = tmp_path / "config"
    config.write_text("[profile dr]\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    extra = {"profile_name": "dr", "endpoint_url": emulator.url}
    monkeypatch.setenv("AIRFLOW_CONN_DR", json.dumps({"conn_type": "aws", "extra": extra}))
    assert DrsHook("dr").run(count) == 0
    assert keys_in(emulator) == {"AKIAPROFILE"}
    assert "/eu-central-1/drs/" in emulator.requests[-1].headers["authorization"]


def test_a_role_is_assumed_as_the_connection_says(
    emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_DR",
        connection_to(
            emulator,
            role_arn="arn:aws:iam::111122223333:role/dr",
            assume_role_kwargs={"ExternalId": "outside", "DurationSeconds": 900},
            service_config={"sts": {"endpoint_url": emulator.url}},
        ),
    )
    emulator.add_source_servers(2)
    assert DrsHook("dr").run(count) == 2
    (key,) = keys_in(emulator)
    assert key.startswith("ASIA")
    assert key != emulator.access_key_id


async def test_a_roles_keys_are_renewed_off_the_loop() -> None:
    import threading
    from typing import NamedTuple

    from drs_sdk._transport.aws.borrowed import BorrowedCredentials

    class Frozen(NamedTuple):
        access_key: str
        secret_key: str

    threads: list[threading.Thread] = []

    class Source:
        def get_frozen_credentials(self) -> Frozen:
            threads.append(threading.current_thread())
            return Frozen(f"AKIA{len(threads)}", "s")

    credentials = BorrowedCredentials(Source())
    first = await credentials.get_frozen_credentials()
    second = await credentials.get_frozen_credentials()
    assert (first.access_key, second.access_key) == ("AKIA1", "AKIA2")
    assert threading.main_thread() not in threads


def test_config_kwargs_of_the_connection(
    emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drs_sdk.errors import ThrottlingException
    from drs_sdk.testing import Fault

    monkeypatch.setenv(
        "AIRFLOW_CONN_DR", connection_to(emulator, config_kwargs={"retries": {"max_attempts": 0}})
    )
    emulator.inject("DescribeSourceServers", Fault.throttle(), times=1)
    with pytest.raises(ThrottlingException):
        DrsHook("dr").run(count)
    assert len(emulator.requests) == 1


def test_config_of_the_hook(aws_default: DRSEmulator) -> None:
    hook = DrsHook(config={"user_agent_extra": "audit/7", "retries": {"max_attempts": 1}})
    hook.run(count)
    assert "audit/7" in aws_default.requests[-1].headers["user-agent"]


def test_no_connection_takes_what_boto3_finds(
    emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DRS", emulator.url)
    assert DrsHook(None).run(count) == 0
    assert keys_in(emulator) == {"AKIAENVIRONMENT"}


def test_no_credentials_is_told_in_our_words(
    emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drs_sdk.errors import CredentialsError

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DRS", emulator.url)
    with pytest.raises(CredentialsError):
        DrsHook(None).run(count)


def test_a_plain_http_endpoint_needs_a_word(
    emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drs_sdk.errors import ConfigurationError

    named = {"endpoint_url": "http://emulator.test:1"}
    monkeypatch.setenv("AIRFLOW_CONN_DR", connection_to(emulator, **named))
    with pytest.raises(ConfigurationError, match="plain http"):
        DrsHook("dr").run(count)
    allowed = {"drs": {"endpoint_url": emulator.url, "allow_insecure_endpoint": True}}
    monkeypatch.setenv("AIRFLOW_CONN_DR", connection_to(emulator, service_config=allowed, **named))
    assert DrsHook("dr").run(count) == 0


@pytest.mark.usefixtures("aws_default")
async def test_it_works_where_a_loop_runs() -> None:
    assert DrsHook().run(count) == 0
    async with await DrsHook().async_drs_client() as drs:
        assert await count(drs) == 0
    assert asyncio.get_running_loop().is_running()


@pytest.mark.usefixtures("aws_default")
def test_the_boto3_client_is_there_too() -> None:
    assert DrsHook().get_conn().meta.service_model.service_name == "drs"
