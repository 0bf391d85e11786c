"""`python -m codegen generate` rebuilds the generated folders; `check` says what is off."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from codegen import method_list, waits
from codegen.overlay import Overlay
from codegen.render import TARGET, Renderer, formatted
from codegen.service import Service

FOLDERS = ("models", "operations")
"""Generated as a whole; single generated files stand beside them."""


def build(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Build every generated file below a folder: the overlays' problems, and the files."""
    service, overlay = Service(), Overlay()
    problems = overlay.check(service)
    if problems:
        return problems, {}
    return [], formatted(Renderer(service, overlay).files(), folder)


def generate() -> list[str]:
    """Rebuild the generated folders in the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        problems, files = build(Path(folder))
    if problems:
        return problems
    for name in FOLDERS:
        shutil.rmtree(TARGET / name, ignore_errors=True)
    for name, text in files.items():
        path = TARGET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    waits.PAGE.write_text(waits.page(waits.PAGE.read_text("utf-8")), "utf-8")
    method_list.PAGE.write_text(method_list.page(Service(), Overlay()), "utf-8")
    print(f"{len(files)} files generated")
    return []


def check() -> list[str]:
    """Compare the checkout with a rebuild; an empty list is good news."""
    with tempfile.TemporaryDirectory() as folder:
        problems, files = build(Path(folder))
    if problems:
        return problems
    paths = {path for name in FOLDERS for path in (TARGET / name).rglob("*.py")}
    paths |= {TARGET / name for name in files if (TARGET / name).exists()}
    page = waits.PAGE.read_text("utf-8")
    listed = method_list.PAGE.read_text("utf-8")
    found = {str(path.relative_to(TARGET)): path.read_text("utf-8") for path in sorted(paths)}
    return [
        f"{name}: {'missing' if name not in found else 'differs from a rebuild'}"
        for name in sorted(files)
        if found.get(name) != files[name]
    ] + [
        *(f"{name}: not generated any more" for name in sorted(found.keys() - files.keys())),
        *([] if waits.page(page) == page else ["docs/waiters.md: its tables differ"]),
        *(
            []
            if method_list.page(Service(), Overlay()) == listed
            else ["docs/reference/methods.md: differs from a rebuild"]
        ),
    ]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="codegen", description=__doc__)
    parser.add_argument("command", choices=["generate", "check"])
    problems = {"generate": generate, "check": check}[parser.parse_args().command]()
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print("run `make generate` and commit the result", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
