"""Equal small structures of answers are one object, and nobody can tell."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter, ValidationError

import drs_sdk.models as models
from drs_sdk._core.base import Shape, SharedShape
from drs_sdk._core.sharing import LONGEST, MOST, Sharing
from drs_sdk._transport.decoding import decode
from drs_sdk.models import (
    CPU,
    DataReplicationInitiationStep,
    DescribeSourceServersResponse,
    Disk,
    SourceServer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = sorted(
    (
        each
        for name in models.__all__
        if isinstance(each := getattr(models, name), type) and issubclass(each, SharedShape)
    ),
    key=lambda each: each.__name__,
)

DISKS = TypeAdapter(list[Disk])


def read(*servers: dict[str, object]) -> list[SourceServer]:
    """Read a page of servers as the client does."""
    page, _ = decode(
        DescribeSourceServersResponse,
        json.dumps({"items": list(servers)}).encode(),
        operation="DescribeSourceServers",
        request_id=None,
        http_status=200,
    )
    return page.items


def server(number: int = 0, **properties: object) -> dict[str, object]:
    """Describe a server as the service does."""
    return {
        "sourceServerID": f"s-{number:017x}",
        "sourceProperties": {
            "os": {"fullString": "Linux 6.1"},
            "cpus": [{"cores": 2, "modelName": "Xeon"}],
            "disks": [{"deviceName": "/dev/sda", "bytes": 8}],
            **properties,
        },
        "dataReplicationInfo": {
            "dataReplicationInitiation": {"steps": [{"name": "WAIT", "status": "SUCCEEDED"}]}
        },
        "lifeCycle": {
            "lastLaunch": {
                "initiated": {
                    "apiCallDateTime": "2026-01-01T00:00:00Z",
                    "jobID": "drsjob-0123456789abcdef0",
                    "type": "DRILL",
                }
            }
        },
        "stagingArea": {"status": "EXTENDED"},
        "sourceCloudProperties": {"originRegion": "eu-west-1"},
    }


def disk(**members: object) -> Disk:
    """Read one disk out of an answer."""
    (found,) = read(server(disks=[members]))
    assert found.source_properties is not None
    return found.source_properties.disks[0]


def parts(found: SourceServer) -> list[Shape]:
    """List the structures of a server that are to be shared."""
    properties, replication, cycle = (
        found.source_properties,
        found.data_replication_info,
        found.life_cycle,
    )
    assert properties is not None
    assert properties.os is not None
    assert replication is not None
    assert replication.data_replication_initiation is not None
    assert cycle is not None
    assert cycle.last_launch is not None
    assert cycle.last_launch.initiated is not None
    assert found.staging_area is not None
    assert found.source_cloud_properties is not None
    return [
        properties.os,
        *properties.cpus,
        *properties.disks,
        *replication.data_replication_initiation.steps,
        cycle.last_launch.initiated,
        found.staging_area,
        found.source_cloud_properties,
    ]


def lists(
    found: SourceServer,
) -> list[list[Disk] | list[CPU] | list[DataReplicationInitiationStep]]:
    """Name the lists of shared structures."""
    properties, replication = found.source_properties, found.data_replication_info
    assert properties is not None
    assert replication is not None
    assert replication.data_replication_initiation is not None
    return [properties.disks, properties.cpus, replication.data_replication_initiation.steps]


def test_equal_structures_of_an_answer_are_one_object() -> None:
    one, two = read(server(1), server(2))
    assert [id(part) for part in parts(one)] == [id(part) for part in parts(two)]
    assert {type(part) for part in parts(one)} <= set(SHARED)


def test_equal_sets_of_field_names_are_one_object_that_nobody_gets() -> None:
    one, two = read(server(1), server(2))
    assert one.__pydantic_fields_set__ is two.__pydantic_fields_set__
    before = set(one.model_fields_set)
    one.model_fields_set.clear()
    assert one.model_fields_set == two.model_fields_set == before


def test_extras_are_the_callers_own() -> None:
    one, two = read(server(1), server(2))
    assert one.__pydantic_extra__ is two.__pydantic_extra__
    assert one.model_extra == {}
    one.model_extra["new"] = 1
    assert one.model_extra == two.model_extra == {}
    changed = one.model_copy(update={"new": 1})
    assert changed.model_extra == {"new": 1}
    assert one.model_extra == two.model_extra == {}
    for again in COPIES:
        assert again(one).__pydantic_extra__ is not one.__pydantic_extra__


def test_what_a_user_changes_in_a_copy_stays_there() -> None:
    one, two = read(server(1), server(2))
    before = set(two.model_fields_set)
    changed = one.model_copy(update={"agent_version": "5"})
    assert "agent_version" in changed.model_fields_set
    assert two.model_fields_set == one.model_fields_set == before


def pickled(value: Shape) -> Shape:
    """Send a value through pickle."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # our own


COPIES: list[Callable[[Shape], Shape]] = [copy.copy, copy.deepcopy, pickled]


@pytest.mark.parametrize("again", COPIES)
def test_copies_and_pickles_are_whole(again: Callable[[Shape], Shape]) -> None:
    (found,) = read(server())
    private = SourceServer.model_validate(server())
    for value, plain in zip([found, *parts(found)], [private, *parts(private)], strict=True):
        made = again(value)
        assert made == value == plain
        assert made is not value
        assert made.model_fields_set == value.model_fields_set == plain.model_fields_set
        assert made.model_dump_json(by_alias=True, exclude_unset=True) == plain.model_dump_json(
            by_alias=True, exclude_unset=True
        )


