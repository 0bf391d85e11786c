"""Without its extras the package needs no engine, and says which extra is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

ENGINES = {"airflow": "apache-airflow", "temporal": "temporalio"}

_BLOCK = """
import sys

asked = []

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"airflow", "temporalio"}:
            asked.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""

_EVERYTHING = """
import importlib, pathlib, sys
import drs_sdk
root = pathlib.Path(drs_sdk.__file__).parent
for path in sorted(root.rglob("*.py")):
    parts = path.relative_to(root.parent).with_suffix("").parts
    if parts[1] not in {"airflow", "temporal"} and parts[-1] != "__main__":
        importlib.import_module(".".join(part for part in parts if part != "__init__"))
faces = [module for name, module in list(sys.modules.items()) if name.startswith("drs_sdk")]
for face in faces:
    for name in getattr(face, "__all__", ()):
        getattr(face, name)
engines = {"airflow", "temporalio", "asgiref", "boto3"}
print(asked, sorted({name.partition(".")[0] for name in sys.modules} & engines), len(faces) > 100)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )


def test_everything_but_the_engines_rooms_imports_without_an_engine() -> None:
    """Every module and every public name, lazy ones too; an engine is neither there nor asked."""
    done = run(_BLOCK + _EVERYTHING)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[-2] == "[] [] True"


@pytest.mark.parametrize("room", sorted(ENGINES))
def test_a_room_without_its_engine_names_the_extra(room: str) -> None:
    done = run(f"{_BLOCK}import drs_sdk.{room}")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert f'needs {ENGINES[room]}: pip install "drs-sdk[{room}]"' in last
    assert last.startswith("ModuleNotFoundError")
