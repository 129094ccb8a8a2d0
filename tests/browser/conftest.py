"""A real browser and the real command, for what only a person at the page would see."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.candidates import ALL
from tests.builder.candidates import write
from tests.conftest import free_port, wait_for

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


# What Gradio's page may say of its streams while a visitor leaves it or loads it anew.
LEAVING = ("BodyStreamBuffer was aborted", "Connection errored out")
SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"


class Space:
    """`xsb-space` with these arguments, on a free port of its own; `folder` is where it runs."""

    def __init__(self, *arguments: str, folder: Path | None = None, **environment: str) -> None:
        self.arguments, self.folder, self.environment = arguments, folder, environment
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [str(Path(sys.executable).parent / "xsb-space"), "--port", str(self.port), *self.arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        wait_for(self.url, self.process)

    def stop(self, how: int = signal.SIGTERM) -> str:
        """What it wrote to its standard error."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=20)[1]


class Server(Space):
    """The Review tab alone, over the test's candidates."""

    def __init__(self, folder: Path) -> None:
        self.candidates = write(folder / "candidates.jsonl", ALL)
        self.reviews = folder / "reviews"
        super().__init__("--only", "review", "--candidates", str(self.candidates), "--reviews", str(self.reviews))


class Visitor:
    """A person at the page, who notices errors in the console and requests to other hosts."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.wrong = page, list[str]()
        page.on("console", lambda told: self._failed(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: self._failed(str(error)))
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._asked(request.url))
        page.goto(url)
        page.wait_for_selector(".xsb-tabs > .tab-wrapper [role=tab]")

    def _failed(self, told: str) -> None:
        if not any(text in told for text in LEAVING):
            self.wrong.append(told)

    def _asked(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.wrong.append(f"request to {url}")

    def look(self, name: str) -> None:
        """A screenshot of the whole page, to be looked at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def accessible(self) -> list[str]:
        """What axe-core finds that is serious or critical, a line each."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['help']}: {one['nodes'][0]['html']}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    def fits(self) -> bool:
        """Whether nothing is to be scrolled sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


class Reviewer:
    """A person at the page; `after` waits until the page has answered."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        page.wait_for_selector(".rv")

    def after(self, act: Callable[[], object]) -> None:
        before = self.page.get_attribute(".rv", "data-serial")
        act()
        self.page.wait_for_function("old => document.querySelector('.rv').dataset.serial !== old", arg=before)

    def press(self, key: str) -> None:
        self.after(lambda: self.page.keyboard.press(key))

    def enter(self, name: str) -> None:
        self.page.fill("[name=name]", name)
        self.press("Enter")

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def word(self, text: str) -> None:
        self.page.locator(".rv-word", has_text=text).first.click()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, while the context lasts."""
    binary = shutil.which("chromium")
    assert binary, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def visits(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """A function from a URL to a new visitor there; at the end nothing may have gone wrong for any of them."""
    visitors = []

    def come(url: str, width: int = 1200, height: int = 900, *, dark: bool = False) -> Visitor:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        visitors.append(Visitor(context.new_page(), url))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.page.context.close()
    assert [wrong for visitor in visitors for wrong in visitor.wrong] == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with the module, since Playwright keeps an event loop running in this thread until then."""
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """As `visits`."""
    with visits(browser) as come:
        yield come


@pytest.fixture
def person(browser: Browser) -> Iterator[Callable[[str], Reviewer]]:
    """A function from a URL to a new person there, with a browser profile of their own."""
    contexts = []

    def come(url: str) -> Reviewer:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 860}))
        return Reviewer(contexts[-1].new_page(), url)

    yield come
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("review"))
    yield server
    server.stop()
