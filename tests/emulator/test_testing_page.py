"""What docs/testing.md lists is all there is."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from drs_sdk.testing import DRSEmulator, Fault, Quirks
from drs_sdk.testing.__main__ import parse_arguments
from drs_sdk.testing.admin.endpoint import ROUTES
from drs_sdk.testing.scenario.scenario import Scenario
from drs_sdk.testing.service.deviations import DEVIATIONS
from drs_sdk.testing.service.unlisted_refusals import UNLISTED

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()


def _listed(pattern: str) -> set[str]:
    return set(re.findall(pattern, PAGE, re.MULTILINE))


def test_every_fault_is_in_the_table() -> None:
    made = {name for name, value in vars(Fault).items() if isinstance(value, classmethod)}
    assert _listed(r"^\| `Fault\.(\w+)\(") == made


def test_every_method_of_a_scenario_is_on_the_page() -> None:
    methods = {
        name
        for kind in Scenario.__mro__[:-1]
        for name, value in vars(kind).items()
        if not name.startswith("_") and not isinstance(value, property)
    }
    of_their_own = {"load", "snapshot", "restore"}
    assert _listed(r"^\| `(\w+)\([^)]*\)` \| ") >= methods - of_their_own
    for name in of_their_own:
        assert f"emulator.{name}" in PAGE
        assert name in methods


def test_every_method_of_the_emulator_alone_is_on_the_page() -> None:
    own = {
        name
        for name, value in vars(DRSEmulator).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
    assert own >= {"at", "snapshot_world", "restore_world", "deny_role"}
    for name in own - {"start"}:
        assert re.search(rf"\b{name}\(", PAGE), name


def test_everything_that_can_be_set_on_a_place_is_on_the_page() -> None:
    settable = {
        name
        for kind in Scenario.__mro__[:-1]
        for name, value in vars(kind).items()
        if isinstance(value, property)
    }
    assert settable >= {"quotas", "quirks", "job_durations"}
    for name in settable:
        assert f".{name} = " in PAGE or f"`emulator.{name}`" in PAGE, name


def test_every_quirk_is_in_the_table() -> None:
    assert _listed(r"^\| `(\w+)=[^`]+` \| ") == {field.name for field in fields(Quirks)}


def test_the_parameters_in_the_tables_exist() -> None:
    for owner, kind in (("", DRSEmulator), ("Fault.", Fault)):
        for name, parameters in re.findall(
            rf"^\| `{owner}(\w+)\(([^)`]+)\)` \|", PAGE, re.MULTILINE
        ):
            taken = inspect.signature(getattr(kind, name)).parameters
            keywords = set(re.findall(r"(\w+)=", parameters))
            assert keywords <= taken.keys(), name


def test_every_option_of_the_command_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    shown = {option for line in _listed(r"^\| (`--.*?) \|") for option in line.split("`")}
    assert {option.split()[0] for option in shown if option.startswith("--")} == options


def test_every_route_of_the_admin_endpoint_is_in_the_table() -> None:
    rows = _listed(r"^\| (`(?:GET|POST|PUT|DELETE) /.*?) \|")
    assert {route for row in rows for route in re.findall("`(.*?)`", row)} == {
        f"{route.method} {route.path}" for route in ROUTES.values()
    }


def test_every_known_deviation_is_named() -> None:
    for deviation in DEVIATIONS:
        named = deviation.member or (
            deviation.value if deviation.value.isidentifier() else deviation.shape
        )
        expected = {"EbsVolumeID": "EBS volume", "ISO8601DatetimeString": "+00:00"}
        assert expected.get(named, named) in PAGE


def test_every_refusal_that_is_the_emulators_choice_is_named() -> None:
    (listed,) = re.findall(
        r"^- refusals that the description does not list(.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE
    )
    named: dict[str, set[str]] = {}
    for clause in listed.split(";"):
        code, *operations = re.findall(r"`(\w+)`", clause)
        for operation in operations:
            named.setdefault(operation, set()).add(code)
    assert named == UNLISTED
