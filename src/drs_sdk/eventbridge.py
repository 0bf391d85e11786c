"""Events of the service, as EventBridge delivers them, typed.

    from drs_sdk.eventbridge import SourceServerLaunchResult, parse_event

    def handler(payload, context):                      # a Lambda function behind a rule
        event = parse_event(payload)
        match event.detail:
            case SourceServerLaunchResult(state="RECOVERY_LAUNCH_FAILED", is_drill=False):
                page_someone(event.source_server_id, event.job_id)

Delivery is best effort: an event may come late, twice or never. Take it as a reason to look, never
as the state of things. No event tells of a job's end, of lag, or of a disconnected agent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, cast

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    PrivateAttr,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from drs_sdk._core.base import Shape
from drs_sdk._core.errors import FieldProblem, RequestValidationError
from drs_sdk._core.open_enum import OpenEnum

if TYPE_CHECKING:
    from typing import Self

logger: logging.Logger = logging.getLogger("drs_sdk")

_SOURCE = "aws.drs"
_LONGEST_QUOTE = 60


class DetailType(OpenEnum):
    """What an event is about, as its ``detail-type`` says."""

    SOURCE_SERVER_LAUNCH_RESULT = "DRS Source Server Launch Result"
    """A server was launched, or was not: its detail is a `SourceServerLaunchResult`."""
    SOURCE_SERVER_REPLICATION_STALLED_CHANGE = "DRS Source Server Data Replication Stalled Change"
    """Replication stalled or goes on: its detail is a `SourceServerReplicationStalledChange`."""
    RECOVERY_INSTANCE_FAILBACK_STATE_CHANGE = "DRS Recovery Instance Failback State Change"
    """A failback went on or ended: its detail is a `RecoveryInstanceFailbackStateChange`."""
    PIT_SNAPSHOT_TAKEN = "DRS PIT Snapshot Taken"
    """There is a new point in time to launch from: its detail is a `PitSnapshotTaken`."""
    SOURCE_NETWORK_PROTECTION_STATUS_CHANGE = "DRS Source Network Protection Status Change"
    """The protection of a network changed; AWS shows no sample, so the detail is as it came."""
    SOURCE_NETWORK_RECOVERY_RESULT = "DRS Source Network Recovery Result"
    """A network was recovered, or was not; AWS shows no sample, so the detail is as it came."""


class LaunchResultState(OpenEnum):
    """How the launch of a source server ended."""

    RECOVERY_LAUNCH_SUCCEEDED = "RECOVERY_LAUNCH_SUCCEEDED"
    """The recovery or drill instance was launched."""
    RECOVERY_LAUNCH_FAILED = "RECOVERY_LAUNCH_FAILED"
    """It was not; the job's log may say why."""


class StalledState(OpenEnum):
    """Whether replication stands still."""

    STALLED = "STALLED"
    """No data is replicated: the age of the last point in time grows."""
    NOT_STALLED = "NOT_STALLED"
    """Replication works again; it may be behind for a while."""


class FailbackChangeState(OpenEnum):
    """Where a failback has come to."""

    FAILBACK_IN_PROGRESS = "FAILBACK_IN_PROGRESS"
    """The failback has begun."""
    FAILBACK_COMPLETED = "FAILBACK_COMPLETED"
    """The failback is done."""
    FAILBACK_ERROR = "FAILBACK_ERROR"
    """The failback failed; the recovery instance says why."""


class _Unparsed(dict[str, object]):
    """What did not fit, by path. As the context of a validation it asks for leniency."""


def _unparsed_in(info: ValidationInfo) -> _Unparsed | None:
    context = cast("object", info.context)
    return context if isinstance(context, _Unparsed) else None


