"""Rendering: every fact arrives or is an error, texts of others stay texts, templates hold no numbers of their own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from hub_cards.check import ALLOWED, NUMBER
from hub_cards.render import TEMPLATES, chance, code, decimals, environment, percent, plain, render
from tests.test_promises import ROOT


def without_allowed(text: str) -> str:
    for phrase in ALLOWED:
        text = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", " ", text)
    return text


def not_shown(tree: nodes.Template) -> Iterator[nodes.Node]:
    """How many digits to show, which of several, and what to compare with."""
    for filtered in tree.find_all(nodes.Filter):
        yield from filtered.args
    yield from (item.arg for item in tree.find_all(nodes.Getitem))
    yield from (operand.expr for operand in tree.find_all(nodes.Operand))


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir()))
def test_templates_hold_no_numbers_of_their_own(template: str) -> None:
    """Neither in their text nor in an expression that is shown."""
    tree = environment(TEMPLATES).parse((TEMPLATES / template).read_text(encoding="utf-8"))
    texts = [node.data for node in tree.find_all(nodes.TemplateData)]
    included = {id(node.template) for node in tree.find_all(nodes.Include)}
    constants = [node for node in tree.find_all(nodes.Const) if id(node) not in included]
    texts += [node.value for node in constants if isinstance(node.value, str)]
    assert not [text for text in texts if NUMBER.search(without_allowed(text))]
    silent = {id(node) for node in not_shown(tree)}
    numbers = [node for node in constants if isinstance(node.value, int | float) and not isinstance(node.value, bool)]
    assert not [node.value for node in numbers if id(node) not in silent]


def test_every_phrase_with_a_number_is_used_and_has_a_reason() -> None:
    from hub_cards.dataset import SIZES
    from hub_cards.metrics import METRICS
    from tests.hub_cards.facts import CARDS

    said = " ".join([*(card() for card, _ in CARDS.values()), str(METRICS), *SIZES, "from 0", chance(0)])
    assert not [phrase for phrase in ALLOWED if phrase not in said]
    assert all(ALLOWED.values())


def test_texts_of_others_stay_texts() -> None:
    assert code("a`b|c\n d\u202e") == "`a'b\\|c d\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}U+202E" + (
        "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}`"
    )
    assert plain("*a* <b>_c_ snake_case [x](y)\n# z | 1") == (r"\*a\* \<b\>\_c\_ snake_case \[x\](y) \# z \| 1")
    assert code("") == "-"


def test_numbers_are_rounded_and_may_be_missing() -> None:
    assert (percent(0.12345), percent(0.995, 0), percent(None)) == ("12.3", "100", "-")
    assert (decimals(1.005), decimals(2, 1), decimals(None)) == ("1.00", "2.0", "-")
    assert (chance(0.0009), chance(0.001), chance(1.0), chance(None)) == ("<0.001", "0.001", "1.000", "-")


def test_a_missing_fact_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'title' is undefined"):
        render("space.md", front="")


def test_unknown_template() -> None:
    with pytest.raises(jinja2.TemplateNotFound):
        render("absent.md")


def test_the_hubs_client_is_not_imported_before_its_settings() -> None:
    """It reads them at import, so that whoever publishes has to come first."""
    code = (
        "import sys; from hub_cards import dataset, model, results, space; sys.exit('huggingface_hub' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_nothing_is_not_printed_as_a_word(tmp_path: Path) -> None:
    (tmp_path / "card.j2").write_text("{{ records }} records")
    assert environment(tmp_path).get_template("card.j2").render(records=0) == "0 records"
    with pytest.raises(jinja2.UndefinedError, match="a fact has no value"):
        environment(tmp_path).get_template("card.j2").render(records=None)
