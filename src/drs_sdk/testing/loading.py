"""Takes over resources from what describe calls printed.

Any JSON will do in which the objects of describe answers stand, however deep: the walk knows
them by their members. To load another kind, add a row to `KINDS`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from drs_sdk.testing.documents import Doc, copy_doc, without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.testing.account import Account


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of resource is known in foreign JSON.

    Attributes:
        collection: Where it is stored.
        id_member: The member that identifies it; it must be there.
        any_of: At least one of these members must be there.
        none_of: None of these may be.
        has_arn: Whether it has an ARN, made up where it is missing.
        in_state: Members that the emulator keeps in the resource's state, and under which key.
        dated_by: The member that puts resources in the order of their making, oldest first.
    """

    collection: str
    id_member: str
    any_of: frozenset[str]
    none_of: frozenset[str] = frozenset()
    has_arn: bool = True
    in_state: tuple[tuple[str, str], ...] = ()
    dated_by: str = ""

    def recognises(self, value: Doc) -> bool:
        """Tell whether an object is of this kind."""
        names = value.keys()
        return (
            isinstance(value.get(self.id_member), str)
            and bool(self.any_of & names)
            and not self.none_of & names
        )


KINDS: tuple[Kind, ...] = (
    Kind(
        "source_servers",
        "sourceServerID",
        frozenset({"arn", "sourceProperties", "dataReplicationInfo"}),
        # Other resources name their source server too.
        frozenset({"recoveryInstanceID", "jobID", "snapshotID"}),
    ),
    Kind(
        "jobs",
        "jobID",
        frozenset({"initiatedBy", "participatingServers", "participatingResources", "items"}),
        frozenset({"recoveryInstanceID", "sourceServerID", "recoveryPlanExecutionArn"}),
        in_state=(("detail", "log"), ("items", "log")),
        dated_by="creationDateTime",
    ),
    Kind(
        "recovery_instances",
        "recoveryInstanceID",
        frozenset({"ec2InstanceID", "ec2InstanceState", "recoveryInstanceProperties"}),
    ),
    Kind(
        "launch_configuration_templates",
        "launchConfigurationTemplateID",
        frozenset({"arn", "launchDisposition"}),
    ),
    Kind(
        "replication_configuration_templates",
        "replicationConfigurationTemplateID",
        frozenset({"arn", "pitPolicy"}),
    ),
    Kind(
        "launch_configurations",
        "sourceServerID",
        frozenset({"ec2LaunchTemplateID", "launchDisposition"}),
        has_arn=False,
    ),
    Kind(
        "replication_configurations",
        "sourceServerID",
        frozenset({"stagingAreaSubnetId", "pitPolicy"}),
        has_arn=False,
    ),
    Kind("source_networks", "sourceNetworkID", frozenset({"arn", "sourceVpcID"})),
)


def read_source(source: object) -> object:
    """Return the JSON value that `DRSEmulator.load` was given, reading the file if it is a path."""
    if isinstance(source, str | os.PathLike):
        path = Path(cast("str | os.PathLike[str]", source))
        return cast("object", json.loads(path.read_text(encoding="utf-8")))
    return source


def load_resources(account: Account, value: object) -> list[str]:
    """Store every resource that stands in a JSON value.

    One that stands there more than once is merged, the later members winning; one that the
    account has already is replaced.

    Returns:
        The identifiers of what was loaded, in the order they were found.
    """
    found: dict[tuple[Kind, str], Doc] = {}
    for kind, doc in _walk(without_nulls(value)):
        found.setdefault((kind, doc[kind.id_member]), {}).update(doc)
    for (kind, resource_id), doc in sorted(
        found.items(), key=lambda item: str(item[1].get(item[0][0].dated_by, ""))
    ):
        collection = account.collection(kind.collection)
        if resource_id in collection:
            collection.remove(resource_id)
        arn: str = ""
        if kind.has_arn:
            default_arn = account.settings.arn(collection.resource_type, resource_id)
            arn = doc.setdefault("arn", default_arn)
        stored = copy_doc(doc)
        state: Doc = {key: stored.pop(name) for name, key in kind.in_state if name in stored}
        collection.add(resource_id, stored, arn=arn, state=state)
    return [resource_id for _, resource_id in found]


def _walk(value: object) -> Iterator[tuple[Kind, Doc]]:
    if isinstance(value, dict):
        doc = cast("Doc", value)
        for kind in KINDS:
            if kind.recognises(doc):
                # boto3 adds its own member to answers, bare resources among them.
                yield kind, {k: v for k, v in doc.items() if k != "ResponseMetadata"}
                return
        for item in doc.values():
            yield from _walk(item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _walk(item)
