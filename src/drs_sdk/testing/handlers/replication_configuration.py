"""Replication configuration: the account's template, and each source server's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of, paged
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.state import configurations

if TYPE_CHECKING:
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource


@handles("GetReplicationConfiguration")
def get_replication_configuration(account: Account, params: Doc) -> Doc:
    """Show the configuration of a source server."""
    server = account.source_servers.require(params["sourceServerID"])
    return configurations.replication_configuration_of(account, server).shown()


@handles("UpdateReplicationConfiguration")
def update_replication_configuration(account: Account, params: Doc) -> Doc:
    """Change the members that are given, and leave the others."""
    server = account.source_servers.require(params["sourceServerID"])
    configuration = configurations.replication_configuration_of(account, server)
    changed = _changed(configuration.doc, params)
    if "replicatedDisks" in params:
        changed["replicatedDisks"] = _disks(server, configuration.doc, params["replicatedDisks"])
    configuration.doc = changed
    configuration.settle_members(params)
    return configuration.shown()


@handles("CreateReplicationConfigurationTemplate")
def create_replication_configuration_template(account: Account, params: Doc) -> Doc:
    """Create the account's template."""
    templates = _templates(account)
    limit = account.quotas.replication_configuration_templates
    if len(templates) >= limit:
        raise refusals.quota_exceeded(
            "replication_configuration_templates", limit, templates.resource_type
        )
    checked = _changed({**configurations.REPLICATION_DEFAULTS, "tags": {}}, params)
    configurations.settle_servers(account)
    template_id = account.new_id("rct")
    arn = account.settings.arn(templates.resource_type, template_id)
    doc: Doc = {"replicationConfigurationTemplateID": template_id, "arn": arn, **checked}
    return templates.add(template_id, doc, arn=arn).doc


@handles("DescribeReplicationConfigurationTemplates")
def describe_replication_configuration_templates(account: Account, params: Doc) -> Doc:
    """List templates; one that is asked for by name must exist."""
    templates = _templates(account)
    ids: list[str] = params.get("replicationConfigurationTemplateIDs", [])
    for template_id in ids:
        templates.require(template_id)
    found, token = page_of(
        account, "DescribeReplicationConfigurationTemplates", params, templates, ids=ids or None
    )
    return paged("items", [template.doc for template in found], token)


@handles("UpdateReplicationConfigurationTemplate")
def update_replication_configuration_template(account: Account, params: Doc) -> Doc:
    """Change the members that are given, and leave the others; an ARN cannot be changed."""
    template = _templates(account).require(params["replicationConfigurationTemplateID"])
    changed = _changed(template.doc, {k: v for k, v in params.items() if k != "arn"})
    configurations.settle_servers(account)
    template.doc = changed
    return changed


@handles("DeleteReplicationConfigurationTemplate")
def delete_replication_configuration_template(account: Account, params: Doc) -> Doc:
    """Delete a template; servers keep what they took over from it."""
    templates = _templates(account)
    template = templates.require(params["replicationConfigurationTemplateID"])
    configurations.settle_servers(account)
    templates.remove(template.id)
    return {}


def _templates(account: Account) -> Collection:
    return account.collection("replication_configuration_templates")


def _changed(doc: Doc, params: Doc) -> Doc:
    """Return what a configuration is after a change, or refuse it."""
    changed = copy_doc({**doc, **params})
    if "pitPolicy" in params:
        changed["pitPolicy"] = _pit_policy(params["pitPolicy"])
    if changed.get("ebsEncryption") == "CUSTOM" and not changed.get("ebsEncryptionKeyArn"):
        raise refusals.invalid(
            "Encryption with a key of your own needs the ARN of the key.",
            fields=[("ebsEncryptionKeyArn", "is missing")],
        )
    return changed


def _pit_policy(rules: list[Doc]) -> list[Doc]:
    numbered = [{"ruleID": i, "enabled": True, **rule} for i, rule in enumerate(rules, start=1)]
    if len({rule["ruleID"] for rule in numbered}) < len(numbered):
        raise refusals.invalid(
            "Two rules of the point-in-time policy have the same number.",
            fields=[("pitPolicy", "ruleID must be unlike the others")],
        )
    return numbered


def _disks(server: Resource, doc: Doc, wanted: list[Doc]) -> list[Doc]:
    """Change the disks that are named, and leave the others."""
    disks: dict[str, Doc] = {disk["deviceName"]: dict(disk) for disk in doc["replicatedDisks"]}
    for index, change in enumerate(wanted):
        name: str = change.get("deviceName", "")
        if name not in disks:
            raise refusals.invalid(
                f"Source server {server.id} has no disk {name!r}.",
                fields=[(f"replicatedDisks[{index}].deviceName", "is no disk of this server")],
            )
        disks[name].update(
            change, optimizedStagingDiskType=configurations.optimized_disk_type(server, name, doc)
        )
    return list(disks.values())
