"""A request that breaks a rule of the service model is refused by name, and nothing is sent.

Every rule of every member at every depth is broken once, in an otherwise valid request: each
case says what is broken, where, and with which value.
"""

# ruff: noqa: ANN401, C901, PLR0912 - wrong values have any type; one case for each kind
from __future__ import annotations

import copy
import traceback
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from strategies import service_shapes as drs
from strategies.bench import Bench, open_bench

from drs_sdk import DRSClient, models
from drs_sdk.errors import DRSError, RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import Shape

Path = tuple[str | int, ...]

REMOVED = object()

# Wrong for each kind, and not to be mistaken for a right one.
WRONG = {
    "boolean": ["maybe", 7, [], {}],
    "integer": ["many", 1.5, [], {}],
    "string": [7, True, 1.5, b"bytes", [], {}],
    "enum": [7, True, [], {}],
    "datetime": ["soon", 1767323045, date(2026, 1, 2), [], {}],
    "list": ["text", 7, True],
    "map": ["text", 7, True, ["text"]],
    "structure": ["text", 7, True, ["text"]],
}
# Wrong as well, though it could be turned into a right one: a request is not guessed at.
NEARLY_RIGHT = {
    "boolean": [1, 0, "true", "yes"],
    "integer": ["7", True, 7.0],
    "datetime": ["2026-01-02T03:04:05Z"],
    "list": [],
    "string": [],
    "enum": [],
    "map": [],
    "structure": [],
}


@dataclass(frozen=True)
class Case:
    """A value that breaks one rule."""

    rule: str
    path: Path
    value: Any
    expected: str

    def __str__(self) -> str:
        value = "nothing" if self.value is REMOVED else repr(self.value)[:60]
        return f"{self.rule} at {self.expected} with {value}"


def _text(path: Path, hidden: int | None) -> str:
    """A path as an error writes it; below what is sensitive it ends."""
    text = ""
    for part in path[:hidden]:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _cases(found: Shape, path: Path = (), hidden: int | None = None) -> Iterator[Case]:
    """Every way to break a rule of a shape, or of what stands in it."""
    kind = drs.kind_of(found)

    def case(rule: str, value: Any, below: Path = ()) -> Case:
        return Case(rule, (*path, *below), value, _text((*path, *below), hidden))

    if path:
        yield from (case("wrong type", value) for value in WRONG[kind])
        yield from (case("nearly right", value) for value in NEARLY_RIGHT[kind])
    yield from _broken_bounds(found, kind, case)
    if kind == "list":
        yield from _cases(found.member, (*path, 0), hidden)
    if kind == "map":
        yield from _cases(found.value, (*path, drs.example(found.key)), hidden)
    if kind == "structure":
        yield from _broken_structure(found, case)
        for _, name, member in _present(found):
            inner = hidden or (len(path) + 1 if drs.is_sensitive(member) else None)
            yield from _cases(member, (*path, name), inner)


def _present(found: Shape) -> list[tuple[str, str, Shape]]:
    """The members that the wide example holds."""
    return drs.members(found)[:1] if drs.is_union(found) else drs.members(found)


