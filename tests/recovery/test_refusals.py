"""What a refusal of a launch or a termination costs, and whom: by its code and by whom it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from runs import a_run, jobs, operations, states

from drs_sdk import errors
from drs_sdk.recovery import Limits
from drs_sdk.recovery.blame import is_about_some
from drs_sdk.recovery.singling_out import ENOUGH, Refused, SinglingOut
from drs_sdk.testing import Fault
from drs_sdk.testing.front.sdk_session import build_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk import DRSClient
    from drs_sdk.testing import DRSEmulator

NOT_ALLOWED = "User: arn:aws:iam::1:user/a is not authorized to perform: drs:StartRecovery on"

# The code, its status and message, and how many requests refuse all of 10 and of 200 servers; the
# latter are two jobs.
FOR_ALL = {
    "no right": ("AccessDeniedException", None, f"{NOT_ALLOWED} resource: *", 1, 2),
    "no right in EC2": (
        "UnauthorizedOperation",
        403,
        "not authorized: ec2:RunInstances on resource: arn:aws:ec2:us-east-1:1:subnet/subnet-1",
        1,
        2,
    ),
    "never initialised": ("UninitializedAccountException", None, "not initialised", 1, 2),
    "wrong keys": ("InvalidClientTokenId", 403, "the token is invalid", 1, 2),
    "a bad request": ("ValidationException", None, "something is wrong", 19, 58),
    "a code that nobody knows": ("TeapotException", 418, "short and stout", 19, 58),
}


@pytest.mark.parametrize("verb", ["launch", "clean_up"])
@pytest.mark.parametrize("servers", [10, 200])
@pytest.mark.parametrize("what", FOR_ALL)
async def test_a_refusal_for_all_takes_few_requests(
    drs: DRSClient, drs_emulator: DRSEmulator, what: str, servers: int, verb: str
) -> None:
    code, status, message, few, many = FOR_ALL[what]
    ids = drs_emulator.add_source_servers(servers)
    operation = "StartRecovery" if verb == "launch" else "TerminateRecoveryInstances"
    fault = Fault(kind="error", code=code, status=status, message=message)
    if verb == "clean_up":
        (await a_run(drs, ids).launch()).raise_if_failed()
    drs_emulator.inject(operation, fault, times=10_000)
    if verb == "launch":
        report = await a_run(drs, ids).launch(timeout=3600)
        assert {server.outcome for server in report.servers} == {"failed"}
        assert all(message in (server.reason or "") for server in report.servers)
    else:
        cleaned = await a_run(drs, ids).clean_up(timeout=3600)
        assert len(cleaned.left) == servers
        assert all(message in why for why in cleaned.left.values())
    assert len(operations(drs_emulator, operation)) == (few if servers == 10 else many)


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (Fault.error("ServiceQuotaExceededException", "enough", quotaCode="L-05AFA8C6"), 1),
        (Fault.throttle(), 4),  # the client tries again
        (Fault.server_error(503), 1),
        (Fault(kind="error", code="RequestTimeout", status=408), 1),
    ],
    ids=lambda value: getattr(value, "code", None),
)
async def test_what_passes_is_waited_out_and_parts_no_batch(
    drs: DRSClient, drs_emulator: DRSEmulator, fault: Fault, requests: int
) -> None:
    ids = drs_emulator.add_source_servers(10)
    drs_emulator.inject("StartRecovery", fault, times=requests)
    report = await a_run(drs, ids).launch(timeout=3600)
    assert report.succeeded
    assert len(await jobs(drs)) == 1


def _denies(emulator: DRSEmulator, denied: Sequence[str], message: str) -> DRSClient:
    """A client whose launches are refused where they hold one of these."""
    session = build_session(emulator.clock, lambda: emulator.url)

    def before(model: Any, params: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        bad = next((one for one in denied if one in str(params["body"])), None)
        if model.name == "StartRecovery" and bad is not None:
            emulator.inject(model.name, Fault.error("AccessDeniedException", message.format(bad)))

    session.register("before-call.drs", before)
    return emulator.client(
        session=session,
        aws_access_key_id=emulator.access_key_id,
        aws_secret_access_key=emulator.secret_access_key,
    )


@pytest.mark.parametrize("servers", [10, 100])
@pytest.mark.parametrize("number", [1, 3])
async def test_servers_that_iam_names_are_taken_out_and_the_rest_is_launched(
    drs_emulator: DRSEmulator, servers: int, number: int
) -> None:
    ids = drs_emulator.add_source_servers(servers)
    denied = ids[1 : 1 + number]
    arn = f"{NOT_ALLOWED} resource: arn:aws:drs:us-east-1:123456789012:source-server/{{}}"
    async with _denies(drs_emulator, denied, arn) as client:
        report = await a_run(client, ids).launch()
    assert {n for n, state in states(report).items() if state == "failed"} == set(denied)
    assert all(server.source_server_id in (server.reason or "") for server in report.failed_servers)
    assert len(operations(drs_emulator, "StartRecovery")) == number + 1


async def test_where_iam_names_every_server_each_is_asked_for_and_no_more(
    drs_emulator: DRSEmulator,
) -> None:
    ids = drs_emulator.add_source_servers(20)
    arn = f"{NOT_ALLOWED} resource: arn:aws:drs:us-east-1:123456789012:source-server/{{}}"
    async with _denies(drs_emulator, ids, arn) as client:
        report = await a_run(client, ids).launch()
    assert {server.outcome for server in report.servers} == {"failed"}
    assert len(operations(drs_emulator, "StartRecovery")) == 20


# -- the search itself ---------------------------------------------------------------------------


def _refusal(code: str, status: int, message: str) -> errors.APIError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    kind: Any = getattr(errors, code, errors.APIError)
    made: errors.APIError = kind(answer, "StartRecovery")
    return made


@given(
    size=st.integers(1, 60),
    bad=st.sets(st.integers(0, 59), max_size=ENOUGH - 1),
    names=st.sampled_from(["nobody", "one", "all", "a stranger"]),
    code=st.sampled_from([("ValidationException", 400), ("AccessDeniedException", 403)]),
)
async def test_fewer_than_enough_sink_nobody_else(
    size: int, bad: set[int], names: str, code: tuple[str, int]
) -> None:
    ids = [f"s-{number:017x}" for number in range(size)]
    culprits = {ids[number] for number in bad if number < size}
    refused: list[str] = []
    through: list[str] = []
    arn = "arn:aws:drs:us-east-1:1:source-server/"

    async def attempt(batch: list[str]) -> Refused[list[str]] | None:
        inside = [name for name in batch if name in culprits]
        if not inside:
            through.extend(batch)
            return None
        told = {"nobody": [], "one": inside[:1], "all": batch, "a stranger": ["s-" + "f" * 17]}
        said = f"{arn} {' '.join(told[names])}"
        return Refused(batch, _refusal(*code, said))

    search: SinglingOut[list[str]] = SinglingOut(
        ids=lambda batch: batch,
        part=lambda _, some: list(some),
        attempt=attempt,
        refuse=lambda batch, _: refused.extend(batch),
    )
    first = await attempt(ids)
    if first is not None:
        await search.single_out(first)
    assert sorted(refused) == sorted(culprits)
    assert sorted(refused + through) == ids


@pytest.mark.parametrize(
    ("error", "may_be"),
    [
        (_refusal("ConflictException", 409, ""), True),
        (_refusal("ResourceNotFoundException", 404, ""), True),
        (_refusal("ValidationException", 400, ""), True),
        (_refusal("UninitializedAccountException", 400, ""), False),
        (_refusal("AccessDeniedException", 403, "resource: *"), False),
        (_refusal("AccessDeniedException", 403, "arn:aws-cn:drs:x:1:source-server/s-1"), True),
        (_refusal("AccessDeniedException", 403, "arn:aws:drs:x:1:recovery-instance/i-1"), True),
        (_refusal("AccessDeniedException", 403, "arn:aws:drs:x:1:job/drsjob-1"), False),
        (_refusal("Teapot", 418, ""), True),
        (_refusal("Teapot", 403, ""), False),
    ],
    ids=str,
)
def test_whom_a_refusal_may_be_about(error: errors.APIError, *, may_be: bool) -> None:
    assert is_about_some(error) is may_be


async def test_more_in_a_job_than_the_account_takes_are_parted(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(120)
    report = await a_run(drs, ids, limits=Limits(servers_in_one_job=120)).launch(timeout=3600)
    assert report.succeeded
    assert len(await jobs(drs)) == 2
