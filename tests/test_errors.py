"""Every error of the service over HTTP, and what all errors of the package have in common."""

# ruff: noqa: ANN401 - members have any type
from __future__ import annotations

import inspect
import pickle
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from loopback import answer, client_for, loopback, refuse
from strategies import service_shapes as drs

from drs_sdk import APIError, DRSError, errors, models
from drs_sdk._transport import api_errors
from drs_sdk.fleet import Target
from drs_sdk.iam import actions_for
from drs_sdk.recovery import RecoveryReport, WayBackReport

EXCEPTIONS = drs.exceptions()
JOB = "drsjob-0123456789abcdefg"


def status_of(name: str) -> int:
    return EXCEPTIONS[name].metadata["error"]["httpStatusCode"]


def body_members(name: str) -> dict[str, Any]:
    """A value for every modelled member that stands in the body."""
    values: dict[str, Any] = {}
    for alias, member in EXCEPTIONS[name].members.items():
        if member.serialization.get("location"):
            continue
        kind = drs.kind_of(member)
        if kind == "enum":
            values[alias] = member.metadata["enum"][0]
        elif kind == "list":
            values[alias] = [{"name": "a.b", "message": "is wrong"}, {"name": "c"}]
        else:
            values[alias] = f"the {alias}"
    return values


async def raised(
    error_code: str, /, *, status: int, headers: Any = None, **members: Any
) -> APIError:
    """What a caller gets when the service answers with an error."""
    message = members.pop("message", "no")
    given = {"x-amzn-ErrorType": error_code, **(headers or {})}
    step = answer({"message": message, **members}, status=status, headers=given)
    async with loopback(step) as server, client_for(server) as client:
        with pytest.raises(DRSError) as caught:
            await client.with_options(max_attempts=1).delete_job(JOB)
    assert isinstance(caught.value, APIError)
    return caught.value


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
async def test_a_modelled_error_is_its_own_class_with_its_members(name: str) -> None:
    members = body_members(name)
    in_header = [
        alias for alias, m in EXCEPTIONS[name].members.items() if m.serialization.get("location")
    ]
    headers = {"Retry-After": "7"} if in_header else None

    error = await raised(name, status=status_of(name), headers=headers, **members)

    assert type(error) is getattr(errors, name)
    assert error.code == name
    assert error.operation == "DeleteJob"
    assert error.message == "the message"
    assert error.http_status == status_of(name)
    assert error.request_id == "req-1"
    assert error.retry_after == (7 if in_header else None)
    assert error.detail_code == members.get("code")
    for alias, python, member in drs.members(EXCEPTIONS[name]):
        if alias in {"message", "code"}:
            continue
        value = getattr(error, python)
        if drs.kind_of(member) == "list":
            assert [(field.name, field.message) for field in value] == [
                ("a.b", "is wrong"),
                ("c", None),
            ]
        elif alias == "retryAfterSeconds":
            assert value == (7 if drs.kind_of(member) == "integer" else "7")
        else:
            assert value == members[alias]


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
async def test_members_that_did_not_come_are_none_or_empty(name: str) -> None:
    error = await raised(name, status=status_of(name))
    assert error.detail_code is None
    assert error.retry_after is None
    for alias, python, member in drs.members(EXCEPTIONS[name]):
        if alias not in {"message", "code"}:
            expected = () if drs.kind_of(member) == "list" else None
            assert getattr(error, python) == expected


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_every_modelled_member_is_an_attribute_with_words(name: str) -> None:
    kind = getattr(errors, name)
    for alias, python, _ in drs.members(EXCEPTIONS[name]):
        if alias == "code":  # `code` is the error code itself, as in every AWS SDK
            python = "detail_code"  # noqa: PLW2901 - same
        described = inspect.getdoc(getattr(kind, python, None))
        assert described or f"{python}:" in (kind.__doc__ or "") + (APIError.__doc__ or "")


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
async def test_an_error_is_caught_as_botocore_users_do(name: str) -> None:
    error = await raised(name, status=status_of(name), message="because")
    assert isinstance(error, ClientError)
    assert error.operation_name == "DeleteJob"
    assert error.response["Error"] == {"Code": name, "Message": "because"}
    assert error.response["ResponseMetadata"]["RequestId"] == "req-1"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status_of(name)


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
async def test_a_message_names_operation_code_and_request_id(name: str) -> None:
    error = await raised(name, status=status_of(name), message="because")
    for part in ("DeleteJob", name, "req-1", str(status_of(name)), "because"):
        assert part in str(error)


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
async def test_fault_and_throttling_follow_the_model(name: str) -> None:
    error = await raised(name, status=status_of(name))
    by_sender = EXCEPTIONS[name].metadata["error"].get("senderFault", status_of(name) < 500)
    assert error.fault == ("client" if by_sender else "server")
    assert error.is_throttling is (name == "ThrottlingException")


