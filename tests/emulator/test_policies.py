"""The emulator holds callers to IAM policies: what is not allowed is refused as by the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drs_sdk.errors import AccessDeniedException, ConflictException, WaiterFailedError
from drs_sdk.fleet import Target
from drs_sdk.iam import policy_for
from drs_sdk.recovery import Recovery, Runbook, Wave
from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk import DRSClient

LOOKING = ["DescribeSourceServers", "DescribeJobs", "DescribeRecoveryInstances"]
DRILLING = [*LOOKING, "StartRecovery", "DescribeJobLogItems", "TerminateRecoveryInstances"]
ROLE = "arn:aws:iam::111122223333:role/ops/Looker"


def statement(effect: str, *actions: str, **more: object) -> dict[str, object]:
    return {"Effect": effect, "Action": list(actions), "Resource": "*", **more}


def policy(*statements: Mapping[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


async def test_what_no_policy_allows_is_refused_by_name(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.enforce_policy(policy_for(LOOKING))
    assert [each async for each in drs.describe_source_servers()]
    assert await drs.describe_recovery_instances()
    with pytest.raises(AccessDeniedException) as caught:
        await drs.start_recovery([{"source_server_id": server}], is_drill=True)
    assert caught.value.actions == ("drs:StartRecovery",)
    assert caught.value.http_status == 403
    assert caught.value.message == (
        "User: arn:aws:iam::111122223333:user/emulator is not authorized to perform: "
        "drs:StartRecovery on resource: * because no identity-based policy allows the "
        "drs:StartRecovery action"
    )
    drs_emulator.enforce_policy(None)
    await drs.start_recovery([{"source_server_id": server}], is_drill=True)


async def test_what_an_operation_depends_on_is_asked_for_too(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.enforce_policy(policy(statement("Allow", "drs:*")))
    with pytest.raises(AccessDeniedException) as caught:
        await drs.describe_recovery_instances()
    assert caught.value.actions == ("ec2:DescribeInstances",)


async def test_tags_take_a_right_of_their_own_only_where_they_are_given(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.enforce_policy(
        policy(statement("Allow", "*"), statement("Deny", "drs:TagResource"))
    )
    chosen = [{"source_server_id": server}]
    with pytest.raises(AccessDeniedException, match="explicit deny") as caught:
        await drs.start_recovery(chosen, is_drill=True, tags={"run": "1"})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert caught.value.actions == ("drs:TagResource",)
    await drs.start_recovery(chosen, is_drill=True)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def test_a_launch_that_lacks_rights_is_accepted_and_fails_silently(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.enforce_policy(
        policy(statement("Allow", "drs:*", "ec2:Describe*"), statement("Allow", "iam:PassRole"))
    )
    job = await drs.start_recovery([{"source_server_id": server}], is_drill=True)
    with pytest.raises(WaiterFailedError):
        await drs.wait_until_job_completed(job)
    assert job.job is not None
    events = [item.event async for item in drs.describe_job_log_items(job_id=job.job.job_id or "")]
    assert not [event for event in events if "FAIL" in str(event)]
    drs_emulator.enforce_policy(policy_for(DRILLING))
    job = await drs.start_recovery([{"source_server_id": server}], is_drill=True)
    await drs.wait_until_job_completed(job)


async def test_a_launch_that_is_refused_arms_nothing(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    job = await drs.start_recovery([{"source_server_id": server}], is_drill=True)
    drs_emulator.enforce_policy(policy(statement("Allow", "drs:*")))
    with pytest.raises(ConflictException):
        await drs.start_recovery([{"source_server_id": server}], is_drill=True)
    drs_emulator.enforce_policy(None)
    await drs.wait_until_job_completed(job)


async def test_a_role_is_held_to_its_own_policy() -> None:
    async with DRSEmulator() as emulator:
        (server,) = emulator.add_source_servers(1)
        emulator.enforce_policy(policy_for(LOOKING), role_arn=ROLE)
        other = ROLE.replace("Looker", "Driller")
        targets = [Target("us-east-1", role_arn=arn) for arn in (ROLE, other)]
        chosen = [{"source_server_id": server}]
        async with emulator.fleet(targets) as fleet:
            looker, driller = [await fleet.client(target) for target in targets]
            assert await looker.describe_jobs()
            with pytest.raises(AccessDeniedException, match=":assumed-role/Looker/"):
                await looker.start_recovery(chosen, is_drill=True)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
            await driller.start_recovery(chosen, is_drill=True)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
            emulator.enforce_policy(policy(statement("Deny", "drs:*")))  # of all others
            assert await looker.describe_jobs()
            with pytest.raises(AccessDeniedException, match="explicit deny"):
                await driller.describe_jobs()


@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ({"Action": ["drs:describe*"]}, True),
        ({"Action": "*"}, True),
        ({"Action": ["ec2:*"]}, False),
        ({"NotAction": ["drs:Start*"]}, True),
        ({"NotAction": ["drs:Describe?obs"]}, False),
        (
            {"Action": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}},
            True,
        ),
        ({"Action": "*", "Condition": {"StringLike": {"aws:RequestedRegion": ["eu-*"]}}}, False),
    ],
)
async def test_statements(
    drs: DRSClient, drs_emulator: DRSEmulator, more: dict[str, object], *, allowed: bool
) -> None:
    drs_emulator.enforce_policy(policy({"Effect": "Allow", "Resource": "*", **more}))
    if allowed:
        await drs.describe_jobs()
    else:
        with pytest.raises(AccessDeniedException):
            await drs.describe_jobs()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "statements"),
        (policy(statement("Maybe", "*")), "Effect"),
        (policy(statement("Allow")), "texts"),
        (policy(statement("Allow", "*", Principal="*")), "Principal"),
        (policy(statement("Allow", "*", NotAction="*")), "either"),
        (policy({**statement("Allow", "*"), "Resource": "arn:aws:drs:*"}), "resources"),
        (policy(statement("Allow", "*", Condition={"Bool": {"aws:Mfa": "true"}})), "Bool"),
    ],
)
def test_what_is_not_judged_is_refused(document: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DRSEmulator().enforce_policy(document)


def test_a_role_has_an_arn() -> None:
    with pytest.raises(ValueError, match="no ARN"):
        DRSEmulator().enforce_policy(policy_for(LOOKING), role_arn="Looker")


RIGHTS_OF_A_RUN = [
    "DescribeSourceServers",
    "DescribeJobs",
    "DescribeJobLogItems",
    "DescribeRecoveryInstances",
    "DescribeRecoverySnapshots",
    "GetLaunchConfiguration",
    "StartRecovery",
    "TagResource",
    "TerminateRecoveryInstances",
]


async def test_a_drill_runs_from_preflight_to_clean_up_under_the_policy_of_the_docs(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.add_source_servers(2)
    drs_emulator.enforce_policy(policy_for(RIGHTS_OF_A_RUN))
    runbook = Runbook(name="erp", waves=[Wave(name="all", servers={"all": True})])
    recovery = Recovery(drs, runbook, key="1", mode="drill")
    await recovery.preflight()
    (await recovery.launch()).raise_if_failed()
    assert (await recovery.clean_up()).is_clean
