"""Discussions and pull requests: list, open, look at, comment, edit a comment, change status, merge."""

from typing import Any

from starlette.responses import JSONResponse, Response

from tests.hub_server.call import PAGE, Call
from tests.hub_server.storage import MAIN, Discussion, Event, Refused, Repository, now


def open_discussion(found: Repository, title: str, description: str, author: str, is_pull_request: bool) -> Discussion:
    """A new discussion with its first comment."""
    opened = Discussion(len(found.discussions) + 1, title, author, now(), is_pull_request)
    found.discussions.append(opened)
    opened.add("comment", author, **_comment(description))
    return opened


def listed(call: Call) -> Response:
    found = call.repository()
    chosen = found.discussions[::-1]
    wanted = {name: values[0] for name, values in call.query.items()}
    if wanted.get("type", "all") != "all":
        chosen = [d for d in chosen if d.is_pull_request == (wanted["type"] == "pull_request")]
    if wanted.get("status", "all") != "all":
        chosen = [d for d in chosen if (d.status == "open") == (wanted["status"] == "open")]
    if "author" in wanted:
        chosen = [d for d in chosen if d.author == wanted["author"]]
    start = PAGE * int(wanted.get("p", "0"))
    page = [_head(d, found) for d in chosen[start : start + PAGE]]
    return JSONResponse({"discussions": page, "count": len(chosen), "start": start})


def details(call: Call) -> Response:
    found, opened = call.repository(), _of(call)
    told = _head(opened, found) | {"events": [_event(event) for event in opened.events]}
    if opened.is_pull_request:
        told |= {"changes": {"base": MAIN, "mergeCommitId": opened.merged}, "filesWithConflicts": [], "diff": ""}
    return JSONResponse(told)


def create(call: Call) -> Response:
    user, found, asked = call.somebody(), call.repository(), call.json
    is_pull_request = bool(asked.get("pullRequest"))
    opened = open_discussion(found, asked["title"], asked.get("description", ""), user.name, is_pull_request)
    if is_pull_request:
        found.references[f"refs/pr/{opened.num}"] = found.references[MAIN]
    return JSONResponse({"num": opened.num})


def comment(call: Call) -> Response:
    event = _of(call).add("comment", call.somebody().name, **_comment(call.json["comment"]))
    return JSONResponse({"newMessage": _event(event)})


def edit(call: Call) -> Response:
    """Another text for a comment, by whoever wrote it."""
    user = call.somebody()
    event = next((event for event in _of(call).events if event.id == call.groups["comment"]), None)
    if event is None or event.type != "comment":
        raise Refused(404, "no such comment")
    if event.author != user.name:
        raise Refused(403, "only its author may edit a comment")
    event.data = {**_comment(call.json["content"]), "edited": True}
    return JSONResponse({"updatedComment": _event(event)})


def status(call: Call) -> Response:
    found, opened = call.repository(), _of(call)
    if call.somebody().name != opened.author:
        call.writable()
    asked = call.json["status"]
    if opened.is_pull_request and asked == "open" and f"refs/pr/{opened.num}" not in found.references:
        raise Refused(409, "the pull request was merged")
    opened.status = asked
    return JSONResponse({"newStatus": _event(opened.add("status-change", call.somebody().name, status=asked))})


def retitle(call: Call) -> Response:
    opened, before = _of(call), _of(call).title
    opened.title = call.json["title"]
    event = opened.add("title-change", call.somebody().name, **{"from": before, "to": opened.title})
    return JSONResponse({"newTitle": _event(event)})


def merge(call: Call) -> Response:
    """Put what the pull request changed since it left main onto main."""
    user, found, opened = call.somebody(), call.writable(), _of(call)
    if not opened.is_pull_request or opened.status != "open":
        raise Refused(409, "there is no open pull request to merge")
    theirs = call.store.history(found.references[f"refs/pr/{opened.num}"])
    main = call.store.history(found.references[MAIN])
    known = {commit.oid for commit in main}
    base = next(commit.tree for commit in theirs if commit.oid in known)
    tree = dict(main[0].tree)
    for path in {*base, *theirs[0].tree}:
        if base.get(path) == theirs[0].tree.get(path):
            continue
        if main[0].tree.get(path) not in (base.get(path), theirs[0].tree.get(path)):
            raise Refused(409, f"{path} was changed on main, too")
        tree.pop(path, None)
        if path in theirs[0].tree:
            tree[path] = theirs[0].tree[path]
    title = f"{opened.title} (#{opened.num})"
    opened.merged = found.references[MAIN] = call.store.add_commit(main[0].oid, title, "", user.name, tree)
    opened.status = "merged"
    opened.add("status-change", user.name, status="merged")
    return JSONResponse({})


def _of(call: Call) -> Discussion:
    return call.repository().discussion(int(call.groups["num"]))


def _comment(text: str) -> dict[str, Any]:
    return {"edited": False, "hidden": False, "latest": {"raw": text, "html": ""}}


def _head(opened: Discussion, found: Repository) -> dict[str, Any]:
    return {
        "num": opened.num, "title": opened.title, "status": opened.status, "isPullRequest": opened.is_pull_request,
        "createdAt": opened.date, "author": {"name": opened.author},
        "repo": {"name": found.id, "type": found.kind.removesuffix("s")},
    }  # fmt: skip


def _event(event: Event) -> dict[str, Any]:
    told = {"id": event.id, "type": event.type, "createdAt": event.date, "data": event.data}
    return {**told, "author": {"name": event.author}}
