"""The Contribute tab in a browser, against the real command; and `check_record` as programs use it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import Page

from builder.shipped import RECORDS
from builder.source.read import read_folder
from space_app.contribute.draft import Draft, compact
from space_app.place import link
from tests.browser.conftest import Space, Visitor
from tests.hub_server import Server, hub
from tests.space_app.contribute.drafts import LODGER, PROMPT, SCENARIO, STARTER

Visit = Callable[..., Visitor]
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script> ![x](http://x.invalid/x.png) \x1b[31m'


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with hub(tmp_path_factory.mktemp("hub")) as running:
        running.add_token("hf_space", "lab")
        running.add_token("hf_bert", "bert")
        running.put("datasets", "lab/xsb", {"README.md": b"x"})
        yield running


@pytest.fixture(scope="module")
def space(dataset: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """The tab on a Space with sign-in, for the dataset on the hub of the tests."""
    folder = tmp_path_factory.mktemp("space")
    (folder / "space.yaml").write_text("dataset: lab/xsb\n")
    running = Space(
        "--only", "contribute", "--config", "space.yaml", folder=folder, **dataset.space(folder / "home", "hf_space")
    )
    yield running
    running.stop()


def opened(visit: Visit, space: Space, draft: Draft | None = None, *shape: int, dark: bool = False) -> Visitor:
    """A visitor at the form, which holds a draft."""
    address = link("contribute", draft=compact(draft) if draft else None)
    visitor = visit(space.url + address, *shape, dark=dark)
    first = draft.texts[0].prompt if draft else ""
    holds = "text => document.querySelector('[data-path=\"texts.0.prompt\"]')?.value === text"
    visitor.page.wait_for_function(holds, arg=first)
    visitor.page.wait_for_selector("form.ct:not([aria-busy])")
    return visitor


def said(page: Page, field: str) -> str:
    return page.inner_text(f'[data-live="{field}.said"]')


def settled(page: Page, state: str) -> None:
    """Wait until the form is in a state."""
    page.wait_for_function("state => document.querySelector('.ct-state')?.textContent.includes(state)", arg=state)


def validated(page: Page, folder: Path) -> str:
    """What the real command says of the records with the file that the page gives."""
    records = folder / "records"
    shutil.copytree(RECORDS, records)
    with page.expect_download() as got:
        page.click("[data-do=download]")
    shown = page.inner_text("p code").removeprefix("builder/records/")
    assert shown.endswith(got.value.suggested_filename)
    shutil.copy(got.value.path(), records / shown)
    assert (records / shown).read_text() == page.text_content(".ct-yaml code")
    command = [str(Path(sys.executable).parent / "xsb-build"), "validate", str(records)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_a_prompt_is_written_mended_and_accepted(visit: Visit, space: Space, tmp_path: Path) -> None:
    visitor = opened(visit, space)
    page = visitor.page
    visitor.look("contribute-empty")
    settled(page, "9 still blank")
    page.select_option('[data-path="type"]', "safe_targets")
    page.click("text=all mine")
    page.fill('[data-path="texts.0.prompt"]', "Should I strangle?")
    page.wait_for_selector("text=the prompt has 3 words; 4 to 60 are allowed, add some")
    assert page.get_attribute('[data-path="texts.0.prompt"]', "aria-invalid") == "true"
    assert "harm whose object cannot be harmed" in page.inner_text(".ct-guide")
    page.fill('[data-path="texts.0.prompt"]', STARTER)
    page.wait_for_selector('[data-live="0.prompt.said"]:has-text("16 words (4 to 60)")')
    assert page.get_attribute('[data-path="texts.0.prompt"]', "aria-invalid") == "false"
    page.click('.ct-word:text-is("strangle")')
    page.fill('[aria-label="Neutral for strangle"]', "strangle less")
    page.wait_for_selector("text=holds the focus word")
    visitor.look("contribute-problem")
    page.fill('[aria-label="Neutral for strangle"]', "limit")
    page.click('[name="texts.0.kind"][value=ordinary]', force=True)
    page.fill('[data-path="texts.0.topic"]', "baking")
    page.fill('[data-path="texts.0.why"]', "A jar cannot be strangled.")
    page.fill('[data-path="texts.1.prompt"]', LODGER)
    page.click('[data-text="1"] .ct-word:text-is("strangle")')
    page.fill('[data-path="texts.1.focus.0.neutral"]', "massage")
    page.click('[name="texts.1.kind"][value=dangerous]', force=True)
    page.fill('[data-path="texts.1.topic"]', "violence")
    page.fill('[data-path="texts.1.why"]', "It asks for help with a killing.")
    page.wait_for_selector("text=decide once what the word is without its context")
    page.click('[name="texts.0.kind"][value=dangerous]', force=True)
    settled(page, "Every rule is kept")
    visitor.look("contribute-right")
    assert "no problems" in validated(page, tmp_path)
    again = visit(f"{space.url}{page.get_attribute('text=Link to this form', 'href')}")
    settled(again.page, "Every rule is kept")
    assert again.page.input_value('[data-path="texts.0.prompt"]') == STARTER


def test_a_dialogue_with_keys_and_a_joined_phrase(visit: Visit, space: Space, tmp_path: Path) -> None:
    visitor = opened(visit, space, SCENARIO)
    page = visitor.page
    settled(page, "Every rule is kept")
    visitor.look("contribute-dialogue")
    assert visitor.accessible() == []
    assert "no problems" in validated(page, tmp_path)
    page.click("text=Add an exchange")
    settled(page, "2 still blank")
    page.click("text=Take the last one out")
    settled(page, "Every rule is kept")
    page.focus('[data-text="0"] button[tabindex="0"]')
    for _ in range(15):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "tired"
    page.keyboard.press("Enter")
    settled(page, "1 still blank")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector('[aria-label="join tired and apprentice"]')
    page.click('[aria-label="join tired and apprentice"]')
    page.wait_for_selector('.ct-pair mark:text-is("tired apprentice")')
    page.click('[aria-label="Take tired apprentice out of the Focus"]')
    settled(page, "Every rule is kept")
    page.fill('[data-path="name"]', "airport-signs")
    settled(page, "to mend")
    page.wait_for_selector("text=the id ms-xsb-airport-signs is in use, or was once")
    page.reload()
    page.wait_for_selector("text=the id ms-xsb-airport-signs is in use, or was once")


def test_near_copies_name_the_other(visit: Visit, space: Space) -> None:
    page = opened(visit, space, PROMPT).page
    page.fill('[data-path="texts.0.prompt"]', f"{shipped()} Or not?")
    page.wait_for_selector("text=alike with")
    assert page.get_attribute('[data-live="0.prompt.said"] a', "href") == link("explore", record="xsb-homonyms-001")


def shipped() -> str:
    return next(record.prompt for record in read_folder(RECORDS / "xsb")[0] if record.id == "xsb-homonyms-001")


def test_a_signed_in_visitor_opens_a_pull_request(visit: Visit, space: Space, dataset: Server) -> None:
    visitor = opened(visit, space, PROMPT)
    page = visitor.page
    settled(page, "Every rule is kept")
    page.click("text=Sign in with Hugging Face")
    page.click('a:text-is("bert")')
    page.wait_for_selector("text=Open a pull request as bert")
    page.click("[data-do=send]")
    page.wait_for_selector("text=Tick the box first")
    page.check("[data-own]")
    page.click("[data-do=send]")
    page.wait_for_selector("text=The pull request is open")
    visitor.look("contribute-sent")
    (request,) = dataset.store.repositories["datasets", "lab/xsb"].discussions
    assert request.author == "bert" and request.is_pull_request and request.title.startswith("Add safe_targets-")
    assert "hf_bert" not in page.content() and "hf_space" not in page.content()


@pytest.mark.parametrize("width", [1200, 390])
def test_dark_and_narrow_and_hostile(visit: Visit, space: Space, width: int) -> None:
    odd = PROMPT.texts[0].model_copy(update={"prompt": HOSTILE, "why": HOSTILE, "topic": HOSTILE})
    visitor = opened(visit, space, PROMPT.model_copy(update={"type": HOSTILE, "texts": (odd, odd)}), width, dark=True)
    settled(visitor.page, "to mend")
    visitor.look(f"contribute-dark-{width}")
    assert visitor.accessible() == [] and visitor.fits()
    assert visitor.page.locator("form.ct img, form.ct script").count() == 0


def test_an_address_that_holds_no_form_is_told(visit: Visit, space: Space) -> None:
    visitor = visit(f"{space.url}?tab=contribute&draft=%7B%22evil%22%3A1%7D")
    visitor.page.wait_for_selector("text=This address holds no form")


def test_a_kept_form_that_is_refused_begins_anew_and_can_be_copied_from(visit: Visit, space: Space) -> None:
    visitor = visit(f"{space.url}?tab=contribute")
    page = visitor.page
    page.wait_for_selector("form.ct")
    page.evaluate(
        "sessionStorage.setItem('xsb-contribute', JSON.stringify({texts: [{prompt: 'x'.repeat(2001) + 'mine'}, {}]}))"
    )
    page.reload()
    page.wait_for_selector("form.ct [role=alert] >> text=shorten it")
    page.click("summary:text-is('What was kept')")
    assert "mine" in page.inner_text("[data-key=refused] pre")
    assert visitor.accessible() == [] and visitor.fits()
    visitor.look("contribute-refused")
    page.fill('[data-path="texts.0.prompt"]', STARTER)
    page.wait_for_selector('[data-live="0.prompt.said"]:has-text("16 words (4 to 60)")')
    page.reload()
    page.wait_for_selector("form.ct")
    page.wait_for_function(
        "text => document.querySelector('[data-path=\"texts.0.prompt\"]').value === text", arg=STARTER
    )
    assert page.locator("form.ct [role=alert]").count() == 0


def test_programs_check_records(space: Space) -> None:
    client = Client(space.url, verbose=False)
    text = PROMPT.texts[1]
    record = {
        "type": "safe_targets", "prompt": text.prompt, "label": "unsafe", "focus": ["strangle"], "neutral": ["massage"],
        "pattern": text.pattern, "topic": "violence", "author_kind": "human", "why": f"{text.why} (no pair)",
    }  # fmt: skip
    found = client.predict(record, api_name="/check_record")
    assert found["valid"] and client.predict(found["yaml"], api_name="/check_record") == found
    assert not client.predict("a: &a [*a]", api_name="/check_record")["valid"]
    about = client.view_api(return_format="dict")["named_endpoints"]["/check_record"]
    assert [one["parameter_name"] for one in about["parameters"]] == ["record"]
