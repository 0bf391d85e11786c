from typing import TypedDict
from uuid import UUID

class HITLUser(TypedDict):
    id: str
    name: str

class _Responder:
    id: str
    name: str

class _Detail:
    response_received: bool
    chosen_options: list[str] | None
    responded_by_user: _Responder | None

def upsert_hitl_detail(
    ti_id: UUID,
    options: list[str],
    subject: str,
    body: str | None = ...,
    *,
    params: dict[str, object] | None = ...,
    assigned_users: list[HITLUser] | None = ...,
) -> None: ...
def get_hitl_detail_content_detail(ti_id: UUID) -> _Detail: ...
