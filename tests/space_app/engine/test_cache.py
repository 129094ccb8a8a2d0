"""The cache: bounded by number and by bytes, and keyed by all that makes a difference."""

from eval.record import Message, conversation
from space_app.engine.cache import Cache, key
from space_app.engine.steps import Guard


def found(reason: str) -> Guard:
    return Guard(allowed=False, reason=reason)


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = Cache(entries=2)
    for name in "ab":
        cache.keep(name, found(name))
    assert cache.get("a", Guard) == found("a")
    cache.keep("c", found("c"))
    assert (cache.get("a", Guard), cache.get("b", Guard), cache.get("c", Guard)) == (found("a"), None, found("c"))


def test_bytes_are_bounded_and_counted_once() -> None:
    cache = Cache(size=1000)
    for at in range(50):
        cache.keep(f"{at % 7}", found("x" * 200))
        assert cache.bytes <= 1000
    assert len(cache) == 4
    assert cache.bytes == 4 * len(found("x" * 200).model_dump_json())
    cache.keep("large", found("x" * 2000))
    assert (len(cache), cache.bytes) == (0, 0), "what is larger than all of it is not kept"


def test_keys_differ_by_all_that_is_asked() -> None:
    hi = conversation("Hi.")
    system = [Message(role="system", content="Hi.")]
    keys = {
        key(["skittish", None], hi), key(["skittish", "1"], hi), key(["other", None], hi),
        key(["skittish", None], system), key(["skittish", None], [*hi, *hi]), key(["skittish", None], hi, "ablation"),
        key(["skittish", None], hi, "ablation", "text"), key(["skittish", None], conversation("\ud800")),
    }  # fmt: skip
    assert len(keys) == 8
    assert key(["skittish", None], hi) == key(["skittish", None], conversation("Hi."))
