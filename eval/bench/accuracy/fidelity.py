"""How faithful a ranking is to the model: what happens without the words that it blames, and with them alone."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from eval.bench.accuracy.cases import AccuracyCase
from eval.bench.accuracy.result import Fidelity, Ranked
from eval.models.protocol import OpenWeights
from eval.record import Conversation, Span, digest
from eval.refusals import refused_together
from eval.score import RefusalScore
from eval.target import make_target
from eval.words import without, words

FIRST = 3


class Faithful:
    """Tests rankings of many cases; what was asked of the model once is not asked again."""

    def __init__(self, model: OpenWeights, refused: Mapping[str, bool]) -> None:
        """Of this model, with the target `refusal_openers` and words deleted, whatever the ranking came from.

        Args:
            model: that is asked.
            refused: by digest, verdicts that are known.
        """
        self._model = model
        self._target = make_target("refusal_openers", model.tokenizer, "")
        self._scores: dict[str, RefusalScore] = {}
        self._refused = dict(refused)

    def keep(self, cases: Iterable[str]) -> None:
        """Let go of the caches of all but these cases; verdicts stay."""
        self._scores = {case: self._scores[case] for case in cases if case in self._scores}

    def test(self, cases: Sequence[AccuracyCase], rankings: Sequence[Ranked]) -> list[Fidelity]:
        """How faithful each case's ranking is."""
        without_word = [without(c.messages, r.words[:1]) for c, r in zip(cases, rankings, strict=True)]
        without_trigger = [without(c.messages, r.triggers[:1]) for c, r in zip(cases, rankings, strict=True)]
        self._ask([*without_word, *without_trigger])
        found = []
        for case, ranked, first, second in zip(cases, rankings, without_word, without_trigger, strict=True):
            comprehensiveness, sufficiency = self._eraser(case, ranked.words)
            found.append(
                Fidelity(
                    freed=not self._refused[digest(first)],
                    trigger_freed=not self._refused[digest(second)],
                    comprehensiveness=comprehensiveness,
                    sufficiency=sufficiency,
                )
            )
        return found

    def _ask(self, conversations: Sequence[Conversation]) -> None:
        """Greedy verdicts of the judge `rules`, in one batch."""
        new = {digest(c): c for c in conversations if digest(c) not in self._refused}
        empty = {key for key, c in new.items() if not c[-1].content.strip()}  # nothing is asked, nothing refused
        self._refused |= dict.fromkeys(empty, False)
        asked = {key: c for key, c in new.items() if key not in empty}
        if asked:
            self._refused |= zip(asked, refused_together(self._model, list(asked.values())), strict=True)

    def _eraser(self, case: AccuracyCase, ranked: Sequence[Span]) -> tuple[float, float]:
        """Comprehensiveness and sufficiency, in nats, on average over the first one, two and three words."""
        spans = words(case.messages)
        score = self._scores.setdefault(case.id, RefusalScore(self._model, case.messages, spans, self._target))
        order = [spans.index(word) for word in ranked[:FIRST]]
        gone = np.ones((len(order), len(spans)), dtype=bool)
        for k in range(len(order)):
            gone[k, order[: k + 1]] = False
        whole = np.ones((1, len(spans)), dtype=bool)
        scores = score(np.concatenate([whole, gone, ~gone]))
        k = len(order)
        return float(np.mean(scores[0] - scores[1 : k + 1])), float(np.mean(scores[0] - scores[k + 1 :]))
