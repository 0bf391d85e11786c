"""Source networks: protecting VPCs, and recovering them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of, paged
from drs_sdk.testing.life import network_recovery, network_replication
from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import source_networks

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource


@handles("CreateSourceNetwork")
def create_source_network(account: Account, params: Doc) -> Doc:
    """Take a VPC under protection; replication is started by another call."""
    collection = source_networks.networks_of(account)
    vpc_id: str = params["vpcID"]
    origin = (params["originAccountID"], params["originRegion"])
    present = next((n for n in collection if n.doc.get("sourceVpcID") == vpc_id), None)
    if present is not None:
        raise refusals.conflict(
            f"{vpc_id} is protected by source network {present.id} already.",
            "source-network",
            present.id,
        )
    limit = account.quotas.source_networks
    if len(collection) >= limit:
        raise refusals.quota_exceeded("source_networks", limit, "source-network")
    network = source_networks.add(account, vpc_id, origin, params.get("tags", {}))
    return {"sourceNetworkID": network.id}


@handles("DescribeSourceNetworks")
def describe_source_networks(account: Account, params: Doc) -> Doc:
    """List source networks, oldest first; identifiers that do not exist are passed over."""
    filters: Doc = params.get("filters", {})
    wanted = {
        shown: filters[asked]
        for asked, shown in (
            ("originAccountID", "sourceAccountID"),
            ("originRegion", "sourceRegion"),
        )
        if asked in filters
    }

    def matches(network: Resource) -> bool:
        return all(network.doc.get(name) == value for name, value in wanted.items())

    page, token = page_of(
        account,
        "DescribeSourceNetworks",
        params,
        source_networks.networks_of(account),
        ids=filters.get("sourceNetworkIDs") or None,
        matches=matches if wanted else None,
    )
    return paged("items", [network.doc for network in page], token)


@handles("DeleteSourceNetwork")
def delete_source_network(account: Account, params: Doc) -> Doc:
    """Delete a source network that does not replicate."""
    network = _network(account, params)
    source_networks.require_idle(network, "it cannot be deleted")
    if source_networks.status_of(network) != "STOPPED":
        raise refusals.conflict(
            f"Replication of {network.id} must be stopped before it is deleted.",
            "source-network",
            network.id,
        )
    source_networks.remove(account, network)
    return {}


@handles("StartSourceNetworkReplication")
def start_source_network_replication(account: Account, params: Doc) -> Doc:
    """Begin replication of a stopped or failed source network."""
    network = _network(account, params)
    source_networks.require_idle(network, "its replication cannot be started")
    if source_networks.status_of(network) not in {"STOPPED", "ERROR"}:
        raise refusals.conflict(
            f"Replication of {network.id} is running.", "source-network", network.id
        )
    network_replication.start(account, network)
    return {"sourceNetwork": network.doc}


@handles("StopSourceNetworkReplication")
def stop_source_network_replication(account: Account, params: Doc) -> Doc:
    """Stop replication; stopping a stopped source network changes nothing."""
    network = _network(account, params)
    source_networks.require_idle(network, "its replication cannot be stopped")
    network_replication.stop(account, network)
    return {"sourceNetwork": network.doc}


@handles("StartSourceNetworkRecovery")
def start_source_network_recovery(account: Account, params: Doc) -> Doc:
    """Begin a job that deploys, or updates, the stacks of source networks."""
    collection = source_networks.networks_of(account)
    stacks: list[tuple[Resource, str]] = []
    for index, entry in enumerate(params["sourceNetworks"]):
        network = collection.get(entry["sourceNetworkID"])
        if network is None or any(network is other for other, _ in stacks):
            problem = "does not exist" if network is None else "is named twice"
            raise refusals.invalid(
                f"Source network {entry['sourceNetworkID']} {problem}.",
                fields=[(f"sourceNetworks[{index}].sourceNetworkID", problem)],
            )
        stacks.append((network, entry.get("cfnStackName", "")))
    for network, _ in stacks:
        source_networks.require_idle(network, "it cannot be recovered")
        source_networks.require_template(network)
    job = network_recovery.start(
        account,
        stacks,
        deploy_as_new=params.get("deployAsNew", False),
        tags=params.get("tags"),
    )
    return {"job": job.doc}


@handles("AssociateSourceNetworkStack")
def associate_source_network_stack(account: Account, params: Doc) -> Doc:
    """Begin a job that lets a source network be recovered by a stack that is there."""
    network = _network(account, params)
    source_networks.require_idle(network, "no stack can be associated")
    return {"job": network_recovery.associate(account, network, params["cfnStackName"]).doc}


@handles("ExportSourceNetworkCfnTemplate")
def export_source_network_cfn_template(account: Account, params: Doc) -> Doc:
    """Say where the CloudFormation template was written to.

    That is the export bucket of the launch configuration template, or else one of the account.
    """
    network = _network(account, params)
    source_networks.require_template(network)
    settings = account.settings
    bucket = f"elastic-disaster-recovery-{settings.account_id}-{settings.region}"
    for template in account.collection("launch_configuration_templates"):
        bucket = template.doc.get("exportBucketArn", bucket).rpartition(":")[2]
    host = f"{bucket}.s3.{settings.region}.amazonaws.com"
    return {"s3DestinationUrl": f"https://{host}/{network.id}/{network.id}.json"}


def _network(account: Account, params: Doc) -> Resource:
    return source_networks.networks_of(account).require(params["sourceNetworkID"])