@pytest.mark.parametrize("shape", SHARED, ids=lambda shape: shape.__name__)
def test_a_shared_structure_is_as_one_built_anew(shape: type[SharedShape]) -> None:
    plain = shape.model_validate_json("{}")
    sharing = Sharing()
    one = shape.model_validate_json("{}", context=sharing)
    two = shape.model_validate_json("{}", context=sharing)
    assert one is two
    assert one == plain
    assert hash(one) == hash(plain)
    assert repr(one) == repr(plain)
    for value in one.__dict__.values():
        hash(value)  # nothing in it can be written to


def test_what_users_build_and_validate_is_their_own() -> None:
    members = {"cores": 2, "modelName": "Xeon"}
    made = [
        *(CPU(cores=2, model_name="Xeon") for _ in range(2)),
        *(CPU.model_validate(members) for _ in range(2)),
        *(CPU.model_validate_json(json.dumps(members)) for _ in range(2)),
    ]
    assert len({id(each) for each in made}) == len(made)
    assert len(set(made)) == 1
    with pytest.raises(ValidationError):
        CPU.model_validate({"cores": "2"}, strict=True)


def test_values_that_compare_equal_but_differ_in_type_are_told_apart() -> None:
    first, second, third = (disk(bytes=1, new=value) for value in (1, 1.0, True))
    assert [type((each.model_extra or {})["new"]) for each in (first, second, third)] == [
        int,
        float,
        bool,
    ]
    sharing = Sharing()
    made = [sharing.structure(Disk, {"bytes": value}, Disk.model_validate) for value in (1, True)]
    assert made[0] is not made[1]


def test_what_has_members_that_can_be_written_to_is_not_shared() -> None:
    for extra in ("text", ["a list"], {"a": "map"}, 1.5):
        one, two = disk(bytes=1, new=extra), disk(bytes=1, new=extra)
        assert one == two
        assert one is not two
        assert one.model_extra == {"new": extra}


def test_what_holds_a_part_that_can_be_written_to_is_not_shared() -> None:
    def launched(**more: object) -> Shape:
        sent = server()
        sent["lifeCycle"] = {"lastLaunch": {"initiated": {"type": "DRILL", **more}}}
        (found,) = read(sent)
        assert found.life_cycle is not None
        assert found.life_cycle.last_launch is not None
        return found.life_cycle.last_launch

    assert launched() is launched()
    one, two = launched(new=["a list"]), launched(new=["a list"])
    assert one == two
    assert one is not two
    long = "x" * (LONGEST + 1)
    one, two = launched(jobID=long), launched(jobID=long)
    assert one == two
    assert one is not two


def test_a_misfit_is_lost_alone_each_time() -> None:
    for _ in range(2):
        page, unparsed = decode(
            DescribeSourceServersResponse,
            json.dumps(
                {"items": [server(disks=[{"deviceName": "c:0", "bytes": "many"}])]}
            ).encode(),
            operation="DescribeSourceServers",
            request_id=None,
            http_status=200,
        )
        properties = page.items[0].source_properties
        assert properties is not None
        assert properties.disks == [Disk(device_name="c:0")]
        assert unparsed == {"items[0].source_properties.disks[0].bytes": "many"}


def test_junk_does_not_pile_up() -> None:
    sharing = Sharing()
    for number in range(3 * MOST):
        sharing.structure(Disk, {"deviceName": f"disk-{number}"}, Disk.model_validate)
        sharing.names({f"name-{number}"})
        sharing.items(Disk, [{"deviceName": f"disk-{number}"}], DISKS.validate_python)
        assert sharing.kept <= 3 * MOST
    long, huge = {"deviceName": "x" * (LONGEST + 1)}, {"bytes": 2 ** (LONGEST * 8)}
    for value in (long, huge):
        one, two = (sharing.structure(Disk, value, Disk.model_validate) for _ in range(2))
        assert one == two
        assert one is not two
        (one,), (two,) = (sharing.items(Disk, [value], DISKS.validate_python) for _ in range(2))
        assert one == two
        assert one is not two


def test_a_list_of_shared_structures_is_the_callers_own() -> None:
    one, two = read(server(1), server(2))
    for first, second in zip(lists(one), lists(two), strict=True):
        assert first == second
        assert first is not second
        before = list(second)
        first.clear()
        assert second == before
    assert [lists(each) for each in read(server(3))] == [lists(two)]


def test_lists_are_told_apart_by_what_is_in_them() -> None:
    sent: list[list[dict[str, object]]] = [
        [],
        [{}],
        [{}, {}],
        [{"bytes": 1}],
        [{"bytes": None}],
        [{"bytes": 1}, {"deviceName": "a"}],
        [{"deviceName": "a"}, {"bytes": 1}],
        [{"bytes": 1, "deviceName": "a"}],
    ]
    for _ in range(2):
        for disks in sent:
            properties = read(server(disks=disks))[0].source_properties
            assert properties is not None
            assert properties.disks == DISKS.validate_python(disks)


def test_a_list_with_a_member_that_can_be_written_to_is_not_shared() -> None:
    sent = [{"bytes": 1}, {"bytes": 2, "new": "text"}]
    one, two = (read(server(disks=sent))[0].source_properties for _ in range(2))
    assert one is not None
    assert two is not None
    assert one.disks == two.disks
    assert one.disks[0] is two.disks[0]
    assert one.disks[1] is not two.disks[1]


def test_threads_read_what_was_sent() -> None:
    def answer(thread: int) -> bool:
        for number in range(2 * MOST):
            size = number * (thread + 1)
            found = disk(deviceName=f"disk-{number}", bytes=size)
            if (found.device_name, found.bytes) != (f"disk-{number}", size):
                return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(answer, range(4)))
