"""The site: it builds, every exception is a link, and nothing is wider than the screen.

Widths are measured by Chromium, where there is one; the style sheet is held to its rules anyway.
"""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

import drs_sdk.errors
import drs_sdk.models as models

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)
WIDTHS = [1280, 390]  # a desktop, a phone

MEASURE = """\
<!doctype html>
<body style="margin: 0">
<iframe id="frame" style="border: 0; height: 900px"></iframe>
<script>
(async () => {
  const frame = document.getElementById("frame");
  const found = {};
  for (const width of WIDTHS) for (const page of PAGES) {
    frame.style.width = `${width}px`;
    await new Promise((done) => { frame.onload = done; frame.src = page; });
    const shown = frame.contentDocument;
    const cut = [...shown.querySelectorAll("pre > code, .md-nav--secondary .md-ellipsis")]
      .filter((each) => each.offsetParent && each.scrollWidth > each.clientWidth + 1)
      .map((each) => each.textContent.trim().slice(0, 60));
    const wide = shown.documentElement.scrollWidth > width ? ["the page itself"] : [];
    const broken = [...shown.querySelectorAll("td:first-child code")]
      .filter((each) => !/[\\s-]/.test(each.textContent) && !each.querySelector("wbr"))
      .filter((each) => each.offsetParent && each.getClientRects().length > 1)
      .map((each) => `${each.textContent} is broken`);
    found[`${page} at ${width}`] = [...wide, ...cut, ...broken];
  }
  await fetch("measured", { method: "POST", body: JSON.stringify(found) });
})();
</script>
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from nothing."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    for name in ("src", "examples", "tests_engines", "CHANGELOG.md"):
        (folder / name).symlink_to(ROOT / name)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    """The text of every page by its path."""
    return {
        page.relative_to(site).as_posix(): page.read_text("utf-8")
        for page in sorted(site.rglob("*.html"))
        if page.name != "404.html"
    }


def _nav(entries: list[object]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            yield from _nav(list(entry.values()))
        elif isinstance(entry, list):
            yield from _nav(entry)


# Pages and links


def test_every_page_stands_in_the_navigation_once() -> None:
    listed = sorted(_nav(CONFIG["nav"]))
    assert listed == sorted(
        page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")
    )


def test_no_page_asks_another_host_for_anything(site: Path, pages: dict[str, str]) -> None:
    asks = re.compile(
        r"<(?:script|img|iframe|link|source|video)\b[^>]*?"
        r"\b(?:src|href)=[\"']?((?:https?:)?//[^\"' >]+)"
    )
    asked = {(name, found) for name, text in pages.items() for found in asks.findall(text)}
    assert asked == set()
    styles = [*site.rglob("*.css"), *site.rglob("*.svg")]
    assert styles
    loads = re.compile(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//")
    assert [path.name for path in styles if loads.search(path.read_text("utf-8"))] == []


def test_every_file_that_a_page_names_is_there(site: Path, pages: dict[str, str]) -> None:
    missing = {
        (name, target)
        for name, text in pages.items()
        for target in re.findall(r"\b(?:src|href)=\"([^\"#?:]+)[\"#?]", text)
        if not ((site / name).parent / unescape(target)).exists()
    }
    assert missing == set()


def test_every_page_can_be_edited_and_leads_on(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        source = name.removesuffix(".html") + ".md"
        assert f'{CONFIG["repo_url"]}/{CONFIG["edit_uri"]}{source}"' in text, name
        assert 'rel="next"' in text or 'rel="prev"' in text, name


# The reference


def test_every_exception_under_raises_is_a_link(pages: dict[str, str]) -> None:
    linked: list[str] = []
    for name, text in pages.items():
        for part in re.findall(r">Raises:</span></p>\s*<ul>(.*?)</ul>", text, re.DOTALL):
            for entry in re.findall(r"<li[^>]*>\s*<code>(.*?)</code>", part, re.DOTALL):
                error = re.sub(r"<[^>]+>", "", entry).strip()
                if error in drs_sdk.errors.__all__:
                    assert f"#drs_sdk.errors.{error}" in entry, (name, error)
                    linked.append(error)
    assert len(linked) > 500


def test_a_class_shows_its_traits(pages: dict[str, str]) -> None:
    shown = 0
    for name in models.__all__:
        model = getattr(models, name)
        for base in getattr(model, "__bases__", ()):
            if base.__module__.startswith("drs_sdk.traits."):
                family = model.__module__.rpartition(".")[2]
                page = pages[f"reference/{family}.html"]
                for trait in (each for each in vars(base) if not each.startswith("_")):
                    assert f'href="traits.html#{base.__module__}.{base.__name__}.{trait}"' in page
                    shown += 1
    assert shown > 20


def test_every_method_is_listed_with_links(pages: dict[str, str]) -> None:
    page = pages["reference/methods.html"].replace("<wbr>", "")
    requests = [name for name in models.__all__ if name.endswith("Request")]
    assert len(requests) >= 70
    for name in requests:
        assert f"drs:{name.removesuffix('Request')}<" in page


# Widths


def test_what_could_be_wide_can_break() -> None:
    style = re.sub(r"\s+", " ", (ROOT / "docs/stylesheets/site.css").read_text("utf-8"))
    rules = {
        selector.strip(): body
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", style))
    }
    assert "white-space: pre-wrap" in rules[".md-typeset pre > code"]
    assert "overflow-wrap: anywhere" in rules[".md-typeset pre > code"]
    assert (
        "overflow-wrap: anywhere"
        in rules[".md-typeset .drs-fields table:not([class]) td + td code"]
    )


class _Server(ThreadingHTTPServer):
    """The site on loopback, and where the browser hands in what it measured."""

    def __init__(self, site: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(site)))
        self.measured: queue.Queue[dict[str, list[Any]]] = queue.Queue()


class _Handler(SimpleHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        cast("_Server", self.server).measured.put(json.loads(body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to measure with")
def test_nothing_is_wider_than_the_screen(
    site: Path, pages: dict[str, str], tmp_path: Path
) -> None:
    script = MEASURE.replace("WIDTHS", json.dumps(WIDTHS)).replace("PAGES", json.dumps([*pages]))
    (site / "measure.html").write_text(script, "utf-8")
    with _Server(site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen(  # noqa: S603 - a browser on our own files
            [
                str(CHROMIUM),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--window-size=1400,1000",
                f"--user-data-dir={tmp_path}",
                f"http://127.0.0.1:{server.server_port}/measure.html",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            measured = server.measured.get(timeout=120)
        finally:
            browser.terminate()
            browser.wait(10)
            server.shutdown()
    assert len(measured) == len(pages) * len(WIDTHS)
    assert {name: found for name, found in measured.items() if found} == {}
