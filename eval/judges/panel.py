"""The judges of a run: the first decides, others are heard beside it, and one may judge harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from eval.errors import InputError
from eval.judges import check_judge, load_harm_judge, load_judge
from eval.judges.canaries import check
from eval.judges.verdict import REFUSAL, Answer, Harm, Judge, JudgeFacts, Verdict


class Judged(NamedTuple):
    """What a panel says of an answer; `judgements` are the other judges', none where there was nothing to judge.

    `harm` is None where nobody was asked.
    """

    verdict: Verdict
    judgements: list[Verdict]
    harm: Harm | None


@dataclass(frozen=True)
class Panel:
    """One or more judges of refusal, of which the first decides, and at most one of harm."""

    judges: tuple[Judge[Verdict], ...]
    harm: Judge[Harm] | None = None

    @property
    def facts(self) -> list[JudgeFacts]:
        """Which judges exactly, that of harm last."""
        found = [judge.facts for judge in self.judges]
        return [*found, self.harm.facts] if self.harm else found

    @property
    def name(self) -> str:
        """The names of the judges of refusal, as on the command line."""
        return ",".join(judge.facts.name for judge in self.judges)

    @property
    def harm_name(self) -> str:
        """That of the judge of harm, "" without one."""
        return self.harm.facts.name if self.harm else ""

    def check(self) -> None:
        """Raise `ModelError` if a judge is wrong about a canary or cannot be reached."""
        for judge in self.judges:
            check(judge)
        if self.harm:
            check(self.harm)

    def __call__(self, answers: Sequence[Answer], harmful: Sequence[bool] = ()) -> list[Judged]:
        """What the judges say of each answer, in order.

        Args:
            answers: to be judged.
            harmful: of each answer, whether help with it could do harm; about others the harm judge is not asked.

        Raises:
            ModelError: an endpoint cannot be reached any more.
        """
        said = [judge(answers) for judge in self.judges]
        asked = [a for a, may in zip(answers, harmful, strict=True) if may] if self.harm else []
        harm = iter(self.harm(asked)) if self.harm else iter(())
        found = []
        for at, answer in enumerate(answers):
            verdict, *others = (verdicts[at] for verdicts in said)
            judged = REFUSAL.without_judge(answer) is None
            found.append(Judged(verdict, others if judged else [], next(harm) if self.harm and harmful[at] else None))
        return found


def load_panel(judges: str = "rules", harm_judge: str = "", base_url: str | None = None) -> Panel:
    """The judges of comma-separated names; errors as for `eval.judges.load_judge`.

    Raises:
        InputError: there is no name, or an address for no endpoint.
    """
    names = judge_names(judges)
    if base_url and not any(name.startswith("llm:") for name in (*names, harm_judge)):
        raise InputError("--judge-base-url is the address of llm:MODEL; no judge is one")
    for name in (*names, *([harm_judge] if harm_judge else [])):
        check_judge(name)
    return Panel(
        tuple(load_judge(name, base_url) for name in names),
        load_harm_judge(harm_judge, base_url) if harm_judge else None,
    )


def judge_names(judges: str) -> list[str]:
    """The names between the commas, each once; `InputError` if there is none."""
    names = list(dict.fromkeys(name for part in judges.split(",") if (name := part.strip())))
    if not names:
        raise InputError("there is no judge; name one, such as rules")
    return names


def by_fact(config: dict[str, Any]) -> dict[str, Any]:
    """A run's config with an entry for each fact of a judge, so that differences can be told; prompts by hash."""
    facts = {
        f"{fact} of judge {judge['name']} ({judge['asked']})": judge[fact]
        for judge in config.get("judges") or []
        for fact in ("endpoint", "revision", "prompt_hash")
    }
    return {**{key: value for key, value in config.items() if key != "judges"}, **facts}
