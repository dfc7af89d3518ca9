"""OAuth 1.0a of the sandbox store: checked with signatures made by the library a client would use."""

import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.oauth import OAuthVerifier
from daemon.sandbox.settings import DEFAULT_CREDENTIALS

URL = "http://127.0.0.1:8080/rest/all/V1/products"
QUERY = "searchCriteria%5BpageSize%5D=5&name=a%20b%2B"


def verifier() -> OAuthVerifier:
    return OAuthVerifier(consumers={DEFAULT_CREDENTIALS.consumer_key: (1, DEFAULT_CREDENTIALS)})


def signed(url: str, *, nonce: str | None = None, token_secret: str | None = None) -> str:
    client = Client(
        DEFAULT_CREDENTIALS.consumer_key,
        client_secret=DEFAULT_CREDENTIALS.consumer_secret,
        resource_owner_key=DEFAULT_CREDENTIALS.access_token,
        resource_owner_secret=token_secret or DEFAULT_CREDENTIALS.access_token_secret,
        signature_method=SIGNATURE_HMAC_SHA256,
        nonce=nonce,
    )
    _, headers, _ = client.sign(url, http_method="GET")
    return str(headers["Authorization"])


def test_a_rightly_signed_request_gives_its_token() -> None:
    token = verifier().verify(signed(f"{URL}?{QUERY}"), method="GET", url=URL, query=QUERY)

    assert token == DEFAULT_CREDENTIALS.access_token


def test_brackets_may_stand_raw_in_the_url() -> None:
    raw = "searchCriteria[pageSize]=5&name=a%20b%2B"

    assert verifier().verify(signed(f"{URL}?{QUERY}"), method="GET", url=URL, query=raw)


def test_a_nonce_serves_once() -> None:
    checks = verifier()
    header = signed(URL, nonce="once")

    checks.verify(header, method="GET", url=URL, query="")
    with pytest.raises(Refusal) as refused:
        checks.verify(header, method="GET", url=URL, query="")

    assert refused.value.status == 401
    assert refused.value.body() == {
        "message": "The nonce is already being used by the consumer with ID %1",
        "parameters": ["1"],
    }


@pytest.mark.parametrize(
    ("method", "url", "query"),
    [("POST", URL, ""), ("GET", URL.replace("8080", "8081"), ""), ("GET", URL, "name=other")],
)
def test_a_signature_covers_method_address_and_query(method: str, url: str, query: str) -> None:
    with pytest.raises(Refusal) as refused:
        verifier().verify(signed(URL), method=method, url=url, query=query)

    assert refused.value.message == "The signature is invalid. Verify and try again."


def test_a_wrong_secret_is_found_out() -> None:
    with pytest.raises(Refusal):
        verifier().verify(signed(URL, token_secret="guessed"), method="GET", url=URL, query="")


def test_an_incomplete_header_names_what_is_missing() -> None:
    with pytest.raises(Refusal) as refused:
        verifier().verify('OAuth oauth_consumer_key="x"', method="GET", url=URL, query="")

    assert refused.value.parameters == {"fieldName": "oauth_signature"}
