# ruff: noqa: ANN401, C901, PLR0911 - JSON trees have any type; one case for each kind
"""Valid requests and answers, drawn from botocore's own service model.

Nothing here comes from the package under test. A request is drawn as a tree in the service's
names with aware datetimes in it; `in_python_names` and `on_the_wire` turn it into what our
methods and what raw botocore take.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.loaders
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, Shape
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = botocore.loaders.Loader()
SERVICE = ServiceModel(_LOADER.load_service_model("drs", "service-2"), "drs")
PAGINATORS: dict[str, dict[str, str]] = _LOADER.load_service_model("drs", "paginators-1")[
    "pagination"
]
OPERATIONS: list[str] = sorted(SERVICE.operation_names)

DATE_TIME = "ISO8601DatetimeString"
DURATION = "ISO8601DurationString"
DURATIONS_IN_DISGUISE = {
    ("RecoveryInstanceDataReplicationInfo", "lagDuration"),
    ("RecoveryInstanceFailback", "elapsedReplicationDuration"),
}
"""Members that the service model calls date-times, and that carry durations."""

Kind = str
Location = tuple[str | int, ...]


def operation(name: str) -> OperationModel:
    return SERVICE.operation_model(name)


def shape(name: str) -> Shape:
    return SERVICE.shape_for(name)


def request_shape(name: str) -> Shape:
    found = operation(name).input_shape
    assert found is not None
    return found


def members(structure: Shape) -> list[tuple[str, str, Shape]]:
    """Every member's name in the service, its name in Python, and its shape."""
    return [(name, xform_name(name), member) for name, member in structure.members.items()]


def kind_of(found: Shape, *, owner: str = "", member: str = "") -> Kind:
    """What a value is: the service's type, with enums, times and durations told apart."""
    if (owner, member) in DURATIONS_IN_DISGUISE or found.name == DURATION:
        return "duration"
    if found.name == DATE_TIME or found.type_name == "timestamp":
        return "datetime"
    if found.metadata.get("enum"):
        return "enum"
    return {"long": "integer"}.get(found.type_name, found.type_name)


def is_union(found: Shape) -> bool:
    return found.type_name == "structure" and bool(found.is_tagged_union)


def is_sensitive(found: Shape) -> bool:
    parts = [found]
    if found.type_name == "list":
        parts.append(found.member)
    if found.type_name == "map":
        parts += [found.key, found.value]
    return any(part.metadata.get("sensitive") for part in parts)


@cache
def structures() -> dict[str, Shape]:
    return {
        name: shape(name) for name in SERVICE.shape_names if shape(name).type_name == "structure"
    }


@cache
def enums() -> dict[str, tuple[str, ...]]:
    found = {name: shape(name).metadata.get("enum") for name in SERVICE.shape_names}
    return {name: tuple(values) for name, values in found.items() if values}


@cache
def exceptions() -> dict[str, Shape]:
    return {name: found for name, found in structures().items() if found.metadata.get("exception")}


def _closure(roots: Iterator[Shape]) -> frozenset[str]:
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        found = waiting.pop()
        if found.name in seen:
            continue
        seen.add(found.name)
        if found.type_name == "structure":
            waiting.extend(found.members.values())
        elif found.type_name == "list":
            waiting.append(found.member)
        elif found.type_name == "map":
            waiting += [found.key, found.value]
    return frozenset(seen)


@cache
def sent() -> frozenset[str]:
    """The names of the shapes that can stand in a request."""
    return _closure(request_shape(name) for name in OPERATIONS)


@cache
def received() -> frozenset[str]:
    """The names of the shapes that can stand in an answer."""
    outputs = (operation(name).output_shape for name in OPERATIONS)
    return _closure(output for output in outputs if output is not None)


# --- requests -------------------------------------------------------------------------------

# Patterns that a generator hits too rarely within the bounds of length, narrowed by hand.
_NARROWED = {"AccountID": r"[0-9]{12}"}
_OFFSETS = [timedelta(0), timedelta(hours=5, minutes=30), timedelta(hours=-8)]

