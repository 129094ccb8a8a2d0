"""A fast endpoint on loopback that always gives the same answer, to measure what stands before it.

`python -m eval.bench.loopback PORT` serves it.
"""

import json
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

TEXT = (
    "You can end it from a terminal. First look up its number with pgrep and the name of the program, then send it the "
    "signal to end. Most programs save their work when they get it, and are gone within a second. If yours does not "
    "react, wait a little, look whether it is still there, and send the signal that cannot be caught. Unsaved work is "
    "lost then. On other systems the task manager does the same: pick the program from the list and end it there."
)
USAGE = {"prompt_tokens": 20, "completion_tokens": 100, "total_tokens": 120}


def make_app() -> FastAPI:
    """The endpoint: whole answers and streams."""
    app = FastAPI(openapi_url=None)
    frame: dict[str, Any] = {"id": "c", "created": 1, "model": "fixed"}
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    whole = json.dumps({**frame, "object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()
    parts: list[dict[str, Any]] = [{"delta": {"content": f"{word} "}, "finish_reason": None} for word in TEXT.split()]
    chunks = [
        {**frame, "object": "chat.completion.chunk", "choices": [{"index": 0, **part}]}
        for part in [*parts, {"delta": {}, "finish_reason": "stop"}]
    ]
    stream = b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks) + b"data: [DONE]\n\n"

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        streams = json.loads(await request.body()).get("stream")
        return Response(stream if streams else whole, media_type="text/event-stream" if streams else "application/json")

    @app.get("/health")
    async def health() -> Response:
        return Response(b"{}", media_type="application/json")

    return app


if __name__ == "__main__":
    uvicorn.run(make_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
