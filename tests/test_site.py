"""The site: builds strictly, leads nowhere that is not there, and asks no other host for anything."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tests.test_promises import ROOT

DOCS = ROOT / "docs"
PUBLIC = {"load_model", "diagnose", "mitigate", "attribute", "load_judge", "run", "metrics", "Record", "words"}
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
LOADED = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "manifest"}


class Page(HTMLParser):
    """Ids of a page, what its links lead to, and what a browser fetches for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag in FETCHED and FETCHED[tag] in found:
            self.fetched.append(found[FETCHED[tag]])
        elif tag == "link" and LOADED & set(found.get("rel", "").split()):
            self.fetched.append(found.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def navigation(entry: object) -> Iterator[str]:
    """Every page that the navigation names."""
    if isinstance(entry, str):
        yield entry
    else:
        for one in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
            yield from navigation(one)


def test_every_page_of_docs_can_be_found() -> None:
    text = re.sub(r"!!python\S*", "", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = sorted(navigation(yaml.safe_load(text)["nav"]))
    there = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*") if path.suffix in (".md", ".ipynb")]
    assert named == sorted(there), "each once"


def test_links_lead_to_pages_and_places_that_are_there(pages: dict[Path, Page]) -> None:
    assert len(pages) > 40
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages.get(target / "index.html" if target.is_dir() else target)
            if not target.exists() or (parts.fragment and known and unquote(parts.fragment) not in known.ids):
                dead.append((path.name, link))
    assert not dead


def test_the_pages_ask_no_other_host_for_anything(site: Path, pages: dict[Path, Page]) -> None:
    fetched = {source for page in pages.values() for source in page.fetched}
    assert fetched
    assert not [source for source in fetched if re.match(r"(?:https?:)?//", source)]
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import )\s*[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style


def test_links_out_of_docs_are_pages_of_the_site(site: Path) -> None:
    contributing = (site / "repository" / "CONTRIBUTING.html").read_text(encoding="utf-8")
    assert "Add a scenario in five steps" in contributing
    judges = Page((site / "judges.html").read_text(encoding="utf-8"))
    assert "repository/eval/judges/prompts/refusal.md.j2.html" in judges.links


def test_the_reference_has_what_a_user_imports(pages: dict[Path, Page]) -> None:
    named = {one.rsplit(".", 1)[-1] for path, page in pages.items() if path.parent.name == "api" for one in page.ids}
    assert named.issuperset(PUBLIC)