@pytest.mark.parametrize(
    ("code", "status", "fault", "throttling"),
    [
        ("SomethingNewException", 400, "client", False),
        ("ExpiredTokenException", 403, "client", False),
        ("TooManyRequestsException", 429, "client", True),
        ("SomethingNewException", 429, "client", True),
        ("RequestLimitExceeded", 503, "server", True),
        ("ServiceUnavailable", 503, "server", False),
        ("Whatever", 599, "server", False),
    ],
)
async def test_a_code_without_a_class_is_a_plain_error(
    code: str, status: int, fault: str, *, throttling: bool
) -> None:
    error = await raised(code, status=status, message="because", resourceId="r-1")
    assert type(error) is APIError
    assert (error.code, error.http_status) == (code, status)
    assert (error.fault, error.is_throttling) == (fault, throttling)
    assert error.message == "because"
    assert not hasattr(error, "resource_id")


@pytest.mark.parametrize(
    "code",
    [
        "ConflictException:http://internal.amazon.com/coral/com.amazonaws.drs/",
        "com.amazonaws.drs#ConflictException",
    ],
)
async def test_a_code_is_read_without_what_is_around_it(code: str) -> None:
    if "#" in code:  # stands in the body, not in the header
        step = answer({"__type": code, "message": "no"}, status=409)
    else:
        step = refuse(409, code)
    async with loopback(step) as server, client_for(server) as client:
        with pytest.raises(errors.ConflictException) as caught:
            await client.delete_job(JOB)
    assert caught.value.code == "ConflictException"


@pytest.mark.parametrize(
    "body", [b"", b"<html>gateway</html>", b"{}", b"[]", b'"text"', b"null", b"7", b"\xff\xfe"]
)
@pytest.mark.parametrize("status", [400, 404, 418, 500, 502])
async def test_an_error_answer_that_says_nothing_is_an_error_all_the_same(
    body: bytes, status: int
) -> None:
    async with loopback(answer(body, status=status)) as server, client_for(server) as client:
        with pytest.raises(APIError) as caught:
            await client.with_options(max_attempts=1).delete_job(JOB)
    error = caught.value
    assert error.http_status == status
    assert error.code
    assert "DeleteJob" in str(error)
    assert error.fault == ("client" if status < 500 else "server")


@pytest.mark.parametrize("status", [301, 302, 304, 307])
async def test_a_redirect_is_an_error_and_not_followed(status: int) -> None:
    step = answer(b"", status=status, headers={"Location": "http://192.0.2.1/"})
    async with loopback(step) as server, client_for(server) as client:
        with pytest.raises(APIError) as caught:
            await client.with_options(max_attempts=1).delete_job(JOB)
    assert caught.value.http_status == status


async def test_an_unknown_reason_is_a_flagged_member() -> None:
    error = await raised("ValidationException", status=400, reason="bored")
    assert isinstance(error, errors.ValidationException)
    assert error.reason == "bored"
    assert error.reason is not None
    assert not error.reason.is_known


@pytest.mark.parametrize("fields", ["text", 7, [7], ["text"], [{"name": 7}], [None], {}, None])
async def test_a_strange_field_list_does_not_hide_the_error(fields: object) -> None:
    error = await raised("ValidationException", status=400, message="because", fieldList=fields)
    assert isinstance(error, errors.ValidationException)
    assert error.message == "because"
    assert isinstance(error.field_list, tuple)


@pytest.mark.parametrize("value", ["soon", "Wed, 21 Oct 2099 07:28:00 GMT", "1.5", "", "-3"])
@pytest.mark.parametrize("name", ["ThrottlingException", "InternalServerException"])
async def test_a_strange_retry_after_does_not_hide_the_error(name: str, value: str) -> None:
    error = await raised(name, status=status_of(name), headers={"Retry-After": value})
    assert type(error) is getattr(errors, name)
    assert error.retry_after is None or error.retry_after >= 0
    assert isinstance(error.is_throttling, bool)


# --- all errors -----------------------------------------------------------------------------

