"""What each source server has of its own: its launch and replication configuration, its actions.

A server takes them over from the account's templates when it is added. The emulator makes
them when they are first asked for, and makes those of all servers before a template changes,
so that nobody sees the difference and a large fleet costs nothing.

Predefined actions are stored only where they were changed; a resource's `state["without"]` lists
those that it has not.

The collections are `launch_configurations` and `replication_configurations` (one of each for
a server, under its identifier) and `launch_actions` (see `actions_of`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.state import predefined_actions
from drs_sdk.testing.world.resources import Resource

if TYPE_CHECKING:
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection

LAUNCH_DEFAULTS: Doc = {
    "launchDisposition": "STARTED",
    "targetInstanceTypeRightSizingMethod": "BASIC",
    "copyPrivateIp": False,
    "copyTags": False,
    "licensing": {"osByol": False},
    "postLaunchEnabled": False,
    "recoveryMode": "OPTIMAL",
}
"""What a launch configuration says where nobody said anything."""

REPLICATION_DEFAULTS: Doc = {
    "associateDefaultSecurityGroup": True,
    "replicationServerInstanceType": "t3.small",
    "useDedicatedReplicationServer": False,
    "defaultLargeStagingDiskType": "GP3",
    "dataPlaneRouting": "PRIVATE_IP",
    "createPublicIP": False,
    "autoReplicateNewDisks": True,
    "internetProtocol": "IPV4",
}
"""What a replication template says where its maker said nothing."""

PIT_POLICY: tuple[Doc, ...] = (
    {"ruleID": 1, "units": "MINUTE", "interval": 10, "retentionDuration": 60, "enabled": True},
    {"ruleID": 2, "units": "HOUR", "interval": 1, "retentionDuration": 24, "enabled": True},
    {"ruleID": 3, "units": "DAY", "interval": 1, "retentionDuration": 7, "enabled": True},
)
"""When snapshots are taken and how long they stay, where no template says otherwise."""

_WITHOUT_TEMPLATE: Doc = {
    **REPLICATION_DEFAULTS,
    "stagingAreaSubnetId": "subnet-0123456789abcdef0",
    "replicationServersSecurityGroupsIDs": [],
    "ebsEncryption": "DEFAULT",
    "bandwidthThrottling": 0,
    "stagingAreaTags": {},
    "pitPolicy": list(PIT_POLICY),
}
_TEMPLATE_ONLY = frozenset({"replicationConfigurationTemplateID", "arn", "tags"})
_GIB = 1024**3
_LARGE_DISK = 500 * _GIB
_ACTIONS = "actions"
_WITHOUT = "without"
FIRST_ORDER = 2
"""The lowest order that an action may have."""


def launch_configuration_of(account: Account, server: Resource) -> Resource:
    """Return the launch configuration of a source server."""
    collection = account.collection("launch_configurations")
    found = collection.get(server.id)
    if found is not None:
        return _filled(found, LAUNCH_DEFAULTS)
    template = _only(account.collection("launch_configuration_templates"))
    said = template.doc if template is not None else LAUNCH_DEFAULTS
    doc: Doc = {
        "sourceServerID": server.id,
        "name": _name_of(server),
        "ec2LaunchTemplateID": f"lt-{server.id.removeprefix('s-')}",
        "launchIntoInstanceProperties": {},
        **{name: said.get(name, default) for name, default in LAUNCH_DEFAULTS.items()},
    }
    return collection.add(server.id, copy_doc(doc))


def replication_configuration_of(account: Account, server: Resource) -> Resource:
    """Return the replication configuration of a source server."""
    collection = account.collection("replication_configurations")
    found = collection.get(server.id)
    if found is not None:
        return _filled(found, _WITHOUT_TEMPLATE)
    template = _only(account.collection("replication_configuration_templates"))
    said = template.doc if template is not None else _WITHOUT_TEMPLATE
    doc: Doc = {
        "sourceServerID": server.id,
        "name": _name_of(server),
        **{name: value for name, value in said.items() if name not in _TEMPLATE_ONLY},
        "replicatedDisks": _staging_disks(server, said),
    }
    return collection.add(server.id, copy_doc(doc))


def optimized_disk_type(server: Resource, device: str, said: Doc) -> str:
    """Return the type of staging disk that AUTO stands for: it goes by the disk's size."""
    disks: list[Doc] = server.doc.get("sourceProperties", {}).get("disks", [])
    size = next((d.get("bytes", 0) for d in disks if d.get("deviceName") == device), 0)
    large: str = said.get("defaultLargeStagingDiskType", "AUTO")
    return large if size >= _LARGE_DISK and large != "AUTO" else "GP3"


