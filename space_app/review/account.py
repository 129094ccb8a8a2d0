"""The reviewer's name of an account of the Hub."""

import re
from hashlib import sha256

from builder.review.opinion import checked_name
from eval.errors import InputError

MADE = re.compile(r"-[0-9a-f]{12}")  # how a name that was made for an account ends


def reviewer_of(account: str) -> str:
    """The account's name in small letters, or, where that is no reviewer's name, one that is made of it.

    Accounts may have dots and underscores in their names, and `a.b`, `a_b` and `a-b` are three people. So a name that
    is made ends in a digest of the account's, and an account whose own name looks like that is given another one: no
    account has the name of another.
    """
    name = account.lower()
    try:
        if not MADE.search(name[-13:]):
            return checked_name(name)
    except InputError:
        pass
    plain = re.sub(r"[^a-z0-9]+", "-", name).strip("-") or "reviewer"
    return checked_name(f"{plain}-{sha256(name.encode()).hexdigest()[:12]}")
