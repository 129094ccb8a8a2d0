import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import regex

from eval.record import Message, conversation
from eval.words import find, find_all, sentences, without, words


def texts(prompt: str) -> list[str]:
    messages = conversation(prompt)
    return [span.text(messages) for span in words(messages)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("How do I kill a process?", ["How", "do", "I", "kill", "a", "process"]),
        ('He said "kill", twice...', ["He", "said", "kill", "twice"]),
        ("kill - or don't - now!", ["kill", "or", "don't", "now"]),
        ("  spaces\tand\nlines ", ["spaces", "and", "lines"]),
        ("C++ costs $5", ["C++", "costs", "$5"]),
        ("fire 🔫 now", ["fire", "🔫", "now"]),
        ("?!", []),
    ],
)
def test_punctuation_stays_outside_of_words(prompt: str, expected: list[str]) -> None:
    assert texts(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Python进程怎么kill掉", ["Python", "进程", "怎么", "kill", "掉"]),
        ("如何杀死一个Python进程？", ["如何", "杀死", "一个", "Python", "进程"]),
        ("他说“don't stop”吗", ["他", "说", "don't", "stop", "吗"]),
        ("サーバーをkillするには?", ["サーバー", "を", "kill", "する", "に", "は"]),
        ("フ\u309aロク\u3099ラムを Ctrl-C", ["フ\u309aロク\u3099ラム", "を", "Ctrl-C"]),
        ("ฉันจะฆ่าได้อย่างไร", ["ฉัน", "จะ", "ฆ่า", "ได้", "อย่างไร"]),
        ("ຂ້ອຍຈະຂ້າ", ["ຂ້ອຍ", "ຈະ", "ຂ້າ"]),
        ("តើខ្ញុំអាចសម្លាប់", ["តើ", "ខ្ញុំ", "អាច", "សម្លាប់"]),
        ("តើ\u200bខ្ញុំ", ["តើ", "ខ្ញុំ"]),
        ("ဘယ်လိုသတ်", ["ဘယ်လို", "သတ်"]),
        ("𠮷野家で食べる", ["𠮷", "野家", "で", "食べる"]),
        ("བོད་སྐད་", ["བོད", "སྐད"]),
        ("\u0e4a\u0e33", ["\u0e4a\u0e33"]),  # no syllable, so ICU cuts the cluster
        ("프로세스를 죽이는 방법?", ["프로세스를", "죽이는", "방법"]),
        ("كيف أَقْتُلُ العملية؟", ["كيف", "أَقْتُلُ", "العملية"]),
        ("איך להרוג את (שָׁלוֹם)?", ["איך", "להרוג", "את", "שָׁלוֹם"]),
        ("प्रक्रिया को मारें।", ["प्रक्रिया", "को", "मारें"]),
    ],
)
def test_words_of_any_script(prompt: str, expected: list[str]) -> None:
    assert texts(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("👍", ["👍"]),
        ("fire🔫🔫now", ["fire", "🔫", "🔫", "now"]),
        ("Stop!👩🏽‍🚒, I❤️NY", ["Stop", "👩🏽‍🚒", "I", "❤️", "NY"]),
        ("👨‍👩‍👧‍👦🇩🇪🇫🇷 1️⃣#️⃣", ["👨‍👩‍👧‍👦", "🇩🇪", "🇫🇷", "1️⃣", "#️⃣"]),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿杀死❤‍🔥", ["🏴󠁧󠁢󠁥󠁮󠁧󠁿", "杀死", "❤‍🔥"]),
        ("Acme® ☺ a\u2122", ["Acme®", "☺", "a\u2122"]),
    ],
)
def test_an_emoji_is_a_word_and_never_cut(prompt: str, expected: list[str]) -> None:
    assert texts(prompt) == expected


def test_invisible_characters_make_no_words() -> None:
    assert texts("co\u00adworker \u200d \u00ad \u200b杀死\u200b。\u2060") == ["co\u00adworker", "杀死"]
    assert texts("می\u200cخواهم") == ["می\u200cخواهم"]
    assert texts("caf\u00e9 cafe\u0301 \ud800 x") == ["caf\u00e9", "cafe\u0301", "x"]


def test_a_repeated_word_is_two_features() -> None:
    messages = conversation("kill or kill")
    spans = words(messages)
    assert len(set(spans)) == 3
    assert [span.text(messages) for span in spans if span.text(messages) == "kill"] == ["kill", "kill"]


def test_system_turns_have_no_features() -> None:
    messages = [Message(role="system", content="be nice"), Message(role="user", content="hello there")]
    assert {span.turn for span in words(messages)} == {1}


def test_find_wants_whole_words_in_any_case() -> None:
    messages = conversation("Kill skill killer kill.")
    assert [(s.start, s.end) for s in find(messages, "kill")] == [(0, 4), (18, 22)]


@pytest.mark.parametrize(
    ("prompt", "word", "expected"),
    [
        ("杀死Python进程，再杀死它", "杀死", [(0, 2), (12, 14)]),
        ("Python进程怎么kill掉", "python", [(0, 6)]),
        ("Python进程怎么kill掉", "kill", [(10, 14)]),
        ("进程skill", "kill", []),
        ("人工智能和人", "人", [(5, 6)]),  # a word at the end, a part of "人工" before
        ("怎么杀死他", "杀", [(2, 3)]),  # only a part of a word
        ("怎么杀死他", "死", [(3, 4)]),
        ("怎么 杀死 Python", "杀死 python", [(3, 12)]),
        ("พยายามกินยา", "ยา", [(9, 11)]),
        ("ก่า", "ก", []),
        ("fire🔫now", "🔫", [(4, 5)]),
        ("fire🔫now", "fire", [(0, 4)]),
        ("👍🏽 👍", "👍", [(3, 4)]),
        ("🇦🇩🇪🇦", "🇩🇪", []),
        ("cafe\u0301 cafe", "cafe", [(6, 10)]),
        ("करे कर", "कर", [(4, 6)]),
    ],
)
def test_find_in_any_script(prompt: str, word: str, expected: list[tuple[int, int]]) -> None:
    assert [(s.start, s.end) for s in find(conversation(prompt), word)] == expected


