"""Bad calls of the page's API, and of the routes behind its gate."""

from typing import Any, NamedTuple

DEEP: Any = "x"
for _ in range(200):
    DEEP = [DEEP]
LONG = "kill " * 2000
STRANGE = "a\x00b\x1b[31m\u202ec"
HELLO = [{"role": "user", "content": "Hello"}]


class Call(NamedTuple):
    """Arguments for a function of the API, in order, and what its error says; "" where it may say anything."""

    name: str
    data: list[Any]
    says: str


PROMPTS = (
    ("", "empty"), ("   ", "empty"), (LONG, "this Space takes"), (None, ""), (5, ""), (True, ""),
    ({}, ""), ({"role": "user"}, ""), ([], ""), ([[]], ""), ([None], ""), (DEEP, ""),
    ([{"role": "king", "content": "x"}], "a dialogue is a list"), ([{"role": "user"}], "a dialogue is a list"),
    ([{"role": "user", "content": 5}], "a dialogue is a list"),
    ([*HELLO, {"role": "assistant", "content": "x"}], "user"),
    ([{"role": "user", "content": "Hi", "more": 1}], "a dialogue is a list"), (HELLO * 50, ""),
)  # fmt: skip
CALLS = [
    *(Call(name, [prompt], says) for name in ("answer", "attribute", "mitigate") for prompt, says in PROMPTS),
    Call("attribute", ["\u200b"], "no word"),
    *(Call("answer", ["kill it", name], "unknown model") for name in ("gpt2", "../../etc/passwd", STRANGE, "openai:x")),
    *(Call("answer", ["kill it", model], "") for model in (5, DEEP)),
    Call("attribute", ["kill it", "", "ablatoin"], "ablation"),
    Call("attribute", ["kill it", "", STRANGE], "unknown method"),
    *(Call("attribute", ["kill it", "", method], "") for method in (5, ["ablation"], DEEP)),
    *(
        Call("mitigate", ["kill it", "", [name], ["kill"]], says)
        for name, says in (
            ("stear", "steer"), ("steer:nan", "nan"), ("steer:-1", "-1"), ("guard", "guard"),
            ("rephrase:/etc", "steer"),
            ("", "mitigation"), (STRANGE, "unknown"), (5, ""), (None, ""), (DEEP, ""), ("+", "mitigation"),
        )
    ),
    Call("mitigate", ["kill it", "", ["steer"] * 500, ["kill"]], ""),
    *(Call("mitigate", ["kill it", "", ["steer"], words], "") for words in (["murder"], [5], "kill", [None], [""])),
    *(
        Call("records", data, says)
        for data, says in (
            (["xbs"], "xsb"), (["", "homonym"], "homonyms"), (["", "", "sfe"], "safe"), (["", "", "", "x"], "topic"),
            (["", "", "", "", "seen"], "review_state"), (["", "", "", "", "", "x" * 5000], "search"),
            (["", "", "", "", "", "", "", 0], "limit"), (["", "", "", "", "", "", "", 10**9], "limit"),
            (["", "", "", "", "", "", "", 20, -1], "offset"), (["", "", "", "", "", "", "", "many"], ""),
            (["", "", "", "", "", "", "", 1.5], ""), (["", "", "", "", "", "", "", None], ""), ([5], ""), ([[]], ""),
            ([STRANGE], "unknown"), ([DEEP], ""), (["", "", "", "", "", 5], ""),
        )
    ),
]  # fmt: skip
LENIENT = [  # what finds nothing, or as much as there may be
    *(Call("results", ["", "", "", limit], "") for limit in (0, -1, 10**9, "x", [])),
    *(Call("results", [name], "") for name in (STRANGE, 5, [], {}, DEEP)),
    Call("records", ["", "", "", "", "", "", {"a": 1}], ""),
]  # fmt: skip
RECORDS = (
    "", "x", "[", "[" * 5000, "{" * 5000, "a: &a [*a]", "- a", "5", "null", STRANGE, "\ud7ff", "x" * 30_000,
    "a: b\n a: c",
    "prompt: 5", "type: homonyms\nprompt: kill", "records: [5]", "endings: 5", "records: " + str([{}] * 50), 5, None,
    [], {}, {"prompt": 5}, {"records": DEEP}, {"type": [], "prompt": {}}, True,
    1.5, {"type": "homonym", "prompt": "Kill it"},
    "!!python/object/apply:os.system [id]", "? [a]: b", "%YAML 9.9\n---\na: b", {"": ""}, {"records": {}},
)  # fmt: skip
ROUTES = (
    ("GET", "/nothing", b"", 404), ("POST", "/", b"", 405), ("GET", "/gradio_api/call/answer/nothing", b"", None),
    ("POST", "/gradio_api/call/answer", b"", None), ("POST", "/gradio_api/call/answer", b"{", None),
    ("POST", "/gradio_api/call/answer", b"[]", None), ("POST", "/gradio_api/call/answer", b'{"data": 5}', None),
    ("POST", "/gradio_api/call/answer", b'{"data": null}', None), ("POST", "/gradio_api/call/answer", b"\xff", None),
    ("POST", "/gradio_api/call/answer", b"[" * 100_000, None), ("POST", "/gradio_api/call/nothing", b"{}", 404),
    ("POST", "/gradio_api/queue/join", b"", None), ("POST", "/gradio_api/queue/join", b"[1]", None),
    ("POST", "/gradio_api/queue/join", b'{"data": [], "fn_index": 99999, "session_hash": "s"}', None),
    ("POST", "/gradio_api/queue/join", b'{"data": [], "fn_index": "x", "session_hash": {}}', None),
    ("POST", "/gradio_api/run/predict", b'{"data": [1]}', None), ("POST", "/gradio_api/mcp/", b"{", None),
    ("POST", "/gradio_api/upload", b"", 404), ("GET", "/gradio_api/file=/etc/passwd", b"", 403),
    ("GET", "/gradio_api/queue/data", b"", None), ("GET", "/%2e%2e/%2e%2e/etc/passwd", b"", 404),
    ("GET", "/?tab=nothing&page=-1&prompt=%00%ff", b"", 200), ("TRACE", "/", b"", 405), ("PUT", "/config", b"", 405),
)  # fmt: skip
