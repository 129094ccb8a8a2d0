"""Points and curves of the trade-off, and that the page draws them."""

from pathlib import Path

from eval.runs.metrics import metrics
from eval.runs.report import write_report
from eval.runs.tradeoff import Point, curves, points, spread
from tests.eval.runs.worked import RUN, made, sampled

NAMES = ("none", "steer:0.5", "guard+steer", "steer", "guard+steer:0.1@heads", "steer:0.1", "guard+steer:0.3")


def test_points_have_both_shares_and_curves_go_by_strength() -> None:
    samples = [sampled(record, name) for name in NAMES for record in RUN]
    found = points(metrics(samples))
    assert [(point.number, point.name) for point in found] == list(enumerate(NAMES, 1))
    assert [[point.name for point in curve] for curve in curves(found)] == [
        ["steer:0.5", "steer:0.1", "steer"], ["guard+steer:0.3", "guard+steer"],
    ]  # fmt: skip
    assert [point.name for point in found if point.guarded] == [NAMES[2], NAMES[4], NAMES[6]]
    for point in found:
        share, low, high = point.x
        assert low <= share <= high


def test_a_mitigation_without_unsafe_prompts_is_no_point() -> None:
    safe = [sampled(record, "none") for record in RUN if record[1] == "safe"]
    assert points(metrics(safe)) == []


def test_the_page_draws_a_point_for_each_mitigation_where_there_are_several(tmp_path: Path) -> None:
    names = ("none", "steer", "guard+steer")
    several = made(tmp_path / "a", [sampled(r, name) for name in names for r in RUN], mitigations=names)
    text = write_report(several).read_text(encoding="utf-8")
    assert text.count("<circle") == 3
    assert text.count('class="guarded"') == 1
    one = made(tmp_path / "b", [sampled(record, "none") for record in RUN], mitigations=("none",))
    assert 'tradeoff">' not in write_report(one).read_text(encoding="utf-8")


def test_numbers_cover_neither_points_nor_one_another() -> None:
    same = (0.5, 0.4, 0.6)
    found = spread([Point(number, "steer", same, same) for number in range(1, 13)])
    boxes = [(dx, dy - 10, dx + 7 * len(str(one.number)), dy) for one in found for dx, dy in [one.label]]
    for at, (left, top, right, bottom) in enumerate(boxes):
        for x0, y0, x1, y1 in [(-6, -6, 6, 6), *boxes[:at]]:
            assert not (left < x1 and x0 < right and top < y1 and y0 < bottom)
    assert found[0].label[0] > 0 > found[0].label[1], "above right, where there is room"


def test_a_strength_that_is_no_number_is_no_error() -> None:
    both = (0.5, 0.4, 0.6)
    assert curves([Point(n, name, both, both) for n, name in enumerate(("steer:1-2.3", "steer:..", "steer"))]) == []