def test_find_looks_at_each_turn_by_itself() -> None:
    messages = [Message(role="user", content="我是人"), Message(role="assistant", content="好"), *conversation("人工")]
    assert [(s.turn, s.start, s.end) for s in find(messages, "人")] == [(0, 2, 3), (2, 0, 1)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("How do I kill it?  Thanks!\nNow", ["How do I kill it?", "Thanks!", "Now"]),
        ("  Use test.py, 3.5 times. ... Then stop.", ["Use test.py, 3.5 times. ...", "Then stop."]),
        ("杀死他。他说：“好。”走！？好吗", ["杀死他。", "他说：“好。”", "走！？", "好吗"]),
        ("yes!no, go", ["yes!no, go"]),
        ("मैं। आप कैसे हैं?", ["मैं।", "आप कैसे हैं?"]),
        ("كيف أقتل؟ شكرا.", ["كيف أقتل؟", "شكرا."]),
        ("?! ...", []),
        ("", []),
        ("a\ud800. Then b.", ["a\ud800.", "Then b."]),
    ],
)
def test_sentences(prompt: str, expected: list[str]) -> None:
    messages = [Message(role="system", content="Be nice."), *conversation(prompt)]
    assert [span.text(messages) for span in sentences(messages)] == expected
    assert {span.turn for span in sentences(messages)} <= {1}


ATOMS = (
    *("kill", "don't", "Ctrl-C", "é", "e\u0301", "3.5", "$5", "Ｋ", "죽이는", "क्षि", "שָׁ"),
    *("أَقْتُلُ", "می\u200cخواهم", "co\u00adop", "®", "☺", "🔫", "👩🏽‍🚒", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "❤‍🔥", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
    *("杀死", "一", "𠮷", "々", "サーバー", "ー", "か\u3099", "を", "ｶﾞ", "ฆ่า", "กำ", "ຂ້າ"),
    *("សម្លាប់", "ခွင့်", "སྐད", "'", "-", "。", "、", "“", "”", ".", "!", "？", "(", "…", "་"),
    *("\u200b", "\u00ad", " ", "  ", "\n", "\t", "\u3000"),
)
SEEDS = range(60)


def random_conversation(seed: int) -> list[Message]:
    """Turns of up to forty atoms, joined as chance has it."""
    rng = random.Random(seed)
    return [
        Message(role=role, content="".join(rng.choices(ATOMS, k=rng.randint(1, 40))))
        for role in ("system", "user", "assistant", "user")
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_spans_are_ordered_disjoint_and_cut_no_cluster(seed: int) -> None:
    messages = random_conversation(seed)
    for spans in (words(messages), sentences(messages)):
        places = [(span.turn, span.start, span.end) for span in spans]
        assert all(turn > 0 and 0 <= a < b <= len(messages[turn].content) for turn, a, b in places)
        assert all((t, end) <= (u, start) for (t, _, end), (u, start, _) in pairwise(places))
        for turn, message in enumerate(messages):
            clusters = {0} | {cluster.end() for cluster in regex.finditer(r"\X", message.content)}
            assert clusters.issuperset(end for t, *ends in places if t == turn for end in ends)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_word_lies_in_one_sentence_that_cuts_none(seed: int) -> None:
    messages = random_conversation(seed)
    places = sentences(messages)
    for word in words(messages):
        assert [s.start <= word.start and word.end <= s.end for s in places if s.overlaps(word)] == [True]
    assert all(any(s.overlaps(word) for word in words(messages)) for s in places)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_all_words_leaves_punctuation_and_blanks(seed: int) -> None:
    messages = random_conversation(seed)
    left = without(messages, words(messages))
    assert left[0] == messages[0] and [m.role for m in left] == [m.role for m in messages]
    assert all(regex.fullmatch(r"[\s\p{P}\p{C}\p{Z}]*", message.content) for message in left[1:])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_word_is_found_and_its_deletion_leaves_the_others(seed: int) -> None:
    messages = random_conversation(seed)
    spans = words(messages)
    for span in random.Random(seed).sample(spans, min(3, len(spans))):
        assert span in find(messages, span.text(messages))
        content, left = messages[span.turn].content, without(messages, [span])[span.turn].content
        assert regex.sub(r"\s", "", left) == regex.sub(r"\s", "", content[: span.start] + content[span.end :])


def test_english_needs_no_dictionary() -> None:
    code = (
        "import sys; from eval.record import conversation; from eval.words import find, words;"
        "words(conversation('How do I “kill” a naïve process?')); loaded = 'icu4py' in sys.modules;"
        "words(conversation('杀死')); sys.exit(loaded or 'icu4py' not in sys.modules or 'torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_places_of_several_words_are_distinct_ordered_and_the_longest() -> None:
    messages = conversation("Do not kill two, blow up or kill it!")
    found = find_all(messages, ["kill", "kill it", "blow up", "kill", ""])
    assert [span.text(messages) for span in found] == ["kill", "blow up", "kill it"]