moments = st.builds(
    lambda naive, offset: naive.replace(tzinfo=UTC).astimezone(timezone(offset)),
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2199, 12, 31)),  # noqa: DTZ001 - made aware above
    st.sampled_from(_OFFSETS),
)
"""Aware datetimes, not all of them in UTC."""


@cache
def sent_value(name: str) -> st.SearchStrategy[Any]:
    """Valid values of a shape in a request."""
    found = shape(name)
    kind = kind_of(found)
    low = found.metadata.get("min")
    high = found.metadata.get("max")
    if kind == "datetime":
        return moments
    if kind == "enum":
        return st.sampled_from(found.metadata["enum"])
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        largest = 2**63 - 1 if found.type_name == "long" else 2**31 - 1
        return st.integers(low if low is not None else -largest, high or largest)
    if kind == "string":
        return _sent_string(found, low or 0, high)
    if kind == "list":
        fewest = low or 0
        most = min(high or fewest + 3, fewest + 3)
        return st.lists(sent_value(found.member.name), min_size=fewest, max_size=most)
    if kind == "map":
        return st.dictionaries(
            sent_value(found.key.name), sent_value(found.value.name), max_size=min(high or 3, 3)
        )
    if is_union(found):
        return st.one_of(
            st.fixed_dictionaries({member: sent_value(inner.name)})
            for member, inner in found.members.items()
        )
    needed = {*found.required_members, *_token_members(found)}
    values = {member: sent_value(inner.name) for member, inner in found.members.items()}
    return st.fixed_dictionaries(
        {member: value for member, value in values.items() if member in needed},
        optional={member: value for member, value in values.items() if member not in needed},
    )


def _sent_string(found: Shape, low: int, high: int | None) -> st.SearchStrategy[str]:
    pattern = _NARROWED.get(found.name, found.metadata.get("pattern"))
    if pattern is None:
        return st.text(min_size=low, max_size=min(high or 20, low + 20))
    return st.from_regex(pattern, fullmatch=True).filter(
        lambda text: low <= len(text) <= (high or len(text))
    )


def _token_members(structure: Shape) -> list[str]:
    """Client tokens: drawn always, as each client would fill in one of its own."""
    return [
        name
        for name, member in structure.members.items()
        if member.metadata.get("idempotencyToken")
    ]


def requests_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Valid requests of an operation, in the service's names."""
    return sent_value(request_shape(name).name)


_EXAMPLES = {
    "ARN": "arn:aws:drs:eu-west-1:123456789012:job/drsjob-1",
    "AccountID": "123456789012",
    "AwsRegion": "eu-west-1",
    "CfnStackName": "stack-1",
    "EC2InstanceID": "i-0123456789abcdef0",
    "JobID": "drsjob-0123456789abcdefg",
    "LaunchActionDescription": "words",
    "LaunchActionId": "01234567-89ab-cdef-0123-456789abcdef",
    "LaunchActionName": "name",
    "LaunchActionParameterName": "name",
    "LaunchActionParameterValue": "value",
    "LaunchActionResourceId": "s-0123456789abcdefg",
    "LaunchActionVersion": "$LATEST",
    "LaunchConfigurationTemplateID": "lct-0123456789abcdefg",
    "RecoveryInstanceID": "i-0123456789abcdef0",
    "RecoveryPlanName": "name",
    "RecoveryPlanStepName": "name",
    "RecoverySnapshotID": "pit-0123456789abcdefg",
    "ReplicationConfigurationTemplateID": "rct-0123456789abcdefg",
    "SecurityGroupID": "sg-01234567",
    "SourceNetworkID": "sn-0123456789abcdefg",
    "SourceServerARN": "arn:aws:drs:eu-west-1:123456789012:source-server/s-0123456789abcdefg",
    "SourceServerID": "s-0123456789abcdefg",
    "SsmDocumentName": "document",
    "StrictDRSARN": "arn:aws:drs:eu-west-1:123456789012:recovery-plan/rp-1",
    "SubnetID": "subnet-01234567",
    "VpcID": "vpc-01234567",
}


