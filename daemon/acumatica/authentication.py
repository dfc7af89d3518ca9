"""Signing in: OAuth with refresh tokens that rotate, or a cookie session where a site has no connected application."""

from collections.abc import Sequence
from typing import Final, Protocol
from urllib.parse import urlencode

import structlog

from daemon.acumatica.answers import Answer, read_error
from daemon.acumatica.classification import Failure, classify
from daemon.acumatica.lanes import Lane
from daemon.acumatica.tokens import KeptToken, SealedTokens
from daemon.acumatica.wire import Posting, Wire, is_success, to_json, wrong_form
from daemon.secret import Secret
from queues.errors import QueueError
from queues.verdicts import Exchange, Refused

_EARLY_SECONDS: Final = 60.0
"""A token is renewed so long before its end."""
_LOOKS: Final = 5
_LOOK_SECONDS: Final = 0.5
"""How often, and after how long each, another daemon's new token is looked for."""

_log = structlog.stdlib.get_logger("daemon.acumatica")


class SignIn(Protocol):
    """Opens and closes the session of a lane."""

    async def open(self, wire: Wire, lane: Lane) -> Failure | None:
        """Sign in; None when the lane is open now."""

    def is_due(self, lane: Lane, now: float) -> bool:
        """Whether the lane's session needs renewal by the monotonic clock."""

    def secrets(self) -> Sequence[str]:
        """Name the texts that must never be shown."""


async def close_lane(wire: Wire, lane: Lane) -> None:
    """Sign out, whatever comes of it: a session that is left open holds a slot of the licence."""
    if not lane.is_open:
        return
    posting = Posting(method="POST", path=wire.address.path(("entity", "auth", "logout")), is_limited=False)
    answer, _ = await wire.send(lane, posting)
    lane.is_open = False
    if not isinstance(answer, Answer) or not is_success(answer):
        said = f"HTTP {answer.status}" if isinstance(answer, Answer) else answer.text
        _log.warning("acumatica.not_signed_out", lane=lane.number, reason=said)


class CookieSignIn:
    """
    Name and password, a cookie session.

    Args:
        username: the user; one of its own, since a wrong password in a row locks it.
        password: its password.
        tenant: login name of the tenant; None: the site has one alone.
        branch: branch id; None: the user's own.
    """

    def __init__(self, *, username: str, password: Secret, tenant: str | None, branch: str | None) -> None:
        self._username, self._password, self._tenant, self._branch = username, password, tenant, branch

    async def open(self, wire: Wire, lane: Lane) -> Failure | None:
        """Sign in with an empty jar: a tenant cookie of an earlier visit must not decide the tenant."""
        lane.http.cookie_jar.clear()
        body = {"name": self._username, "password": self._password.reveal()}
        body |= {name: value for name, value in (("tenant", self._tenant), ("branch", self._branch)) if value}
        posting = Posting(
            method="POST",
            path=wire.address.path(("entity", "auth", "login")),
            body=to_json(body),
            secrets=(self._password.reveal(),),
        )
        answer, exchange = await wire.send(lane, posting)
        if not isinstance(answer, Answer):
            return answer
        if not is_success(answer):
            return classify(answer, exchange, now=wire.clock.now())[0]
        if not any(cookie.key == ".ASPXAUTH" for cookie in lane.http.cookie_jar):
            return wrong_form(exchange, "signing in gave no session cookie: is this the address of an Acumatica?")
        lane.is_open, lane.authorization, lane.expires_at = True, "", None
        lane.tenant = next((cookie.value for cookie in lane.http.cookie_jar if cookie.key == "CompanyID"), "")
        return None

    def is_due(self, lane: Lane, now: float) -> bool:  # noqa: ARG002 - the site tells when it is over, by 401
        """Never before the site says so."""
        return False

    def secrets(self) -> Sequence[str]:
        """Name the password."""
        return (self._password.reveal(),)