_RESPONSE: dict[str, Any] = {
    "Error": {"Code": "ConflictException", "Message": "busy"},
    "ResponseMetadata": {"RequestId": "req-1", "HTTPStatusCode": 409, "HTTPHeaders": {}},
    "resourceId": "s-1",
    "resourceType": "SourceServer",
    "serviceCode": "drs",
    "quotaCode": "L-1",
    "retryAfterSeconds": "7",
    "reason": "other",
    "code": "finer",
    "message": "busy",
}
_REQUEST = models.StartRecoveryRequest(source_servers=[{"source_server_id": "s-0123456789abcdefg"}])
_LOG = models.JobLog.model_validate({"event": "LAUNCH_FAILED", "eventData": {"rawError": "no"}})
_TARGET = Target("eu-west-1", role_arn="arn:aws:iam::111122223333:role/R", external_id="secret")
_REPORT = RecoveryReport(
    run="erp/k",
    runbook="erp",
    key="k",
    mode="drill",
    state="failed",
    started=None,
    at=None,
    waves=(),
    servers=(),
)
_WAY_BACK = WayBackReport(run="erp/k", mode="recovery", wanted="done", servers=())
_BUILD: dict[str, Any] = {
    "RequestValidationError": lambda kind: kind(
        "wrong", problems=[errors.FieldProblem("a[0].b", "is wrong")], operation="DeleteJob"
    ),
    "RunbookError": lambda kind: kind(
        "wrong", problems=[errors.FieldProblem("waves[0]", "no")], file="erp.toml", line=3
    ),
    "ConnectionFailedError": lambda kind: kind(
        "broke", operation="DeleteJob", endpoint_url="http://127.0.0.1", maybe_sent=False
    ),
    "ResponseDecodeError": lambda kind: kind(
        "html", operation="DeleteJob", request_id="r", http_status=200, excerpt="<html>"
    ),
    "AmbiguousOutcomeError": lambda kind: kind(
        "unknown", request=_REQUEST, sent_at=datetime(2026, 1, 2, tzinfo=UTC), operation="X"
    ),
    "PaginationError": lambda kind: kind("again", operation="X", request_id="r", next_token="t"),
    "WaiterError": lambda kind: kind("over", last=models.Job(job_id=JOB), operation="X"),
    "WaiterTimeoutError": lambda kind: kind(
        "late", elapsed=timedelta(seconds=5), polls=3, last=[models.Job(job_id=JOB)]
    ),
    "WaiterFailedError": lambda kind: kind(
        "failed", reasons={"s-1": "because"}, events={"s-1": [_LOG]}, last=models.Job(job_id=JOB)
    ),
    "TargetTimeoutError": lambda kind: kind("late", target=_TARGET, seconds=3.5),
    "TargetFailedError": lambda kind: kind("KeyError: 3", target=_TARGET),
    "FleetError": lambda kind: kind.of(
        {_TARGET: errors.CredentialsError("none"), Target("us-east-1"): errors.DRSError("y")}, 3
    ),
    "RunMismatchError": lambda kind: kind("erp/k", ["mode"], owner_job_id="j", launched=["k"]),
    "NotStartedInTimeError": lambda kind: kind("erp/k", "held: s-1"),
    "RunClosedError": lambda kind: kind("erp/k", "closed"),
    "InstanceInTheWayError": lambda kind: kind({"s-1": "i-1"}, live=["s-1"], is_drill=True),
    "ServerHeldError": lambda kind: kind({"s-1": "drsjob-1"}),
    "RecordLostError": lambda kind: kind({"s-1": "drsjob-1"}),
    "RecordNotKeptError": lambda kind: kind("drsjob-1", {"a": "b"}, "denied"),
    "OriginNeededError": lambda kind: kind("111122223333", "eu-west-1"),
    "OriginNotReadyError": lambda kind: kind("111122223333/eu-west-1"),
    "WrongOrderError": lambda kind: kind("it is live", letter="B2", first="stop A2"),
    "WayBackFailedError": lambda kind: kind("one is late", _WAY_BACK),
    "RecoveryFailedError": lambda kind: kind("one failed", _REPORT),
}
_BUILD["RequestTimeoutError"] = _BUILD["ConnectionFailedError"]


def public_errors() -> dict[str, type[DRSError]]:
    return {
        name: value
        for name in errors.__all__  # the face is lazy: what was not used yet is not in vars()
        if inspect.isclass(value := getattr(errors, name)) and issubclass(value, DRSError)
    }


def built(kind: type[DRSError]) -> DRSError:
    if issubclass(kind, APIError):
        error: DRSError = kind(_RESPONSE, "DeleteJob", retry_after=7)
        if isinstance(error, errors.ValidationException):
            field = models.ValidationExceptionField(name="a", message="b")
            error.field_list = (field,)
        return error
    build = _BUILD.get(kind.__name__, lambda kind: kind("x", operation="DeleteJob", request_id="r"))
    return build(kind)