def example(found: Shape, *, wide: bool = False) -> Any:
    """One valid value in Python names, always the same.

    Args:
        found: The shape.
        wide: With every optional member and one item in every list, not the least there may be.
    """
    kind = kind_of(found)
    low = found.metadata.get("min") or 0
    if kind == "datetime":
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    if kind == "enum":
        return found.metadata["enum"][0]
    if kind == "boolean":
        return True
    if kind == "integer":
        return max(low, 1)
    if kind == "string":
        return _EXAMPLES.get(found.name, "x" * low)
    if kind == "list":
        return [example(found.member, wide=wide) for _ in range(max(low, wide))]
    if kind == "map":
        return {example(found.key): example(found.value, wide=wide)} if wide else {}
    if is_union(found):
        first = next(iter(found.members))
        return {xform_name(first): example(found.members[first], wide=wide)}
    return {
        name: example(member, wide=wide)
        for alias, name, member in members(found)
        if wide or alias in found.required_members
    }


def example_request(name: str, *, wide: bool = False) -> dict[str, Any]:
    """One valid request of an operation in Python names, always the same."""
    return example(request_shape(name), wide=wide)


def in_service_names(found: Shape, value: Any) -> Any:
    """The reverse of `in_python_names`."""
    if found.type_name == "structure":
        return {
            alias: in_service_names(member, value[name])
            for alias, name, member in members(found)
            if name in value
        }
    if found.type_name == "list":
        return [in_service_names(found.member, inner) for inner in value]
    if found.type_name == "map":
        return {key: in_service_names(found.value, inner) for key, inner in value.items()}
    return value


def iso_z(moment: datetime) -> str:
    """A moment as the service wants it in a request."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def on_the_wire(found: Shape, value: Any) -> Any:
    """The tree with its datetimes as text."""
    if isinstance(value, datetime):
        return iso_z(value)
    if found.type_name == "structure":
        return {key: on_the_wire(found.members[key], inner) for key, inner in value.items()}
    if found.type_name == "list":
        return [on_the_wire(found.member, inner) for inner in value]
    if found.type_name == "map":
        return {key: on_the_wire(found.value, inner) for key, inner in value.items()}
    return value


def in_python_names(found: Shape, value: Any) -> Any:
    """The tree with members in Python names; keys of maps stay as they are."""
    if found.type_name == "structure":
        return {
            xform_name(key): in_python_names(found.members[key], inner)
            for key, inner in value.items()
        }
    if found.type_name == "list":
        return [in_python_names(found.member, inner) for inner in value]
    if found.type_name == "map":
        return {key: in_python_names(found.value, inner) for key, inner in value.items()}
    return value


# --- answers --------------------------------------------------------------------------------


def _date_time_text(moment: datetime, digits: int, suffix: str) -> str:
    fraction = f".{moment.microsecond:06}"[: digits + 1] if digits else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + suffix


date_time_texts = st.builds(
    _date_time_text,
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2199, 12, 31)),  # noqa: DTZ001 - the text has the offset
    st.sampled_from([0, 3, 6]),
    st.sampled_from(["Z", "+00:00"]),
)
"""Date-times as the service writes them."""

duration_texts = st.one_of(
    st.sampled_from(["P0D", "PT11M", "P152D", "P2DT1H32M12.136909S"]),
    st.builds("P{}D".format, st.integers(0, 9999)),
    st.builds(
        "P{}DT{}H{}M{}.{:06}S".format,
        st.integers(0, 999),
        st.integers(0, 23),
        st.integers(0, 59),
        st.integers(0, 59),
        st.integers(0, 999_999),
    ),
)
"""Durations as the service writes them."""

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.(?P<micro>\d{6}))?S)?)?"
)


def parse_duration(text: str) -> timedelta:
    """Read a duration, independently of pydantic."""
    found = _DURATION.fullmatch(text)
    assert found is not None, text
    part = {name: int(value or 0) for name, value in found.groupdict().items()}
    return timedelta(
        days=part["days"],
        hours=part["hours"],
        minutes=part["minutes"],
        seconds=part["seconds"],
        microseconds=part["micro"],
    )


def parse_date_time(text: str) -> datetime:
    """Read a date-time, independently of pydantic."""
    return datetime.fromisoformat(text)


_words = st.text(max_size=8)
_keys = st.text(alphabet="abcdefghijklmnopqrstuvwxyz-_:/ 0123456789", min_size=1, max_size=6)


@cache
def _received_value(name: str, kind: Kind, *, nulls: bool) -> st.SearchStrategy[Any]:
    found = shape(name)
    if kind == "datetime":
        return date_time_texts
    if kind == "duration":
        return duration_texts
    if kind == "enum":
        known = st.sampled_from(found.metadata["enum"])
        return st.one_of(known, known, known, st.just("SAID_BY_A_LATER_SERVICE"))
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(0, 2**63 - 1 if found.type_name == "long" else 2**31 - 1)
    if kind == "string":
        return _words
    if kind == "list":
        return st.lists(_received(found.member, nulls=nulls), max_size=2)
    if kind == "map":
        return st.dictionaries(_keys, _received(found.value, nulls=nulls), max_size=2)
    options = {
        member: _received(inner, owner=name, member=member, nulls=nulls)
        for member, inner in found.members.items()
    }
    if is_union(found):  # botocore reads exactly one member, and breaks off at anything else
        return st.one_of(
            st.fixed_dictionaries({member: value}) for member, value in options.items()
        )
    if nulls:
        options = {member: st.one_of(value, value, st.none()) for member, value in options.items()}
    return st.fixed_dictionaries({}, optional=options)


def _received(
    found: Shape, *, owner: str = "", member: str = "", nulls: bool
) -> st.SearchStrategy[Any]:
    kind = kind_of(found, owner=owner, member=member)
    return st.deferred(lambda: _received_value(found.name, kind, nulls=nulls))


def answers_of(name: str, *, nulls: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Valid answers of an operation: any member may be missing, and null where asked for."""
    output = operation(name).output_shape
    if output is None:
        return st.just({})
    return _received_value(output.name, "structure", nulls=nulls)


