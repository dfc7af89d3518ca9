"""
What must not be shown, found and hidden: the one place that knows secrets and personal data when it sees them.

It is used where something leaves for good: `queues.postgres.texts` before a table, `daemon.logs` before the log, the
API before an answer, the clients before what a target said goes any further. Bytes of messages are kept as they came,
for they are sent again; they are hidden when they are shown.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import quote, quote_plus

MASK: Final = "********"

SHORTEST_SECRET: Final = 6
"""Characters; shorter texts are no secrets, and hiding them would tear ordinary words."""

Kind = Literal["secret", "personal", ""]

# --- by name ----------------------------------------------------------------------------------------------------------

_SECRET_PARTS: Final = re.compile(
    r"password|passwd|passphrase|passcode|secret|apikey|accesskey|privatekey|consumerkey|sharedkey|authorization"
    r"|credential|cookie|^oauth|signature$|token$|^pwd$|^pin$|^cvv|^cvc|securitycode|sessionid$|^bearer|cardnumber"
    r"|^ccnumber|^cccid|^iban$|accountnumber"
)
_PERSONAL_PARTS: Final = re.compile(
    r"e?mail(address)?\d?$|^fax|^phone|phone\d?$|telephone|mobile|firstname|lastname|middlename|fullname|displayname"
    r"|surname|givenname|familyname|nickname|(customer|contact|company|attention|person|recipient)name$|^attention$"
    r"|^contact|contact$|^address|address(es)?$|addressline|street|^city$|postcode|postalcode|zipcode|^zip$"
    r"|dateofbirth|^dob$|birthday|taxvat|^vatid$|taxregistrationid|^gender$|remoteip|xforwardedfor"
)


@lru_cache(maxsize=2048)
def kind_of(name: str) -> Kind:
    """Tell what a member called *name* holds, however the name is written: `api_key`, `apiKey`, `API-Key`."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if _SECRET_PARTS.search(plain):
        return "secret"
    return "personal" if _PERSONAL_PARTS.search(plain) else ""


# --- by look ----------------------------------------------------------------------------------------------------------

_HINTS: Final = re.compile(
    r"pass|pwd|secret|token|key|auth|sign|cred|cookie|bearer|basic|session|://|eyj|cvv|cvc|card|iban"
)
"""One of these is in every text that holds a secret as the expressions below know them (lower case): a quick look."""

_VALUE: Final = r"""(?:\\*"(?:\\+[^"]|[^"\\])*(?:\\*"|$)|\\*'(?:\\+[^']|[^'\\])*(?:\\*'|$)|[^\s"'\\,;&<>{}\[\]()]+)"""
_SECRET_TEXTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # scheme://user:password@host
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,30}://)[^\s/?#\"'<>]*@"), rf"\1{MASK}@"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), MASK),
    # A JSON web token, by its first letters.
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*"), MASK),
    # OAuth 1.0a: the whole list of its parameters.
    (re.compile(r"(?i)\bOAuth\s+(?:[\w%-]+=\\*\"[^\"]*\"[\s,]*)+"), f"OAuth {MASK}"),
    # A scheme and what looks like no word: a digit or sign in it, or too long for one.
    (
        re.compile(
            r"(?i)\b(bearer|basic|negotiate)[ ]+(?=[a-z]*[\d._~+/=-]|[a-z]{20})[\w.~+/=-]*[\w~+/=-]{7,}",
        ),
        rf"\1 {MASK}",
    ),
    # A header line up to its end: schemes have parameters of every kind.
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)([\"']?\s*[:=]\s*)(?![\"'\\{\[])[^\r\n\"'}\]]+"),
        rf"\1\2{MASK}",
    ),
    # name=value, name: value, "name": "value", also inside a text that is JSON once more.
    (
        re.compile(
            r"(?i)([\w.-]*(?:password|passwd|passphrase|passcode|secret|api[_-]?key|access[_-]?key|private[_-]?key"
            r"|consumer[_-]?key|shared[_-]?key|authorization|credentials?|cookie|oauth_\w+|signature|token|\bpwd|\bcvv"
            r"|\bcvc|card_?number|session_?id|\biban)\w{0,10}\]?\\*[\"']?\s*(?:=>?|:)\s*)"
            rf"(?!\\*[\"']?\*{{8}})(?:{_VALUE})"
        ),
        rf"\1{MASK}",
    ),
)
_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", re.UNICODE
)
_PHONE: Final = re.compile(r"(?<![\w+])(?:\+|00)\d[\d ()./-]{6,20}\d(?!\w)")


