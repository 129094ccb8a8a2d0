"""Writing: how a file is to be sent, LFS files, and the commit that puts them into the repository, all or none."""

import json
from base64 import b64decode
from hashlib import sha256
from typing import Any

from starlette.responses import JSONResponse, Response

from tests.hub_server.call import Call
from tests.hub_server.discussions import open_discussion
from tests.hub_server.storage import MAIN, Discussion, Entry, Refused, Repository

LFS_ENDINGS = (".parquet", ".safetensors", ".bin", ".png")
LFS_SIZE = 10 * 2**20  # bytes; a larger file is an LFS file whatever its name


def preupload(call: Call) -> Response:
    """For each file whether it goes by LFS, and the hash of what is there under its name."""
    _may_send(call)
    there = call.commit().tree

    def told(file: dict[str, Any]) -> dict[str, Any]:
        path, old = file["path"], there.get(file["path"])
        lfs = path.endswith(LFS_ENDINGS) or file["size"] > LFS_SIZE
        known = {"oid": old.sha256 if old.lfs else old.oid} if old else {}
        return {"path": path, "uploadMode": "lfs" if lfs else "regular", "shouldIgnore": False, **known}

    return JSONResponse({"files": [told(file) for file in call.json["files"]]})


def lfs_batch(call: Call) -> Response:
    """Where to put each LFS file; one that is stored already needs no upload."""
    user, found = call.somebody(), call.repository()

    def told(wanted: dict[str, Any]) -> dict[str, Any]:
        oid, size = wanted["oid"], wanted["size"]
        if call.store.has(oid):
            return {"oid": oid, "size": size}
        upload = {"href": f"{call.url}/lfs/{user.name}/{oid}"}
        verify = {"href": f"{call.web(found)}.git/info/lfs/verify"}
        return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}

    return JSONResponse({"transfer": "basic", "objects": [told(wanted) for wanted in call.json["objects"]]})


def lfs_put(call: Call) -> Response:
    """Store a file under its hash; half a file has another one."""
    if sha256(call.body).hexdigest() != call.groups["oid"]:
        raise Refused(400, "the content does not have this hash")
    call.store.put(call.body)
    return Response()


def lfs_verify(call: Call) -> Response:
    call.somebody()
    if not call.store.has(call.json["oid"]):
        raise Refused(404, "no such object")
    return JSONResponse({})


def commit(call: Call) -> Response:
    """Apply all operations to a branch, a pull request's branch, or a new pull request."""
    found, create_pr = _may_send(call), call.asks("create_pr")
    lines = [json.loads(line) for line in call.body.splitlines() if line.strip()]
    header = lines[0]["value"]
    reference = _reference(call.groups["revision"], found)
    base = found.references[reference]
    parent = header.get("parentCommit")
    if parent and create_pr:
        base = found.resolve(call.store, parent).oid
    elif parent and not base.startswith(parent):
        raise Refused(412, "A commit has happened since. Please refresh and try again.")
    tree = dict(call.store.commit(base).tree)
    for line in lines[1:]:
        _apply(line["key"], line["value"], tree, call)
    title, description = header["summary"], header.get("description", "")
    author = call.somebody().name
    oid = call.store.add_commit(base, title, description, author, tree)
    told = {"success": True, "commitOid": oid, "commitUrl": f"{call.web(found)}/commit/{oid}"}
    if create_pr:
        request = open_discussion(found, title, description, author, is_pull_request=True)
        reference = f"refs/pr/{request.num}"
        told["pullRequestUrl"] = f"{call.web(found)}/discussions/{request.num}"
    found.references[reference] = oid
    if reference.startswith("refs/pr/"):
        _request_of(reference, found).add("commit", author, subject=title, oid=oid)
    return JSONResponse(told)


def _may_send(call: Call) -> Repository:
    """The repository, if who asks may write there, or opens or owns the pull request; or an error."""
    user, found, revision = call.somebody(), call.repository(), call.groups["revision"]
    if user.role == "write":
        if call.asks("create_pr"):
            return found
        if revision.startswith("refs/pr/") and _request_of(revision, found).author == user.name:
            return found
    return call.writable()


def _reference(revision: str, found: Repository) -> str:
    reference = revision if revision.startswith("refs/") else f"refs/heads/{revision}"
    if reference not in found.references or reference.startswith("refs/tags/"):
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    if reference != MAIN and reference.startswith("refs/pr/") and _request_of(reference, found).status != "open":
        raise Refused(403, "the pull request is closed")
    return reference


def _request_of(reference: str, found: Repository) -> Discussion:
    return found.discussion(int(reference.removeprefix("refs/pr/")))


def _apply(key: str, value: dict[str, Any], tree: dict[str, Entry], call: Call) -> None:
    path = value["path"]
    if path.startswith("/") or ".." in path.split("/"):
        raise Refused(400, f"Invalid path: {path}")
    if key == "file":
        tree[path] = call.store.entry(b64decode(value["content"]), lfs=False)
    elif key == "lfsFile":
        if not call.store.has(value["oid"]):
            raise Refused(400, f"LFS object {value['oid']} was not uploaded")
        tree[path] = call.store.entry_of(value["oid"], value["size"], lfs=True)
    elif key == "deletedFile":
        if tree.pop(path, None) is None:
            raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")
    elif key == "deletedFolder":
        for name in [name for name in tree if name.startswith(f"{path.rstrip('/')}/")]:
            del tree[name]
    else:
        raise Refused(400, f"unknown operation {key}")
