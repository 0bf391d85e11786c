"""Tags of everything that has an ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import tagging

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account


@handles("TagResource")
def tag_resource(account: Account, params: Doc) -> None:
    """Add tags, or give present ones a new value."""
    tags = _tags(account, params)
    tagging.require_few(tags | params["tags"])
    tags.update(params["tags"])


@handles("UntagResource")
def untag_resource(account: Account, params: Doc) -> None:
    """Remove tags by key; a key that is not there is passed over."""
    tags = _tags(account, params)
    for key in params["tagKeys"]:
        tags.pop(key, None)


@handles("ListTagsForResource")
def list_tags_for_resource(account: Account, params: Doc) -> Doc:
    """List the tags of a resource."""
    return {"tags": _tags(account, params)}


def _tags(account: Account, params: Doc) -> dict[str, str]:
    arn: str = params["resourceArn"]
    resource = account.arns.get(arn)
    if resource is None:
        raise refusals.not_found("resource", arn)
    tags: dict[str, str] = resource.doc.setdefault("tags", {})
    return tags
