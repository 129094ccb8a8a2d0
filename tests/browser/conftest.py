"""A real browser and the real command, for what only a person at the page would see."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.candidates import ALL
from tests.builder.candidates import write
from tests.conftest import free_port, wait_for

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


class Server:
    """`xsb-space --only review` over the test's candidates."""

    def __init__(self, folder: Path) -> None:
        self.candidates = write(folder / "candidates.jsonl", ALL)
        self.reviews, self.port = folder / "reviews", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [
            str(Path(sys.executable).parent / "xsb-space"), "--only", "review", "--port", str(self.port),
            "--candidates", str(self.candidates), "--reviews", str(self.reviews),
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_for(self.url, self.process)

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.communicate(timeout=20)


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with the module, since Playwright keeps an event loop running in this thread until then."""
    chromium = shutil.which("chromium")
    assert chromium, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


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