class _Lenient(Shape, frozen=True):
    """Loses a member that does not fit, not the whole, where `parse_event` reads it."""

    _path: ClassVar[str] = ""

    @field_validator("*", mode="wrap")
    @classmethod
    def _or_missing(
        cls, value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        try:
            return cast("object", handler(value))
        except ValidationError:
            unparsed, name = _unparsed_in(info), info.field_name
            if unparsed is None or name is None or cls.model_fields[name].is_required():
                raise
            unparsed[f"{cls._path}{name}"] = value
            return cast(
                "object",
                cls.model_fields[name].get_default(
                    call_default_factory=True, validated_data=info.data
                ),
            )


class EventDetail(_Lenient, frozen=True):
    """What an event says. Members without a field of their own stand in ``model_extra``.

    Events of a type that this package does not know have this class as it is, and so have those of
    source networks and what CloudTrail reports of calls.
    """

    _path: ClassVar[str] = "detail."


class SourceServerLaunchResult(EventDetail, frozen=True):
    """The launch of a source server for a recovery or a drill has ended."""

    state: LaunchResultState | None = None
    """How it ended."""

    job_id: str | None = Field(
        default=None, validation_alias="job-id", serialization_alias="job-id"
    )
    """The job that launched it, as ``drsjob-...``."""

    is_drill: bool | None = Field(
        default=None, validation_alias="is-drill", serialization_alias="is-drill"
    )
    """Whether it was a drill; None is not known, and not the same as no."""


class SourceServerReplicationStalledChange(EventDetail, frozen=True):
    """The replication of a source server has stalled, or works again."""

    state: StalledState | None = None
    """Which of the two."""


class RecoveryInstanceFailbackStateChange(EventDetail, frozen=True):
    """The failback of a recovery instance has begun, is done, or failed."""

    state: FailbackChangeState | None = None
    """Which of the three."""


def _split(value: object) -> object:
    """Read ``id,id``, which is how the service writes a list here."""
    if not isinstance(value, str):
        return value
    return tuple(part for each in value.split(",") if (part := each.strip()))


class PitSnapshotTaken(EventDetail, frozen=True):
    """A point in time of a source server has been taken."""

    drs_snapshot_id: str | None = Field(
        default=None, validation_alias="DrsSnapshotID", serialization_alias="DrsSnapshotID"
    )
    """The point in time, to launch from with ``start_recovery``."""

    ebs_snapshot_ids: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=(), validation_alias="EbsSnapshotIDs", serialization_alias="EbsSnapshotIDs"
    )
    """The EBS snapshots behind it, one a disk; they are of no use to ``start_recovery``."""


_DETAILS: Mapping[str, type[EventDetail]] = {
    DetailType.SOURCE_SERVER_LAUNCH_RESULT: SourceServerLaunchResult,
    DetailType.SOURCE_SERVER_REPLICATION_STALLED_CHANGE: SourceServerReplicationStalledChange,
    DetailType.RECOVERY_INSTANCE_FAILBACK_STATE_CHANGE: RecoveryInstanceFailbackStateChange,
    DetailType.PIT_SNAPSHOT_TAKEN: PitSnapshotTaken,
}


def _class_by_type(data: Mapping[str, object]) -> type[EventDetail]:
    return _DETAILS.get(cast("str", data.get("detail_type")), EventDetail)


def _empty_detail(data: dict[str, object]) -> EventDetail:
    return _class_by_type(data)()


def _detail_by_type(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, Mapping):
        return value
    members = dict(cast("Mapping[str, object]", value))
    return _class_by_type(info.data).model_validate(members, context=info.context)


def _texts(value: object, info: ValidationInfo) -> object:
    """Lose an item that is no text, not the list that holds it."""
    unparsed = _unparsed_in(info)
    if unparsed is None or not isinstance(value, (list, tuple)):
        return value
    items = cast("list[object] | tuple[object, ...]", value)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            unparsed[f"{info.field_name}[{index}]"] = item
    return [item for item in items if isinstance(item, str)]


