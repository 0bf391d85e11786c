"""What a refused request says: what is wanted and the type of what was given, never its value."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, get_args

import pytest
from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError

import drs_sdk.models as models
import drs_sdk.scalars as scalars
from drs_sdk._core.wording import wording
from drs_sdk.errors import RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

ID = re.compile(r"\^\(\?:[a-z]+-\[[^]]+\]\{\d+,?\}\)\$")


def _pattern(scalar: object) -> str:
    return next(
        (str(each.pattern) for each in get_args(scalar) if isinstance(each, StringConstraints)), ""
    )


IDS = [name for name, scalar in vars(scalars).items() if ID.fullmatch(_pattern(scalar))]


REQUESTS = [getattr(models, name) for name in models.__all__ if name.endswith("Request")]


class Secret:
    def __repr__(self) -> str:
        return "hush"

    __str__ = __repr__


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("wrong", ["", "x", "hush-0", "hush" * 60])
def test_an_id_says_what_it_is_made_of(name: str, wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(getattr(scalars, name)).validate_python(wrong)
    (found,) = caught.value.errors(include_url=False)
    if found["type"] == "string_too_long":
        assert "{8,}" in _pattern(getattr(scalars, name))
        return
    start = _pattern(getattr(scalars, name)).removeprefix("^(?:").partition("[")[0]
    said = wording(found)
    assert said.startswith(f"Should be an id: '{start}' and ")
    assert said.endswith(("17 letters or digits", "8 or more hex digits"))
    assert "hush" not in said


def test_there_are_ids_of_many_kinds() -> None:
    assert len(IDS) >= 10
    assert len(REQUESTS) >= 70


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda each: each.__name__)
def test_a_wrong_kind_of_argument_is_named_and_not_shown(
    request_type: type[BaseModel],
) -> None:
    for name in request_type.model_fields:
        with pytest.raises(RequestValidationError) as caught:
            request_type(**{name: Secret()})
        (problem,) = (each for each in caught.value.problems if each.path == name)
        assert re.match(r"Should (be|have)|Input should be", problem.message), problem
        assert "hush" not in str(caught.value)
        if problem.message.startswith("Should be"):
            assert "not Secret" in problem.message


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            lambda: models.StartRecoveryRequest(source_servers="s-1111111111111111a"),  # type: ignore[arg-type]
            "source_servers: Should be a list, not str; one goes into [ ], too",
        ),
        (
            lambda: models.StartRecoveryRequest(source_servers=["s-1111111111111111a"]),  # type: ignore[list-item]
            (
                "source_servers[0]: Should be a dict or a StartRecoveryRequestSourceServer, "
                "not str; it has source_server_id, recovery_snapshot_id"
            ),
        ),
        (
            lambda: models.DescribeJobsRequest(filters={"from_date": datetime(2026, 1, 1)}),  # type: ignore[arg-type] # noqa: DTZ001
            (
                "filters.from_date: Should have an offset: datetime.now(UTC), say, "
                "instead of datetime.now()"
            ),
        ),
        (
            lambda: models.DescribeJobsRequest(filters={"from_date": "yesterday"}),  # type: ignore[arg-type]
            (
                "filters.from_date: Should be a datetime with an offset, "
                "such as datetime.now(UTC), not str"
            ),
        ),
        (
            lambda: models.DescribeJobsRequest(max_results="7"),  # type: ignore[arg-type]
            "max_results: Should be a whole number, not str",
        ),
        (
            lambda: models.DeleteSourceServerRequest(source_server_id=None),  # type: ignore[arg-type]
            "source_server_id: Should be a string, not None",
        ),
        (
            lambda: models.TagResourceRequest(resource_arn="arn:" + "x" * 20, tags=["a"]),  # type: ignore[arg-type]
            "tags: Should be a dict, not list",
        ),
        (
            lambda: models.DeleteSourceServerRequest(source_server_id="i-1111111111111111a"),
            "source_server_id: Should be an id: 's-' and 17 letters or digits",
        ),
    ],
)
def test_what_people_get_wrong_first(build: Callable[[], object], said: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        build()
    assert said in [str(problem) for problem in caught.value.problems]
