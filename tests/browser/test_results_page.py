"""The Results tab as visitors use it: in a browser and through its API, over runs on disk and on the Hub."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client

from eval.runs.publish import results
from tests.browser.conftest import Space, Visitor
from tests.eval.runs.pages import HOSTILE
from tests.hub_server import hub
from tests.space_app.results.runs import run_at

Come = Callable[..., Visitor]
LIMIT = 200_000
WIDER = (
    "[...document.querySelectorAll('table')].filter(t => t.scrollWidth > t.parentElement.clientWidth).map(t => t.id)"
)


class Shown(Space):
    """The tab alone, over two runs on disk and one on the Hub; uploads go to a folder of the test's."""

    def __init__(self, folder: Path, hub_url: dict[str, str]) -> None:
        self.runs, self.uploads, self.home = folder / "runs", folder / "uploads", folder
        run_at(self.runs / "a")
        run_at(self.runs / "hostile", HOSTILE, fingerprint="f" * 16)
        config = folder / "space.yaml"
        sources = json.dumps([str(self.runs), "lab/results"])
        config.write_text(f"results: {sources}\nlimits: {{upload_bytes: {LIMIT}}}\n")
        temporary = {"GRADIO_TEMP_DIR": str(self.uploads)}
        super().__init__("--only", "results", "--config", str(config), **hub_url, **temporary)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("results")
    published = results(run_at(folder / "published", model="org/other"))
    with hub(folder / "hub") as server:
        files = {f"{published.folder}/{name}": text.encode() for name, text in published.files.items()}
        server.put("datasets", "lab/results", {**files, "runs/m/d/report.json": b"{}"})
        space = Shown(folder, server.environment(folder / "home"))
        yield space
        assert space.stop() == ""


def seen(visitor: Visitor, kind: str) -> str:
    """The text of a view, once it is there and not about to change."""
    visitor.page.wait_for_selector(f".view:not([aria-busy=true]) > [data-view={kind}]")
    return visitor.page.inner_text(".view")


def search(visitor: Visitor) -> str:
    return str(visitor.page.evaluate("decodeURIComponent(location.search)"))


def test_a_number_opens_its_samples_and_the_address_shows_them_again(space: Shown, visit: Come) -> None:
    visitor = visit(f"{space.url}/?tab=results&dataset=xsb")
    page = visitor.page
    assert "lab/results/m/d: its report.json cannot be used" in seen(visitor, "board")
    assert page.locator(".board tbody tr").count() == 6 and visitor.accessible() == []
    visitor.look("results-board")
    page.click(".board tbody tr:nth-child(2) td[data-name='false refusals'] a")
    assert "1 of 7 records" in seen(visitor, "samples") and "answer c steer" in page.inner_text(".view")
    assert search(visitor) == "?tab=results&mitigation=steer&run=runs/a&label=safe&outcome=refused"
    assert page.evaluate("document.activeElement.tagName") == "H2"
    assert visitor.accessible() == []
    page.reload()
    assert "answer c steer" in seen(visitor, "samples")
    visitor.look("results-samples")
    page.focus("[name=mitigation]")
    page.select_option("[name=mitigation]", "none")
    page.wait_for_function("document.querySelector('output').textContent === '3 of 7 records'")
    assert page.evaluate("document.activeElement.name") == "mitigation"
    page.click("[role=tab]")
    seen(visitor, "board")
    assert search(visitor) == "?tab=results" and page.locator(".board").count() == 2
    for _ in range(3):
        page.go_back()
    seen(visitor, "board")
    assert search(visitor) == "?tab=results&dataset=xsb"


def test_with_the_keyboard_rows_are_sorted_and_chosen(space: Shown, visit: Come) -> None:
    visitor = visit(space.url)
    page = visitor.page
    seen(visitor, "board")
    page.focus("[name=model]")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("document.querySelectorAll('.board tbody tr').length === 3")
    assert page.evaluate("document.activeElement.name") == "model" and "model=skittish" in search(visitor)
    page.focus("[data-stop=sort-refusals]")
    page.keyboard.press("Enter")
    page.wait_for_selector("th[aria-sort=ascending]")
    assert page.inner_text(".board tbody tr:first-child th").endswith("steer")
    page.keyboard.press("Enter")
    page.wait_for_selector("th[aria-sort=descending]")
    assert page.inner_text(".board tbody tr:first-child th").endswith("none")


