"""What is like the outcome of a lost request, but is not: an answer for each difference."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from loopback import VirtualClock, answer, client_for, loopback
from valid_calls import valid_calls

from drs_sdk import models
from drs_sdk.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from drs_sdk._core.base import Request, Response, Shape

SENT = VirtualClock().start
INSTANCE, SERVER = f"i-{'a' * 17}", f"s-{'b' * 17}"
NETWORKS = f"sn-{'c' * 17}", f"sn-{'d' * 17}"
STEP = "arn:aws:drs:eu-west-1:123456789012:recovery-plan-execution-step/rpes-0123456789abcdef0"

UNKNOWN = "unknown"


def at(seconds: float) -> str:
    return (SENT + timedelta(seconds=seconds)).isoformat()


def job(initiator: str, seconds: float = 1, **members: object) -> dict[str, object]:
    return {
        "jobID": "drsjob-0123456789abcdef0",
        "arn": "arn:aws:drs:eu-west-1:123456789012:job/drsjob-0123456789abcdef0",
        "type": "LAUNCH",
        "initiatedBy": initiator,
        "creationDateTime": at(seconds),
        **members,
    }


async def outcome(
    request: Request[Response], *answers: dict[str, object], skew: timedelta | None = None
) -> Shape | str | None:
    """Look for what a request made; the answers come in the order of the questions."""
    async with loopback(*map(answer, answers)) as server, client_for(server) as drs:
        try:
            return await drs.find_outcome(request, sent_at=SENT, clock_skew=skew)
        except OutcomeUnknownError:
            return UNKNOWN


# -- failback: of this kind, by the servers where the instances are not named ----------------


@pytest.mark.parametrize(
    ("initiator", "server", "is_found"),
    [
        ("FAILBACK", {"sourceServerID": SERVER}, True),
        ("FAILBACK", {"recoveryInstanceID": INSTANCE}, True),
        ("FAILBACK", {"sourceServerID": f"s-{'e' * 17}"}, False),
        ("START_RECOVERY", {"sourceServerID": SERVER}, False),
        ("DIAGNOSTIC", {"recoveryInstanceID": INSTANCE}, False),
    ],
)
async def test_a_job_of_another_kind_is_no_failback(
    initiator: str, server: dict[str, object], *, is_found: bool
) -> None:
    found = await outcome(
        models.StartFailbackLaunchRequest(recovery_instance_ids=[INSTANCE]),
        {"items": [{"recoveryInstanceID": INSTANCE, "sourceServerID": SERVER}]},
        {"items": [job(initiator, participatingServers=[server])]},
    )
    assert isinstance(found, models.Job) is is_found
    assert is_found or found is None


# -- networks: these, no more and no fewer ---------------------------------------------------


@pytest.mark.parametrize(
    ("networks", "is_found"), [(NETWORKS[:1], True), (NETWORKS, False), (NETWORKS[1:], False)]
)
async def test_a_job_of_other_networks_is_not_taken(
    networks: tuple[str, ...], *, is_found: bool
) -> None:
    parts = [{"participatingResourceID": {"sourceNetworkID": each}} for each in networks]
    found = await outcome(
        models.StartSourceNetworkRecoveryRequest(
            source_networks=[{"source_network_id": NETWORKS[0]}]
        ),
        {"items": [job("CREATE_NETWORK_RECOVERY", participatingResources=parts)]},
    )
    assert isinstance(found, models.Job) is is_found


# -- somebody else's job: named while it may stand in the way --------------------------------


@pytest.mark.parametrize(("seconds", "expected"), [(-240, UNKNOWN), (-480, None)])
async def test_a_job_with_other_tags_is_named_only_while_it_is_near(
    seconds: int, expected: str | None
) -> None:
    theirs = job(
        "START_RECOVERY",
        seconds,
        participatingServers=[{"sourceServerID": SERVER}],
        tags={"who": "colleague"},
    )
    request = models.StartRecoveryRequest(source_servers=[{"source_server_id": SERVER}])
    assert await outcome(request, {"items": [theirs]}) == expected


# -- templates: with these settings, and no others in a list ---------------------------------


@pytest.mark.parametrize(("more", "is_found"), [([], True), ([f"sg-{'f' * 17}"], False)])
async def test_a_template_with_a_longer_list_is_not_taken(
    more: list[str], *, is_found: bool
) -> None:
    request: Any = valid_calls()["CreateReplicationConfigurationTemplate"].request
    made = request.model_dump(mode="json", by_alias=True, exclude_none=True)
    made["replicationServersSecurityGroupsIDs"] += more
    found = await outcome(request, {"items": [made]})
    assert isinstance(found, models.ReplicationConfigurationTemplate) is is_found


# -- the retry of a step: by its attempt, its status and its time ----------------------------

SLOW = timedelta(minutes=-4)
"""The client's clock is that much ahead."""


@pytest.mark.parametrize(
    ("attempt", "status", "seconds", "skew", "expected"),
    [
        (2, "IN_PROGRESS", 5, None, "found"),
        (1, "IN_PROGRESS", 5, None, None),
        (2, "SKIPPED", 5, None, None),
        (2, "FAILED", 5, None, "found"),
        (2, "FAILED", 1, timedelta(0), "found"),
        (2, "FAILED", -3, timedelta(0), UNKNOWN),
        (2, "TIMED_OUT", -60, timedelta(0), None),
        (2, "FAILED", -60, None, UNKNOWN),
        (2, "FAILED", -900, None, None),
        (2, "IN_PROGRESS", -235, SLOW, "found"),
        (2, "FAILED", -235, SLOW, "found"),
        (2, "IN_PROGRESS", -235, timedelta(0), None),
        (2, "IN_PROGRESS", -235, None, UNKNOWN),
        (2, "IN_PROGRESS", -900, None, None),
    ],
)
async def test_a_step_is_taken_if_it_was_begun_anew_since(
    attempt: int, status: str, seconds: float, skew: timedelta | None, expected: str | None
) -> None:
    step = {"attempt": attempt, "status": status, "updatedAt": at(seconds)}
    found = await outcome(
        models.RetryRecoveryPlanExecutionStepRequest(recovery_plan_execution_step_arn=STEP),
        {"recoveryPlanExecutionStep": step},
        skew=skew,
    )
    assert ("found" if isinstance(found, models.RecoveryPlanExecutionStep) else found) == expected


# -- reversals: of several servers pointed to the instance, the one that goes back -----------


@pytest.mark.parametrize("directions", [("FAILOVER", "FAILBACK"), ("FAILBACK", "FAILOVER")])
async def test_of_the_servers_at_home_the_reversed_one_is_taken(
    directions: tuple[str, str],
) -> None:
    hints = {"sourceProperties": {"identificationHints": {"awsInstanceID": INSTANCE}}}
    servers = [
        {"sourceServerID": f"s-{number:017x}", "replicationDirection": direction, **hints}
        for number, direction in enumerate(directions)
    ]
    instance = {"recoveryInstanceID": INSTANCE, "ec2InstanceID": INSTANCE, "sourceServerID": SERVER}
    async with (
        loopback(answer({"items": [instance]})) as here,
        loopback(answer({"items": servers})) as there,
        client_for(here) as drs,
        client_for(there) as origin,
    ):
        request = models.ReverseReplicationRequest(recovery_instance_id=INSTANCE)
        found = await drs.find_outcome(request, sent_at=SENT, origin=origin)
    assert isinstance(found, models.SourceServer)
    assert found.replication_direction == "FAILBACK"
