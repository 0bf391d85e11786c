"""Staging accounts: what can be extended from them, and extending it into this account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_in_order, paged
from drs_sdk.testing.life import adding_servers
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.documents import copy_doc
from drs_sdk.testing.state import source_servers, staging_accounts

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account

_LARGEST_PAGE_OF_ACCOUNTS = 50
_LARGEST_PAGE_OF_SERVERS = 300


@handles("ListStagingAccounts")
def list_staging_accounts(account: Account, params: Doc) -> Doc:
    """List the accounts that servers are extended from, by number."""
    # Of those that were loaded from such a list, the servers need not be here.
    listed = {a.id for a in account.collection("staging_accounts") if "listed" in a.state}
    accounts = sorted({*listed, *staging_accounts.extended_arns(account).values()})
    page, token = page_in_order(
        account,
        "ListStagingAccounts",
        params,
        accounts,
        place=int,
        largest=_LARGEST_PAGE_OF_ACCOUNTS,
    )
    return paged("accounts", [{"accountID": account_id} for account_id in page], token)


@handles("ListExtensibleSourceServers")
def list_extensible_source_servers(account: Account, params: Doc) -> Doc:
    """List the servers of a staging account that are not extended into this one yet."""
    account_id: str = params["stagingAccountID"]
    _require_trust(account, account_id)
    extended = staging_accounts.extended_arns(account)
    found = [
        staged
        for staged in staging_accounts.staged_servers(account, account_id)
        if staged.arn not in extended
    ]
    page, token = page_in_order(
        account,
        "ListExtensibleSourceServers",
        params,
        found,
        place=staging_accounts.place_of,
        largest=_LARGEST_PAGE_OF_SERVERS,
    )
    return paged("items", [staged.doc for staged in page], token)


@handles("CreateExtendedSourceServer")
def create_extended_source_server(account: Account, params: Doc) -> Doc:
    """Extend a source server of a staging account into this one."""
    arn: str = params["sourceServerArn"]
    account_id = arn.split(":")[4]
    if account_id == account.settings.account_id:
        raise refusals.invalid(
            f"{arn} is in this account: only servers of staging accounts can be extended.",
            fields=[("sourceServerArn", "must be of another account")],
        )
    _require_trust(account, account_id)
    origin = staging_accounts.staged_server(account, account_id, arn)
    if origin is None:
        raise refusals.not_found("source-server", arn)
    if origin.ebs_encryption == "DEFAULT":
        raise refusals.invalid(
            f"{arn} is encrypted with the default EBS key, which no other account can use.",
            fields=[("sourceServerArn", "is encrypted with the default EBS key")],
        )
    if arn in staging_accounts.extended_arns(account):
        raise refusals.invalid(
            f"{arn} is extended into this account already.",
            fields=[("sourceServerArn", "is extended already")],
        )
    limit = account.quotas.source_servers
    if len(account.source_servers) >= limit:
        raise refusals.quota_exceeded("source_servers", limit, "source-server")
    # The quota of replicating servers is not asked: it replicates in the staging account.
    area: Doc = {
        "status": staging_accounts.EXTENDED,
        "stagingAccountID": account_id,
        "stagingSourceServerArn": arn,
    }
    doc: Doc = {
        **copy_doc(origin.lasting),
        "stagingArea": area,
        "tags": dict(params.get("tags", {})),
    }
    server = adding_servers.add_source_server(account, origin.replication_state, doc)
    if origin.is_real:
        server.state["extends"] = arn
    return {"sourceServer": source_servers.render(account, server)}


def _require_trust(account: Account, account_id: str) -> None:
    if account_id not in account.collection("staging_accounts"):
        raise refusals.access_denied(
            f"Account {account_id} does not let account {account.settings.account_id} extend "
            "its source servers."
        )
