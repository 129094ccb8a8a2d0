"""What cannot be seen is written out."""

from eval.visible import visible


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\x1b[2J \u202eb\n\ud800 \u00e9") == r"a\x1b[2J \u202eb\n\ud800" + " \u00e9"
    assert visible("a\n\tb", keep="\n") == "a\n\\tb"
