"""What installing and building go by: extras, floors, and the targets of the Makefile."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
HATCH = PYPROJECT["tool"]["hatch"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
try:
    import drs_sdk.{module}
except ModuleNotFoundError as error:
    print(error)
    assert error.__cause__.name.startswith({package!r})
"""


# Extras


# An extra is named after the module that needs it; this one is for a part of a module.
NEEDED_BY = {"yaml": "recovery.yaml_loading"}
IMPORTED_AS = {"apache-airflow": "airflow", "opentelemetry-api": "opentelemetry", "PyYAML": "yaml"}
# Tested on the engine itself, in an environment of its own: `make test-engines`.
ENGINES = {"airflow"}


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_module_without_its_extra_says_how_to_install_it(extra: str) -> None:
    requirement = EXTRAS[extra][0].partition(">=")[0]
    package = IMPORTED_AS.get(requirement, requirement)
    module = NEEDED_BY.get(extra, extra)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", WITHOUT.format(package=package, module=module)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert f'drs_sdk.{module} needs {requirement}: pip install "drs-sdk[{extra}]"' in done.stdout


def test_every_extra_that_is_named_exists() -> None:
    files = [
        ROOT / "README.md",
        ROOT / "Makefile",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "src").rglob("*.py"),
    ]
    named = {
        extra
        for file in files
        for found in re.findall(r"(?:drs-sdk|\"\.)\[([a-z,]+)\]\"", file.read_text())
        for extra in found.split(",")
    }
    assert named == set(EXTRAS)


# Floors


def test_the_lowest_versions_that_are_tested_are_the_floors() -> None:
    extras = [item for extra in EXTRAS.keys() - ENGINES for item in EXTRAS[extra]]
    floors = dict(item.split(">=") for item in [*PROJECT["dependencies"], *extras])
    del floors["opentelemetry-api"]  # constraints-lowest.txt says why
    del floors["temporalio"]  # the floor is what `make test-temporal` runs on
    tested = dict(
        line.split("==")
        for line in (ROOT / "constraints-lowest.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    assert tested.keys() == floors.keys()
    for name, floor in floors.items():
        assert f"{tested[name]}.0".startswith(f"{floor}."), name


def test_the_engine_that_is_tested_is_the_floor() -> None:
    (floor,) = EXTRAS["temporal"]
    pins = (ROOT / "tests_engines" / "temporal" / "requirements.txt").read_text().splitlines()
    (tested,) = [pin for pin in pins if pin.startswith("temporalio==")]
    assert f"{tested}.0".startswith(floor.replace(">=", "==") + ".")


def test_ci_runs_the_speed_the_engines_and_the_floors() -> None:
    commands = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in commands if line.startswith("make ")] == [
        "make test",
        "make speed",
        "make test-engines",
        "make test-lowest",
    ]


# Distributions


def test_the_sdist_takes_everything_along() -> None:
    made = [
        line.strip("/")
        for line in (ROOT / ".gitignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    alone = {".git", ".gitignore", "LICENSE", "pyproject.toml", "PKG-INFO", ".venv"}
    there = {
        path.name
        for path in ROOT.iterdir()
        if path.name not in alone and not any(fnmatch(path.name, each) for each in made)
    }
    assert {name.strip("/") for name in HATCH["build"]["targets"]["sdist"]["include"]} == there


def test_the_readme_stands_alone_on_an_index_page() -> None:
    page = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)\s]+)\)", page)
    assert {link for link in links if "://" not in link and not (ROOT / link).exists()} == set()
    hook = HATCH["metadata"]["hooks"]["fancy-pypi-readme"]
    readme, heading, news = hook["fragments"]
    assert readme == {"path": "README.md"}
    assert heading["text"].strip().startswith("## ")
    (newest,) = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / news["path"]).read_text(), re.MULTILINE)[
        :1
    ]
    found = re.search(news["pattern"], (ROOT / news["path"]).read_text())
    assert found is not None
    assert found[1].startswith(f"## [{newest}]")
    assert found[1].count("\n## ") == 0
    page += heading["text"] + found[1]
    for each in hook["substitutions"]:
        page = re.sub(each["pattern"], each["replacement"], page)
    shown = re.findall(r"(!?)\[[^\]]*\]\(([^)]*)\)", page)
    assert len(shown) >= 15
    source = PROJECT["urls"]["Source"]
    raw = source.replace("github.com", "raw.githubusercontent.com")
    for picture, link in shown:
        assert link.startswith("https://")
        if picture:
            assert link.startswith(f"{raw}/v$HFPR_VERSION/")
        elif link.startswith(source):
            assert link.startswith(f"{source}/blob/v$HFPR_VERSION/")


def test_the_project_has_one_address() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
    source = PROJECT["urls"]["Source"]
    assert site["repo_url"] == source
    assert all(url.startswith(source) for url in PROJECT["urls"].values())
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    address = source.partition("//")[2]
    assert [file.name for file in texts if address in file.read_text("utf-8")] == []


def test_the_versions_of_python_are_said_alike() -> None:
    named = [
        entry.rpartition(" ")[2]
        for entry in PROJECT["classifiers"]
        if re.search(r":: 3\.\d+$", entry)
    ]
    minors = [int(version.partition(".")[2]) for version in named]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert PROJECT["requires-python"] == f">={named[0]}"
    page = (ROOT / "docs" / "versions.md").read_text()
    assert f"| Python | {named[0]} to {named[-1]};" in page


# CONTRIBUTING.md


def test_the_map_of_the_house_names_every_room() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    rooms = {
        f"{part.name}/" if part.is_dir() else part.name
        for part in (ROOT / "src" / "drs_sdk").iterdir()
        if not part.name.startswith("__") and part.name not in {"py.typed", "_version.py"}
    }
    table = page.partition("## The map")[2].partition("## Words")[0]
    assert {room for room in rooms if f"`{room}`" not in table} == set()


def test_every_path_that_contributors_are_sent_to_exists() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    paths = set(re.findall(r"\b((?:tests|docs|src|codegen)/[\w/]+(?:\.\w+)?)", page))
    assert len(paths) > 15
    assert {path for path in paths if not (ROOT / path).exists()} == set()


# The Makefile


def test_make_help_lists_every_target() -> None:
    if shutil.which("make") is None:
        pytest.skip("there is no make")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert len(targets) > 10
    assert [line.split()[0] for line in shown.splitlines()] == targets
    assert all(len(line.split()) > 1 for line in shown.splitlines())
