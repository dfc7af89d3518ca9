"""Replays recorded exchanges against a sandbox store and compares answers, ids and times aside."""

import base64
import gzip
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

import aiohttp
from yarl import URL

from daemon.sandbox.serve import RunningSandbox
from daemon.sandbox.settings import DEFAULT_CREDENTIALS, STOCK_ONLY_CREDENTIALS, OAuthCredentials, SandboxSettings

_TIMES = frozenset({"created_at", "updated_at", "low_stock_date", "start_time"})
_JSON_TEXTS = frozenset({"serialized_data", "result_serialized_data"})
_HASH = re.compile(r"[0-9a-f]{64}")
_ID_KINDS = {"bulk_uuid": "bulk", "bulk_id": "bulk", "product_id": "product"}
_PRODUCT_IDS = {"id": "product", "item_id": "item"}
_CUT_LIST = re.compile(r"\.\.\. ([\d,]+) (?:entries )?in all")
_CUT_TEXT = re.compile(r"(.*) \.\.\. \(\d+ characters of HTML\)", re.DOTALL)
_COUNTED = re.compile(r"([\d,]+) (?:items|accepted)")
_REPORT_ID = re.compile(r"webapi-[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `text` is decoded, `compressed` tells whether it came in gzip."""

    status: int
    content_type: str
    text: str
    compressed: bool

    def parsed(self) -> object:
        return json.loads(self.text) if "json" in self.content_type and self.text else self.text


async def send(
    client: aiohttp.ClientSession, running: RunningSandbox, recording: Mapping[str, object], path: str, body: object
) -> Answer:
    """Send the request of a recording as it was sent, with the sandbox's credentials and ids in it."""
    request = recording["request"]
    assert isinstance(request, dict)
    name = str(recording["name"])
    url = f"{running.url}{path}"
    headers = dict(request.get("headers") or _default_headers(name, has_body=body is not None))
    authorization = headers.get("Authorization", "")
    if "<token>" in authorization:
        headers["Authorization"] = authorization.replace("<token>", DEFAULT_CREDENTIALS.access_token)
    if authorization.startswith("OAuth"):
        headers["Authorization"] = _oauth_header(name, request["method"], url)
    async with client.request(
        request["method"],
        URL(url, encoded=True),
        headers=headers,
        data=_encoded(body),
        skip_auto_headers={"Content-Type", "Accept", "Accept-Encoding", "User-Agent"},
        allow_redirects=False,
    ) as response:
        raw = await response.read()
        compressed = response.headers.get("Content-Encoding") == "gzip"
        return Answer(
            status=response.status,
            content_type=response.headers.get("Content-Type", ""),
            text=(gzip.decompress(raw) if compressed else raw).decode(),
            compressed=compressed,
        )


def _default_headers(name: str, *, has_body: bool) -> dict[str, str]:
    token = DEFAULT_CREDENTIALS.access_token
    if "no-permission" in name:
        token = STOCK_ONLY_CREDENTIALS.access_token
    if name == "auth-bad-token":
        token = "0123456789abcdef"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return {**headers, "Content-Type": "application/json"} if has_body else headers


def _encoded(body: object) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, str):
        return body.encode().replace("\N{REPLACEMENT CHARACTER}".encode(), b"\xe4")  # the byte that was no UTF-8
    return json.dumps(body).replace("<password>", SandboxSettings().admin_password).encode()


_REUSED_NONCE = "nonce-of-the-call-before"


def _oauth_header(name: str, method: str, url: str) -> str:
    credentials: OAuthCredentials = STOCK_ONLY_CREDENTIALS if "no-permission" in name else DEFAULT_CREDENTIALS
    age = {"oauth-old-timestamp": 3_600, "oauth-very-old-timestamp": 360_000}.get(name, 0)
    oauth = {
        "oauth_consumer_key": "nobody" if name == "oauth-unknown-consumer" else credentials.consumer_key,
        "oauth_nonce": _REUSED_NONCE if name in ("oauth-ok", "oauth-nonce-reused") else secrets.token_hex(8),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time()) - age),
        "oauth_token": "nothing" if name == "oauth-unknown-token" else credentials.access_token,
        "oauth_version": "1.0",
    }
    parts = urlsplit(url)
    covered = sorted((_escaped(key), _escaped(value)) for key, value in [*parse_qsl(parts.query), *oauth.items()])
    base = "&".join(
        _escaped(part)
        for part in (
            method,
            f"{parts.scheme}://{parts.netloc}{parts.path}",
            "&".join(f"{key}={value}" for key, value in covered),
        )
    )
    secret = "wrong" if name == "oauth-bad-signature" else credentials.access_token_secret
    signature = _signed(base, credentials.consumer_secret, secret)
    pairs = {**oauth, "oauth_signature": signature}
    return "OAuth " + ", ".join(f'{key}="{_escaped(value)}"' for key, value in pairs.items())


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")


