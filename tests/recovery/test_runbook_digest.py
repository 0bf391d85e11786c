"""The digest of a plan: what it changes with, and that nothing else changes it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from runbooks import FIRST_ID, SECOND_ID, runbook, wave

from drs_sdk.recovery import Runbook

FIELDS: dict[str, Any] = {
    "name": "erp",
    "waves": [
        wave("database", servers={"tags": {"app": "erp", "tier": "db"}}),
        wave("queue", servers={"source_server_ids": [FIRST_ID, SECOND_ID]}, after=[]),
        wave("web", servers={"names": ["w*"], "targets": [{"region_name": "eu-*"}]}),
        wave("rest", servers={"all": True, "targets": [{"account_id": "111122223333"}]}),
    ],
}
PINNED = "07c9dfc0b99901f7"


def digest(*, waves: dict[int, dict[str, Any]] | None = None, **fields: Any) -> str:  # noqa: ANN401
    """The digest with some fields changed."""
    changed = [{**one, **(waves or {}).get(at, {})} for at, one in enumerate(FIELDS["waves"])]
    return Runbook(**{**FIELDS, "waves": changed, **fields}).digest


def test_the_digest_never_changes_from_release_to_release() -> None:
    """Runs of years carry it in their tags: a change would orphan every run that is under way."""
    assert digest() == PINNED


def test_the_digest_is_the_same_in_every_process() -> None:
    code = f"from drs_sdk.recovery import Runbook; print(Runbook(**{FIELDS!r}).digest)"
    for seed in ("1", "2"):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.strip() == PINNED


SAME = [
    {"description": "words"},
    {"waves": {0: {"recovery_point_objective": 300, "recovery_time_objective": "PT1H"}}},
    {"waves": {0: {"pause_before": True}}},
    {"waves": {0: {"attempts": 3, "on_failure": "continue"}}},
    {"waves": {0: {"point_in_time": datetime(2026, 1, 1, tzinfo=UTC)}}},
    {"waves": {0: {"fail_back_after": []}}},
    {"waves": {0: {"after": []}}},
    {"waves": {2: {"after": ["queue"]}}},
    {"waves": {2: {"after": ["queue", "queue"]}}},
    {"waves": {0: {"servers": {"tags": {"tier": "db", "app": "erp"}}}}},
    {"waves": {1: {"servers": {"source_server_ids": [SECOND_ID, FIRST_ID, SECOND_ID]}}}},
]


@pytest.mark.parametrize("change", SAME)
def test_what_may_change_in_the_middle_of_a_run_leaves_the_digest(change: dict[str, Any]) -> None:
    assert digest(**change) == PINNED


OTHER = [
    {"name": "crm"},
    {"waves": {0: {"name": "databases"}}},
    {"waves": {2: {"after": ["database"]}}},
    {"waves": {2: {"after": []}}},
    {"waves": {0: {"servers": {"tags": {"app": "erp"}}}}},
    {"waves": {0: {"servers": {"tags": {"app": "erp", "tier": "web"}}}}},
    {"waves": {0: {"servers": {"names": ["erp"]}}}},
    {"waves": {1: {"servers": {"source_server_ids": [FIRST_ID]}}}},
    {"waves": {2: {"servers": {"names": ["w*"]}}}},
    {"waves": {3: {"servers": {"all": True}}}},
    {"waves": {3: {"servers": {"all": True, "targets": [{"region_name": "eu-west-1"}]}}}},
]


def test_what_makes_another_plan_makes_another_digest() -> None:
    digests = [digest(**change) for change in OTHER]
    assert len({PINNED, *digests}) == len(OTHER) + 1


def test_waves_in_another_order_are_another_plan() -> None:
    one, other = wave("a", after=[]), wave("b", after=[])
    assert runbook(one, other).digest != runbook(other, one).digest


@given(st.text(alphabet="ab,:\"'{}[]= ", min_size=1), st.text(alphabet="ab,:\"'{}[]= ", min_size=1))
def test_texts_do_not_run_into_each_other(key: str, value: str) -> None:
    one = runbook(wave("a", servers={"tags": {key: value, "z": "z"}}))
    other = runbook(wave("a", servers={"tags": {key + value: "z", "z": value}}))
    assert one.digest != other.digest


def test_the_digest_stands_in_a_tag() -> None:
    assert len(PINNED) == 16
    assert set(PINNED) <= set("0123456789abcdef")
