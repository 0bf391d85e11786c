"""Asking people in Airflow whether a wave may start: human in the loop.

Airflow keeps one question for each try of a task, with the words of the first time. So its
answers name the waves: nobody approves one wave where another is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

from airflow.sdk.execution_time.hitl import get_hitl_detail_content_detail, upsert_hitl_detail
from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk.execution_time.hitl import HITLUser

    from drs_sdk.recovery.runbook import Runbook
    from drs_sdk.recovery.status import RunStatus

REJECT = "Reject"
_APPROVE = "Approve "


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody has answered.

    Attributes:
        approved: The waves that may start.
        rejected: Whether nothing more may start.
        by: Who has answered; None where Airflow does not say.
    """

    approved: tuple[str, ...]
    rejected: bool
    by: str | None


def ask(
    ti_id: UUID,
    runbook: Runbook,
    status: RunStatus,
    *,
    assigned_users: Sequence[HITLUser] = (),
) -> None:
    """Put the question to people; an answer to the question before is forgotten.

    Args:
        ti_id: The task instance.
        runbook: What is launched.
        status: Where the run stands.
        assigned_users: Who may answer; everybody who may see the DAG unless given.
    """
    pausing = [wave.name for wave in runbook.order if wave.pause_before]
    servers = {wave.name: len(wave.servers) for wave in status.waves}
    listed = "\n".join(f"- **{name}**: {servers.get(name, 0)} servers" for name in pausing)
    upsert_hitl_detail(
        ti_id=ti_id,
        options=[*(f"{_APPROVE}{name}" for name in pausing), REJECT],
        subject=f"{status.run}: may the next wave start?",
        body=(
            f"The {status.mode} run **{status.run}** pauses before these waves, in this order:\n\n"
            f"{listed}\n\nThe task's log names the wave that waits now. {REJECT} ends the task; "
            "what was launched stays."
        ),
        params={},
        assigned_users=list(assigned_users),
    )


def answer_in(event: Mapping[str, object]) -> Answer | None:
    """Read an answer from the event that a task resumes with; None where it holds none."""
    chosen = cast("Sequence[str] | None", event.get("chosen_options"))
    if not chosen:
        return None
    user = cast("Mapping[str, str] | None", event.get("responded_by_user"))
    return Answer(
        approved=tuple(
            option.removeprefix(_APPROVE) for option in chosen if option.startswith(_APPROVE)
        ),
        rejected=REJECT in chosen,
        by=(user.get("name") or user.get("id")) if user else None,
    )


async def response_to(ti_id: str) -> dict[str, object] | None:
    """Read what was answered, from the triggerer; None where nobody has answered yet."""
    detail = await sync_to_async(get_hitl_detail_content_detail)(ti_id=UUID(ti_id))
    if not detail.response_received or not detail.chosen_options:
        return None
    user = detail.responded_by_user
    return {
        "chosen_options": list(detail.chosen_options),
        "responded_by_user": {"id": user.id, "name": user.name} if user is not None else None,
    }