def attributes(error: DRSError) -> dict[str, Any]:
    """Every public attribute, properties too; errors within an error by what they show."""
    names = {name for name in dir(error) if not name.startswith("_")}
    values = {name: getattr(error, name) for name in names - {"with_traceback", "add_note"}}
    told = {name: value for name, value in values.items() if not callable(value)}
    if isinstance(error, errors.FleetError):
        told.update({name: repr(told[name]) for name in ("args", "exceptions", "failures")})
    return told


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", sorted(public_errors()))
def test_an_error_travels_through_pickle_with_all_it_knows(name: str, protocol: int) -> None:
    error = built(public_errors()[name])
    error.next_token = "token-3"
    again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert repr(again) == repr(error)
    assert attributes(again) == attributes(error)  # args among them
    assert attributes(again)["next_token"] == "token-3"


def documented_tree() -> dict[str, tuple[str | None, str, str]]:
    """The tree of the module docstring: parent, what stands in brackets, and the words."""
    stack: list[str] = []
    found: dict[str, tuple[str | None, str, str]] = {}
    lines = (inspect.getdoc(errors) or "").splitlines()
    line_of_tree = re.compile(
        r"^\s*(?P<bars>[│├└─ ]*)(?P<name>[A-Z]\w+)(?: \((?P<also>[^)]+)\))?\s*(?P<words>.*)$"
    )
    for line in lines:
        if not (("──" in line) or line.strip() == "DRSError"):
            continue
        match = line_of_tree.match(line)
        assert match is not None, line
        bars = line.index(match["name"]) - lines_indent(lines)
        depth = bars // 4
        del stack[depth:]
        found[match["name"]] = (stack[-1] if stack else None, match["also"] or "", match["words"])
        stack.append(match["name"])
    return found


def lines_indent(lines: list[str]) -> int:
    root = next(line for line in lines if line.strip() == "DRSError")
    return len(root) - len(root.lstrip())


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    tree = documented_tree()
    assert set(tree) == set(public_errors())
    for name, (parent, also, words) in tree.items():
        kind = public_errors()[name]
        bases = [base.__name__ for base in kind.__mro__[1:] if base.__name__ in tree]
        assert (bases[0] if bases else None) == parent
        if also == "ValueError":
            assert issubclass(kind, ValueError)
        if parent == "APIError":
            assert words.strip() == str(status_of(name))
        assert kind.__doc__


def test_every_modelled_exception_has_its_class() -> None:
    assert set(api_errors.MODELLED) == set(EXCEPTIONS)
    for name, kind in api_errors.MODELLED.items():
        assert kind is getattr(errors, name)


def test_bad_values_are_value_errors_and_api_errors_are_botocores() -> None:
    assert issubclass(errors.RequestValidationError, ValueError)
    assert issubclass(errors.RequestTimeoutError, errors.ConnectionFailedError)
    assert issubclass(APIError, ClientError)
    assert issubclass(errors.WaiterTimeoutError, errors.WaiterError)


async def test_a_foreign_error_is_chained() -> None:
    error = await raised("ConflictException", status=409)
    assert isinstance(error.__cause__, ClientError)
    assert not isinstance(error.__cause__, DRSError)


async def test_a_refusal_names_what_to_grant_where_the_service_does_not() -> None:
    error = await raised("AccessDeniedException", status=403, message="no")
    assert isinstance(error, errors.AccessDeniedException)
    assert error.actions == ("drs:DeleteJob",)
    assert str(error).endswith("no; grant drs:DeleteJob")
    said = "User: arn:aws:iam::1:user/a is not authorized to perform: ec2:RunInstances"
    error = await raised("AccessDeniedException", status=403, message=said)
    assert isinstance(error, errors.AccessDeniedException)
    assert error.actions == ("ec2:RunInstances",)
    assert str(error).endswith(said)


@pytest.mark.parametrize("operation", ["StartRecovery", "NewOperation"])
def test_what_a_refused_operation_depends_on_is_named_too(operation: str) -> None:
    error = errors.AccessDeniedException({"Error": {"Code": "AccessDeniedException"}}, operation)
    assert error.actions[0] == f"drs:{operation}"
    if operation == "StartRecovery":
        assert set(error.actions) == actions_for(operation)
        assert "actions_for('StartRecovery')" in str(error)
    assert pickle.loads(pickle.dumps(error)).actions == error.actions  # noqa: S301 - our own
