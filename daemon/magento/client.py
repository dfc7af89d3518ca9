"""One request to a store, made once: an answer in the form that was due, or the verdict that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from uuid import uuid4

import aiohttp
import msgspec
from opentelemetry import trace
from yarl import URL

from daemon import __version__
from daemon.magento.address import ALL_STORES, VERSION, BaseAddress, query_text
from daemon.magento.answers import Answer, ErrorBody
from daemon.magento.authentication import Authentication, Method
from daemon.magento.classification import Failure, classify
from daemon.magento.session import no_answer
from daemon.settings.document.routing import Address, Routing
from queues.failpoints import hit
from queues.masking import mask_known_bytes
from queues.ports import Clock
from queues.verdicts import Exchange, Refused

MAX_ANSWER_BYTES: Final = 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024

# Without a configured SDK the spans are nothing: whoever wants traces installs one (README, Operating).
_tracer: Final = trace.get_tracer("am-connector")
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One request to make.

    Attributes:
        segments: the path below `/rest/<store_code>/V1`, not encoded.
        query: names and values, not encoded.
        document: written as JSON, Decimals as numbers digit for digit; None: no body.
        store_code: the scope, if not the client's own.
        records: how many records it carries; of several, a culprit that is not named makes the verdict Undetermined.
        action: the row of the endpoint table it belongs to, where several have its method and path.
    """

    method: Method
    segments: Sequence[str]
    query: Sequence[tuple[str, str]] = ()
    document: object = None
    store_code: str | None = None
    records: int = 1
    action: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The store answered 200 with JSON; what it means is the caller's to read."""

    document: object
    exchange: Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """
    The store did not do it, or nobody can tell.

    Attributes:
        verdict: for every record of the request.
        error: Magento's error body, if one came.
    """

    verdict: Failure
    error: ErrorBody | None = None


Reply = Answered | NotDone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A request under way."""

    request: str
    request_id: str
    records: int
    started_at: datetime
    start: float


class MagentoClient:
    """
    Speaks to one store.

    Args:
        base_url: `https://shop.example` or with a path before `/rest`; a slash at its end does no harm.
        authentication: None: requests go out unsigned, and the store refuses them.
        session: from `open_session`; closed by who opened it.
        clock: for the times of exchanges.
        store_code: the scope of calls that name none.
        max_answer_bytes: more than this is not read.
        routing: where calls go now; None: where they go as shipped.

    Raises:
        ValueError: *base_url* is none.
    """

    def __init__(
        self,
        base_url: str,
        authentication: Authentication | None,
        *,
        session: aiohttp.ClientSession,
        clock: Clock,
        store_code: str = ALL_STORES,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        routing: Routing | None = None,
    ) -> None:
        self._address = BaseAddress.parse(base_url)
        self._authentication = authentication
        self._session = session
        self.clock = clock
        self.store_code = store_code
        self._max_answer_bytes = max_answer_bytes
        self._routing = routing

    async def call(self, call: Call) -> Reply:
        """Make one request, once; raises nothing but CancelledError, whatever the store does."""
        method, segments = await self._routed(call)
        try:
            path = self._address.path(call.store_code or self.store_code, segments)
            url = f"{self._address.origin}{path}" + (f"?{query_text(call.query)}" if call.query else "")
            body = None if call.document is None else _ENCODER.encode(call.document)
        except ValueError as error:
            # A segment that no address can hold, or a text that is no Unicode.
            return NotDone(verdict=Refused(error_class="validation", text=str(error)))
        begun = _Begun(
            request=f"{method} {path}",
            request_id=uuid4().hex,
            records=call.records,
            started_at=self.clock.now(),
            start=self.clock.monotonic(),
        )
        try:
            with _tracer.start_as_current_span("magento.request", kind=trace.SpanKind.CLIENT) as span:
                span.set_attributes({"http.request.method": method, "url.path": path, "records": call.records})
                answer = await self._exchange(method, url, body, begun.request_id)
                span.set_attribute("http.response.status_code", answer.status)
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            # TimeoutError is an OSError; RuntimeError: the session was closed under us.
            return NotDone(verdict=no_answer(error, self._told(begun, None)))
        return self._judge(answer, self._told(begun, answer))

    async def _routed(self, call: Call) -> tuple[Method, tuple[str, ...]]:
        shipped = Address(call.method, (VERSION, *call.segments))
        address = shipped if self._routing is None else await self._routing.route(shipped, action=call.action)
        return address.method, address.segments

    async def _exchange(self, method: Method, url: str, body: bytes | None, request_id: str) -> Answer:
        headers = {
            "Accept": "application/json",
            "User-Agent": f"am-connector/{__version__}",
            "X-Request-Id": request_id,
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        secrets: tuple[str, ...] = ()
        if self._authentication is not None:
            headers["Authorization"] = self._authentication.authorization(method, url)
            secrets = self._authentication.secrets(headers["Authorization"])
        async with self._session.request(
            method, URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
        ) as response:
            if body is not None:
                hit("request.answering")
            content, cut = await _read_bounded(response.content, self._max_answer_bytes)
            if cut:
                # The connection still holds the rest: it cannot be used again.
                response.close()
            return Answer(
                status=response.status,
                content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                body=mask_known_bytes(content, secrets),
                cut=cut,
                location=_masked(response.headers.get("Location", ""), secrets),
                retry_after=response.headers.get("Retry-After", ""),
            )

    def _told(self, begun: _Begun, answer: Answer | None) -> Exchange:
        return Exchange(
            request=begun.request,
            request_id=begun.request_id,
            started_at=begun.started_at,
            duration_ms=(self.clock.monotonic() - begun.start) * 1_000,
            records=begun.records,
            status=answer.status if answer else None,
            answer=answer.excerpt if answer else "",
        )

    def _judge(self, answer: Answer, exchange: Exchange) -> Reply:
        if answer.status == HTTPStatus.OK:
            try:
                return Answered(document=answer.document(), exchange=exchange)
            except ValueError:
                pass  # `classify` tells it, with the reason
        verdict, error = classify(answer, exchange, now=self.clock.now())
        return NotDone(verdict=verdict, error=error)


def not_in_form(exchange: Exchange, expected: str) -> NotDone:
    """Judge a 200 with JSON that is not what the call answers: never a success."""
    text = f"HTTP 200, but the answer is not {expected}"
    return NotDone(verdict=Refused(error_class="target_error", text=text, status=exchange.status, exchange=exchange))


def _masked(header: str, secrets: tuple[str, ...]) -> str:
    return mask_known_bytes(header.encode("utf-8", "surrogateescape"), secrets).decode("utf-8", "replace")


async def _read_bounded(content: aiohttp.StreamReader, most: int) -> tuple[bytes, bool]:
    """Read to the end in pieces, or *most* bytes: neither an endless nor a compressed body may fill the memory."""
    pieces = bytearray()
    while piece := await content.read(_PIECE_BYTES):
        pieces += piece
        if len(pieces) > most:
            return bytes(pieces[:most]), True
    return bytes(pieces), False
