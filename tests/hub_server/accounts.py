"""Signing in with an account, as Spaces let their visitors: OpenID Connect, with a page that asks who one is."""

from base64 import b64decode
from dataclasses import dataclass
from functools import cache
from html import escape
from secrets import token_urlsafe
from time import time
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.hub_server.call import Call
from tests.hub_server.storage import Refused

CLIENT, SECRET = "xsb-space", "the client's secret"
HOUR = 3600  # seconds


@dataclass(frozen=True)
class Grant:
    """What a code stands for: the account's token, and the number that its client wants to see again."""

    token: str
    nonce: str


GRANTS: dict[str, Grant] = {}


def configuration(call: Call) -> Response:
    paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
    return JSONResponse({"issuer": call.url, **{name: f"{call.url}/oauth/{path}" for name, path in paths.items()}})


def keys(_: Call) -> Response:
    return JSONResponse(KeySet([_key()]).as_dict(private=False))


def authorize(call: Call) -> Response:
    """A page with a link for each account; the link leads back to the client."""
    asked = {name: values[0] for name, values in call.query.items()}
    if asked.get("client_id") != CLIENT:
        raise Refused(400, "unknown client")

    def link(token: str, name: str) -> str:
        code = token_urlsafe()
        GRANTS[code] = Grant(token, asked["nonce"])
        joint = "&" if "?" in asked["redirect_uri"] else "?"
        address = f"{asked['redirect_uri']}{joint}{urlencode({'code': code, 'state': asked['state']})}"
        return f"<p><a href='{escape(address)}'>{escape(name)}</a></p>"

    links = [link(token, user.name) for token, user in call.store.tokens.items()]
    head = "<!doctype html><html lang='en'><title>Sign in</title><link rel='icon' href='data:,'>"
    return HTMLResponse(f"{head}<h1>Who are you?</h1>{''.join(links)}")


def token(call: Call) -> Response:
    """A code becomes the account's token, once."""
    kind, _, credentials = call.headers.get("authorization", "").partition(" ")
    if kind != "Basic" or b64decode(credentials).decode() != f"{CLIENT}:{SECRET}":
        raise Refused(401, "invalid_client")
    grant = GRANTS.pop(call.form["code"][0], None)
    if grant is None:
        raise Refused(400, "invalid_grant")
    name, now = call.store.tokens[grant.token].name, int(time())
    claims: dict[str, Any] = {
        "iss": call.url, "aud": CLIENT, "sub": name, "iat": now, "exp": now + HOUR, "nonce": grant.nonce,
        "name": name.title(), "preferred_username": name, "profile": f"{call.url}/{name}", "picture": "",
    }  # fmt: skip
    told = {"access_token": grant.token, "token_type": "bearer", "expires_in": HOUR, "scope": "openid profile"}
    return JSONResponse({**told, "id_token": jwt.encode({"alg": "RS256"}, claims, _key())})


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)
