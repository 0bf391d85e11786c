"""What the tests of runbooks share."""

from __future__ import annotations

from typing import Any

from drs_sdk.recovery import Runbook

FIRST_ID = "s-1111111111aaaaaaa"
SECOND_ID = "s-2222222222bbbbbbb"


def wave(name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of any type
    """A wave as a dict; which servers are in it is left to say."""
    return {"name": name, "servers": {"tags": {"wave": name}}, **fields}


def runbook(*waves: dict[str, Any], **fields: Any) -> Runbook:  # noqa: ANN401 - same
    """A runbook of such waves."""
    return Runbook(**{"name": "erp", "waves": waves, **fields})
