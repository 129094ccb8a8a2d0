"""The rules' messages in the words of the form: rules speak to who writes YAML, and count turns from 0."""

import re

TURN = re.compile(r"(^`turn |\bin turn )(\d+)(?=[`,;])")
NAMES = {
    "author_kind": "whose words they are", "focus": "the Focus", "id": "the name", "neutral": "the neutral word",
    "pair_id": "the pair", "pattern": "what the word alone is", "prompt": "the text", "scenario_id": "the name",
    "topic": "the topic", "type": "the type", "why": "the reason",
}  # fmt: skip
NAMED = re.compile(r"`([a-z_]+)(?: (\d+))?`")
LISTED = re.compile(r"focus ('.*') is listed \d+ times but stands \d+ times as a whole word in turn \d+; .*")


def plainly(problem: str) -> str:
    """A problem without names of keys, whose turns count from 1, as Explore and the form count them."""
    if found := LISTED.fullmatch(problem):
        return f"{found[1]} does not stand in the text as a word of its own; take it out, or choose it anew"
    counted = TURN.sub(lambda found: f"{found[1]}{int(found[2]) + 1}", problem)
    return NAMED.sub(lambda found: f"turn {found[2]}" if found[2] else NAMES.get(found[1], found[1]), counted)
