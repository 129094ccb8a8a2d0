"""Pages of the site for files of the repository that pages link to, so that no link leaves the site or is dead.

A link such as `../CONTRIBUTING.md` leads to a page below `repository/`: Markdown as it reads, anything else as code.
Folders are shown by their README. A link to what is not there is a warning, which `mkdocs build --strict` takes for an
error.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LINK = re.compile(r"(\]\()(?!https?://|mailto:|#)([^)\s#]+)(#[^)\s]*)?(\))")
HOME = "repository"
_FROM: dict[str, str] = {}  # which file a page was made from
LANGUAGES = {".j2": "jinja", ".yml": "yaml", ".yaml": "yaml", ".py": "python", ".json": "json", ".toml": "toml"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for every file outside of docs that a page leads to, also by way of another such file."""
    root = Path(config.docs_dir).parent
    waiting = [(f"docs/{file.src_uri}", file.content_string) for file in files if file.src_uri.endswith(".md")]
    done = set()
    while waiting:
        name, text = waiting.pop()
        for match in LINK.finditer(text):
            target = _file(root, name, match[2])
            if target is None or target.startswith("docs/") or target in done:
                continue
            done.add(target)
            content = (root / target).read_text(encoding="utf-8")
            if target.endswith(".md"):
                waiting.append((target, content))
            files.append(File.generated(config, _place(target), content=_shown(target, content)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to files outside of docs to their pages."""
    del files
    here, root = page.file.src_uri, Path(config.docs_dir).parent
    name = _FROM.get(here, f"docs/{here}")

    def led(match: re.Match[str]) -> str:
        target = _file(root, name, match[2])
        if target is None:
            return match[0]
        return f"{match[1]}{posixpath.relpath(_place(target), posixpath.dirname(here))}{match[3] or ''}{match[4]}"

    return LINK.sub(led, markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead a notebook's links to pages, which mkdocs-jupyter leaves as they are."""
    del config, files
    if not page.file.src_uri.endswith(".ipynb"):
        return html
    return re.sub(r'href="(?!https?:)([^"#]+)\.md(?=["#])', r'href="\1.html', html)


def _file(root: Path, name: str, link: str) -> str | None:
    """The file of the repository that a link in a file leads to, for a folder its README; None if there is none."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link))
    if (root / target).is_dir():
        target = f"{target}/README.md"
    return target if not target.startswith("..") and (root / target).is_file() else None


def _place(target: str) -> str:
    """The page of a file of the repository; MkDocs leaves out what begins with a dot."""
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    place = f"{HOME}/{target.replace('/.', '/').removeprefix('.')}{'' if target.endswith('.md') else '.md'}"
    _FROM[place] = target
    return place


def _shown(target: str, content: str) -> str:
    if target.endswith(".md"):
        return re.sub(r"\A---\n.*?\n---\n", "", content, flags=re.DOTALL)  # a card's metadata
    fence = "~" * 6
    return f"# {target}\n\n{fence} {LANGUAGES.get(Path(target).suffix, 'text')}\n{content}\n{fence}\n"
