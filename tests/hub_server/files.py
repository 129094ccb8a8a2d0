"""Reading: folders, single paths, history, and files with ranges."""

import re
from typing import Any

from starlette.responses import FileResponse, JSONResponse, Response

from tests.hub_server.call import Call
from tests.hub_server.storage import Commit, Entry, Refused

LARGE = 2**23  # bytes; larger files are streamed


def tree(call: Call) -> Response:
    """A folder; its unknown name is an entry that is not found, on which datasets relies for /data."""
    commit, folder = call.commit(), call.groups.get("path", "").strip("/")
    inside = {path: entry for path, entry in commit.tree.items() if not folder or path.startswith(f"{folder}/")}
    if folder and not inside:
        raise Refused(404, f"{folder} does not exist on {commit.oid}", "EntryNotFound")
    depth = len(folder) + 1 if folder else 0
    deep = call.asks("recursive")
    folders = {path[:at] for path in inside for at, char in enumerate(path) if char == "/" and at > depth}
    items = [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in sorted(folders)]
    items += [_item(path, entry, commit, call.asks("expand")) for path, entry in sorted(inside.items())]
    return call.page([item for item in items if deep or "/" not in item["path"][depth:]])


def paths_info(call: Call) -> Response:
    """The files among the paths; those that are not there are left out."""
    commit = call.commit()
    paths = call.form.get("paths", [])
    expand = call.form.get("expand", ["false"])[0].lower() == "true"
    return JSONResponse([_item(path, commit.tree[path], commit, expand) for path in paths if path in commit.tree])


def _item(path: str, entry: Entry, commit: Commit, expand: bool) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "file", "path": path, "oid": entry.oid, "size": entry.size}
    if entry.lfs:
        item["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": 134}
    if expand:
        item["lastCommit"] = {"id": commit.oid, "title": commit.title, "date": commit.date}
    return item


def commits(call: Call) -> Response:
    history = call.store.history(call.commit().oid)
    return call.page(
        [
            {"id": c.oid, "title": c.title, "message": c.description, "date": c.date, "authors": [{"user": c.author}]}
            for c in history
        ]
    )


def resolve(call: Call) -> Response:
    """A file, or with a Range header a part of it; HEAD tells clients all that they need to cache it."""
    commit = call.commit()
    entry = commit.tree.get(call.groups["path"])
    if entry is None:
        error = {"error": "Entry not found"}
        return JSONResponse(error, 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit.oid})
    etag = f'"{entry.sha256 if entry.lfs else entry.oid}"'
    headers = {"X-Repo-Commit": commit.oid, "ETag": etag, "Accept-Ranges": "bytes"}
    if call.method == "HEAD":
        return Response(headers={**headers, "X-Linked-Size": str(entry.size), "Content-Length": str(entry.size)})
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", call.headers.get("range", ""))
    whole = not asked or not any(asked.groups())
    if whole and entry.size > LARGE:
        streamed = FileResponse(call.store.path(entry), headers=headers)
        streamed.chunk_size = LARGE
        return streamed
    content = call.store.read(entry)
    if whole:
        return Response(content, headers=headers, media_type="application/octet-stream")
    first, last = asked.groups()
    begin = int(first) if first else max(entry.size - int(last), 0)
    end = min(int(last), entry.size - 1) if first and last else entry.size - 1
    if begin >= entry.size:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{entry.size}"})
    headers["Content-Range"] = f"bytes {begin}-{end}/{entry.size}"
    return Response(content[begin : end + 1], 206, headers, media_type="application/octet-stream")
