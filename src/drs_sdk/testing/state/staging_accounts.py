"""Other accounts whose source servers can be extended into this one: the staging accounts.

The collection `staging_accounts` holds those that trust this account, `staging_source_servers`
their servers, under their ARN; `state["ebs_encryption"]` says how the staging disks of a
server that was not loaded are encrypted. An account that was loaded has `state["listed"]`.
A staging account that is in the world has the source servers of its place in this Region besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from drs_sdk.testing.state import configurations, made_up_servers, source_servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.source_servers import ReplicationState
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

EbsEncryption = Literal["DEFAULT", "CUSTOM", "NONE"]
EXTENDED = "EXTENDED"
_ACCOUNT_ID_DIGITS = 12
_REAL = 1 << 40
_LASTING = ("sourceProperties", "sourceCloudProperties", "agentVersion")


@dataclass(frozen=True, slots=True)
class Staged:
    """A source server of a staging account.

    Attributes:
        arn: Its ARN there.
        seq: Its place among those of its kind.
        doc: What is listed of it.
        lasting: What an extended server takes over from it.
        ebs_encryption: How its staging disks are encrypted.
        replication_state: How far its replication has come.
        is_real: Whether it is a source server of a place in the world.
    """

    arn: str
    seq: int
    doc: Doc
    lasting: Doc
    ebs_encryption: str
    replication_state: ReplicationState = "CONTINUOUS"
    is_real: bool = False


def staged_servers(account: Account, account_id: str) -> Iterator[Staged]:
    """Go through the servers of a staging account, in the order of `place_of`."""
    for made_up in account.collection("staging_source_servers"):
        if made_up.state["account"] == account_id:
            yield _made_up(made_up)
    there = _place_of_account(account, account_id)
    for server in there.source_servers if there is not None else ():
        if not is_extended(server):
            yield _real(there or account, server)


def staged_server(account: Account, account_id: str, arn: str) -> Staged | None:
    """Return one server of a staging account, or None."""
    made_up = account.collection("staging_source_servers").get(arn)
    if made_up is not None:
        return _made_up(made_up)
    there = _place_of_account(account, account_id)
    server = there.arns.get(arn) if there is not None else None
    if there is None or server is None or server is not there.source_servers.get(server.id):
        return None
    return None if is_extended(server) else _real(there, server)


def place_of(staged: Staged) -> int:
    """Return where a server stands among those of its account."""
    return staged.seq + (_REAL if staged.is_real else 0)


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


def _place_of_account(account: Account, account_id: str) -> Account | None:
    there = account.elsewhere(account_id, account.settings.region)
    return None if there is account or there is None or not there.initialized else there


def _made_up(server: Resource) -> Staged:
    encryption: str = server.state.get("ebs_encryption", "")
    return Staged(server.id, server.seq, server.doc, server.state["lasting"], encryption)


def _real(there: Account, server: Resource) -> Staged:
    hints: Doc = server.doc.get("sourceProperties", {}).get("identificationHints", {})
    doc: Doc = {"arn": server.arn, "tags": dict(server.doc.get("tags", {}))}
    if "hostname" in hints:
        doc["hostname"] = hints["hostname"]
    configuration = configurations.replication_configuration_of(there, server)
    state = source_servers.state_of(server)
    return Staged(
        server.arn,
        server.seq,
        doc,
        {name: server.doc[name] for name in _LASTING if name in server.doc},
        configuration.doc["ebsEncryption"],
        cast("ReplicationState", state),
        is_real=True,
    )
