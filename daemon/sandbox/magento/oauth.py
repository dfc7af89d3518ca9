"""OAuth 1.0a as the shop checks it: consumer, nonce, token, signature, in that order."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from oauthlib.oauth1.rfc5849.signature import verify_hmac_sha256

from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.settings import OAuthCredentials

_NEEDED = (
    "oauth_consumer_key",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_nonce",
    "oauth_timestamp",
    "oauth_token",
)
_NONCES_KEPT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """What a signature covers, in the shape `oauthlib` verifies."""

    http_method: str
    uri: str
    params: Sequence[tuple[str, str]]
    signature: str


@dataclass(slots=True, kw_only=True)
class OAuthVerifier:
    """Knows the consumers, and the nonces each has used."""

    consumers: Mapping[str, tuple[int, OAuthCredentials]]
    _nonces: OrderedDict[tuple[int, str], None] = field(default_factory=OrderedDict)

    def verify(self, authorization: str, *, method: str, url: str, query: str) -> str:
        """
        Return the access token of a rightly signed request.

        Timestamps may be old: the shop does not look at them.

        Args:
            authorization: the header, `OAuth …`.
            method: the HTTP method.
            url: scheme, host and path, without the query.
            query: the raw query string.

        Raises:
            Refusal: 400 for a missing parameter, 401 for anything else that is wrong.
        """
        given = read_header(authorization)
        for name in _NEEDED:
            if not given.get(name):
                raise Refusal('"%fieldName" is required. Enter and try again.', parameters={"fieldName": name})
        known = self.consumers.get(given["oauth_consumer_key"])
        if known is None:
            raise Refusal("A consumer having the specified key does not exist", status=401)
        consumer_id, credentials = known
        if (consumer_id, given["oauth_nonce"]) in self._nonces:
            raise Refusal(
                "The nonce is already being used by the consumer with ID %1",
                status=401,
                parameters=[str(consumer_id)],
            )
        self._remember(consumer_id, given["oauth_nonce"])
        if given["oauth_token"] != credentials.access_token:
            raise Refusal("Specified token does not exist", status=401)
        if given["oauth_signature_method"] != "HMAC-SHA256":
            raise Refusal("Signature method %1 is not supported", parameters=[given["oauth_signature_method"]])
        signed = SignedRequest(
            http_method=method,
            uri=url,
            params=[
                *parse_qsl(query, keep_blank_values=True),
                *((name, value) for name, value in given.items() if name not in ("oauth_signature", "realm")),
            ],
            signature=given["oauth_signature"],
        )
        if not verify_hmac_sha256(signed, credentials.consumer_secret, credentials.access_token_secret):
            raise Refusal("The signature is invalid. Verify and try again.", status=401)
        return credentials.access_token

    def _remember(self, consumer_id: int, nonce: str) -> None:
        self._nonces[consumer_id, nonce] = None
        if len(self._nonces) > _NONCES_KEPT:
            self._nonces.popitem(last=False)


def read_header(authorization: str) -> dict[str, str]:
    """The decoded parameters of an `Authorization: OAuth` header."""
    _, _, rest = authorization.partition(" ")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {unquote(name): unquote(value.strip().strip('"')) for name, _, value in pairs if name}
