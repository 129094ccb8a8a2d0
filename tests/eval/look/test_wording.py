import pytest

from eval.judges.verdict import Verdict, VerdictLabel
from eval.look.wording import reason


@pytest.mark.parametrize(
    ("label", "refuses", "said"),
    [
        ("full_refusal", True, 'Refused because of "kill".'),
        ("partial_refusal", None, 'Refused in part because of "kill".'),
        ("full_compliance", True, 'No refusal. What came nearest to causing one: "kill".'),
        (
            "full_refusal",
            False,
            "Refused, but no refusal in its first words, which attribution explains. "
            'What came nearest to causing one: "kill".',
        ),
    ],
)
def test_reasons(label: VerdictLabel, refuses: bool | None, said: str) -> None:
    assert reason(Verdict(label=label, evidence="", confidence=1, judge="rules"), ["kill", "kill"], refuses) == said


def test_no_word_to_blame() -> None:
    assert reason(Verdict(label="full_refusal", evidence="", confidence=1, judge="rules"), [], True).endswith(
        "no single word is to blame."
    )
