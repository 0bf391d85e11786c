"""Launch configuration: the account's template, and each source server's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of, paged
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.state import configurations

if TYPE_CHECKING:
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection

DEFAULTS: Doc = {**configurations.LAUNCH_DEFAULTS, "launchIntoSourceInstance": False}
"""What a template says where its maker said nothing."""


@handles("GetLaunchConfiguration")
def get_launch_configuration(account: Account, params: Doc) -> Doc:
    """Show the configuration of a source server."""
    server = account.source_servers.require(params["sourceServerID"])
    return configurations.launch_configuration_of(account, server).shown()


@handles("UpdateLaunchConfiguration")
def update_launch_configuration(account: Account, params: Doc) -> Doc:
    """Change the members that are given, and leave the others."""
    server = account.source_servers.require(params["sourceServerID"])
    configuration = configurations.launch_configuration_of(account, server)
    configuration.doc.update(params)
    configuration.settle_members(params)
    return configuration.shown()


@handles("CreateLaunchConfigurationTemplate")
def create_launch_configuration_template(account: Account, params: Doc) -> Doc:
    """Create the account's template."""
    templates = _templates(account)
    limit = account.quotas.launch_configuration_templates
    if len(templates) >= limit:
        raise refusals.quota_exceeded(
            "launch_configuration_templates", limit, templates.resource_type
        )
    configurations.settle_servers(account)
    template_id = account.new_id("lct")
    arn = account.settings.arn(templates.resource_type, template_id)
    doc: Doc = {
        "launchConfigurationTemplateID": template_id,
        "arn": arn,
        "tags": {},
        **copy_doc(DEFAULTS),
        **params,
    }
    templates.add(template_id, doc, arn=arn)
    return {"launchConfigurationTemplate": doc}


@handles("DescribeLaunchConfigurationTemplates")
def describe_launch_configuration_templates(account: Account, params: Doc) -> Doc:
    """List templates; one that is asked for by name must exist."""
    templates = _templates(account)
    ids: list[str] = params.get("launchConfigurationTemplateIDs", [])
    for template_id in ids:
        templates.require(template_id)
    found, token = page_of(
        account, "DescribeLaunchConfigurationTemplates", params, templates, ids=ids or None
    )
    return paged("items", [template.doc for template in found], token)


@handles("UpdateLaunchConfigurationTemplate")
def update_launch_configuration_template(account: Account, params: Doc) -> Doc:
    """Change the members that are given, and leave the others."""
    template = _templates(account).require(params["launchConfigurationTemplateID"])
    configurations.settle_servers(account)
    template.doc.update(params)
    return {"launchConfigurationTemplate": template.doc}


@handles("DeleteLaunchConfigurationTemplate")
def delete_launch_configuration_template(account: Account, params: Doc) -> None:
    """Delete a template and its actions; servers keep what they took over from it."""
    templates = _templates(account)
    template = templates.require(params["launchConfigurationTemplateID"])
    configurations.settle_servers(account)
    configurations.forget(account, template)
    templates.remove(template.id)


def _templates(account: Account) -> Collection:
    return account.collection("launch_configuration_templates")
