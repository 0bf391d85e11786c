"""Takes over resources from what describe calls printed.

Any JSON will do in which the objects of describe answers stand, however deep: the walk knows
them by their members. To load another kind, add a row to `KINDS`; what belongs to a resource
and has no life of its own (a job's log) stands in `loading_parts`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from drs_sdk.testing import failing_back, fleet, loading_parts
from drs_sdk.testing.account import Account
from drs_sdk.testing.documents import Doc, copy_doc
from drs_sdk.testing.foreign_json import date_of, plain, require_list, require_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from drs_sdk.testing.loading_parts import Part


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of resource is known in foreign JSON.

    Attributes:
        collection: Where it is stored.
        shape: The service's name of it.
        id_member: The member that identifies it; it must be there.
        any_of: At least one of these members must be there.
        none_of: None of these may be.
        only: Where given, no other members may be.
        arn_member: The member that holds its ARN, made up where it is missing; empty: it has
            none.
        owner: The collection of what it belongs to, whose identifier it goes by; empty: it
            stands for itself.
        in_state: Members that the emulator keeps in the resource's state, under which key, and
            the service's name of their items.
        dated_by: The member that puts resources in the order of their making, oldest first.
        defaults: What the emulator needs and a sparse resource may lack; None means the time.
        state: What the emulator remembers of a new one.
        complete: Adds what cannot be said in a table.
    """

    collection: str
    shape: str
    id_member: str
    any_of: frozenset[str]
    none_of: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    arn_member: str = "arn"
    owner: str = ""
    in_state: tuple[tuple[str, str, str], ...] = ()
    dated_by: str = ""
    defaults: Mapping[str, str | None] = field(default_factory=dict[str, str | None], hash=False)
    state: Mapping[str, object] = field(default_factory=dict[str, object], hash=False)
    complete: Callable[[Account, Doc, Doc], None] | None = None

    def recognises(self, value: Doc) -> bool:
        """Tell whether an object is of this kind."""
        names = value.keys()
        return (
            isinstance(value.get(self.id_member), str)
            and bool(self.any_of & names)
            and not self.none_of & names
            and (not self.only or names <= self.only)
        )


def _staged(account: Account, doc: Doc, state: Doc) -> None:
    """Make up what an extended server would have, and let its account trust this one."""
    arn: str = doc["arn"]
    account_id = next(iter(arn.split(":")[4:5]), "")
    if not account_id.isdecimal():
        raise ValueError(f"{arn!r} is not the ARN of a source server")
    accounts = account.collection("staging_accounts")
    if account_id not in accounts:
        accounts.add(account_id, {"accountID": account_id})
    lasting = fleet.lasting_properties(arn, 1, account.stamp())
    lasting["sourceProperties"]["identificationHints"]["hostname"] = doc["hostname"]
    del lasting["tags"]
    state.update(account=account_id, lasting=lasting)


KINDS: tuple[Kind, ...] = (
    Kind(
        "source_servers",
        "SourceServer",
        "sourceServerID",
        frozenset({"arn", "sourceProperties", "dataReplicationInfo"}),
        # Other resources name their source server too.
        frozenset({"recoveryInstanceID", "jobID", "snapshotID"}),
    ),
    Kind(
        "jobs",
        "Job",
        "jobID",
        frozenset({"initiatedBy", "participatingServers", "participatingResources", "status"}),
        frozenset({"recoveryInstanceID", "sourceServerID", "recoveryPlanExecutionArn"}),
        in_state=(("detail", "log", "JobLog"), ("items", "log", "JobLog")),
        dated_by="creationDateTime",
        state={"log": []},
    ),
    Kind(
        "recovery_instances",
        "RecoveryInstance",
        "recoveryInstanceID",
        frozenset({"ec2InstanceID", "ec2InstanceState", "recoveryInstanceProperties"}),
    ),
    Kind(
        "launch_configuration_templates",
        "LaunchConfigurationTemplate",
        "launchConfigurationTemplateID",
        frozenset({"arn", "launchDisposition"}),
    ),
    Kind(
        "replication_configuration_templates",
        "ReplicationConfigurationTemplate",
        "replicationConfigurationTemplateID",
        frozenset({"arn", "pitPolicy"}),
    ),
    Kind(
        "launch_configurations",
        "LaunchConfiguration",
        "sourceServerID",
        frozenset({"ec2LaunchTemplateID", "launchDisposition"}),
        arn_member="",
        owner="source_servers",
    ),
    Kind(
        "replication_configurations",
        "ReplicationConfiguration",
        "sourceServerID",
        frozenset({"stagingAreaSubnetId", "pitPolicy"}),
        arn_member="",
        owner="source_servers",
    ),
    Kind("source_networks", "SourceNetwork", "sourceNetworkID", frozenset({"arn", "sourceVpcID"})),
    Kind(
        "recovery_plans",
        "RecoveryPlan",
        "recoveryPlanArn",
        frozenset({"name", "createdAt"}),
        frozenset({"recoveryPlanExecutionArn"}),
        arn_member="recoveryPlanArn",
        dated_by="createdAt",
        defaults={"name": "plan", "status": "INVALID", "createdAt": None, "updatedAt": None},
        state={"steps": []},
    ),
    Kind(
        "recovery_plan_executions",
        "RecoveryPlanExecution",
        "recoveryPlanExecutionArn",
        frozenset({"mode", "startedAt"}),
        arn_member="recoveryPlanExecutionArn",
        dated_by="startedAt",
        defaults={
            "recoveryPlanArn": "",
            "mode": "DRILL",
            "status": "COMPLETED",
            "startedAt": None,
        },
        state={"steps": [], "snapshots": {}},
    ),
    Kind(
        "staging_source_servers",
        "StagingSourceServer",
        "arn",
        frozenset({"hostname"}),
        only=frozenset({"arn", "hostname", "tags"}),
        arn_member="",
        complete=_staged,
    ),
    Kind(
        "staging_accounts",
        "Account",
        "accountID",
        frozenset({"accountID"}),
        only=frozenset({"accountID"}),
        arn_member="",
        # The service lists those that servers are extended from.
        state={"listed": True},
    ),
)