class OAuthSignIn:
    """
    The password grant with refresh tokens, one chain for each lane, kept durably and shared by the daemons.

    Args:
        client_id: of the connected application, `<guid>@<tenant>`; it fixes the tenant.
        client_secret: its secret.
        username: the user.
        password: its password; asked for only when there is no good refresh token.
        tokens: where the newest refresh token is kept before it is used.
    """

    def __init__(
        self, *, client_id: str, client_secret: Secret, username: str, password: Secret, tokens: SealedTokens
    ) -> None:
        self._client_id, self._client_secret = client_id, client_secret
        self._username, self._password = username, password
        self._tokens = tokens

    async def open(self, wire: Wire, lane: Lane) -> Failure | None:
        """Renew by the kept refresh token; by the password where there is none, or it is spent for good."""
        kept = await self._load(lane)
        for _ in range(_LOOKS):
            if kept is None or not kept.refresh_token.reveal():
                break
            failure, is_spent = await self._grant(wire, lane, self._refresh_form(kept), kept)
            if not is_spent:
                return failure
            # Another daemon may have used it just now: the newest is the good one.
            newer = await self._load(lane)
            if newer is None or newer.generation == kept.generation:
                await wire.clock.sleep(_LOOK_SECONDS)
                newer = await self._load(lane)
            if newer is None or newer.generation == kept.generation:
                break
            kept = newer
        form = {
            "grant_type": "password",
            "username": self._username,
            "password": self._password.reveal(),
            "scope": "api offline_access",
        }
        failure, _ = await self._grant(wire, lane, form, kept)
        return failure

    def is_due(self, lane: Lane, now: float) -> bool:
        """Whether the access token ends within a minute."""
        return lane.expires_at is not None and now >= lane.expires_at

    def secrets(self) -> Sequence[str]:
        """Name password and client secret."""
        return (self._password.reveal(), self._client_secret.reveal())

    def _name(self, lane: Lane) -> str:
        return f"acumatica/{self._client_id}/{lane.number}"

    async def _load(self, lane: Lane) -> KeptToken | None:
        try:
            return await self._tokens.load(self._name(lane))
        except QueueError as error:
            _log.warning("acumatica.token_not_read", lane=lane.number, reason=str(error))
            return None

    def _refresh_form(self, kept: KeptToken) -> dict[str, str]:
        return {"grant_type": "refresh_token", "refresh_token": kept.refresh_token.reveal()}

    async def _grant(
        self, wire: Wire, lane: Lane, form: dict[str, str], kept: KeptToken | None
    ) -> tuple[Failure | None, bool]:
        """Ask for tokens; tells the failure, and whether it means that the refresh token is no good any more."""
        whole = {"client_id": self._client_id, "client_secret": self._client_secret.reveal(), **form}
        secrets = (*self.secrets(), *((kept.refresh_token.reveal(),) if kept and kept.refresh_token.reveal() else ()))
        posting = Posting(
            method="POST",
            path=wire.address.path(("identity", "connect", "token")),
            body=urlencode(whole).encode(),
            content_type="application/x-www-form-urlencoded",
            secrets=secrets,
        )
        lane.authorization = ""
        answer, exchange = await wire.send(lane, posting)
        if not isinstance(answer, Answer):
            return answer, False
        if not is_success(answer):
            return self._refused(wire, answer, exchange, is_refresh="refresh_token" in form)
        return await self._granted(wire, lane, answer, exchange, kept), False

    async def _granted(
        self, wire: Wire, lane: Lane, answer: Answer, exchange: Exchange, kept: KeptToken | None
    ) -> Failure | None:
        try:
            document = answer.document()
        except ValueError as error:
            return wrong_form(exchange, str(error))
        access = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(access, str) or not access:
            return wrong_form(exchange, "the token address answered without a token")
        refresh = document.get("refresh_token")
        if isinstance(refresh, str) and refresh:
            await self._keep(lane, refresh, kept)
        seconds = document.get("expires_in")
        life = float(seconds) if isinstance(seconds, int) else 3_600.0
        lane.expires_at = wire.clock.monotonic() + max(life - _EARLY_SECONDS, life / 2)
        lane.is_open, lane.authorization = True, f"Bearer {access}"
        lane.secrets = (access, *((refresh,) if isinstance(refresh, str) else ()), *self.secrets())
        return None

    async def _keep(self, lane: Lane, refresh: str, kept: KeptToken | None) -> None:
        """Keep the newest token before anything is done with it: the one before is spent."""
        try:
            was_kept = await self._tokens.save(self._name(lane), refresh, replaces=kept.generation if kept else 0)
        except QueueError as error:
            # A restart then signs in by password.
            _log.warning("acumatica.token_not_kept", lane=lane.number, reason=str(error))
            return
        if not was_kept:
            _log.info("acumatica.token_of_another_kept", lane=lane.number)

    def _refused(self, wire: Wire, answer: Answer, exchange: Exchange, *, is_refresh: bool) -> tuple[Failure, bool]:
        try:
            document = answer.document()
        except ValueError:
            document = None
        code = document.get("error") if isinstance(document, dict) else None
        if is_refresh and code == "invalid_grant":
            return self._auth(exchange, "the refresh token is spent or has ended"), True
        match code:
            case "invalid_client":
                text = "the connected application is not known, or its secret is wrong"
            case "invalid_grant":
                error = read_error(document)
                text = (error.text if error else "") or "user name or password is wrong"
                text = "user name or password is wrong" if text == "invalid_grant" else text
            case "invalid_scope" | "unsupported_grant_type" | "unauthorized_client":
                text = f"the connected application does not allow the password flow with offline access ({code})"
            case _:
                return classify(answer, exchange, now=wire.clock.now())[0], False
        return self._auth(exchange, text), False

    def _auth(self, exchange: Exchange, text: str) -> Refused:
        return Refused(error_class="auth", text=text, status=exchange.status, exchange=exchange)