@lru_cache(maxsize=1024)
def mask_text(text: str) -> str:
    """Hide whatever looks like a secret in a text that strangers may have written."""
    if not _HINTS.search(text.lower()):
        return text
    for pattern, instead in _SECRET_TEXTS:
        text = pattern.sub(instead, text)
    return text


def mask_personal_text(text: str) -> str:
    """Hide secrets, and e-mail addresses and telephone numbers in international form."""
    text = mask_text(text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(MASK, text)
    return _PHONE.sub(MASK, text)


def mask_document(document: Any, *, personal: bool, known: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - JSON is anything
    """
    Hide the secrets in a document, by the names of its members and by the look of its texts.

    Args:
        document: mappings, lists and plain values, nested as deep as JSON of ours may be; it is not changed.
        personal: hide personal data as well.
        known: secrets to be hidden whatever they look like.

    Returns:
        The same document; of a secret member nothing is left, of a personal one its form.
    """
    match document:
        case str():
            # What is known goes first: a part of it may look like something by itself.
            text = mask_known(document, known)
            return mask_personal_text(text) if personal else mask_text(text)
        case Mapping():
            return {name: _mask_member(name, value, personal=personal, known=known) for name, value in document.items()}
        case list() | tuple():
            return [mask_document(each, personal=personal, known=known) for each in document]
        case _:
            return document


def _mask_member(name: object, value: object, *, personal: bool, known: tuple[str, ...]) -> object:
    kind = kind_of(name) if isinstance(name, str) else ""
    if kind == "secret" and not _tells_nothing(value):
        return MASK
    if kind == "personal" and personal:
        return _mask_leaves(value)
    return mask_document(value, personal=personal, known=known)


def _tells_nothing(value: object) -> bool:
    """Whether a member of a secret's name holds none: `"password": null`, `"has_token": true`, `"tokens": 3`."""
    return value is None or value == "" or isinstance(value, bool | int | float)


def _mask_leaves(value: object) -> object:
    match value:
        case Mapping():
            return {name: _mask_leaves(each) for name, each in value.items()}
        case list() | tuple():
            return [_mask_leaves(each) for each in value]
        case None | bool() | "":
            return value
        case _:
            return MASK


# --- by value ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def forms_of(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Write *secrets* as they may come back: plain, percent-encoded in both ways, JSON-escaped, in base64."""
    forms: list[str] = []
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            plain = secret.encode("utf-8", "surrogateescape")
            for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
                forms += [escaped, escaped.replace("/", "\\/")]
            forms += [secret, quote(secret, safe=""), quote(secret), quote_plus(secret)]
            forms += _inside_base64(plain)
    # The longest first: one may be a part of another.
    return tuple(sorted(dict.fromkeys(forms), key=len, reverse=True))


def mask_known(text: str, secrets: tuple[str, ...]) -> str:
    """Hide *secrets* themselves in *text*, in whatever form they stand there."""
    for form in forms_of(secrets):
        if form in text:
            text = text.replace(form, MASK)
    return text


def mask_known_bytes(body: bytes, secrets: tuple[str, ...]) -> bytes:
    """Hide *secrets* themselves in *body*; JSON stays JSON."""
    for form in _byte_forms(secrets):
        if form in body:
            body = body.replace(form, MASK.encode())
    return body


@lru_cache(maxsize=16)
def _byte_forms(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(form.encode("utf-8", "surrogateescape") for form in forms_of(secrets))


def _inside_base64(secret: bytes) -> Iterable[str]:
    """
    Give the parts of base64 that are there wherever the secret stands in what was encoded.

    Three ways to fall on the groups of three bytes; the characters that neighbours have a share in are left out.
    """
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        yield encode(secret).decode().rstrip("=")
        for before in range(3):
            encoded = encode(bytes(before) + secret).decode().rstrip("=")
            first = -(-before * 8 // 6)
            last = (before + len(secret)) * 8 // 6
            yield encoded[first:last]
