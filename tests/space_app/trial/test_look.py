import json
import re

import pytest

from eval.attribution import Phrase
from eval.models.protocol import Reply
from eval.record import Message, Span
from space_app.engine.steps import Attributed, Doing, Guard, Waiting
from space_app.settings import ModelChoice, Settings
from space_app.trial.look import frame, parts, sent
from tests.space_app.trial.worked import answered, asked, attributed, told, tried, verdict

SETTINGS = Settings()
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "![x](http://203.0.113.1/x.png)",
    "\x1b[31mred\x1b[0m \u202eback",
    "${alert(1)} {{constructor}} `",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_strangers_is_escaped_and_visible_everywhere(text: str) -> None:
    question = asked(text, beside="ablation", triggers=[Span(turn=0, start=0, end=7)], record=text[:100])
    known = told(
        question, answered=answered(text, "unscored"),
        tried={"rephrase": tried(text=text, guard=Guard(allowed=False, reason=text))},
        found={"hybrid": attributed(text), "ablation": attributed(text)}, failed={"mitigations": text, "ig": text},
        skipped=text,
    )  # fmt: skip
    html = "".join(html for name, html in parts(known, SETTINGS).items() if name != "status")
    assert "<script" not in html and "<img" not in html
    assert "\x1b" not in html and "\u202e" not in html
    waiting = told(question, answered=None, written=text, found={}, tried={}, done=False, doing={"hybrid": Doing(text)})
    assert "<script" not in (html := "".join(parts(waiting, SETTINGS).values())) and "<img" not in html
    failed = parts(told(question, answered=None, failed={"answer": text}), SETTINGS)["answer"]
    assert "<script" not in failed and "<img" not in failed


def test_no_character_that_html_would_read_is_sent_unescaped() -> None:
    value = sent({"fill": {"messages": HOSTILE}})
    assert "<" not in value
    assert json.loads(value) == {"fill": {"messages": HOSTILE}}


def test_a_refusal_with_its_word_its_reason_and_what_helps() -> None:
    shown = parts(told(), SETTINGS)
    assert "REFUSED" in shown["answer"] and "0.8&nbsp;s" in shown["answer"]
    assert "Refused because of &#34;kill&#34;. Without it the model answers." in shown["reason"]
    assert 'class="word h5 trigger" role="button" tabindex="-1" aria-pressed="true"' in shown["heat"]
    assert 'data-turn="0" data-start="0" data-end="4" data-nats="+3.50&nbsp;nats"' in shown["heat"]
    assert (
        "hybrid on refusal_openers, words deleted, 2 evaluations and 7 passes, 1.0 s, error about 0.5 nats"
        in shown["heat"]
    )
    assert "ANSWERED" in shown["rephrase"] and "guard: would allow it" in shown["rephrase"]
    assert "Switch off the lights" in shown["rephrase"] and "1.2&nbsp;s, 17&nbsp;tokens" in shown["rephrase"]
    assert shown["status"].endswith("Without it the model answers. Done.")


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        (Guard(allowed=True), "Without it the model answers."),
        (
            Guard(allowed=False, reason="it would be refused without the trigger too"),
            "Without it the model refuses too.",
        ),
        (Guard(allowed=False, reason="it reads as harmful (log-odds 2.0)"), ""),
    ],
)
def test_the_counterfactual_is_what_the_guard_found(guard: Guard, said: str) -> None:
    reason = parts(told(tried={"rephrase": tried(guard=guard)}), SETTINGS)["reason"]
    assert reason.strip() == f'<p class="why">Refused because of &#34;kill&#34;.{" " if said else ""}{said}</p>'


def test_a_guard_that_decides_says_so() -> None:
    other = Settings(models=(ModelChoice(name="org/llama"),))
    harmful = Guard(allowed=False, reason="it reads as harmful (log-odds 2.0)")
    shown = parts(told(asked(model="org/llama"), tried={"rephrase": tried(guard=harmful)}), other)["rephrase"]
    assert 'title="it reads as harmful (log-odds 2.0)">guard: not allowed, reads as harmful</span>' in shown
    assert shown.count("log-odds") == 1
    allowed = parts(told(asked(model="org/llama")), other)["rephrase"]
    assert '<span class="label guard">guard: allowed <' in allowed


def test_no_refusal_names_the_nearest_word_and_offers_no_undoing() -> None:
    known = told(answered=answered("Gladly.", "full_compliance"), tried={}, skipped="Nothing to undo.")
    shown = parts(known, SETTINGS)
    assert "No refusal. What came nearest to causing one: &#34;kill&#34;." in shown["reason"]
    assert "Nothing to undo." in shown["helps"] and "<h2>" not in shown["helps"]
    chosen = told(asked(triggers=[Span(turn=0, start=0, end=4)]), answered=answered("Gladly.", "full_compliance"))
    assert "<h2>Under mitigations</h2>" in parts(chosen, SETTINGS)["helps"]
    assert "<h2>What helps</h2>" in parts(told(), SETTINGS)["helps"]
    assert not shown["rephrase"].strip()


