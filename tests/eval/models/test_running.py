import pytest
import torch

from eval.models.running import Rows, current, most_alike, row_by_row, running

MARKED = torch.tensor([[0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0]], dtype=torch.bool)  # lengths 2, 4 and 3, left-padded


def test_marks_move_to_the_rows_and_columns_that_run() -> None:
    """Rows of the third conversation and the first, from columns 0 and 2 on: their tokens 0 and 0 are marked."""
    rows = Rows(torch.tensor([2, 0]), torch.tensor([3, 2]), torch.tensor([0, 2]))
    assert rows.columns(MARKED, 5).int().tolist() == [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0]]


def test_tokens_behind_a_prompt_and_prompts_cut_short_are_not_marked() -> None:
    rows = Rows(torch.tensor([1]), torch.tensor([4]), torch.tensor([0]))
    assert rows.columns(MARKED, 6).int().tolist() == [[1, 0, 0, 1, 0, 0]]
    assert rows.columns(MARKED, 3).int().tolist() == [[1, 0, 0]]


def test_rows_run_only_while_open_and_the_least_that_is_alike_counts() -> None:
    rows = Rows(torch.tensor([0]), torch.tensor([1]), torch.tensor([0]))
    with pytest.raises(KeyboardInterrupt), running(rows), row_by_row(3), row_by_row(7):
        assert current() is rows
        assert most_alike() == 3
        raise KeyboardInterrupt
    assert current() is None and most_alike() is None
