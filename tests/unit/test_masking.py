"""Masking: what is hidden by name, by look and by value, and what is left alone."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.magento.classification import UNAUTHORISED_CAUSES
from queues.masking import MASK, kind_of, mask_document, mask_known, mask_known_bytes, mask_personal_text, mask_text

HIDDEN = "S3ntinel/x+9"


@pytest.mark.parametrize(
    "text",
    [
        f"amqp://connector:{HIDDEN.replace('/', '%2F')}@broker:5672/",
        f"cannot connect to https://{HIDDEN.replace('/', '')}@shop.example/rest",
        f"Authorization: Bearer {HIDDEN}",
        f"sent Bearer {HIDDEN} and was refused",
        f"Basic {base64.b64encode(HIDDEN.encode()).decode()}",
        f'{{"password": "{HIDDEN}"}}',
        f"{{'password': '{HIDDEN}', 'id': 1}}",
        f'{{\\"api_key\\":\\"{HIDDEN}\\"}}',
        f'{{"headers": "{{\\"password\\": \\"{HIDDEN}\\"}}"}}',
        f"user=x&password={HIDDEN}&next=1",
        f"client_secret={HIDDEN}",
        f"consumerKey => {HIDDEN}",
        f"MAGENTO_TOKEN: {HIDDEN}",
        f'OAuth oauth_consumer_key="{HIDDEN}", oauth_signature="{HIDDEN}", oauth_version="1.0"',
        f'Authorization: OAuth oauth_consumer_key="{HIDDEN}",oauth_token="{HIDDEN}"',
        f'"OAuth oauth_token=\\"{HIDDEN}\\",oauth_nonce=\\"1\\""',
        f"oauth_signature={quote(HIDDEN, safe='')}",
        f"Set-Cookie: PHPSESSID={HIDDEN}; path=/",
        f'"password": "{HIDDEN} cut off he',
        f"-----BEGIN RSA PRIVATE KEY-----\n{HIDDEN}\n-----END RSA PRIVATE KEY-----",
        f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{HIDDEN.partition('/')[0]}.c2ln",
        f"password: {HIDDEN}",
    ],
)
def test_a_secret_in_a_text_is_hidden(text: str) -> None:
    shown = mask_text(text)

    assert MASK in shown
    for part in (HIDDEN, quote(HIDDEN, safe=""), "S3ntinel", base64.b64encode(HIDDEN.encode()).decode()):
        assert part not in shown


@pytest.mark.parametrize(
    "text",
    [
        f"HTTP 401: The consumer isn't authorized to access %resources (one of three: {UNAUTHORISED_CAUSES})",
        "Basic authentication is switched off; bearer tokens only",
        "the store has no product with the SKU 'AC-1001'",
        "POST /rest/all/V1/products/base-prices",
        "HTTP 400: Requested product doesn't exist: Key/123, sku = 'PASSPORT-COVER'",
        "https://shop.example/rest/all/V1/products/a@b",
        "session ended, keyboard AC-1 assigned; designed for key accounts",
        "data.price: must be a decimal, got 'ten'",
        "The form key is invalid. Please refresh the page.",
    ],
)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert mask_text(text) == text


def test_personal_data_in_a_text_is_hidden_only_when_asked_for() -> None:
    text = "a customer with jo.o'neil+shop@mail.example.com exists, phone +44 20 7946 0958, order 2026-11-21 10:00:00"

    assert mask_text(text) == text
    assert mask_personal_text(text) == f"a customer with {MASK} exists, phone {MASK}, order 2026-11-21 10:00:00"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", "secret"),
        ("Password1", "secret"),
        ("apiKey", "secret"),
        ("X-Api-Key", "secret"),
        ("access_token", "secret"),
        ("oauth_consumer_key", "secret"),
        ("Authorization", "secret"),
        ("cc_number", "secret"),
        ("Email", "personal"),
        ("email_address", "personal"),
        ("AddressLine1", "personal"),
        ("telephone", "personal"),
        ("Phone1", "personal"),
        ("firstname", "personal"),
        ("CustomerName", "personal"),
        ("postcode", "personal"),
        ("billing_address", "personal"),
        ("name", ""),
        ("sku", ""),
        ("price", ""),
        ("key", ""),
        ("tokens", ""),
        ("company", ""),
        ("source", ""),
        ("status", ""),
        ("description", ""),
        ("routing_key", ""),
    ],
)
def test_members_are_known_by_their_names(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_a_document_keeps_its_form_and_loses_its_secrets() -> None:
    document = {
        "id": "CUST-1",
        "Email": {"value": "jo@example.com"},
        "MainContact": {"Address": {"City": {"value": "Oslo"}, "Lines": ["Main St 1", None]}, "Note": "likes blue"},
        "orders": [{"phone": 4712345678, "total": 12}],
        "settings": {"password": "x", "token": None, "tokens": 3, "credentials": {"user": "a"}},
        "text": "mail jo@example.com, Bearer abcdefgh12345678",
    }

    assert mask_document(document, personal=False) == {
        **document,
        "settings": {"password": MASK, "token": None, "tokens": 3, "credentials": MASK},
        "text": f"mail jo@example.com, Bearer {MASK}",
    }
    assert mask_document(document, personal=True) == {
        "id": "CUST-1",
        "Email": {"value": MASK},
        "MainContact": {"Address": {"City": {"value": MASK}, "Lines": [MASK, None]}, "Note": MASK},
        "orders": [{"phone": MASK, "total": 12}],
        "settings": {"password": MASK, "token": None, "tokens": 3, "credentials": MASK},
        "text": f"mail {MASK}, Bearer {MASK}",
    }


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8, max_size=40),
    before=st.text(max_size=7),
    after=st.text(max_size=7),
)
def test_a_known_secret_is_hidden_in_every_form(secret: str, before: str, after: str) -> None:
    wrapped = f"{before}{secret}{after}".encode("utf-8", "replace")
    text = " ".join(
        [
            secret,
            quote(secret, safe=""),
            quote(secret),
            json.dumps(secret, ensure_ascii=False),
            base64.b64encode(secret.encode()).decode(),
            base64.urlsafe_b64encode(secret.encode()).decode(),
            base64.b64encode(wrapped).decode(),
        ]
    )

    shown = mask_known(text, (secret,))

    assert secret not in shown
    assert quote(secret, safe="") not in shown
    assert base64.b64encode(secret.encode()).decode().rstrip("=") not in shown
    for word in shown.split(" "):
        if len(word) % 4 == 0 and word.replace("+", "").replace("/", "").rstrip("=").isalnum():
            assert secret.encode() not in base64.b64decode(word, validate=False)


def test_bytes_are_searched_as_well_and_short_texts_are_no_secrets() -> None:
    assert mask_known_bytes(b'{"a": "abc/def+123 abc%2Fdef%2B123"}', ("abc/def+123",)) == b'{"a": "******** ********"}'
    assert mask_known("a cat", ("cat",)) == "a cat"


@given(st.text(max_size=300))
def test_whatever_the_text_masking_it_ends_and_masking_twice_changes_nothing(text: str) -> None:
    once = mask_personal_text(text)

    assert mask_personal_text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        '"password": ' + '\\"' * 20_000,
        "token=" * 20_000,
        "a@" * 20_000,
        "://" * 20_000,
        "oauth_a=" + '"' * 30_000,
        "+1" * 20_000,
        "bearer " * 20_000,
        "secret:" + "\\" * 40_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    # A search that tries every way of reading these would not end within the life of the test run.
    mask_personal_text(text)