def test_an_answer_that_was_cut_at_the_token_limit_says_so() -> None:
    def answer(finish: str, tokens: int) -> str:
        reply = Reply(text="I kill", tokens=tokens, seconds=0.5, finish=finish)
        return parts(told(answered=answered().model_copy(update={"reply": reply})), SETTINGS)["answer"]

    assert "cut" not in answer("stop", 24)
    assert "I kill" in (html := answer("length", 24)) and "… cut at 24 tokens" in html
    assert "… cut short" in answer("length", 0)


def test_a_weak_word_is_pale_and_nats_are_explained() -> None:
    weak = attributed(scores=(0.4, 0.1))
    html = parts(told(found={"hybrid": weak}), SETTINGS)["heat"]
    assert 'class="word h1 trigger"' in html and "nats: at +0.7 the odds of a refusal double" in html
    rates = Attributed(found=weak.found.model_copy(update={"unit": "refusal rate"}), seconds=1)
    html = parts(told(found={"hybrid": rates}), SETTINGS)["heat"]
    assert 'class="word h5 trigger"' in html and "odds of a refusal" not in html
    assert "nats" not in re.sub("data-nats", "", html) and html.count("refusal rate") >= 4


def test_no_word_to_blame() -> None:
    shown = parts(told(found={"hybrid": attributed(scores=(-1, -2))}, tried={}, skipped="No word."), SETTINGS)
    assert "Refused, but no single word is to blame." in shown["reason"]
    assert "no word adds to refusal" in shown["heat"]


def test_a_phrase_is_one() -> None:
    phrase = Phrase(text="kill the", turn=0, start=0, end=8, interaction=3)
    shown = parts(told(found={"hybrid": attributed(scores=(3.5, 3.4), phrases=[phrase])}), SETTINGS)
    assert "Refused because of &#34;kill the&#34;." in shown["reason"]
    assert shown["heat"].count('role="button"') == 1 and 'data-end="8"' in shown["heat"]


def test_waiting_and_progress_stand_where_the_result_will() -> None:
    waiting = parts(told(answered=None, found={}, tried={}, done=False, doing={"answer": Waiting(2)}), SETTINGS)
    assert "2 visitors before you." in waiting["answer"]
    assert "kill the lights" in waiting["heat"]
    doing = Doing("attribution: 9 of 17 evaluations", 9, 17)
    shown = parts(told(found={}, tried={}, done=False, doing={"hybrid": doing}), SETTINGS)
    assert "attribution: 9 of 17 evaluations" in shown["heat"] and "width:53%" in shown["heat"]


@pytest.mark.parametrize(("label", "noted"), [("full_compliance", 1), ("partial_refusal", 1), ("full_refusal", 0)])
def test_answers_to_unsafe_requests_stand_behind_a_note(label: str, noted: int) -> None:
    known = told(unsafe=True, answered=answered("How it is done", label), tried={"rephrase": tried(label=label)})  # type: ignore[arg-type]
    shown = parts(known, SETTINGS)
    assert shown["answer"].count("<details") == shown["rephrase"].count("<details") == noted
    writing = parts(told(unsafe=True, answered=None, written="How"), SETTINGS)["answer"]
    assert writing.count("<details") == 1


def test_turns_carry_their_share_of_the_refusal() -> None:
    messages = [
        Message(role="user", content="kill it"),
        Message(role="assistant", content="No."),
        Message(role="user", content="Why?"),
    ]
    html = parts(told(asked(messages=messages)), SETTINGS)["heat"]
    assert html.count('<details class="turn') == 3
    assert "height:100%" in html and "user, +4.20&nbsp;nats" in html
    assert html.count(" open>") == 2  # the turn to blame, and the last


def test_an_answer_that_could_not_be_judged_says_why() -> None:
    known = told(answered=answered().model_copy(update={"verdict": verdict("unscored", "cut off")}), found={}, tried={})
    assert "UNSCORED" in (html := parts(known, SETTINGS)["answer"]) and "cut off" in html


def test_a_choice_of_models_is_shown_only_where_there_is_one() -> None:
    assert '<select name="model">' not in frame(SETTINGS)
    both = Settings(
        models=(ModelChoice(name="skittish"), ModelChoice(name="openai:llama", base_url="http://127.0.0.1:1/v1"))
    )
    assert '<select name="model">' in frame(both)
    for shown in (frame(SETTINGS), frame(both)):
        assert shown.count('title="a small Llama that was made to refuse too much"') == 1
    assert "a small Llama" not in frame(Settings(models=(ModelChoice(name="org/llama"),)))


def test_an_example_tells_its_prompt() -> None:
    assert 'title="Pavlova keeps cracking. Oven too hot?">homonym</a>' in frame(SETTINGS)
