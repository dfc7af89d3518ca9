"""
Browser sessions: signed, with an end, void as soon as they are signed out or their token is no longer in force.

Everything a session says stands in its cookie, so that every replica knows it; what the server remembers are those
that were signed out.
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from daemon.http.tokens import Principal, Tokens
from queues.ports import Clock

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
        claim = f"{self.principal.key}|{self.ends_at}|{self.nonce}"
        return f"{_encode(claim.encode())}.{_encode(_sign(self.principal, 'session', claim))}"

    @property
    def last_moment(self) -> datetime:
        """When it ends by itself."""
        return datetime.fromtimestamp(self.ends_at, UTC)

    def csrf_token(self) -> str:
        """Give the text that every form of this session carries, so that no other site can send one."""
        return _encode(_sign(self.principal, "form", f"{self.ends_at}|{self.nonce}"))


def open_session(principal: Principal, clock: Clock) -> Session:
    """Open a session for *principal*; each login makes a new one."""
    ends_at = int(clock.now().timestamp()) + SESSION_SECONDS
    return Session(principal=principal, ends_at=ends_at, nonce=secrets.token_urlsafe(16))


def read_session(cookie: str, *, tokens: Tokens, clock: Clock, source: str) -> Session | None:
    """
    Give the session that *cookie* stands for, None when it is none of ours or over.

    Raises:
        DatabaseUnavailable: nobody can tell just now whether its token is still in force.
    """
    claim_part, _, signature_part = cookie.partition(".")
    if not signature_part or len(cookie) > _LONGEST_COOKIE:
        return None
    try:
        claim, signature = _decode(claim_part).decode(), _decode(signature_part)
        key, ends_at, nonce = claim.rsplit("|", 2)
        ends = int(ends_at)
    except (ValueError, binascii.Error):
        return None
    principal = tokens.holder(key, source=source)
    if principal is None or not hmac.compare_digest(_sign(principal, "session", claim), signature):
        return None
    if ends <= clock.now().timestamp() or tokens.is_ended(nonce):
        return None
    return Session(principal=principal, ends_at=ends, nonce=nonce)


def _sign(principal: Principal, purpose: str, text: str) -> bytes:
    return hmac.digest(principal.session_key(), f"{purpose}:{text}".encode(), "sha256")


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
