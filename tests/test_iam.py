"""Which rights an operation needs, and policies that grant them."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from hypothesis import given, strategies as st

from drs_sdk.errors import RequestValidationError
from drs_sdk.iam import actions_for, policy_for
from drs_sdk.models import StartRecoveryRequest

REFERENCE = Path(__file__).parents[2] / "shared" / "data" / "iam_dependent_actions.json"
SERVICE = botocore.session.get_session().get_service_model("drs")
OPERATIONS = sorted(SERVICE.operation_names)
PASSING_ROLES = {"iam:AddRoleToInstanceProfile", "ec2:RunInstances"}
"""What is done with a role of the account, which IAM asks iam:PassRole for."""


def tagging(operation: str) -> set[str]:
    """What tags given to an operation need besides, by the service model."""
    shape = SERVICE.operation_model(operation).input_shape
    return {"drs:TagResource"} if shape is not None and "tags" in shape.members else set()


def statements_of(policy: dict[str, Any]) -> list[dict[str, Any]]:
    return policy["Statement"]


def granted_by(policy: dict[str, Any]) -> list[str]:
    return [action for statement in statements_of(policy) for action in statement["Action"]]


# Actions


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_of_the_service_model_needs_its_own_action(operation: str) -> None:
    actions = actions_for(operation)
    assert isinstance(actions, frozenset)
    assert f"drs:{operation}" in actions
    assert tagging(operation) <= actions


@pytest.mark.parametrize("operation", OPERATIONS)
def test_actions_are_spelled_as_iam_spells_them(operation: str) -> None:
    services = {"cloudformation", "drs", "ec2", "iam", "kms", "s3", "ssm"}
    for action in actions_for(operation):
        service, _, name = action.partition(":")
        assert service in services
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", name), action


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_action_of_drs_is_an_operation_or_the_one_that_is_only_a_right(operation: str) -> None:
    own = {action.removeprefix("drs:") for action in actions_for(operation) if action[:4] == "drs:"}
    assert own - set(OPERATIONS) <= {"CreateRecoveryInstanceForDrs"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_actions_of_ec2_and_others_are_operations_there(operation: str) -> None:
    no_operations = {"iam:PassRole"}
    names: dict[str, set[str]] = {}
    for action in actions_for(operation) - no_operations:
        names.setdefault(action.partition(":")[0], set()).add(action.partition(":")[2])
    names.pop("drs")
    for service, actions in names.items():
        model = botocore.session.get_session().get_service_model(service)
        assert actions <= set(model.operation_names), service


@pytest.mark.parametrize("operation", OPERATIONS)
def test_who_has_a_role_used_may_pass_it(operation: str) -> None:
    actions = actions_for(operation)
    assert bool(actions & PASSING_ROLES) == ("iam:PassRole" in actions)


def test_a_launch_needs_the_right_that_is_most_often_missing() -> None:
    actions = actions_for(StartRecoveryRequest.operation)
    assert {"drs:CreateRecoveryInstanceForDrs", "drs:TagResource", "iam:PassRole"} <= actions
    assert {"ec2:RunInstances", "ec2:CreateVolume", "ec2:ModifyLaunchTemplate"} <= actions


def test_a_read_needs_no_more_than_itself() -> None:
    assert actions_for("DescribeJobs") == {"drs:DescribeJobs"}
    assert actions_for("DescribeRecoveryInstances") == {
        "drs:DescribeRecoveryInstances",
        "drs:DescribeSourceServers",
        "ec2:DescribeInstances",
    }


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not at hand")
def test_the_tables_say_what_the_authorization_reference_says() -> None:
    reference = json.loads(REFERENCE.read_text("utf-8"))
    assert set(reference) - {"_source"} <= set(OPERATIONS)
    # Adding a role to an instance profile is passing it, by IAM's own documentation.
    added = {"InitializeService": {"iam:PassRole"}}
    for operation in OPERATIONS:
        expected = {f"drs:{operation}", *reference.get(operation, []), *tagging(operation)}
        assert actions_for(operation) == expected | added.get(operation, set()), operation


# Policies


@given(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=8))
def test_a_policy_grants_what_its_operations_need_and_no_more(operations: list[str]) -> None:
    policy = policy_for(operations)

    assert set(policy) == {"Version", "Statement"}
    assert policy["Version"] == "2012-10-17"
    granted = granted_by(policy)
    assert len(granted) == len(set(granted))
    assert set(granted) == frozenset().union(*map(actions_for, operations))
    sids = [statement["Sid"] for statement in statements_of(policy)]
    assert len(sids) == len(set(sids))
    for statement in statements_of(policy):
        assert re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"])  # IAM takes nothing else
        assert statement["Effect"] == "Allow"
        assert statement["Resource"] == "*"
        assert statement["Action"] == sorted(statement["Action"])
        assert len({action.partition(":")[0] for action in statement["Action"]}) == 1
    assert statements_of(policy)[0]["Sid"] == "Drs"
    assert json.loads(json.dumps(policy)) == policy
    assert policy_for(reversed(operations)) == policy
    assert policy_for(set(operations)) == policy


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_policy_gives_the_rights_of_every_role_away(operation: str) -> None:
    conditions = {
        "iam:PassRole": {"iam:PassedToService": ["drs.amazonaws.com", "ec2.amazonaws.com"]},
        "iam:CreateServiceLinkedRole": {"iam:AWSServiceName": ["drs.amazonaws.com"]},
    }
    for statement in statements_of(policy_for([operation])):
        guarded = conditions.keys() & set(statement["Action"])
        if not guarded:
            assert "Condition" not in statement
            continue
        assert statement["Action"] == list(guarded)
        assert statement["Condition"] == {"StringEquals": conditions[guarded.pop()]}


def test_a_policy_for_everything_fits_into_one_managed_policy() -> None:
    policy = json.dumps(policy_for(OPERATIONS), separators=(",", ":"))
    assert len(policy) <= 6144  # IAM's quota, white space not counted


def test_who_changes_a_policy_changes_no_other() -> None:
    statements = statements_of(policy_for(["StartRecovery"]))
    for statement in statements:
        statement["Action"].clear()
        statement.get("Condition", {}).clear()
    assert granted_by(policy_for(["StartRecovery"]))
    assert "Condition" in statements_of(policy_for(["StartRecovery"]))[-1]


# Mistakes


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *((f"drs:{operation}", operation) for operation in OPERATIONS),
        *((operation.lower(), operation) for operation in OPERATIONS),
        ("start_recovery", "StartRecovery"),
        ("start-recovery", "StartRecovery"),
        ("drs.start_recovery", "StartRecovery"),
    ],
)
def test_a_name_in_another_spelling_is_refused_with_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(RequestValidationError, match=f"did you mean {meant}\\?") as caught:
        actions_for(name)
    assert [problem.path for problem in caught.value.problems] == ["operation"]


def test_a_misspelt_name_is_refused_with_those_that_come_close() -> None:
    with pytest.raises(RequestValidationError, match="mean StartRecovery or StartReplication or"):
        actions_for("StartRecovry")


def test_a_name_like_no_other_is_told_how_names_look() -> None:
    with pytest.raises(RequestValidationError, match="such as 'StartRecovery'") as caught:
        actions_for("x" * 5_000)
    assert len(str(caught.value)) < 200


def test_all_wrong_names_are_told_at_once_by_where_they_stand() -> None:
    with pytest.raises(RequestValidationError) as caught:
        policy_for(["DescribeJob", "StartRecovery", "Terminate", "DescribeJobs"])
    assert [problem.path for problem in caught.value.problems] == ["operations[0]", "operations[2]"]
    assert "DescribeJobs" in caught.value.problems[0].message
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert again.problems == caught.value.problems


def test_a_policy_for_nothing_is_refused_as_iam_would_refuse_it() -> None:
    with pytest.raises(RequestValidationError, match="at least one"):
        policy_for([])


def test_one_name_that_is_no_list_is_not_taken_for_its_letters() -> None:
    with pytest.raises(RequestValidationError, match=r"such as \['StartRecovery'\]"):
        policy_for("StartRecovery")


@pytest.mark.parametrize("name", [None, 7, b"StartRecovery", ["StartRecovery"], object()])
def test_what_is_no_name_is_refused_as_such(name: Any) -> None:  # noqa: ANN401 - anything
    with pytest.raises(RequestValidationError, match="the name of an operation"):
        actions_for(name)
    with pytest.raises(RequestValidationError, match=r"operations\[1\]: "):
        policy_for(["StartRecovery", name])


def test_the_rights_are_looked_up_without_models_or_transport() -> None:
    script = (
        "import sys; from drs_sdk.iam import policy_for; policy_for(['StartRecovery']);"
        "print(*(name for name in sys.modules if name.startswith(('drs_sdk.', 'aiobotocore'))))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "drs_sdk.iam" in loaded
    assert not {
        name for name in loaded if re.match(r"drs_sdk\.(models|enums|_transport|client)|aio", name)
    }
