"""Browser sessions: signed, with an end, void as soon as the token they were opened with changes."""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from daemon.http.keys import DEPENDENCIES
from daemon.http.tokens import Principal
from queues.ports import Clock

COOKIE: Final = "connector_session"
SECURE_COOKIE: Final = "__Host-connector_session"
"""Its name where the browser speaks https: it can then neither be set nor read by another host."""
SESSION_SECONDS: Final = 12 * 3600
_LONGEST_COOKIE: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An open session: whose it is, when it ends (Unix seconds) and a nonce that sets it apart."""

    principal: Principal
    ends_at: int
    nonce: str

    def to_cookie(self) -> str:
        """Write the session as the value of a cookie."""
        claim = f"{self.principal.name}|{self.ends_at}|{self.nonce}"
        return f"{_encode(claim.encode())}.{_encode(_sign(self.principal, 'session', claim))}"

    def csrf_token(self) -> str:
        """Give the text that every form of this session carries, so that no other site can send one."""
        return _encode(_sign(self.principal, "form", f"{self.ends_at}|{self.nonce}"))


def open_session(principal: Principal, clock: Clock) -> Session:
    """Open a session for *principal*; each login makes a new one."""
    ends_at = int(clock.now().timestamp()) + SESSION_SECONDS
    return Session(principal=principal, ends_at=ends_at, nonce=secrets.token_urlsafe(16))


def session_of(request: web.Request) -> Session | None:
    """Give the session a request's cookie stands for, None when there is none or it is over."""
    cookie = request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE) or ""
    claim_part, _, signature_part = cookie.partition(".")
    if not signature_part or len(cookie) > _LONGEST_COOKIE:
        return None
    try:
        claim, signature = _decode(claim_part).decode(), _decode(signature_part)
        name, ends_at, nonce = claim.rsplit("|", 2)
        ends = int(ends_at)
    except (ValueError, binascii.Error):
        return None
    principal = request.app[DEPENDENCIES].tokens.named(name)
    if principal is None or not hmac.compare_digest(_sign(principal, "session", claim), signature):
        return None
    if ends <= request.app[DEPENDENCIES].clock.now().timestamp():
        return None
    return Session(principal=principal, ends_at=ends, nonce=nonce)


def principal_of_session(request: web.Request) -> Principal | None:
    """Give the holder of a request's session."""
    session = session_of(request)
    return session.principal if session else None


def _sign(principal: Principal, purpose: str, text: str) -> bytes:
    return hmac.digest(principal.session_key(), f"{purpose}:{text}".encode(), "sha256")


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
