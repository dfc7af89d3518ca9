"""Signing in: cookie sessions, OAuth tokens that rotate, and the licence's number of sessions."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from daemon.sandbox.acumatica.errors import PlainFault, ServerFault, bad_credentials, login_limit, unknown_tenant
from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings

SESSION_COOKIE = "ASP.NET_SessionId"
AUTH_COOKIE = ".ASPXAUTH"
_SCOPES = frozenset({"api", "offline_access", "api:concurrent_access", "openid", "profile"})


@dataclass(slots=True, kw_only=True)
class Session:
    """
    One open session, which holds a slot of the licence.

    Attributes:
        running: entity to the operation that runs in this session on its form.
    """

    id: str
    tenant: str
    branch: str
    ends_at: float | None = None
    running: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Chain:
    """One sign-in by OAuth: its tokens come one after the other, and share a session."""

    id: str
    scopes: frozenset[str]


class Access:
    """Who is signed in."""

    def __init__(self, settings: AcumaticaSandboxSettings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._sessions: dict[str, Session] = {}
        self._access: dict[str, tuple[_Chain, float]] = {}
        self._refresh: dict[str, _Chain] = {}
        self._wrong = 0
        self.logins = 0
        self.api_users = settings.api_users
        self.password = settings.password

    @property
    def open_sessions(self) -> int:
        """How many sessions hold a slot now."""
        now = self._monotonic()
        for session in [each for each in self._sessions.values() if each.ends_at is not None and each.ends_at <= now]:
            del self._sessions[session.id]
        return len(self._sessions)

    def end_sessions(self) -> None:
        """End every session, as a restart of the site does; OAuth tokens stay good."""
        self._sessions.clear()

    def end_tokens(self) -> None:
        """Make every token worthless, refresh tokens too."""
        self._access.clear()
        self._refresh.clear()

    def expire_access_tokens(self) -> None:
        """Let an hour go by for every access token; refresh tokens stay good."""
        self._access.clear()

    # --- cookies ------------------------------------------------------------------------------------------------------

    def login(self, body: Mapping[str, object]) -> Session:
        """
        Sign in with name and password.

        Raises:
            ServerFault: wrong password, unknown tenant, no free session.
        """
        self.logins += 1
        self._check_password(str(body.get("name", "")), str(body.get("password", "")))
        tenant = str(body.get("tenant") or body.get("company") or self._settings.tenants[0])
        names = {name.casefold(): name for name in self._settings.tenants}
        if len(names) > 1 and tenant.casefold() not in names:
            raise unknown_tenant()
        # A site with one tenant takes any name.
        session = self._open(names.get(tenant.casefold(), self._settings.tenants[0]), str(body.get("branch") or ""))
        self._sessions[session.id] = session
        return session

    def _check_password(self, name: str, password: str) -> None:
        if self._wrong >= self._settings.tries_before_lock:
            raise ServerFault("Your account has been locked out. Contact your system administrator.")
        if name != self._settings.username or password != self.password:
            self._wrong += 1
            raise bad_credentials()
        self._wrong = 0

    def _open(self, tenant: str, branch: str) -> Session:
        if self.api_users is not None and self.open_sessions >= self.api_users:
            raise login_limit(self._settings.login_limit_status)
        return Session(id=secrets.token_hex(12), tenant=tenant, branch=branch or self._settings.branches[0])

    def logout(self, cookies: Mapping[str, str], authorization: str) -> None:
        """End the session of the request, if it has one."""
        self._sessions.pop(cookies.get(SESSION_COOKIE, ""), None)
        chain, _ = self._access.get(authorization.removeprefix("Bearer "), (None, 0.0))
        if chain is not None:
            self._sessions.pop(chain.id, None)

    def session_of(self, cookies: Mapping[str, str], authorization: str) -> Session:
        """
        The session of a request; a good token without one opens it.

        Raises:
            PlainFault: 401, there is none.
            ServerFault: the licence allows no further session.
        """
        if authorization.startswith("Bearer "):
            return self._session_of_token(authorization.removeprefix("Bearer "))
        _ = self.open_sessions
        session = self._sessions.get(cookies.get(SESSION_COOKIE, ""))
        if session is None or AUTH_COOKIE not in cookies:
            raise PlainFault(401)
        return session

    def _session_of_token(self, token: str) -> Session:
        chain, ends_at = self._access.get(token, (None, 0.0))
        if chain is None or ends_at <= self._monotonic():
            raise PlainFault(401)
        _ = self.open_sessions
        session = self._sessions.get(chain.id)
        if session is None:
            session = self._open(self._settings.tenants[0], "")
            session.id = chain.id
            # Without offline_access the session closes when the token dies.
            session.ends_at = None if "offline_access" in chain.scopes else ends_at
            self._sessions[chain.id] = session
        return session

    # --- OAuth --------------------------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, str]) -> dict[str, object]:
        """
        Grant tokens for a password or a refresh token, which is spent by it.

        Raises:
            PlainFault: 400 with an OAuth error.
        """
        if (
            form.get("client_id") != self._settings.client_id
            or form.get("client_secret") != self._settings.client_secret
        ):
            raise PlainFault(400, {"error": "invalid_client"})
        match form.get("grant_type"):
            case "password":
                chain = self._granted(form)
            case "refresh_token":
                spent = self._refresh.pop(form.get("refresh_token", ""), None)
                if spent is None:
                    raise PlainFault(400, {"error": "invalid_grant"})
                chain = spent
            case _:
                raise PlainFault(400, {"error": "unsupported_grant_type"})
        access = secrets.token_hex(24)
        self._access[access] = (chain, self._monotonic() + self._settings.access_token_seconds)
        answer: dict[str, object] = {
            "access_token": access,
            "expires_in": int(self._settings.access_token_seconds),
            "token_type": "Bearer",
            "scope": " ".join(sorted(chain.scopes)),
        }
        if "offline_access" in chain.scopes:
            refresh = secrets.token_hex(24)
            self._refresh[refresh] = chain
            answer["refresh_token"] = refresh
        return answer

    def _granted(self, form: Mapping[str, str]) -> _Chain:
        self.logins += 1
        try:
            self._check_password(form.get("username", ""), form.get("password", ""))
        except ServerFault as fault:
            raise PlainFault(400, {"error": "invalid_grant", "error_description": fault.message}) from fault
        scopes = frozenset(form.get("scope", "").split())
        if not scopes or not scopes <= _SCOPES:
            raise PlainFault(400, {"error": "invalid_scope"})
        if self.api_users is not None and self.open_sessions >= self.api_users:
            raise PlainFault(400, {"error": "API Login Limit"})
        return _Chain(id=secrets.token_hex(12), scopes=scopes)