class Event(_Lenient, frozen=True):
    """An event of the service. What it lacks is None, or empty where it would be a list.

    Build one by Python names for a test of your own, or read a payload with `parse_event`.
    """

    version: str | None = None
    """Version of EventBridge's envelope, ``0`` to this day."""

    id: str | None = None
    """The event's own id; one that is delivered twice has it twice."""

    detail_type: DetailType = Field(
        validation_alias="detail-type", serialization_alias="detail-type"
    )
    """What the event is about. Equal to its text, also where this package does not know it."""

    source: str | None = None
    """``aws.drs``."""

    account: str | None = None
    """The AWS account that the event is from, 12 digits."""

    time: AwareDatetime | None = None
    """When it happened; aware, to the second."""

    region: str | None = None
    """The Region that the event is from."""

    resources: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()
    """ARNs of what the event is about."""

    detail: Annotated[SerializeAsAny[EventDetail], BeforeValidator(_detail_by_type)] = Field(
        default_factory=_empty_detail
    )
    """What happened, by the class that goes with ``detail_type``."""

    _unparsed: Mapping[str, object] = PrivateAttr(default_factory=dict[str, object])

    @model_validator(mode="after")
    def _keep_unparsed(self, info: ValidationInfo) -> Self:
        self._unparsed = dict(_unparsed_in(info) or {})  # pyright: ignore[reportAttributeAccessIssue]  # a private attribute, not a field
        return self

    @property
    def unparsed(self) -> Mapping[str, object]:
        """Values that did not fit, by path (``detail.is_drill``), as they came."""
        return self._unparsed

    @property
    def source_server_id(self) -> str | None:
        """The source server that the event is about, as ``s-...``."""
        return self._id_of("source-server")

    @property
    def recovery_instance_id(self) -> str | None:
        """The recovery instance that the event is about, as its ARN has it.

        AWS's samples show ``ri-...``, while operations have ids like those of EC2, ``i-...``.
        """
        return self._id_of("recovery-instance")

    @property
    def source_network_id(self) -> str | None:
        """The source network that the event is about, as ``sn-...``."""
        return self._id_of("source-network")

    @property
    def job_id(self) -> str | None:
        """The job that the event is about, as ``drsjob-...``.

        Read from the detail, or from an ARN.
        """
        if isinstance(self.detail, SourceServerLaunchResult):
            told: object = self.detail.job_id
        else:
            told = (self.detail.model_extra or {}).get("job-id")
        return told if isinstance(told, str) else self._id_of("job")

    def _id_of(self, kind: str) -> str | None:
        """Find the first ARN of a kind: ``arn:aws:drs:REGION:ACCOUNT:KIND/ID``."""
        for arn in self.resources:
            _, _, service, _, _, resource = (*arn.split(":", 5), *[""] * 5)[:6]
            found, _, identifier = resource.partition("/")
            if service == "drs" and found == kind and identifier:
                return identifier
        return None


def parse_event(payload: Mapping[str, object] | str | bytes | bytearray) -> Event:
    """Read an event of the service.

    Nothing in an event can break it but what is not an event: a member that does not fit is left
    out, warned of on the logger ``drs_sdk``, and stands in ``event.unparsed``; a member, a type or
    a state that this package does not know is kept.

    Events inside of something else, a record of SQS or a notification of SNS, are not looked for:
    give it the record's body, or the notification's message.

    Args:
        payload: The event, as a Lambda function is given it, or as JSON.

    Returns:
        The event; its detail has the class that goes with its type.

    Raises:
        RequestValidationError: It is not an event, or one of another source than ``aws.drs``: look
            at what is wired to what.
    """
    data = _object_in(payload)
    kind, source = data.get("detail-type"), data.get("source")
    if not isinstance(kind, str) or not kind:
        raise _refusal(f"it has no detail-type, but {_members_of(data)}")
    if isinstance(source, str) and source != _SOURCE:
        raise _refusal(
            f"it is a {_quoted(kind)} of {_quoted(source)}; is the rule's pattern "
            f'{{"source": ["{_SOURCE}"]}}?'
        )
    unparsed = _Unparsed()
    try:
        event = Event.model_validate(data, context=unparsed)
    except ValidationError as error:
        raise _refusal("its detail-type or the name of a member is no text") from error
    if unparsed:
        logger.warning(
            "an event has values that do not fit: %s",
            ", ".join(unparsed),
            extra={"paths": list(unparsed)},
        )
    return event


def _object_in(payload: object) -> dict[str, object]:
    if isinstance(payload, (str, bytes, bytearray)):
        try:
            payload = cast("object", json.loads(payload))
        except (ValueError, RecursionError) as error:
            raise _refusal("it is no JSON") from error
    if isinstance(payload, list):
        raise _refusal("it is a list; parse its items one by one")
    if not isinstance(payload, Mapping):
        raise _refusal(f"it is no JSON object, but {type(payload).__name__}")
    return dict(cast("Mapping[str, object]", payload))


def _members_of(data: Mapping[str, object]) -> str:
    if "Records" in data:
        return "a batch of records: parse the body of each (SQS), or its message (SNS)"
    return ", ".join(_quoted(name) for name in list(data)[:10]) or "nothing at all"


def _quoted(text: object) -> str:
    return repr(text)[:_LONGEST_QUOTE]


def _refusal(reason: str) -> RequestValidationError:
    message = f"the payload is no event of DRS: {reason}"
    return RequestValidationError(message, problems=[FieldProblem("payload", reason)])
