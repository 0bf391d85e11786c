"""Every Python block of the README and the docs compiles, type-checks and, where marked, runs.

A fenced block is a program, or a fragment with top-level ``await`` that may use ``drs`` (an open
`DRSClient`) and ``emulator`` (the `DRSEmulator` behind it). A comment before the fence says more:

- ``<!-- docs: run -->``: run it on an emulator that holds the three servers of `FLEET`
- ``<!-- docs: pytest -->``: a test module; run it by pytest
- ``<!-- docs: untyped -->``: do not type-check it, as boto3 has no types; goes with ``run``
- ``<!-- docs: output -->``, before a text block: what the block above it prints

A guide that has a row in the table of docs/rights.md runs under the policy of that row.

Programs that a page takes in from ``examples/`` are checked with the examples.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drs_sdk.iam import policy_for
from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

FLEET = [
    {
        "sourceServerID": "s-1111111111111111a",
        "sourceProperties": {"identificationHints": {"hostname": "web-1"}},
        "dataReplicationInfo": {"dataReplicationState": "CONTINUOUS", "lagDuration": "P0D"},
        "tags": {"team": "shop"},
    },
    {
        "sourceServerID": "s-2222222222222222b",
        "sourceProperties": {"identificationHints": {"hostname": "db-1"}},
        "dataReplicationInfo": {
            "dataReplicationState": "BACKLOG",
            "lagDuration": "PT11M",
            "replicatedDisks": [{"totalStorageBytes": 2**33, "replicatedStorageBytes": 2**33}],
        },
        "tags": {},
    },
    {
        "sourceServerID": "s-3333333333333333c",
        "sourceProperties": {"identificationHints": {"hostname": "old-1"}},
        "dataReplicationInfo": {"dataReplicationState": "DISCONNECTED"},
        "tags": {},
    },
]

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- docs: ([a-z, ]+) -->\s*\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it stands, what it says, how it is marked."""

    page: str
    line: int
    language: str
    text: str
    marks: frozenset[str]
    output: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_fragment(self) -> bool:
        """Whether it is no module by itself: it awaits at top level, or uses what it is given."""
        allowed = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(self.text, str(self), "exec", flags=allowed, dont_inherit=True)
        given = {"drs", "emulator"} & set(code.co_names)
        made = {
            node.id
            for node in ast.walk(ast.parse(self.text))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        return bool(code.co_flags & inspect.CO_COROUTINE or given - made)

    @property
    def module(self) -> str:
        """The block as a module whose line numbers are those of the page."""
        if not self.is_fragment:
            return "\n" * (self.line - 1) + self.text
        head = (
            "from drs_sdk import DRSClient; from drs_sdk.testing import DRSEmulator\n"
            "async def block(drs: DRSClient, emulator: DRSEmulator) -> None:\n"
        )
        return "\n" * (self.line - 3) + head + textwrap.indent(self.text, "    ")


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        marks = _MARK.search(text, 0, match.start())
        found.append(
            Block(
                page=page.relative_to(ROOT).as_posix(),
                line=text.count("\n", 0, match.start("body")) + 1,
                language=match["language"],
                text=textwrap.dedent(match["body"]),
                marks=frozenset(re.findall(r"\w+", marks[1])) if marks else frozenset(),
            )
        )
    for index, block in enumerate(found):
        if block.language == "python" and not block.text.startswith("--8<--"):
            following = found[index + 1] if index + 1 < len(found) else None
            shown = following is not None and "output" in following.marks
            yield replace(block, output=following.text if following and shown else None)


def rights_of_guides() -> dict[str, list[str]]:
    """The operations that docs/rights.md grants each guide."""
    text = (ROOT / "docs" / "rights.md").read_text(encoding="utf-8")
    return {
        f"docs/{page}": re.findall(r"`([A-Z]\w+)`", operations)
        for guides, operations in re.findall(r"^\| (.*?) \| (`[A-Z].*) \|$", text, re.MULTILINE)
        for page in re.findall(r"\]\((.+?\.md)\)", guides)
    }


RIGHTS = rights_of_guides()
BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def having(mark: str) -> list[Any]:
    return [pytest.param(block, id=str(block)) for block in BLOCKS if mark in block.marks]


@pytest.fixture
async def emulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DRSEmulator]:
    """The emulator of the docs, found by every AWS client in this process."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    async with DRSEmulator() as emulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DRS", emulator.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", emulator.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", emulator.secret_access_key)
        emulator.load(FLEET)
        yield emulator


def test_there_are_blocks_and_only_known_marks() -> None:
    known = {"run", "pytest", "untyped"}
    assert len(BLOCKS) > 20
    assert {str(block): block.marks - known for block in BLOCKS if block.marks - known} == {}


def test_guides_have_their_rights() -> None:
    assert RIGHTS.keys() <= {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert len(RIGHTS) > 8
    assert RIGHTS["docs/pagination.md"] == ["DescribeSourceServers"]


def test_every_block_type_checks(tmp_path: Path) -> None:
    for block in BLOCKS:
        module = block.module  # compiles, typed or not
        if "untyped" not in block.marks:
            stem = re.sub(r"\W", "_", block.page)
            (tmp_path / f"{stem}_{block.line}.py").write_text(module, encoding="utf-8")
    checked = subprocess.run(  # noqa: S603 - our own tool on our own files
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            # aiobotocore has no types of its own; the docs pass its AioConfig on, no more.
            "--disable-error-code=import-untyped",
            str(tmp_path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("block", having("run"))
async def test_block_runs(
    block: Block, emulator: DRSEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    if block.page in RIGHTS:
        emulator.enforce_policy(policy_for(RIGHTS[block.page]))
    names: dict[str, Any] = {"__name__": "__main__"}
    code = compile(block.module, str(block), "exec", dont_inherit=True)
    if block.is_fragment:
        exec(code, names)  # noqa: S102 - our own docs
        async with emulator.client() as drs:
            await names["block"](drs, emulator)
    else:
        await asyncio.to_thread(exec, code, names)
    if block.output is not None:
        assert capsys.readouterr().out == block.output


def test_test_modules_pass(tmp_path: Path) -> None:
    blocks = [block for block in BLOCKS if "pytest" in block.marks]
    assert blocks
    for block in blocks:
        path = tmp_path / f"test_{re.sub(r'[^a-z]', '_', block.page.lower())}_{block.line}.py"
        path.write_text(block.text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", encoding="utf-8")
    ran = subprocess.run(  # noqa: S603 - our own tool on our own files
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
