"""How fast attribution is beside captum and inseq: same model, dtype, prompts, target and number of evaluations.

Each work is warmed up on two words. Of ours the median of five runs counts, of three on the prompts without peers;
peers take minutes and run once. All of ours come first, so that no peer's memory is left over.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from pydantic import BaseModel, Field

from eval.attribution.ablation import ablation
from eval.attribution.attribution import Behind, Case, Method, Score, Shares
from eval.attribution.captum import kernel_shap
from eval.attribution.ig import ig
from eval.attribution.shap import shap
from eval.bench.flops import Load, gradient_load, matmul_rate, operations, score_load
from eval.bench.meter import metered
from eval.bench.peers import ONE_PASS_CAPTUM, PEERS, peers_of
from eval.bench.prompts import RESPONSE, alone, compared, of_length
from eval.bench.reference import slow_scores
from eval.models.protocol import OpenWeights
from eval.progress import track
from eval.record import Conversation, conversation
from eval.removal import Coalitions
from eval.score import CUDA_TOKEN_BUDGET, TOKEN_BUDGET, RefusalScore
from eval.target import Array, make_target
from eval.words import words

WORKS: dict[str, Method] = {
    "ablation": ablation,
    "kernel_shap": kernel_shap,
    "ig": lambda case: ig(case, case.budget),  # so many steps, and no more should they be too few
    "shap": shap,
}
TARGET = "own_response"
ROUNDS, ROUNDS_ALONE = 5, 3
ASKED = {"ablation": 0, "kernel_shap": 16, "ig": 10}  # evaluations, or steps
ASKED_QUICK = {"ablation": 0, "kernel_shap": 8, "ig": 5}
ASKED_CURVE = {"ablation": 0, "shap": 64}
LENGTHS = {"ablation": (25, 50, 100, 200), "shap": (25, 50, 100, 200, 400)}  # ablation has as many evaluations as words


class Row(BaseModel):
    """What a piece of work costs us and, if there is a peer, the peer.

    `evaluations` are coalitions (captum's ablation asks for one fewer, that of no words) or steps of integration;
    `ratio` is peer / ours; `ours_gflops` leaves out padding; `peak_mb` is ours, with the model. Outside the JSON:
    `tokens` that ran in ours, backward ones too, and the peer's memory.
    """

    work: str
    peer: str | None
    prompt_words: int
    evaluations: int
    ours_s: float
    peer_s: float | None
    ratio: float | None
    ours_gflops: float
    peak_mb: int | None
    tokens: int = Field(exclude=True)
    peer_mb: int | None = Field(default=None, exclude=True)


class Speed(BaseModel):
    """The bench's answer.

    `one_pass` are rows of captum's fastest way. `difference` (nats) is the largest of the fast scores from the slow
    reference's.
    """

    device: str
    dtype: str
    threads: int
    matmul_gflops: float
    rows: list[Row]
    one_pass: list[Row] = Field(exclude=True)
    difference: float = Field(exclude=True)


class Task(NamedTuple):
    """A piece of work on a conversation, and how many runs of ours are timed."""

    work: str
    messages: Conversation
    evaluations: int
    rounds: int = ROUNDS


WARM_UP = Task("", conversation("kill it"), 4)


def bench(model: OpenWeights, quick: bool = False) -> Speed:
    """Measure everything; about 25 minutes on 2 cores with skittish, `quick` under 3."""
    beside = _tasks(compared()[:1], ASKED_QUICK) if quick else _tasks(compared(), ASKED)
    apart = [] if quick else _tasks(alone(), ASKED, ROUNDS_ALONE)
    curve = [Task(w, of_length(n), ASKED_CURVE[w], 1) for w in LENGTHS for n in LENGTHS[w] if n <= 50 or not quick]
    for work in WORKS:
        _attributed(model, WARM_UP._replace(work=work))
    ours = [_ours(model, task) for task in track([*beside, *apart, *curve], "ours")]
    pairs = [(task, row, peer) for task, row in zip(beside, ours, strict=False) for peer in peers_of(task.work)]
    rows = [_beside(model, task, row, peer) for task, row, peer in track(pairs, "peers")]
    one_pass = [row for row in rows if row.peer == ONE_PASS_CAPTUM]
    cuda = model.module.device.type == "cuda"
    return Speed(
        device=model.facts["device"],
        dtype=model.facts["dtype"],
        threads=torch.get_num_threads(),
        matmul_gflops=matmul_rate(model.module, CUDA_TOKEN_BUDGET if cuda else TOKEN_BUDGET) / 1e9,
        rows=[row for row in [*rows, *ours[len(beside) :]] if row not in one_pass],
        one_pass=one_pass,
        difference=max(difference(model, task.messages) for task in beside if task.work == "ablation"),
    )


def difference(model: OpenWeights, messages: Conversation, target: str = TARGET) -> float:
    """Largest difference (nats) of the fast scores from the slow ones: the whole text, and each word left out."""
    features = words(messages)
    coalitions = np.vstack([np.ones((1, len(features)), dtype=bool), ~np.eye(len(features), dtype=bool)])
    scored = make_target(target, model.tokenizer, RESPONSE)
    fast = RefusalScore(model, messages, features, scored)(coalitions)
    return float(np.abs(fast - slow_scores(model, messages, features, scored, coalitions)).max())


def _tasks(conversations: Sequence[Conversation], asked: dict[str, int], rounds: int = ROUNDS) -> list[Task]:
    return [Task(work, messages, asked[work], rounds) for work in asked for messages in conversations]


def _ours(model: OpenWeights, task: Task) -> Row:
    runs = [metered(lambda: _attributed(model, task), model.module.device) for _ in range(task.rounds)]
    took = median(run.seconds for run in runs)
    case, answer = runs[-1].result
    load = _load(case, answer.passes)
    return Row(
        work=task.work,
        peer=None,
        prompt_words=len(case.features),
        evaluations=task.evaluations or case.score.evaluations,
        ours_s=round(took, 4),
        peer_s=None,
        ratio=None,
        ours_gflops=round(operations(model.module, load) / took / 1e9, 1),
        peak_mb=runs[0].peak_mb,
        tokens=load.tokens,
    )


def case_of(model: OpenWeights, messages: Conversation, evaluations: int) -> Case:
    """What methods are asked here: words deleted, how likely the fixed response is (nats per token)."""
    features, target = words(messages), make_target(TARGET, model.tokenizer, RESPONSE)
    score = _Recorded(RefusalScore(model, messages, features, target))
    return Case(model, messages, features, score, target, evaluations)


def _attributed(model: OpenWeights, task: Task) -> tuple[Case, Shares]:
    """From the text to the shares; no phrases, which peers do not look for."""
    case = case_of(model, task.messages, task.evaluations)
    return case, WORKS[task.work](case)


def _load(case: Case, passes: int) -> Load:
    """What had to run for it: the coalitions asked for, and `passes` rows forward and backward."""
    model, target = case.open
    assert isinstance(case.score, _Recorded)
    given, load = (model, case.messages, case.features, target), Load(0, 0, 0)
    if asked := list(case.score.asked.values()):
        load += score_load(*given, np.array(asked))
    return load + gradient_load(*given, passes) if passes else load


def _beside(model: OpenWeights, task: Task, ours: Row, name: str) -> Row:
    """The row of ours with the peer's figures in it."""
    peer = PEERS[task.work][name]
    peer(model, WARM_UP.messages, "No", WARM_UP.evaluations)
    run = metered(lambda: peer(model, task.messages, RESPONSE, task.evaluations), model.module.device)
    ratio = round(run.seconds / ours.ours_s, 1)
    figures = {"peer": name, "peer_s": round(run.seconds, 2), "ratio": ratio, "peer_mb": run.peak_mb}
    return ours.model_copy(update=figures)


class _Recorded(Behind):
    """A score that remembers the coalitions that it was asked for."""

    def __init__(self, score: Score) -> None:
        super().__init__(score)
        self.asked = dict[bytes, Coalitions]()

    def __call__(self, coalitions: Coalitions) -> Array:
        self.asked.update((row.tobytes(), row) for row in coalitions)
        return self.score(coalitions)