def objects_of(structure: str) -> st.SearchStrategy[dict[str, Any]]:
    """Valid objects of one structure as an answer holds them."""
    return _received_value(structure, "structure", nulls=False)


# --- places in an answer --------------------------------------------------------------------


def places(
    found: Shape, value: Any, *, path: str = "", hidden: bool = False
) -> Iterator[tuple[Location, Kind, str]]:
    """Every value in an answer: where it stands, what it is, and its path in Python names.

    A path ends at a member that is sensitive, as the keys below may be sensitive too.
    """
    for location, text, inner, kind, below, is_hidden in _children(
        found, value, path, hidden=hidden
    ):
        yield (location,), kind, text
        for deeper, deeper_kind, deeper_text in places(below, inner, path=text, hidden=is_hidden):
            yield (location, *deeper), deeper_kind, deeper_text


def _children(
    found: Shape, value: Any, path: str, *, hidden: bool
) -> Iterator[tuple[str | int, str, Any, Kind, Shape, bool]]:
    if found.type_name == "structure" and isinstance(value, dict):
        for key, inner in value.items():
            member = found.members[key]
            name = xform_name(key)
            text = path if hidden else f"{path}.{name}" if path else name
            kind = kind_of(member, owner=found.name, member=key)
            yield key, text, inner, kind, member, hidden or is_sensitive(member)
    elif found.type_name == "list" and isinstance(value, list):
        for index, inner in enumerate(value):
            text = path if hidden else f"{path}[{index}]"
            yield index, text, inner, kind_of(found.member), found.member, hidden
    elif found.type_name == "map" and isinstance(value, dict):
        for key, inner in value.items():
            text = path if hidden else f"{path}.{key}"
            yield key, text, inner, kind_of(found.value), found.value, hidden
