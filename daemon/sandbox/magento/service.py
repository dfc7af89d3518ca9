"""The shop's REST front: from the bytes of a request to the reply, in the order in which Magento checks things."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NoReturn
from urllib.parse import parse_qsl, unquote

from daemon.sandbox.magento.access import Access, Credentials
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.contract import Contract
from daemon.sandbox.magento.conversion import BodyConverter
from daemon.sandbox.magento.errors import MagentoFault, PhpFault, Refusal, no_route
from daemon.sandbox.magento.fields import cut, read_fields
from daemon.sandbox.magento.queueing import Consumer, QueuedCall
from daemon.sandbox.magento.rendering import Reply, compressed, fault_reply, json_reply, result_reply, wants_xml
from daemon.sandbox.magento.route_table import magento_routes
from daemon.sandbox.magento.routes import Match, Router
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import DEFAULT_STORE, store_of_code
from daemon.sandbox.magento.values import JsonObject

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT"})
CANNOT_BE_PROCESSED = "Specified request cannot be processed."
_CONTENT_TYPE = re.compile(r"([a-z\d/\-+.]+)(?:;\s*charset=(.+))?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestRequest:
    """
    A request as it came.

    Attributes:
        raw_path: the undecoded path with `/rest`.
        url: scheme, host and path, as signatures cover it.
    """

    method: str
    raw_path: str
    raw_query: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class Outcome:
    """
    The reply, and what became known of the request on the way; filled step by step.

    Attributes:
        match: the route, None when there is none.
        body: the decoded body, None until it was decoded.
    """

    reply: Reply | None = None
    match: Match | None = None
    body: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a path leads: the store view, the parts below `V1`, and whether the call is queued, singly or in bulk."""

    store_id: int
    parts: list[str]
    manner: Literal["plain", "async", "bulk"] = "plain"


class MagentoService:
    """Answers requests from one shop."""

    def __init__(self, shop: Shop, access: Access, contract: Contract) -> None:
        self.shop = shop
        self._access = access
        self._contract = contract
        self._router = Router(magento_routes(access))
        self._converters: dict[tuple[str, str], BodyConverter | None] = {}
        self.consumer = Consumer(shop)

    def answer(self, request: RestRequest) -> Outcome:
        """Answer one request; whatever happens to it, there is a reply."""
        outcome = Outcome()
        try:
            outcome.reply = self._result(request, outcome)
        except MagentoFault as fault:
            outcome.reply = fault_reply(fault)
        if "gzip" in request.headers.get("accept-encoding", ""):
            outcome.reply = compressed(outcome.reply)
        return outcome

    def look(self, request: RestRequest) -> Outcome:
        """Recognise a request without answering it: what a switch keeps from the shop shows in the journal too."""
        outcome = Outcome(body=_peek(request.body) if request.method in _WITH_BODY else None)
        with suppress(Refusal):
            place = locate(request.raw_path)
            outcome.match = self._match(request.method, place)
        return outcome

    def _match(self, method: str, place: Place) -> Match | None:
        if place.manner != "bulk":
            return self._router.match(method, place.parts)
        route = self._router.match_bulk(method, place.parts)
        return None if route is None else Match(route=route, variables={})

    def _result(self, request: RestRequest, outcome: Outcome) -> Reply:
        xml = wants_xml(request.headers.get("accept"))
        place = locate(request.raw_path)
        if request.method not in _METHODS:
            raise Refusal(f"The {request.method} HTTP method is not supported.", status=405)
        has_body = request.method in _WITH_BODY or (place.manner == "bulk" and request.method == "DELETE")
        if has_body:
            outcome.body = _peek(request.body)
        if place.manner != "plain" and request.method == "GET":
            raise Refusal(CANNOT_BE_PROCESSED)
        match = self._match(request.method, place)
        if match is None:
            raise no_route()
        outcome.match = match
        self._access.authorise(
            Credentials(
                authorization=request.headers.get("authorization"),
                method=request.method,
                url=request.url,
                query=request.raw_query,
            ),
            match.route.resource,
        )
        if place.manner != "plain":
            return json_reply(202, self._queued(request, outcome, match, place))
        query = parse_qsl(request.raw_query, keep_blank_values=True)
        sent = _decoded(request, outcome.body) if has_body else {}
        call = Call(
            shop=self.shop,
            method=request.method,
            store_id=place.store_id,
            path=match.variables,
            query=query,
            body=self._converted(match, sent),
            sent_keys=len(sent),
        )
        value = match.route.service(call)
        wanted = next((text for name, text in query if name == "fields"), "")
        return result_reply(cut(value, read_fields(wanted)) if wanted else value, xml=xml)

    def _queued(self, request: RestRequest, outcome: Outcome, match: Match, place: Place) -> JsonObject:
        """Convert everything first, so that one bad item refuses the whole bulk, and queue it then."""
        decoded: object = _decoded(request, outcome.body)
        if place.manner == "bulk":
            sent = outcome.body if isinstance(outcome.body, list) else list(_decoded(request, outcome.body).values())
        else:
            sent = [decoded]
        calls: list[QueuedCall] = []
        for item in sent:
            if not isinstance(item, dict):
                raise PhpFault
            variables = {name: str(item.get(name, "")) for name in match.route.variables} | dict(match.variables)
            calls.append(QueuedCall(sent=item, body=self._converted(match, item), path=_named(variables)))
        return self.consumer.queue(
            method=request.method,
            path=match.route.path,
            store_id=place.store_id,
            service=match.route.service,
            calls=calls,
        )

    def _converted(self, match: Match, sent: JsonObject) -> JsonObject:
        key = (match.route.method, f"V1/{match.route.path}")
        if key not in self._converters:
            schema = self._contract.bodies.get(key)
            self._converters[key] = None if schema is None else BodyConverter(self._contract, schema)
        converter = self._converters[key]
        return {} if converter is None else converter.convert(sent, self.shop.configuration.array_limit)


