# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Staging accounts, and source servers extended from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator, Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

STAGING = "444455556666"


async def _code(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response["Error"]["Code"]


async def _extensible(raw: Any, account_id: str = STAGING) -> list[str]:
    listed = await raw.list_extensible_source_servers(stagingAccountID=account_id)
    return [server["arn"] for server in listed["items"]]


async def test_extending_a_server(emulator: DRSEmulator, raw: Any) -> None:
    first, second = emulator.add_staging_account(STAGING, servers=2)
    (third,) = emulator.add_staging_account("777788889999")
    assert await _extensible(raw) == [first, second]
    assert (await raw.list_staging_accounts())["accounts"] == []
    listed = await raw.list_extensible_source_servers(stagingAccountID=STAGING)
    answer = await raw.create_extended_source_server(sourceServerArn=second, tags={"a": "b"})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    server = answer["sourceServer"]
    hints = server["sourceProperties"]["identificationHints"]
    assert hints["hostname"] == listed["items"][1]["hostname"]
    assert server["tags"] == {"a": "b"}
    assert server["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert server["stagingArea"] == {
        "status": "EXTENDED",
        "stagingAccountID": STAGING,
        "stagingSourceServerArn": second,
    }
    assert await _extensible(raw) == [first]
    for arn in (second, server["arn"]):
        assert await _code(raw.create_extended_source_server(sourceServerArn=arn)) == (
            "ValidationException"
        )
    await raw.create_extended_source_server(sourceServerArn=third)
    accounts = (await raw.list_staging_accounts())["accounts"]
    assert accounts == [{"accountID": STAGING}, {"accountID": "777788889999"}]
    saved = emulator.snapshot()
    await raw.disconnect_source_server(sourceServerID=server["sourceServerID"])
    await raw.delete_source_server(sourceServerID=server["sourceServerID"])
    assert await _extensible(raw) == [first, second]
    assert (await raw.list_staging_accounts())["accounts"] == [{"accountID": "777788889999"}]
    emulator.restore(saved)
    assert await _extensible(raw) == [first]


async def test_only_accounts_that_trust_this_one(emulator: DRSEmulator, raw: Any) -> None:
    (arn,) = emulator.add_staging_account(STAGING)
    strange = arn.replace(STAGING, "000000000000")
    assert await _code(raw.list_extensible_source_servers(stagingAccountID="000000000000")) == (
        "AccessDeniedException"
    )
    assert await _code(raw.create_extended_source_server(sourceServerArn=strange)) == (
        "AccessDeniedException"
    )
    unknown = arn[:-17] + "9" * 17
    assert await _code(raw.create_extended_source_server(sourceServerArn=unknown)) == (
        "ResourceNotFoundException"
    )
    for wrong in ("short", "111122223333"):
        with pytest.raises(ValueError, match=wrong):
            emulator.add_staging_account(wrong)


async def test_the_default_key_keeps_a_server_at_home(emulator: DRSEmulator, raw: Any) -> None:
    (arn,) = emulator.add_staging_account(STAGING, ebs_encryption="DEFAULT")
    emulator.restore(emulator.snapshot())
    with pytest.raises(ClientError) as caught:
        await raw.create_extended_source_server(sourceServerArn=arn)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "default EBS key" in caught.value.response["Error"]["Message"]
    assert (await raw.describe_source_servers())["items"] == []
    for encryption in ("CUSTOM", "NONE"):
        (arn,) = emulator.add_staging_account(STAGING, ebs_encryption=encryption)
        await raw.create_extended_source_server(sourceServerArn=arn)
    with pytest.raises(ValueError, match="no EBS encryption"):
        emulator.add_staging_account(STAGING, ebs_encryption="X")  # pyright: ignore[reportArgumentType]


async def test_pages_of_staging_accounts(emulator: DRSEmulator, raw: Any) -> None:
    numbers = [f"{500000000000 + n}" for n in range(60)]
    for number in reversed(numbers):
        (arn,) = emulator.add_staging_account(number)
        await raw.create_extended_source_server(sourceServerArn=arn)
    first = await raw.list_staging_accounts()
    second = await raw.list_staging_accounts(maxResults=50, nextToken=first["nextToken"])
    assert [len(page["accounts"]) for page in (first, second)] == [50, 10]
    listed = [account["accountID"] for account in first["accounts"] + second["accounts"]]
    assert listed == numbers
    assert await _code(raw.list_staging_accounts(maxResults=51)) == "ValidationException"

    arns = emulator.add_staging_account(STAGING, servers=7)
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = await raw.list_extensible_source_servers(
            stagingAccountID=STAGING, maxResults=3, **token
        )
        found += [server["arn"] for server in page["items"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert found == arns
    for _ in range(2):
        emulator.add_staging_account(STAGING, servers=150)
    page = await raw.list_extensible_source_servers(stagingAccountID=STAGING, maxResults=300)
    assert len(page["items"]) == 300
    assert "nextToken" in page


async def test_extended_servers_count_as_servers_not_as_replicating(
    raw_of: Callable[..., Any],
) -> None:
    quotas = Quotas(source_servers=3, replicating_servers=1)
    async with (
        DRSEmulator(quotas=quotas, check_answers=True) as emulator,
        raw_of(emulator) as raw,
    ):
        (stopped,) = emulator.add_source_servers(1, state="STOPPED")
        arns = emulator.add_staging_account(STAGING, servers=3)
        for arn in arns[:2]:
            await raw.create_extended_source_server(sourceServerArn=arn)
        assert await _code(raw.create_extended_source_server(sourceServerArn=arns[2])) == (
            "ServiceQuotaExceededException"
        )
        await raw.start_replication(sourceServerID=stopped)
        assert emulator.defects == []
