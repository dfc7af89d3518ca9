"""Who calls, and what they may do: integrations (bearer or OAuth 1.0a), admin users, permissions."""

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, not_authorised
from daemon.sandbox.magento.oauth import OAuthVerifier
from daemon.sandbox.magento.values import text
from daemon.sandbox.settings import SandboxSettings, ShopConfiguration

ANONYMOUS = "anonymous"
EVERYTHING: frozenset[str] = frozenset({"*"})
STOCK_ONLY = frozenset({"Magento_InventoryApi::stock_source_item_assign"})
_ADMIN_TOKEN_SECONDS = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The parts of a request that tell who calls; `url` is scheme, host and path."""

    authorization: str | None
    method: str
    url: str
    query: str


class Access:
    """The tokens of the shop and what each opens."""

    def __init__(
        self,
        settings: SandboxSettings,
        configuration: ShopConfiguration,
        *,
        seconds: Callable[[], float] = time.time,
    ) -> None:
        self._configuration = configuration
        self._integrations: Mapping[str, frozenset[str]] = {
            settings.credentials.access_token: EVERYTHING,
            settings.stock_credentials.access_token: STOCK_ONLY,
        }
        self._oauth = OAuthVerifier(
            consumers={
                settings.credentials.consumer_key: (1, settings.credentials),
                settings.stock_credentials.consumer_key: (2, settings.stock_credentials),
            }
        )
        self._admin = (settings.admin_username, settings.admin_password)
        self._admin_tokens: dict[str, float] = {}
        self._seconds = seconds

    def authorise(self, credentials: Credentials, resource: str) -> None:
        """
        Let the call through, or not.

        Raises:
            Refusal: 401; also 400 for an incomplete OAuth header.
        """
        allowed = self._permissions(credentials)
        if resource != ANONYMOUS and "*" not in allowed and resource not in allowed:
            raise not_authorised(resource)

    def _permissions(self, credentials: Credentials) -> frozenset[str]:
        scheme, _, token = (credentials.authorization or "").partition(" ")
        if scheme.lower() == "oauth":
            token = self._oauth.verify(
                credentials.authorization or "",
                method=credentials.method,
                url=credentials.url,
                query=credentials.query,
            )
            return self._integrations[token]
        if scheme.lower() != "bearer":
            return frozenset()
        if self._admin_tokens.get(token, 0) > self._seconds():
            return EVERYTHING
        # Without bearer use an integration's token counts as none: the caller becomes a guest.
        return self._integrations.get(token, frozenset()) if self._configuration.bearer else frozenset()

    def admin_token(self, call: Call) -> str:
        """`integration/admin/token`: a token for an hour."""
        if (text(call.body, "username"), text(call.body, "password")) != self._admin:
            raise Refusal(
                "The account sign-in was incorrect or your account is disabled temporarily. "
                "Please wait and try again later.",
                status=401,
            )
        now = int(self._seconds())
        payload = {"uid": 1, "utypid": 2, "iat": now, "exp": now + _ADMIN_TOKEN_SECONDS, "jti": secrets.token_hex(8)}
        parts = ({"kid": "1", "alg": "HS256"}, payload)
        token = ".".join([*(_segment(json.dumps(part).encode()) for part in parts), _segment(secrets.token_bytes(32))])
        self._admin_tokens = {known: expires for known, expires in self._admin_tokens.items() if expires > now} | {
            token: now + _ADMIN_TOKEN_SECONDS
        }
        return token


def _segment(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