def locate(raw_path: str) -> Place:
    """
    Split a path below `/rest`.

    Raises:
        Refusal: 400, the store code is unknown, or `V1` does not follow.
    """
    parts = [part for part in raw_path.split("/")[2:] if part]
    store_id = DEFAULT_STORE.id
    if parts:
        coded = store_of_code(unquote(parts[0]))
        if coded is not None:
            store_id, parts = coded, parts[1:]
    if parts[:3] == ["async", "bulk", "V1"]:
        return Place(store_id=store_id, parts=parts[3:], manner="bulk")
    if parts[:2] == ["async", "V1"]:
        return Place(store_id=store_id, parts=parts[2:], manner="async")
    if not parts or parts[0] != "V1":
        raise Refusal(CANNOT_BE_PROCESSED)
    return Place(store_id=store_id, parts=parts[1:])


def _named(variables: dict[str, str]) -> dict[str, str]:
    """The variables that were sent; a product's SKU stands inside the product instead."""
    return {name: value for name, value in variables.items() if value}


class _NotJson(ValueError):
    pass


def _peek(body: bytes) -> object:
    """Decode what can be decoded, for the journal too; `UNREADABLE` for what cannot."""
    if not body.strip():
        return None
    try:
        return json.loads(body.decode(), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return UNREADABLE


UNREADABLE = object()


def _no_constant(name: str) -> NoReturn:
    raise _NotJson(name)


def _decoded(request: RestRequest, decoded: object) -> JsonObject:
    if not request.body:
        return {}
    content_type = request.headers.get("content-type", "").strip()
    if not content_type:
        raise Refusal("Content-Type header is empty.")
    match = _CONTENT_TYPE.fullmatch(content_type)
    if match is None:
        raise Refusal("Content-Type header is invalid.")
    if match[2] is not None and match[2].strip().lower() != "utf-8":
        raise Refusal("UTF-8 is the only supported charset.")
    if match[1].lower() != "application/json":
        raise Refusal(f"Server cannot understand Content-Type HTTP header media type {match[1]}")
    if decoded is UNREADABLE:
        raise Refusal("Decoding error.")
    if isinstance(decoded, dict):
        return decoded
    # PHP turns a list into a map with numbers for keys and a scalar into a list of one: no parameter has such a name.
    return {str(position): part for position, part in enumerate(decoded)} if isinstance(decoded, list) else {}
