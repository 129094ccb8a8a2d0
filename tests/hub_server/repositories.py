"""Accounts and repositories: who am I, create, delete, look at, branches and tags; and the check of a card's head."""

from typing import Any

import yaml
from starlette.responses import JSONResponse, Response

from tests.hub_server.call import Call
from tests.hub_server.storage import MAIN, Kind, Refused

LICENCES = ("apache-2.0", "cc-by-4.0", "mit", "other")


def whoami(call: Call) -> Response:
    user = call.somebody()
    organisations = [{"name": name, "type": "org", "roleInOrg": role} for name, role in user.organisations.items()]
    token = {"displayName": "test", "role": user.role}
    about = {"type": "user", "name": user.name, "orgs": organisations, "auth": {"accessToken": token}}
    return JSONResponse(about)


def create(call: Call) -> Response:
    user, asked = call.somebody(), call.json
    namespace = asked.get("organization") or user.name
    kind: Kind = f"{asked.get('type') or 'model'}s"  # type: ignore[assignment]
    if not user.may_write_to(namespace):
        raise Refused(403, f"You don't have the rights to create a {kind[:-1]} under the namespace {namespace!r}")
    name = f"{namespace}/{asked['name']}"
    if found := call.store.repositories.get((kind, name)):
        raise Refused(409, f"You already created this {kind[:-1]} repo", url=call.web(found))
    found = call.store.create(kind, name, asked.get("visibility") == "private", user.name)
    return JSONResponse({"url": call.web(found)})


def delete(call: Call) -> Response:
    user, asked = call.somebody(), call.json
    namespace = asked.get("organization") or user.name
    kind: Kind = f"{asked.get('type') or 'model'}s"  # type: ignore[assignment]
    if not user.may_write_to(namespace):
        raise Refused(403, "Forbidden")
    if call.store.repositories.pop((kind, f"{namespace}/{asked['name']}"), None) is None:
        raise Refused(404, "Repository not found", "RepoNotFound")
    return JSONResponse({})


def about(call: Call) -> Response:
    """A repository at a revision."""
    found, commit = call.repository(), call.commit()
    head: dict[str, Any] = {"id": found.id, "sha": commit.oid, "private": found.private, "lastModified": commit.date}
    more = {"tags": [], "downloads": 0, "likes": 0, "author": found.namespace, "disabled": False, "gated": False}
    siblings = [{"rfilename": path} for path in sorted(commit.tree)]
    return JSONResponse({**head, **more, "siblings": siblings})


def refs(call: Call) -> Response:
    def those(prefix: str) -> list[dict[str, str]]:
        return [
            {"name": name.removeprefix(prefix), "ref": name, "targetCommit": oid}
            for name, oid in call.repository().references.items()
            if name.startswith(prefix)
        ]

    listed = {"branches": those("refs/heads/"), "tags": those("refs/tags/"), "converts": []}
    return JSONResponse(listed | ({"pullRequests": those("refs/pr/")} if call.asks("include_prs") else {}))


def tag(call: Call) -> Response:
    commit = call.commit()
    return _add(call, f"refs/tags/{call.json['tag']}", commit.oid)


def branch(call: Call) -> Response:
    found = call.writable()
    start = call.json.get("startingPoint") if call.body else None
    return _add(call, f"refs/heads/{call.groups['name']}", found.resolve(call.store, start or "main").oid)


def _add(call: Call, name: str, oid: str) -> Response:
    references = call.writable().references
    if name in references:
        raise Refused(409, f"Reference already exists: {name}")
    references[name] = oid
    return JSONResponse({})


def remove_tag(call: Call) -> Response:
    return _remove(call, f"refs/tags/{call.groups['revision']}")


def remove_branch(call: Call) -> Response:
    return _remove(call, f"refs/heads/{call.groups['name']}")


def _remove(call: Call, name: str) -> Response:
    if name == MAIN or call.writable().references.pop(name, None) is None:
        raise Refused(404, f"Invalid rev id: {name}", "RevisionNotFound")
    return JSONResponse({})


def validate_yaml(call: Call) -> Response:
    """The head of a card, as far as the Hub was seen to be strict: it is YAML, a mapping, with a known licence."""
    _, *parts = call.json["content"].split("---\n", 2)
    try:
        head = yaml.safe_load(parts[0]) if len(parts) == 2 else {}
    except yaml.YAMLError as error:
        return JSONResponse({"errors": [{"message": f"bad YAML: {error}"}]}, 400)
    if not isinstance(head, dict):
        return JSONResponse({"errors": [{"message": "metadata must be a mapping"}]}, 400)
    if head.get("license", "other") not in LICENCES:
        return JSONResponse({"errors": [{"message": '"license" must be one of ' + ", ".join(LICENCES)}]}, 400)
    warned = [] if head else [{"message": "empty or missing yaml metadata in repo card"}]
    return JSONResponse({"errors": [], "warnings": warned})