def read_source(source: object) -> object:
    """Return the JSON value that `DRSEmulator.load` was given, reading the file if it is a path.

    Raises:
        ValueError: The file holds no JSON.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(cast("str | os.PathLike[str]", source))
        try:
            # As bytes: what a shell on Windows redirects into a file is not UTF-8.
            return cast("object", json.loads(path.read_bytes()))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} holds no JSON: {error}") from error
    return source


def load_resources(account: Account, value: object) -> tuple[Account, list[str]]:
    """Store every resource that stands in a JSON value, in a copy of an account.

    One that stands there more than once is merged, the later members winning; one that the
    account has already is replaced.

    Returns:
        The copy, and the identifiers of what was loaded, in the order they were found.

    Raises:
        ValueError: Something does not say what it belongs to, or that is not there, or it is
            not what the service describes.
    """
    # All or nothing: what was loaded before a mistake shows would stay behind.
    copy = Account.restore(account.snapshot())
    try:
        return copy, _load(copy, plain(value))
    except (AttributeError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(f"this is nothing that the service answers: {error!r}") from error


def _load(account: Account, value: object) -> list[str]:
    found: dict[tuple[Kind, str], Doc] = {}
    parts: list[tuple[Part, str, list[Doc]]] = []
    for kind, owner, docs in _walk([value], {}):
        for doc in docs:
            require_types(kind.shape, doc)
        if isinstance(kind, Kind):
            found.setdefault((kind, docs[0][kind.id_member]), {}).update(docs[0])
        else:
            parts.append((kind, owner, docs))
    for (kind, resource_id), doc in sorted(
        found.items(), key=lambda item: date_of(item[1], item[0][0].dated_by)
    ):
        _store(account, kind, resource_id, doc)
    for kind, resource_id in found:
        if kind.owner:
            owners, what = account.collection(kind.owner), kind.collection.replace("_", " ")
            loading_parts.required(owners, resource_id, what)
    loaded = dict.fromkeys(resource_id for kind, resource_id in found if not kind.owner)
    for part, owner, docs in parts:
        loaded.update(dict.fromkeys(loading_parts.attach(account, part, owner, docs)))
    failing_back.link_loaded(account)
    return list(loaded)


def _store(account: Account, kind: Kind, resource_id: str, doc: Doc) -> None:
    collection = account.collection(kind.collection)
    stored = copy_doc(doc)
    arn = ""
    if kind.arn_member:
        default_arn = account.settings.arn(collection.resource_type, resource_id)
        arn = stored.setdefault(kind.arn_member, default_arn)
    for name, default in kind.defaults.items():
        stored.setdefault(name, account.stamp() if default is None else default)
    state = copy_doc(dict(kind.state))
    present = collection.get(resource_id)
    if present is not None:
        # What hangs on it, such as the steps of a plan, is loaded by itself.
        state.update({key: present.state[key] for key in kind.state if key in present.state})
        collection.remove(resource_id)
    for name, key, shape in kind.in_state:
        if name in stored:
            state[key] = stored.pop(name)
            require_list(shape, state[key])
    if kind.complete is not None:
        kind.complete(account, stored, state)
    collection.add(resource_id, stored, arn=arn, state=state)


def _walk(value: object, around: Doc) -> Iterator[tuple[Kind | Part, str, list[Doc]]]:
    """Find resources and parts; `around` holds the members of the objects they stand in."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        yield from _parts(items, around)
        for item in items:
            yield from _walk(item, around)
    elif isinstance(value, dict):
        doc = cast("Doc", value)
        kind = next((kind for kind in KINDS if kind.recognises(doc)), None)
        if kind is not None:
            yield kind, "", [_bare(doc)]
            return
        around = {**around, **{k: v for k, v in doc.items() if isinstance(v, str)}}
        for item in doc.values():
            # A part that stands alone, as Get answers have it.
            yield from _parts([item], around)
            yield from _walk(item, around)


def _parts(items: list[object], around: Doc) -> Iterator[tuple[Part, str, list[Doc]]]:
    grouped: dict[tuple[Part, str], list[Doc]] = {}
    for item in items:
        if isinstance(item, dict):
            doc = cast("Doc", item)
            part = loading_parts.part_of(doc)
            if part is not None:
                owner = str(doc.get(part.owner) or around.get(part.owner, ""))
                grouped.setdefault((part, owner), []).append(_bare(doc))
    for (part, owner), docs in grouped.items():
        yield part, owner, docs


def _bare(doc: Doc) -> Doc:
    """Leave out the member that boto3 adds to answers, bare resources among them."""
    return {name: value for name, value in doc.items() if name != "ResponseMetadata"}
