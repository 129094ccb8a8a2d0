"""What a page holds, as a browser would read it; and text that would do harm on one."""

from html.parser import HTMLParser
from pathlib import Path

from eval.runs.report import write_report

VOID = {"meta", "br", "rect", "path", "link", "img", "input"}
HOSTILE = (
    "</p></script><script>alert(1)</script>\"'><img src=x onerror=alert(2)> ![x](https://evil.test/x) \x1b[31m \u202e"
)


class Page(HTMLParser):
    """The page's text, links, attributes, and whether every tag that was opened is closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.text += data if self.open and self.open[-1] not in ("style", "script") else ""

    def having(self, name: str) -> list[str | None]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def page(folder: Path) -> Page:
    return Page(write_report(folder).read_text(encoding="utf-8"))
