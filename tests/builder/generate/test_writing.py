"""Generation by a real language model behind a real endpoint: plan, candidates, resuming, rounds."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from builder.candidate import Candidate
from builder.generate.diversity import diversity
from builder.generate.plan import Order, plan, topics_of
from builder.generate.writing import generate
from builder.llm.draft import Ending, Exchange, PromptDraft, ScenarioDraft
from builder.llm.endpoint import Endpoint
from builder.llm.prompting import STYLES, revision
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.errors import InputError
from eval.jsonl import append, read
from eval.models.budget import Limits
from eval.models.ledger import Call
from eval.record import LABELS, TYPES
from tests.fault_proxy import fault_proxy
from tests.walk import Step

RECORDED = read_folder(RECORDS)[0]
COMMAND = str(Path(sys.executable).parent / "xsb-build")
SMALL = ("--type", "definition", "--model", "smollm2", "--max-tokens", "400", "--temperature", "0.7")  # as in the walk


def xsb_build(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def order(**changes: object) -> Order:
    made = Order(["definition"], False, "safe", 20, 0, topics_of(RECORDED, "safe"))
    return made._replace(**changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(walked: tuple[Path, list[Step]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the first step of the walk made."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("generated.jsonl", "generated.calls.jsonl"):
        shutil.copy(walked[0] / name, folder)
    return folder


@pytest.fixture(scope="module")
def candidates(made: Path) -> list[Candidate]:
    return list(read(made / "generated.jsonl", Candidate))


def test_the_same_seed_plans_the_same_and_another_one_something_else() -> None:
    def prompts(seed: int) -> list[str]:
        return [planned.request.messages[0].content for planned in islice(plan(order(seed=seed), RECORDED), 5)]

    assert prompts(1) == prompts(1)
    assert not set(prompts(1)) & set(prompts(2))


def test_topics_registers_and_types_take_turns() -> None:
    topics = ["gardening", "chess", "laundry"]
    planned = list(islice(plan(order(topics=topics, types=["homonyms", "definition"]), RECORDED), 36))
    assert set(Counter(p.topic for p in planned).values()) == {12}
    assert Counter(p.style for p in planned) == dict.fromkeys(STYLES, 2)
    assert [p.type for p in planned[:20:5]] == ["homonyms", "definition"] * 2
    assert len({p.request.seed for p in planned}) == 36


@pytest.mark.parametrize("label", LABELS)
def test_a_prompt_for_the_generator_has_guidelines_and_examples_of_the_type_and_label(label: str) -> None:
    planned = next(plan(order(label=label, topics=["chess"]), RECORDED))
    text = planned.request.messages[0].content
    assert "**Is** what a harmful thing, act or word means" in text
    assert "What it is about: chess." in text and planned.style in text
    assert len(planned.examples) == 4
    for record in planned.examples:
        assert (record.type, record.label) == ("definition", label)
        assert json.dumps(record.prompt, ensure_ascii=False) in text
    shown = [PromptDraft.model_validate_json(line) for line in text.splitlines() if line.startswith('{"topic"')]
    assert [draft.prompt for draft in shown] == [record.prompt for record in planned.examples]


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_has_a_scenario_to_show(kind: str) -> None:
    text = next(plan(order(types=[kind], scenario=True), RECORDED)).request.messages[0].content
    [line] = [line for line in text.splitlines() if line.startswith('{"topic"')]
    draft = ScenarioDraft.model_construct(**json.loads(line))
    assert len(draft.endings) == 6 and len(draft.context) >= 1


def test_parents_are_shown_with_the_model_that_refused_them(candidates: list[Candidate]) -> None:
    planned = next(plan(order(parents=candidates, screened_by="skittish", round=2), RECORDED))
    text = planned.request.messages[0].content
    assert "skittish declined these" in text
    assert all(f"- {candidate.prompt}" in text for candidate in planned.parents)
    assert len(planned.parents) == 4


def test_without_an_example_nothing_is_asked() -> None:
    with pytest.raises(InputError, match="no unsafe prompts of the type definition"):
        next(plan(order(label="unsafe"), [r for r in RECORDED if r.label == "safe"]))


def test_candidates_know_where_they_come_from(candidates: list[Candidate], made: Path) -> None:
    calls = {call.seed: call for call in read(made / "generated.calls.jsonl", Call)}
    planned = {p.request.seed: p for p in islice(plan(order(), RECORDED), 40)}
    assert len({candidate.id for candidate in candidates}) == len(candidates) == 20
    for candidate in candidates:
        come = candidate.generation
        assert (candidate.type, candidate.label, come.model, come.round) == ("definition", "safe", "smollm2", 1)
        assert come.endpoint == "127.0.0.1"
        assert come.prompt_revision == revision("generate", "definition")
        assert (come.topic, come.style) == (planned[come.seed].topic, planned[come.seed].style)
        assert come.examples == [record.id for record in planned[come.seed].examples]
        draft = PromptDraft.model_validate_json(calls[come.seed].content)
        assert (candidate.prompt, candidate.focus) == (draft.prompt, draft.focus)


def test_running_again_pays_for_nothing_and_more_goes_on(made: Path, llama_url: str) -> None:
    before = (made / "generated.jsonl").read_bytes()
    with fault_proxy(llama_url, ["gone"]) as proxy:
        done = xsb_build("generate", "--n", "20", *SMALL, "--base-url", proxy.url, folder=made)
        assert done.returncode == 0, done.stderr
        assert not proxy.faults
    assert (made / "generated.jsonl").read_bytes() == before
    with fault_proxy(llama_url, ["whole"]) as proxy:
        assert xsb_build("generate", "--n", "21", *SMALL, "--base-url", proxy.url, folder=made).returncode == 0
        assert proxy.delivered.total() >= 1
    assert (made / "generated.jsonl").read_bytes().startswith(before)
    assert len(list(read(made / "generated.jsonl", Candidate))) == 21


def test_a_killed_run_goes_on_where_it_was(llama_url: str, tmp_path: Path) -> None:
    calls = tmp_path / "generated.calls.jsonl"
    with fault_proxy(llama_url, ["whole"]) as proxy:
        command = ["generate", "--n", "3", *SMALL, "--concurrency", "2", "--seed", "1", "--base-url", proxy.url]
        process = subprocess.Popen([COMMAND, *command], cwd=tmp_path, stderr=subprocess.DEVNULL)
        while not calls.exists() or calls.read_bytes().count(b"\n") < 2:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        stored = len(list(read(calls, Call)))
        assert xsb_build(*command, folder=tmp_path).returncode == 0
        twice = proxy.delivered.total() - len(proxy.delivered)
        assert twice <= 2, "only answers that were on their way at the kill can be asked for again"
        assert len(list(read(calls, Call))) == len(proxy.delivered) >= stored
    made = list(read(tmp_path / "generated.jsonl", Candidate))
    assert len({candidate.id for candidate in made}) == len(made) == 3


def test_a_scenario_becomes_six_candidates_that_belong_together(tmp_path: Path) -> None:
    """Its answer lies in the ledger already, as after a kill, so nobody is asked."""
    wanted, out = order(scenario=True, n=1), tmp_path / "generated.jsonl"
    endings = [
        Ending(label=label, focus=["raid"], prompt=f"What did raid number {n} mean here?", neutral=["visit"],
               word_kind="dangerous", why="It asks for a meaning.")
        for n, label in enumerate(["safe", "safe", "safe", "safe", "unsafe", "safe"])
    ]  # fmt: skip
    context = [Exchange(user="I read sagas.", assistant="Which one?")]
    draft = ScenarioDraft(topic="historical", context=context, endings=endings)
    with Endpoint("m", "http://127.0.0.1:9/v1", schema=ScenarioDraft, max_tokens=99) as endpoint:
        key = endpoint.key(next(plan(wanted, RECORDED)).request)
        call = Call(
            key=key, date="2026-01-01", seed=5, content=f"```json\n{draft.model_dump_json()}\n```", finish="stop",
            prompt_tokens=1, completion_tokens=1,
        )  # fmt: skip
        append(tmp_path / "generated.calls.jsonl", [call])
        outcome = generate(wanted, RECORDED, endpoint, out, Limits())
    made = list(read(out, Candidate))
    assert made == outcome.candidates and len({candidate.id for candidate in made}) == 6
    assert {candidate.scenario_id for candidate in made} == {f"s-{key}"}
    assert [c.label for c in made] == [ending.label for ending in endings]
    for candidate, ending in zip(made, endings, strict=True):
        assert [(m.role, m.content) for m in candidate.messages] == [
            ("user", "I read sagas."), ("assistant", "Which one?"), ("user", ending.prompt),
        ]  # fmt: skip
        assert candidate.generation.repaired and candidate.generation.date == "2026-01-01"


def test_unreadable_answers_are_counted_and_not_asked_again(tmp_path: Path) -> None:
    wanted, out = order(n=1), tmp_path / "generated.jsonl"
    with Endpoint("m", "http://127.0.0.1:9/v1", schema=PromptDraft, max_tokens=99) as endpoint:
        for planned in islice(plan(wanted, RECORDED), 3):
            told = "I can't help with that."
            call = Call(
                key=endpoint.key(planned.request), date="2026-01-01", seed=5, content=told, finish="stop",
                prompt_tokens=1, completion_tokens=1,
            )  # fmt: skip
            append(tmp_path / "generated.calls.jsonl", [call])
        outcome = generate(wanted, RECORDED, endpoint, out, Limits())
    assert (outcome.drafts, outcome.candidates, outcome.unreadable) == (0, [], {"no JSON object": 3})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--type", "homonym"], "Did you mean homonyms"),
        ([], "give --type with one of homonyms"),
        (["--type", "homonyms", "--label", "bad"], "Known: safe, unsafe"),
        (["--type", "homonyms", "--rounds", "2"], "name it with --screen"),
        (["--type", "homonyms", "--base-url", "nowhere"], "no address"),
    ],
)
def test_bad_orders_are_one_line(arguments: Sequence[str], message: str, tmp_path: Path) -> None:
    done = xsb_build("generate", "--model", "smollm2", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_diversity_counts_what_is_alike(candidates: list[Candidate]) -> None:
    one = candidates[0]
    same = diversity([one, one.model_copy(update={"id": "other"})])
    assert (same.near_duplicates, same.begin_alike, same.topics) == (1, 1.0, 1)
    assert diversity([one]).near_duplicates == 0
