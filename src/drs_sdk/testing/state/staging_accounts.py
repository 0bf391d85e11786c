"""Other accounts whose source servers can be extended into this one: the staging accounts.

The collection `staging_accounts` holds those that trust this account, `staging_source_servers`
their servers, under their ARN; `state["ebs_encryption"]` says how the staging disks of a
server that was not loaded are encrypted. An account that was loaded has `state["listed"]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from drs_sdk.testing.state import made_up_servers

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

EbsEncryption = Literal["DEFAULT", "CUSTOM", "NONE"]
EXTENDED = "EXTENDED"
_ACCOUNT_ID_DIGITS = 12


def add_staging_account(
    account: Account, account_id: str, servers: int, ebs_encryption: EbsEncryption
) -> list[str]:
    """Let another account trust this one, and add made-up source servers to it.

    Returns:
        The ARNs of the new servers.

    Raises:
        ValueError: No account identifier, or this account's own; no such encryption.
    """
    if ebs_encryption not in get_args(EbsEncryption):
        raise ValueError(f"{ebs_encryption!r} is no EBS encryption")
    if len(account_id) != _ACCOUNT_ID_DIGITS or not account_id.isdecimal():
        raise ValueError(f"{account_id!r} is no account identifier: it has twelve digits")
    if account_id == account.settings.account_id:
        raise ValueError(f"{account_id} is the emulator's own account")
    accounts = account.collection("staging_accounts")
    if account_id not in accounts:
        accounts.add(account_id, {"accountID": account_id})
    return [_add_server(account, account_id, ebs_encryption).id for _ in range(servers)]


def extended_arns(account: Account) -> dict[str, str]:
    """Return the servers extended into this account: the ARN there, by the account there."""
    found: dict[str, str] = {}
    for server in account.source_servers:
        area: Doc = server.doc.get("stagingArea", {})
        arn: str = area.get("stagingSourceServerArn", "")
        if arn and is_extended(server):
            found[arn] = area.get("stagingAccountID") or arn.split(":")[4]
    return found


def is_extended(server: Resource) -> bool:
    """Tell whether a source server of this account replicates in another one."""
    area: Doc = server.doc.get("stagingArea", {})
    return area.get("status", "NOT_EXTENDED") != "NOT_EXTENDED"


def _add_server(account: Account, account_id: str, ebs_encryption: EbsEncryption) -> Resource:
    servers = account.collection("staging_source_servers")
    server_id = account.new_id("s")
    own: str = account.settings.arn("source-server", server_id)
    arn = own.replace(account.settings.account_id, account_id, 1)
    origin = made_up_servers.CloudOrigin(
        region=account.settings.origin_region, account_id=account_id
    )
    lasting = made_up_servers.lasting_properties(
        server_id, len(servers) + 1, account.stamp(), made_up_servers.Machine(origin=origin)
    )
    hints: Doc = lasting["sourceProperties"]["identificationHints"]
    doc: Doc = {"hostname": hints["hostname"], "arn": arn, "tags": lasting.pop("tags")}
    state: Doc = {"account": account_id, "lasting": lasting, "ebs_encryption": ebs_encryption}
    return servers.add(arn, doc, state=state)