def actions_of(account: Account, resource: Resource) -> list[Resource]:
    """Return the post-launch actions of a source server or of a launch template, in order.

    They stand in the collection `launch_actions` under `<resource>/<action>`; `doc` is the
    service's LaunchAction. A server has those that the template had when it was added, until
    they are changed.
    """
    collection = account.collection("launch_actions")
    ids = _action_ids(account, resource)
    found = collection.select(action_key(resource.id, i) for i in ids)
    hidden = {*ids, *resource.state.get(_WITHOUT, ())}
    for doc in predefined_actions.predefined_actions():
        if doc["actionId"] not in hidden:
            found.append(Resource(action_key(resource.id, doc["actionId"]), "", 0, doc))
    return sorted(found, key=place_of)


def place_of(action: Resource) -> int:
    """Return where an action stands among those of its resource, a number unlike all others."""
    return (int(action.doc["order"]) << 40) + action.seq


def put_action(account: Account, resource: Resource, doc: Doc) -> Resource:
    """Store an action of a server or a template, in the place of one with the same identifier."""
    action_id: str = doc["actionId"]
    ids = _action_ids(account, resource)
    collection, key = account.collection("launch_actions"), action_key(resource.id, action_id)
    present = collection.get(key)
    if present is not None:
        present.doc = doc
    else:
        present = collection.add(key, doc, state={"resource": resource.id})
    if action_id not in ids:
        ids.append(action_id)
    without: list[str] = resource.state.get(_WITHOUT, [])
    if action_id in without:
        without.remove(action_id)
    return present


def set_actions(account: Account, resource: Resource, docs: list[Doc]) -> None:
    """Let a server or a template have these actions and no others."""
    resource.state.setdefault(_ACTIONS, [])
    kept = {doc["actionId"] for doc in docs}
    for action_id in set(resource.state[_ACTIONS]) - kept:
        delete_action(account, resource, action_id)
    resource.state[_WITHOUT] = sorted(predefined_actions.IDENTIFIERS - kept)
    for doc in docs:
        put_action(account, resource, doc)


def delete_action(account: Account, resource: Resource, action_id: str) -> None:
    """Delete an action, which must be there.

    Raises:
        ServiceError: ResourceNotFoundException.
    """
    ids = _action_ids(account, resource)
    key = action_key(resource.id, action_id)
    collection = account.collection("launch_actions")
    without: list[str] = resource.state.setdefault(_WITHOUT, [])
    if action_id in ids:
        collection.remove(key)
        ids.remove(action_id)
    elif action_id not in predefined_actions.IDENTIFIERS - {*without}:
        collection.require(key)
    if action_id in predefined_actions.IDENTIFIERS:
        without.append(action_id)


def action_key(resource_id: str, action_id: str) -> str:
    """Return the identifier of an action in its collection."""
    return f"{resource_id}/{action_id}"


def settle_servers(account: Account) -> None:
    """Make what every server has of its own: to be called before a template changes."""
    for server in account.source_servers:
        launch_configuration_of(account, server)
        replication_configuration_of(account, server)
        _action_ids(account, server)


def forget(account: Account, resource: Resource) -> None:
    """Delete what a server or a template has of its own, because it is deleted."""
    actions = account.collection("launch_actions")
    for action_id in resource.state.get(_ACTIONS, []):
        actions.remove(action_key(resource.id, action_id))
    for name in ("launch_configurations", "replication_configurations"):
        collection = account.collection(name)
        if resource.id in collection:
            collection.remove(resource.id)


def _action_ids(account: Account, resource: Resource) -> list[str]:
    """Return the identifiers of a resource's actions, the list to change."""
    ids: list[str] | None = resource.state.get(_ACTIONS)
    if ids is None:
        ids = resource.state[_ACTIONS] = []
        template = _only(account.collection("launch_configuration_templates"))
        if template is not None and template is not resource:
            stored = account.collection("launch_actions")
            for action_id in _action_ids(account, template):
                action = stored.require(action_key(template.id, action_id))
                put_action(account, resource, copy_doc(action.doc))
            resource.state[_WITHOUT] = list(template.state.get(_WITHOUT, ()))
    return ids


def _filled(configuration: Resource, defaults: Doc) -> Resource:
    """Add what is missing in a configuration that was loaded, without showing it."""
    missing: Doc = {name: defaults[name] for name in defaults if name not in configuration.doc}
    if missing:
        configuration.doc.update(copy_doc(missing))
        configuration.state["made_up"] = copy_doc(missing)
    return configuration


def _only(templates: Collection) -> Resource | None:
    return next(iter(templates), None)


def _name_of(server: Resource) -> str:
    hints = server.doc.get("sourceProperties", {}).get("identificationHints", {})
    return str(server.doc.get("tags", {}).get("Name") or hints.get("hostname") or server.id)


def _staging_disks(server: Resource, said: Doc) -> list[Doc]:
    disks: list[Doc] = server.doc.get("sourceProperties", {}).get("disks", [])
    return [
        {
            "deviceName": disk.get("deviceName", ""),
            "isBootDisk": index == 0,
            "stagingDiskType": "AUTO",
            "optimizedStagingDiskType": optimized_disk_type(
                server, disk.get("deviceName", ""), said
            ),
        }
        # The service shows 60 disks at most.
        for index, disk in enumerate(disks[:60])
    ]
