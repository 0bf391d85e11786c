"""Which errors a run waits out, and which end it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runs import a_run

from drs_sdk import errors
from drs_sdk.recovery.starting import passes

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.testing import DRSEmulator


def refusal(code: str, status: int) -> Any:  # noqa: ANN401 - one of many classes
    kind = getattr(errors, code, errors.APIError)
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return kind(answer, "DescribeJobs")


@pytest.mark.parametrize(
    ("error", "does"),
    [
        (refusal("ServiceQuotaExceededException", 402), True),
        (refusal("ThrottlingException", 429), True),
        (refusal("InternalServerException", 500), True),
        (refusal("RequestTimeout", 408), True),
        (errors.ConnectionFailedError("reset"), True),
        (refusal("AccessDeniedException", 403), False),
        (refusal("ValidationException", 400), False),
        (errors.ClientClosedError("closed"), False),
        (errors.ConfigurationError("no Region"), False),
    ],
    ids=lambda value: getattr(value, "code", type(value).__name__),
)
def test_what_passes_by_itself(error: errors.DRSError, *, does: bool) -> None:
    assert passes(error) is does


async def test_a_closed_client_ends_a_launch_at_once(drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(1)
    drs: DRSClient = drs_emulator.client()
    async with drs:
        pass
    began = drs_emulator.clock.now()
    with pytest.raises(errors.ClientClosedError):
        await a_run(drs, ids).launch()
    assert drs_emulator.clock.now() == began
