"""Texts of others on a terminal or in a file: what cannot be seen (an escape, a line end), or not be written."""


def visible(text: str, keep: str = "") -> str:
    """The text with every character that cannot be seen as an escape, those in `keep` apart."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


def encodable(text: str) -> bool:
    """Whether a text can be written as UTF-8: not with lone surrogates, which JSON and command lines may hold."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
