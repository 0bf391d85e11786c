"""`make release-check`: build the distributions and look at them as those who install them would.

Leaves in dist/ the sdist, the wheel and a list of what the wheel pulls in (CycloneDX). Nothing is
uploaded or tagged.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
BIN = Path(sys.executable).parent

RELATIVE = re.compile(r"\]\((?!https?://|#)[^)]*\)")
"""A link or picture of Markdown that leads nowhere on an index page."""

SMOKE = """
import asyncio, importlib, pkgutil
import drs_sdk
from drs_sdk.testing import DRSEmulator

NEED_EXTRAS = {"drs_sdk.otel", "drs_sdk.progress", "drs_sdk.recovery.yaml_loading"}
for each in pkgutil.walk_packages(drs_sdk.__path__, "drs_sdk."):
    if each.name.endswith(("__main__", ".plugin")):
        continue
    try:
        importlib.import_module(each.name)
    except ModuleNotFoundError as error:
        assert "pip install" in str(error), (each.name, error)
        NEED_EXTRAS.discard(each.name)
assert not NEED_EXTRAS, NEED_EXTRAS

async def main():
    async with DRSEmulator() as emulator, emulator.client() as drs:
        emulator.add_source_servers(3)
        servers = await drs.describe_source_servers().collect()
        started = await drs.start_recovery(
            [{"source_server_id": each.source_server_id} for each in servers], is_drill=True
        )
        job = await drs.wait_until_job_completed(started)
        assert job.succeeded and len(job.launched_servers) == 3

asyncio.run(main())
print(drs_sdk.__version__)
"""


class CheckFailedError(Exception):
    """Something about the distributions is wrong."""


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """Run a command to its end, with these environment variables too: what it printed.

    Raises:
        CheckFailedError: It failed.
    """
    words = [str(part) for part in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CheckFailedError(f"{' '.join(words[:4])} failed:\n{done.stdout}")
    return done.stdout


def require(holds: object, message: str) -> None:
    """Fail with a message unless something holds."""
    if not holds:
        raise CheckFailedError(message)


def build() -> tuple[Path, Path]:
    """Build an sdist, and the wheel from it, so that the sdist is shown to be enough."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(BIN / "python", "-m", "build", "--outdir", DIST, ROOT)
    (sdist,) = DIST.glob("*.tar.gz")
    (wheel,) = DIST.glob("*.whl")
    return sdist, wheel


def metadata(wheel: Path) -> None:
    """What an index page shows."""
    run(BIN / "twine", "check", "--strict", *DIST.iterdir())
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        shown = Parser().parsestr(archive.read(name).decode())
    text = str(shown.get_payload())
    relative = RELATIVE.findall(text)
    require(not relative, f"on an index page these lead nowhere: {relative}")
    require(f"/v{shown['Version']}/" in text, "the README names no files of this release")
    require(shown["License-Expression"] == "Apache-2.0", "the licence is not stated")
    require(len(shown.get_all("Project-URL", [])) >= 4, "project URLs are missing")  # noqa: PLR2004


def contents(wheel: Path) -> None:
    """All modules are in the wheel, with the licence and the marker of types, and nothing else."""
    run(BIN / "check-wheel-contents", wheel)
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        licensed = any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    package = ROOT / "src" / "drs_sdk"
    wanted = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    require(held == wanted, f"the wheel and src/ differ by {sorted(held ^ wanted)}")
    require("drs_sdk/py.typed" in held, "py.typed is missing: nobody would see the types")
    require(licensed, "the licence is missing")


def clean_environment(wheel: Path, folder: Path) -> Path:
    """The wheel alone, without extras, imports and carries a drill out."""
    environment = folder / "clean"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "--quiet", wheel)
    run(*pip, "check")
    version = run(python, "-I", "-c", SMOKE, cwd=folder).split()[-1]
    require(f"-{version}-" in wheel.name, f"the wheel {wheel.name} holds version {version}")
    return python


def materials(python: Path) -> None:
    """Write what the wheel pulls in, as CycloneDX."""
    target = DIST / "drs-sdk.cdx.json"
    run(
        BIN / "cyclonedx-py",
        "environment",
        "--pyproject",
        ROOT / "pyproject.toml",
        "--mc-type",
        "library",
        "--output-reproducible",
        "--output-file",
        target,
        python,
    )
    require('"aiobotocore"' in target.read_text("utf-8"), "the list of materials is empty")


def api(allow: bool) -> str:  # noqa: FBT001 - from the command line
    """Compare the public face with that of the last tag."""
    if not (ROOT / ".git").exists():
        return "no repository, nothing to compare the API with"
    tags = run("git", "tag", "--list", "v*", "--sort=-v:refname").split()
    if not tags:
        return "no release yet, nothing to compare the API with"
    try:
        run(BIN / "griffecli", "check", "drs_sdk", "--search", "src", "--against", tags[0])
    except CheckFailedError as error:
        if not allow:
            raise
        return f"breaks {tags[0]}, as allowed:\n{error}"
    return f"the API is that of {tags[0]}, or more"


def sdist_tests(sdist: Path, folder: Path, python: str, tests: Sequence[str]) -> None:
    """The sdist passes its own tests, on its own modules and not on those of this checkout."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "sdist", filter="data")
    (root,) = (folder / "sdist").iterdir()
    source = str(root / "src")
    where = run(python, "-c", "import drs_sdk; print(drs_sdk.__file__)", PYTHONPATH=source)
    require(where.startswith(source), f"the sdist's tests would run on {where}")
    workers = ("-n", "auto", "--dist", "loadfile")
    run(python, "-m", "pytest", "-q", *workers, *tests, cwd=root, PYTHONPATH=source)


def main() -> int:
    """Run every check, the quick ones first; 1 if one fails."""
    parser = argparse.ArgumentParser(prog="release/check.py", description=__doc__)
    parser.add_argument("--allow-api-breaks", action="store_true", help="in a release that may")
    parser.add_argument("--skip-tests", action="store_true", help="do not run the sdist's tests")
    parser.add_argument(
        "--tests-on",
        default=sys.executable,
        metavar="PYTHON",
        type=os.path.abspath,
        help="the Python that has requirements-dev.txt; this one unless given",
    )
    parser.add_argument("tests", nargs="*", help="which of the sdist's tests; all unless given")
    options = parser.parse_args()
    try:
        print(api(options.allow_api_breaks))
        sdist, wheel = build()
        print(f"built {sdist.name} and {wheel.name}")
        metadata(wheel)
        contents(wheel)
        print("metadata and contents are right")
        with tempfile.TemporaryDirectory() as folder:
            python = clean_environment(wheel, Path(folder))
            print("works in a clean environment without extras")
            materials(python)
            print("dist/drs-sdk.cdx.json lists what it is made of")
            if not options.skip_tests:
                sdist_tests(sdist, Path(folder), options.tests_on, options.tests)
                print("the sdist passes its own tests")
    except CheckFailedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
