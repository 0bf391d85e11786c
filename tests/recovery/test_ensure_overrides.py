"""What the errors of `ensure_recovery` advise can be given to it: rules 1 and 10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runs import left_by, lost_record_of, operations, standing

from drs_sdk.errors import InstanceInTheWayError, RecordLostError, RequestValidationError
from drs_sdk.recovery import ensure_recovery

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.testing import DRSEmulator


@pytest.mark.parametrize("leftover_is_drill", [True, False], ids=["a drill's", "live"])
@pytest.mark.parametrize("is_drill", [True, False], ids=["drill", "recovery"])
async def test_1_an_instance_in_the_way_is_replaced_where_it_may_be(
    drs: DRSClient, drs_emulator: DRSEmulator, *, leftover_is_drill: bool, is_drill: bool
) -> None:
    ids = drs_emulator.add_source_servers(2)
    theirs = await left_by(drs_emulator, drs, ids[0], is_drill=leftover_is_drill)
    goes_unnamed = leftover_is_drill and not is_drill
    advice = "replace_instances_of" if leftover_is_drill or not is_drill else "leave these servers"
    if not goes_unnamed:
        for named in ([], ids[1:]):
            with pytest.raises(InstanceInTheWayError, match=advice):
                await ensure_recovery(drs, "k", ids, is_drill=is_drill, replace_instances_of=named)
    if is_drill and not leftover_is_drill:  # never, named or not
        with pytest.raises(InstanceInTheWayError):
            await ensure_recovery(drs, "k", ids, is_drill=True, replace_instances_of=ids)
        assert await standing(drs) == {theirs}
        assert operations(drs_emulator, "StartRecovery") == []
        return
    named = [] if goes_unnamed else ids[:1]
    ensured = await ensure_recovery(drs, "k", ids, is_drill=is_drill, replace_instances_of=named)
    assert ensured.started_here
    await drs_emulator.clock.advance(900)
    assert theirs not in await standing(drs)
    assert len(await standing(drs)) == 2


async def test_10_a_person_says_what_was_not_launched(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    await lost_record_of(drs_emulator, drs, ids[0])
    for named in ([], ids[1:]):
        with pytest.raises(RecordLostError, match="not_launched"):
            await ensure_recovery(drs, "k", ids, is_drill=True, not_launched=named)
    assert operations(drs_emulator, "StartRecovery") == []
    ensured = await ensure_recovery(drs, "k", ids, is_drill=True, not_launched=ids[:1])
    assert ensured.started_here


@pytest.mark.parametrize("name", ["replace_instances_of", "not_launched"])
@pytest.mark.parametrize("is_text", [True, False], ids=["a text", "a stranger"])
async def test_names_that_cannot_be_meant_are_refused_before_the_wire(
    drs: DRSClient, drs_emulator: DRSEmulator, name: str, *, is_text: bool
) -> None:
    ids = drs_emulator.add_source_servers(2)
    given: dict[str, Any] = {name: ids[0] if is_text else ids[1:]}
    with pytest.raises(RequestValidationError, match=name):
        await ensure_recovery(drs, "k", ids[:1], is_drill=True, **given)
    assert operations(drs_emulator, "DescribeSourceServers") == []
