"""Texts of others on a terminal or in a file: what cannot be seen (an escape, a line end) is written out."""


def visible(text: str, keep: str = "") -> str:
    """The text with every character that cannot be seen as an escape, those in `keep` apart."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)
