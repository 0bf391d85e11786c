"""An accepted launch whose answer names no job: looked for like one whose answer was lost."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from runs import a_run, jobs, launched, operations

from drs_sdk import DRSClient
from drs_sdk.errors import NotStartedInTimeError
from drs_sdk.models import Job, StartRecoveryRequest, StartRecoveryResponse
from drs_sdk.recovery import ensure_recovery
from drs_sdk.testing import Quirks

if TYPE_CHECKING:
    from drs_sdk.testing import DRSEmulator

LISTED_LATE = Quirks(empty_last_launch=True, job_listing_delay=30)


def answer_without(monkeypatch: pytest.MonkeyPatch, answer: StartRecoveryResponse) -> None:
    """Have every launch answered by a response of the test's own, once it is carried out."""
    send = DRSClient.send

    async def sent(drs: DRSClient, request: Any, **options: Any) -> Any:  # noqa: ANN401 - any
        answered = await send(drs, request, **options)
        return answer if isinstance(request, StartRecoveryRequest) else answered

    monkeypatch.setattr(DRSClient, "send", sent)


@pytest.mark.parametrize("quirks", [Quirks(), LISTED_LATE], ids=["listed at once", "listed late"])
@pytest.mark.parametrize(
    "answer",
    [StartRecoveryResponse(), StartRecoveryResponse(job=Job(arn="arn:aws:drs:eu-west-1:1:job/x"))],
    ids=["no job", "a job without an id"],
)
@pytest.mark.parametrize("by", ["launch", "ensure_recovery"])
async def test_it_is_found_and_sent_once(
    drs: DRSClient,
    drs_emulator: DRSEmulator,
    monkeypatch: pytest.MonkeyPatch,
    quirks: Quirks,
    answer: StartRecoveryResponse,
    by: str,
) -> None:
    drs_emulator.quirks = quirks
    ids = drs_emulator.add_source_servers(2)
    answer_without(monkeypatch, answer)
    if by == "launch":
        assert (await a_run(drs, ids).launch()).succeeded
        assert set((await launched(drs)).values()) == {1}
    else:
        ensured = await ensure_recovery(drs, "k", ids, is_drill=True)
        assert ensured.job.job_id is not None
    await drs_emulator.clock.advance(60)
    assert len(await jobs(drs)) == 1
    if quirks is not LISTED_LATE:  # else the service refuses the next one: a server, a job
        assert len(operations(drs_emulator, "StartRecovery")) == 1


@pytest.mark.parametrize("by", ["launch", "ensure_recovery"])
async def test_launches_that_make_nothing_are_not_sent_without_a_pause(
    drs: DRSClient, drs_emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    ids = drs_emulator.add_source_servers(1)
    sent: list[float] = []
    send = DRSClient.send

    async def hollow(drs: DRSClient, request: Any, **options: Any) -> Any:  # noqa: ANN401 - any
        if isinstance(request, StartRecoveryRequest):
            sent.append(drs_emulator.clock.now().timestamp())
            return StartRecoveryResponse()
        return await send(drs, request, **options)

    monkeypatch.setattr(DRSClient, "send", hollow)
    if by == "launch":
        assert not (await a_run(drs, ids).launch(timeout=120)).succeeded
    else:
        with pytest.raises(NotStartedInTimeError, match="names no job"):
            await ensure_recovery(drs, "k", ids, is_drill=True, timeout=120)
    assert 1 < len(sent) < 120
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 2
