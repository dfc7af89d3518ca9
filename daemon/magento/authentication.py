"""Signing in at a store: an integration's token as bearer, or OAuth 1.0a with its four values."""

import re
from typing import Final, Literal, Protocol
from urllib.parse import unquote

from oauthlib import oauth1

from daemon.secret import Secret

Method = Literal["GET", "POST", "PUT", "DELETE"]

_SIGNATURE: Final = re.compile(r'oauth_signature="([^"]+)"')


class Authentication(Protocol):
    """Signs requests."""

    def authorization(self, method: Method, url: str) -> str:
        """Give the `Authorization` header of one request; asked anew for each, *url* as it goes out."""

    def secrets(self, header: str) -> tuple[str, ...]:
        """Name the texts that must never be shown, those in the *header* of one request among them."""


class BearerToken:
    """
    The integration's access token alone.

    A store accepts it only with "Allow OAuth Access Tokens to be used as standalone Bearer tokens" switched on.
    """

    def __init__(self, token: Secret) -> None:
        self._token = token

    def authorization(self, method: Method, url: str) -> str:  # noqa: ARG002 - the same for every request
        """Give `Bearer <token>`."""
        return f"Bearer {self._token.reveal()}"

    def secrets(self, header: str) -> tuple[str, ...]:  # noqa: ARG002 - it holds nothing but the token
        """Name the token."""
        return (self._token.reveal(),)


class OAuth1:
    """
    OAuth 1.0a, HMAC-SHA256: works whatever the store's bearer switch says.

    Args:
        consumer_key: names the integration; not shown either.
        consumer_secret: its secret.
        access_token: names the permission it was given.
        access_token_secret: its secret.
    """

    def __init__(
        self, *, consumer_key: Secret, consumer_secret: Secret, access_token: Secret, access_token_secret: Secret
    ) -> None:
        self._secrets = (consumer_key, consumer_secret, access_token, access_token_secret)

    def authorization(self, method: Method, url: str) -> str:
        """Sign this one request: nonce and timestamp are new each time, for the store takes a pair only once."""
        key, secret, token, token_secret = self._revealed()
        client = oauth1.Client(
            key,
            client_secret=secret,
            resource_owner_key=token,
            resource_owner_secret=token_secret,
            signature_method=oauth1.SIGNATURE_HMAC_SHA256,
        )
        # The JSON body is no form, so it is not part of the signature.
        _, headers, _ = client.sign(url, method)
        return str(headers["Authorization"])

    def secrets(self, header: str) -> tuple[str, ...]:
        """Name all four, and the signature that was made with them, as it is and as it was sent."""
        sent = _SIGNATURE.findall(header)
        return (*self._revealed(), *sent, *map(unquote, sent))

    def _revealed(self) -> tuple[str, ...]:
        return tuple(secret.reveal() for secret in self._secrets)
