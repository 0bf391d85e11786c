"""Post-launch actions of source servers and of the launch template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_in_order, paged
from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import configurations, predefined_actions

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_LARGEST_PAGE = 200
# SSM documents of type Command among the public ones that actions run; other documents are
# taken for automations.
_COMMANDS = frozenset(
    {
        "AWS-ConfigureAWSPackage",
        "AWS-InstallApplication",
        "AWS-RunPatchBaseline",
        "AWS-RunPowerShellScript",
        "AWS-RunRemoteScript",
        "AWS-RunShellScript",
        "AWS-UpdateSSMAgent",
        "AmazonCloudWatch-ManageAgent",
        *predefined_actions.COMMANDS,
    }
)


@handles("PutLaunchAction")
def put_launch_action(account: Account, params: Doc) -> Doc:
    """Add an action, or replace the one with the same identifier."""
    resource = _resource(account, params)
    others = [
        action
        for action in configurations.actions_of(account, resource)
        if action.doc["actionId"] != params["actionId"]
    ]
    limit = account.quotas.launch_actions
    # Nobody says that the predefined ones count.
    own = {params["actionId"], *(action.doc["actionId"] for action in others)}
    if len(own - predefined_actions.IDENTIFIERS) > limit:
        raise refusals.quota_exceeded("launch_actions", limit, "launch-action")
    taken = next((a for a in others if a.doc["order"] == params["order"]), None)
    if taken is not None:
        raise refusals.conflict(
            f"Order {params['order']} of {resource.id} is taken by action {taken.doc['actionId']}.",
            "launch-action",
            taken.doc["actionId"],
        )
    if resource.id.startswith("lct-"):
        configurations.settle_servers(account)
    kind = "SSM_COMMAND" if params["actionCode"] in _COMMANDS else "SSM_AUTOMATION"
    doc: Doc = {name: value for name, value in params.items() if name != "resourceId"}
    doc["type"] = kind
    configurations.put_action(account, resource, doc)
    return {"resourceId": resource.id, **doc}


@handles("ListLaunchActions")
def list_launch_actions(account: Account, params: Doc) -> Doc:
    """List the actions of a resource in the order in which they run."""
    actions = configurations.actions_of(account, _resource(account, params))
    ids: list[str] = params.get("filters", {}).get("actionIds", [])
    if ids:
        actions = [action for action in actions if action.doc["actionId"] in ids]
    page, token = page_in_order(
        account,
        "ListLaunchActions",
        params,
        actions,
        place=configurations.place_of,
        largest=_LARGEST_PAGE,
    )
    return paged("items", [action.shown() for action in page], token)


@handles("DeleteLaunchAction")
def delete_launch_action(account: Account, params: Doc) -> Doc:
    """Delete an action."""
    resource = _resource(account, params)
    if resource.id.startswith("lct-"):
        configurations.settle_servers(account)
    configurations.delete_action(account, resource, params["actionId"])
    return {}


def _resource(account: Account, params: Doc) -> Resource:
    resource_id: str = params["resourceId"]
    if resource_id.startswith("lct-"):
        return account.collection("launch_configuration_templates").require(resource_id)
    return account.source_servers.require(resource_id)