def _signed(base: str, consumer_secret: str, token_secret: str) -> str:
    key = f"{_escaped(consumer_secret)}&{_escaped(token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha256")).decode()


@dataclass(slots=True)
class Comparison:
    """Compares bodies; ids may differ, but the same id must stay the same product all along."""

    _ids: dict[tuple[str, object], object] = field(default_factory=dict)

    def differences(self, recorded: object, answered: object, place: str = "body") -> list[str]:
        """Say where the two are not alike."""
        match recorded, answered:
            case dict(), dict():
                return self._objects(recorded, answered, place)
            case list(), list():
                return self._lists(recorded, answered, place)
            case str(), list() if (counted := _COUNTED.fullmatch(recorded)) is not None:
                return _same(int(counted[1].replace(",", "")), len(answered), f"{place} (length)")
            case str(), str():
                return self._texts(recorded, answered, place)
            case _:
                return _same(recorded, answered, place)

    def _texts(self, recorded: str, answered: str, place: str) -> list[str]:
        if ("bulk", recorded) in self._ids:
            return self.same_id("bulk", recorded, answered, place)
        cut = _CUT_TEXT.fullmatch(recorded)
        if cut is not None:
            return [] if answered.startswith(cut[1]) else [f"{place}: does not begin {cut[1]!r}"]
        return _same(_REPORT_ID.sub("webapi", recorded), _REPORT_ID.sub("webapi", answered), place)

    def answered(self, kind: str, recorded: object) -> object:
        """The id that stands for a recorded one."""
        return self._ids[kind, recorded]

    def with_answered_bulks(self, path: str) -> str:
        """A recorded path with the answered ids of bulks in it."""
        for (kind, recorded), answered in self._ids.items():
            if kind == "bulk":
                path = path.replace(str(recorded), str(answered))
        return path

    def same_id(self, kind: str, recorded: object, answered: object, place: str) -> list[str]:
        """An id may be another number, but always the same other number."""
        expected = self._ids.setdefault((kind, recorded), answered)
        return _same(expected, answered, f"{place} ({kind} id)")

    def _objects(self, recorded: dict[str, object], answered: dict[str, object], place: str) -> list[str]:
        found = [f"{place}.{name}: missing" for name in recorded if name not in answered]
        found += [f"{place}.{name}: not recorded" for name in answered if name not in recorded]
        if "updated_at" in recorded and recorded["updated_at"] == recorded.get("created_at"):
            # One second there may be two here, never the other way round.
            ordered = str(answered.get("created_at")) <= str(answered.get("updated_at"))
            found += [] if ordered else [f"{place}.updated_at: before created_at"]
        is_product = "type_id" in recorded or "use_config_min_qty" in recorded
        for name in recorded.keys() & answered.keys():
            below, (left, right) = f"{place}.{name}", (recorded[name], answered[name])
            found += self._members(name, left, right, below, is_product=is_product)
        return found

    def _members(self, name: str, left: object, right: object, below: str, *, is_product: bool) -> list[str]:
        """Compare one member: some are known to differ, and how."""
        kind = _ID_KINDS.get(name) or (_PRODUCT_IDS.get(name) if is_product else None)
        if name in _TIMES:
            return _same(left is None, right is None, below)
        if name == "data_hash":
            return [] if _HASH.fullmatch(str(right)) else [f"{below}: not a hash"]
        if name in _JSON_TEXTS and isinstance(left, str) and isinstance(right, str):
            return self.differences(json.loads(left), json.loads(right), below)
        if name == "configurable_product_links":
            return self._ids_of_products(left, right, below)
        if name == "protect_code":
            left, right = type(left), type(right)
        return self.differences(left, right, below) if kind is None else self.same_id(kind, left, right, below)

    def _ids_of_products(self, recorded: object, answered: object, place: str) -> list[str]:
        assert isinstance(recorded, list)
        assert isinstance(answered, list)
        found = _same(len(recorded), len(answered), f"{place} (length)")
        for left, right in zip(recorded, answered, strict=False):
            found += self.same_id("product", left, right, place)
        return found

    def _lists(self, recorded: list[object], answered: list[object], place: str) -> list[str]:
        cut = _CUT_LIST.fullmatch(str(recorded[-1])) if recorded else None
        if cut is not None:
            recorded = recorded[:-1]
            found = _same(int(cut[1].replace(",", "")), len(answered), f"{place} (length)")
            answered = answered[: len(recorded)]
        else:
            found = _same(len(recorded), len(answered), f"{place} (length)")
        for position, (left, right) in enumerate(zip(recorded, answered, strict=False)):
            found += self.differences(left, right, f"{place}[{position}]")
        return found


def _same(recorded: object, answered: object, place: str) -> list[str]:
    alike = recorded == answered and isinstance(recorded, bool) == isinstance(answered, bool)
    return [] if alike else [f"{place}: recorded {recorded!r}, answered {answered!r}"]