def test_an_upload_is_this_visitors_alone_and_stays_no_file(space: Shown, visit: Come) -> None:
    visitor, other = visit(f"{space.url}/?tab=results"), visit(f"{space.url}/?tab=results")
    page, name = visitor.page, "<img src=x onerror=alert(1)>.json"
    seen(visitor, "board")
    report = run_at(space.home / "mine", "", model=f"mine{HOSTILE}"[:190]) / "report.json"

    def upload(content: bytes, said: str) -> None:
        page.set_input_files("input[type=file]", {"name": name, "mimeType": "application/json", "buffer": content})
        page.wait_for_selector(f".view >> text={said}")

    upload(report.read_bytes(), "uploaded, not verified")
    assert page.locator(".board .tag").all_inner_texts() == ["uploaded, not verified"] * 3
    assert page.locator(".board a[href*=uploaded]").count() == 0
    upload(b"no JSON", "The file is not shown: it is no JSON")
    upload(report.read_bytes().replace(b'"seconds": 0.25', b'"seconds": NaN'), "seconds or tokens are no amount")
    upload(report.read_bytes() + b" " * LIMIT, "it has more than 0.2 MB")
    visitor.look("results-upload")
    other.page.reload()
    assert "uploaded" not in seen(other, "board")
    assert not space.uploads.exists() or not any(path.is_file() for path in space.uploads.rglob("*"))
    sent = httpx.post(f"{space.url}/gradio_api/upload", files={"files": (name, b" ")})
    assert sent.status_code == 404, "no upload of this page is a file"
    page.click("[data-drop]")
    page.wait_for_function("!document.querySelector('.board .tag')")


def test_texts_of_strangers_are_texts(space: Shown, visit: Come) -> None:
    for asked in ("run=runs/hostile", "run=<img src=x onerror=alert(1)>&type=${alert(1)}"):
        visitor = visit(f"{space.url}/?tab=results&{asked}")
        visitor.page.wait_for_selector(".view > [data-view]")
        assert visitor.page.locator(".runs img, .runs script").count() == 0
        assert "\x1b" not in visitor.page.content()


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1200, True)])
def test_on_a_phone_and_in_the_dark(space: Shown, visit: Come, width: int, dark: bool) -> None:
    for kind, asked in {"board": "", "samples": "&run=runs/a"}.items():
        visitor = visit(f"{space.url}/?tab=results{asked}", width, 844, dark=dark)
        seen(visitor, kind)
        assert visitor.fits() and visitor.accessible() == []
        assert visitor.page.evaluate(WIDER) == []
        visitor.look(f"results-{kind}-{'dark' if dark else width}")


def test_on_a_phone_rows_are_sorted_by_a_choice(space: Shown, visit: Come) -> None:
    visitor = visit(f"{space.url}/?tab=results&model=skittish", 390, 844)
    seen(visitor, "board")
    assert not visitor.page.is_visible(".board thead")
    visitor.page.select_option("[name=sort]", "refusals")
    visitor.page.wait_for_selector(".board tbody tr:first-child >> text=steer")
    assert search(visitor) == "?tab=results&model=skittish&sort=refusals"


def test_programs_get_the_rows_and_runs_that_came_since(space: Shown) -> None:
    client = Client(space.url, verbose=False)
    rows = client.predict(api_name="/results")
    assert [row["run"] for row in rows[:3]] == ["runs/a"] * 3
    (other,) = client.predict(model="org/other", mitigation="steer", api_name="/results")
    assert other["run"].startswith("lab/results/org--other/xsb-test-") and len(other["revision"]) == 40
    assert other["false_refusal"]["count"] == 1 and 0 < other["false_refusal"]["low"] < 1 / 3
    assert client.predict(dataset="nobody", limit=-5, api_name="/results") == []
    run_at(space.runs / "later", model="later")
    assert len(client.predict(model="later", limit=2, api_name="/results")) == 2
    told = client.view_api(return_format="dict")["named_endpoints"]
    assert list(told) == ["/results"]
    client.close()