def _broken_bounds(found: Shape, kind: str, case: Callable[..., Case]) -> Iterator[Case]:
    low, high = found.metadata.get("min"), found.metadata.get("max")
    if kind == "integer":
        if low is not None:
            yield case("too small", low - 1)
        if high is not None:
            yield case("too large", high + 1)
    if kind == "string":
        if low:
            yield case("too short", "~" * (low - 1))
        if high:
            yield case("too long", "x" * (high + 1))
        if found.metadata.get("pattern"):
            yield case("bad pattern", "~" * max(low or 1, 1))
            yield case("bad pattern", drs.example(found) + "\n")
    if kind == "enum":
        yield case("bad enum", "NO_SUCH_VALUE")
        yield case("bad enum", found.metadata["enum"][0].lower() + "x")
        yield case("bad enum", "")
    if kind == "datetime":
        yield case("naive", datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001 - that is the point
    if kind == "list":
        if low:
            yield case("too short", [drs.example(found.member)] * (low - 1))
        if high:
            yield case("too long", [drs.example(found.member)] * (high + 1))
    if kind == "map":
        key, value = drs.example(found.key), drs.example(found.value)
        if high:
            yield case("too long", {f"{key}{number}": value for number in range(high + 1)})
        if most := found.key.metadata.get("max"):
            yield case("bad key", {"x" * (most + 1): value})
        if found.key.metadata.get("pattern"):
            yield case("bad key", {"~": value})
        yield case("bad key", {7: value})


def _broken_structure(found: Shape, case: Callable[..., Case]) -> Iterator[Case]:
    yield case("unknown", 1, ("no_such_member",))
    if drs.is_union(found):
        yield case("union", {})
        if len(found.members) > 1:
            yield case(
                "union",
                {name: drs.example(member) for _, name, member in drs.members(found)},
            )
        return
    for name in found.required_members:
        yield case("required", REMOVED, (xform_name(name),))


@cache
def cases(operation: str) -> list[Case]:
    return list(_cases(drs.request_shape(operation)))


def _broken(operation: str, case: Case) -> dict[str, Any]:
    """The wide example of a request, with one value replaced."""
    request = copy.deepcopy(drs.example_request(operation, wide=True))
    owner: Any = request
    for part in case.path[:-1]:
        owner = owner[part]
    if case.value is REMOVED:
        del owner[case.path[-1]]
    else:
        owner[case.path[-1]] = case.value
    return request


def _complaint(bench: Bench, operation: str, case: Case) -> str | None:
    """What is wrong with how a case was refused; None when all is well."""
    request_type = getattr(models, f"{operation}Request")
    members = _broken(operation, case)
    bench.answers({}, status=200)
    try:
        if case.rule in {"unknown", "required"} and len(case.path) == 1:
            request_type(**members)  # a method has no such parameter
        else:
            bench.ask_ours(xform_name(operation), **members)
    except RequestValidationError as error:
        return _wrong_about(error, operation, case)
    except (DRSError, TypeError, ValueError) as error:
        return f"{case}: {type(error).__name__}: {error}"
    return f"{case}: not refused"


def _wrong_about(error: RequestValidationError, operation: str, case: Case) -> str | None:
    paths = [problem.path for problem in error.problems]
    if not any(
        path == case.expected or path.startswith((f"{case.expected}.", f"{case.expected}["))
        for path in paths
    ):
        return f"{case}: named {paths}"
    if error.operation != operation:
        return f"{case}: operation is {error.operation}"
    if any(path and path not in str(error) for path in paths):
        return f"{case}: the message does not name {paths}"
    unrelated = [path for path in paths if not path.startswith(case.expected)]
    return f"{case}: named {unrelated} as well" if unrelated else None


def _sent_meanwhile(bench: Bench) -> int:
    return len(bench.server.requests)


@pytest.fixture(scope="module")
def open_pair() -> Iterator[Bench]:
    with open_bench() as both:
        yield both


@pytest.fixture
def bench(open_pair: Bench) -> Bench:
    open_pair.server.requests.clear()
    return open_pair


@pytest.mark.parametrize("operation", drs.OPERATIONS)
def test_the_wide_example_is_valid_itself(bench: Bench, operation: str) -> None:
    bench.answers({})
    bench.ask_ours(xform_name(operation), **drs.example_request(operation, wide=True))
    assert _sent_meanwhile(bench) == 1


@pytest.mark.parametrize("operation", drs.OPERATIONS)
def test_every_broken_rule_is_refused_by_name(bench: Bench, operation: str) -> None:
    broken = [case for case in cases(operation) if case.rule != "nearly right"]
    complaints = [_complaint(bench, operation, case) for case in broken]

    assert not any(complaints), "\n".join(filter(None, complaints))
    assert _sent_meanwhile(bench) == 0


@pytest.mark.parametrize(
    "operation",
    [name for name in drs.OPERATIONS if any(case.rule == "nearly right" for case in cases(name))],
)
def test_a_value_of_another_type_is_not_turned_into_the_right_one(
    bench: Bench, operation: str
) -> None:
    nearly = [case for case in cases(operation) if case.rule == "nearly right"]
    complaints = [_complaint(bench, operation, case) for case in nearly]

    assert not any(complaints), "\n".join(filter(None, complaints))
    assert _sent_meanwhile(bench) == 0


def test_every_rule_is_broken_somewhere() -> None:
    rules = {case.rule for operation in drs.OPERATIONS for case in cases(operation)}
    assert rules == {
        "bad enum",
        "bad key",
        "bad pattern",
        "naive",
        "nearly right",
        "required",
        "too large",
        "too long",
        "too short",
        "too small",
        "union",
        "unknown",
        "wrong type",
    }
    assert sum(len(cases(operation)) for operation in drs.OPERATIONS) > 1000


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(RequestValidationError) as caught:
        models.StartRecoveryRequest(
            source_servers=[
                {"source_server_id": "s-0123456789abcdefg"},
                {"source_server_id": "nonsense", "colour": "red"},
            ],
            is_drill="maybe",
            wings=2,
        )
    paths = {problem.path for problem in caught.value.problems}
    assert paths == {
        "source_servers[1].source_server_id",
        "source_servers[1].colour",
        "is_drill",
        "wings",
    }
    assert caught.value.operation == "StartRecovery"
    assert "nothing was sent" in str(caught.value)
    assert "red" not in str(caught.value)
    assert "nonsense" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_an_unknown_field_is_answered_with_those_that_exist() -> None:
    with pytest.raises(RequestValidationError, match="known are job_ids, from_date, to_date"):
        models.DescribeJobsRequest(filters={"job_id": ["drsjob-0123456789abcdefg"]})


def test_a_secret_is_in_no_error() -> None:
    secret = "Zz-secret-Zz"
    with pytest.raises(RequestValidationError) as caught:
        models.TagResourceRequest(
            resource_arn="arn:aws:drs:eu-west-1:123456789012:job/drsjob-1",
            tags={secret * 30: secret, secret: 7, "ok": secret * 30},
        )
    assert secret not in f"{caught.value!s}{caught.value!r}{caught.value.problems}"
    assert {problem.path for problem in caught.value.problems} == {"tags"}
    # Pydantic's own error names the keys of maps, so it is not chained: no traceback shows them.
    assert caught.value.__cause__ is None
    assert secret not in "".join(traceback.format_exception(caught.value))


def test_a_nested_structure_is_refused_where_it_is_built() -> None:
    with pytest.raises(RequestValidationError, match="hardware_id"):
        models.DescribeSourceServersRequestFilters(hardware_id="x" * 300)


def test_a_structure_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(RequestValidationError) as caught:
        models.DescribeJobsRequest(filters=models.DescribeSourceServersRequestFilters())
    assert [problem.path for problem in caught.value.problems] == ["filters"]


def test_an_unknown_enum_member_is_refused_as_its_string_is() -> None:
    for value in ("NEW", models.LaunchDisposition("NEW")):
        with pytest.raises(RequestValidationError) as caught:
            models.UpdateLaunchConfigurationRequest(
                source_server_id="s-0123456789abcdefg", launch_disposition=value
            )
        assert [problem.path for problem in caught.value.problems] == ["launch_disposition"]


async def test_a_refused_pager_is_refused_when_it_is_made() -> None:
    client = DRSClient(region_name="eu-west-1")
    with pytest.raises(RequestValidationError, match="max_results"):
        client.describe_jobs(max_results=0)


class TestTwoSidedStructures:
    """Structures of both directions obey the side they are on."""

    RULES: tuple[dict[str, Any], ...] = (
        {"units": "DAY", "interval": 1, "retention_duration": 7},
        {"units": "HOUR", "interval": 1, "retention_duration": 24},
        {"units": "MINUTE", "interval": 10, "retention_duration": 60},
    )

    def test_they_are_lenient_when_received(self) -> None:
        held = models.ReplicationConfiguration.model_validate_json(
            '{"pitPolicy": [{"units": "WEEK", "interval": -1, "later": true}]}'
        )
        assert held.pit_policy[0].units == "WEEK"
        assert held.pit_policy[0].interval == -1
        assert held.pit_policy[0].model_extra == {"later": True}
        step = models.RecoveryPlanStep.model_validate_json(
            '{"configuration": {"serverStepConfiguration": {}, "waitStepConfiguration": {}}}'
        )
        assert step.configuration is not None
        empty = models.RecoveryPlanStep.model_validate_json('{"configuration": {}}')
        assert empty.configuration == models.RecoveryPlanStepConfiguration()

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"units": "WEEK"}, "pit_policy[1].units"),
            ({"interval": 0}, "pit_policy[1].interval"),
            ({"rule_id": -1}, "pit_policy[1].rule_id"),
            ({"later": True}, "pit_policy[1].later"),
            ({"interval": None}, "pit_policy[1].interval"),
        ],
    )
    def test_they_are_strict_when_sent(self, change: dict[str, Any], path: str) -> None:
        as_dicts = [dict(rule) for rule in self.RULES]
        as_dicts[1].update(change)
        as_models = [models.PITPolicyRule(**rule) for rule in as_dicts]
        for rules in (as_dicts, as_models):
            with pytest.raises(RequestValidationError) as caught:
                models.UpdateReplicationConfigurationRequest(
                    source_server_id="s-0123456789abcdefg", pit_policy=rules
                )
            assert [problem.path for problem in caught.value.problems] == [path]

    def test_what_was_received_can_be_sent_back(self) -> None:
        held = models.ReplicationConfiguration.model_validate(
            {"pitPolicy": [{"units": r["units"], "interval": r["interval"],
                            "retentionDuration": r["retention_duration"]} for r in self.RULES]}
        )  # fmt: skip
        request = models.UpdateReplicationConfigurationRequest(
            source_server_id="s-0123456789abcdefg", pit_policy=held.pit_policy
        )
        assert request.pit_policy == held.pit_policy

    @pytest.mark.parametrize("given", [0, 1, 2])
    def test_a_union_takes_exactly_one_member(self, given: int) -> None:
        arn = "arn:aws:drs:eu-west-1:123456789012:source-server/s-0123456789abcdefg"
        members: dict[str, Any] = {
            "wait_step_configuration": {"wait_duration_minutes": 5},
            "server_step_configuration": {"servers": [{"server_arn": arn}]},
        }
        chosen = dict(list(members.items())[:given])
        for configuration in (chosen, models.RecoveryPlanStepConfiguration(**chosen)):
            if given == 1:
                request = models.UpdateRecoveryPlanStepRequest(
                    recovery_plan_step_arn=arn.replace("source-server/s-", "recovery-plan-step/"),
                    configuration=configuration,
                )
                assert request.configuration is not None
                continue
            with pytest.raises(RequestValidationError, match="Exactly one of") as caught:
                models.UpdateRecoveryPlanStepRequest(
                    recovery_plan_step_arn=arn.replace("source-server/s-", "recovery-plan-step/"),
                    configuration=configuration,
                )
            assert [problem.path for problem in caught.value.problems] == ["configuration"]


@pytest.mark.parametrize("hours", [-8, 0, 8])
@pytest.mark.parametrize("moment", [datetime.max, datetime.min])  # noqa: DTZ901 - made aware below
def test_a_moment_at_the_edge_of_time_is_sent_or_refused(
    bench: Bench, moment: datetime, hours: int
) -> None:
    edge = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    refused: list[str] = []
    try:
        bench.ask_ours("describe_jobs", filters={"from_date": edge})
    except RequestValidationError as error:
        refused = [problem.path for problem in error.problems]
    assert refused in ([], ["filters.from_date"])
    assert _sent_meanwhile(bench) == (not refused)
