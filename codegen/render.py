"""Templates become files: jinja2, then ruff."""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codegen import waits
from codegen.modules import Module, Planner
from codegen.types import Types

if TYPE_CHECKING:
    from codegen.overlay import Overlay
    from codegen.service import Service

WIDTH = 100
ROOT = Path(__file__).parent.parent
TARGET = ROOT / "src" / "drs_sdk"


def prose(text: str, indent: int, hang: int = 0) -> str:
    """Wrap prose at an indent, paragraph by paragraph; the first line is already indented."""
    paragraphs: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lead = " " * indent
        wrapped = textwrap.fill(
            " ".join(paragraph.split()),
            WIDTH - 3 if not paragraphs else WIDTH,
            initial_indent=lead,
            subsequent_indent=lead + " " * hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        paragraphs.append(wrapped)
    return "\n\n".join(paragraphs).lstrip()


def docstring(text: str, indent: int) -> str:
    """The inside of a docstring: a summary line, the rest below it."""
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z`])", " ".join(text.split()), maxsplit=1)
    room = WIDTH - indent - 6
    if len(sentences) == 1 and len(sentences[0]) <= room:
        return sentences[0]
    if len(sentences[0]) <= room:
        return f"{sentences[0]}\n\n{' ' * indent}{prose(sentences[1], indent)}\n{' ' * indent}"
    return f"{prose(text, indent)}\n{' ' * indent}"


def literal(text: str, indent: int) -> str:
    """A string literal that wraps by implicit concatenation."""
    lines = textwrap.wrap(text, WIDTH - indent - 8, break_long_words=False, break_on_hyphens=False)
    if len(lines) == 1:
        return json.dumps(lines[0], ensure_ascii=False)
    parts = [json.dumps(line + " ", ensure_ascii=False) for line in lines[:-1]]
    parts.append(json.dumps(lines[-1], ensure_ascii=False))
    return "(" + "\n".join(parts) + ")"


class Renderer:
    """Renders every generated file into a dict of path and text."""

    def __init__(self, service: Service, overlay: Overlay) -> None:
        """Plan first, then render."""
        self.service = service
        self.overlay = overlay
        self.types = Types(service, overlay)
        self.planner = Planner(service, overlay, self.types)
        self.environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701 - the output is Python, not HTML
        )
        self.environment.filters.update(prose=_in_code, literal=literal, words=waits.words)

    def files(self) -> dict[str, str]:
        """Path below the package and unformatted text of every generated file."""
        modules = self.planner.modules()
        files: dict[str, str] = {}
        for module in modules:
            files[f"models/{module.family.name}.py"] = self._models(module)
            files[f"operations/{module.family.name}.py"] = self._operations(module)
        files["enums.py"] = self._enums()
        files["scalars.py"] = self._render(
            "scalars.py.j2",
            scalars=[(name, self.types.scalar(name)) for name in sorted(self.types.scalars)],
        )
        files["models/__init__.py"] = self._models_init(modules)
        families = self.overlay.families
        files["operations/__init__.py"] = self._render(
            "operations_init.py.j2",
            families=families,
            names=sorted(["Operations", *(family.mixin for family in families)]),
        )
        files[waits.FILE] = self._waits()
        return files

    def _waits(self) -> str:
        methods = waits.methods()
        return self._render(
            "waits.py.j2",
            methods=methods,
            models=sorted({each.model for each in methods}),
            types=sorted({each.takes for each in methods}),
        )

    def _render(self, template: str, **values: object) -> str:
        return self.environment.get_template(template).render(**values)

    def _models(self, module: Module) -> str:
        traits = [
            self.overlay.traits[each.name]
            for each in module.classes
            if each.name in self.overlay.traits
        ]
        return self._render(
            "family_models.py.j2", module=module, traits=traits, names=_names(module)
        )

    def _operations(self, module: Module) -> str:
        text = " ".join(
            f"{method.response} {method.item} "
            + " ".join(member.parameter for member in method.parameters)
            for method in module.methods
        )
        known = {*self.planner.home, *self._enum_names()}
        known |= {f"{name}Dict" for name in self.planner.home}
        names = sorted(set(re.findall(r"\w+", text)) & known)
        return self._render("family_operations.py.j2", module=module, names=names)

    def _enum_names(self) -> list[str]:
        likes = [f"{name}Like" for name in self.service.enums if name in self.service.sent]
        return sorted([*self.service.enums, *likes])

    def _enums(self) -> str:
        enums = [
            {
                "name": name,
                "description": self.overlay.enums[name]["description"],
                "sent": name in self.service.sent,
                "values": [
                    {
                        "name": _identifier(value),
                        "value": value,
                        "description": self.overlay.enums[name]["values"][value],
                    }
                    for value in shape.enum
                ],
            }
            for name, shape in self.service.enums.items()
        ]
        return self._render("enums.py.j2", enums=enums, names=self._enum_names())

    def _models_init(self, modules: list[Module]) -> str:
        homes = {f"drs_sdk.models.{module.family.name}": _names(module) for module in modules}
        homes["drs_sdk.enums"] = self._enum_names()
        names = sorted(name for home in homes.values() for name in home)
        return self._render("models_init.py.j2", homes=dict(sorted(homes.items())), names=names)


def _in_code(text: str, indent: int, hang: int | None = None) -> str:
    """Docstring text at 4, prose inside a docstring deeper down."""
    escaped = text.replace("\\", "\\\\")
    if indent == 4:  # noqa: PLR2004 - the indent of a class body
        return docstring(escaped, indent)
    return prose(escaped, indent, hang or 0)


def _identifier(value: str) -> str:
    name = re.sub(r"\W", "_", value)
    if name[0].isdigit() or keyword.iskeyword(name):
        raise ValueError(f"enum value {value!r} makes no Python name")
    return name


def _names(module: Module) -> list[str]:
    names = [each.name for each in module.classes]
    names += [f"{each.name}Dict" for each in module.classes if each.twin]
    return sorted(names)


def formatted(files: dict[str, str], folder: Path) -> dict[str, str]:
    """Write the files below a folder, tidy them with ruff, and return what they became."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    config = ["--config", str(ROOT / "pyproject.toml"), "--quiet"]
    paths = [str(folder / name) for name in files]
    for command in (
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--select",
            "I,F401,UP",
            "--fix-only",
            *config,
            *paths,
        ],
        [sys.executable, "-m", "ruff", "format", *config, *paths],
    ):
        subprocess.run(command, check=True)  # noqa: S603 - our own command line
    return {name: (folder / name).read_text("utf-8") for name in files}
