"""One request on one lane, made once: within the licence's limits, its answer read with bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal, TypeAlias
from uuid import uuid4

import aiohttp
import msgspec
from aiolimiter import AsyncLimiter
from opentelemetry import trace
from yarl import URL

from daemon import __version__
from daemon.acumatica.address import InstanceAddress
from daemon.acumatica.answers import Answer, read_date
from daemon.acumatica.classification import Failure
from daemon.acumatica.lanes import Lane
from daemon.transport import no_answer, read_bounded
from queues.masking import mask_known_bytes
from queues.ports import Clock
from queues.verdicts import Exchange, Refused

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
"""Lists come in one piece: a page of 200 items with their parts is about half a megabyte."""

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
# Without a configured SDK the spans are nothing: whoever wants traces installs one (README, Operating).
_tracer: Final = trace.get_tracer("am-connector")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """
    One request to send.

    Attributes:
        path: with the instance's own, percent-encoded.
        query: percent-encoded, without `?`.
        body: None: none.
        secrets: texts in it that must not be shown.
        is_limited: false for signing out, which skips the queue of the ERP too.
    """

    method: Method
    path: str
    query: str = ""
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] | None = None
    secrets: tuple[str, ...] = ()
    is_limited: bool = True


class Wire:
    """
    Sends requests to one instance.

    Args:
        address: the instance.
        clock: for the times of exchanges.
        requests_per_minute: our own limit, below the licence's: over half of that one the ERP answers late on purpose.
        max_answer_bytes: more than this is not read.
    """

    def __init__(
        self,
        address: InstanceAddress,
        *,
        clock: Clock,
        requests_per_minute: int,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self.address = address
        self.clock = clock
        self._max_answer_bytes = max_answer_bytes
        # A small burst at once, then evenly: the licence counts by the minute.
        burst = max(1, requests_per_minute // 10)
        self._limiter = AsyncLimiter(burst, 60.0 * burst / requests_per_minute)

    async def send(self, lane: Lane, posting: Posting) -> tuple[Answer | Failure, Exchange]:
        """Send once; a failure instead of an answer when none came. Raises nothing but CancelledError."""
        if posting.is_limited:
            await self._limiter.acquire()
        request_id = uuid4().hex
        started_at, start = self.clock.now(), self.clock.monotonic()
        answer: Answer | None = None
        failed: Exception | None = None
        try:
            with _tracer.start_as_current_span("acumatica.request", kind=trace.SpanKind.CLIENT) as span:
                span.set_attributes({"http.request.method": posting.method, "url.path": posting.path})
                answer = await self._exchange(lane, posting, request_id)
                span.set_attribute("http.response.status_code", answer.status)
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            # TimeoutError is an OSError; RuntimeError: the session was closed under us.
            failed = error
        exchange = Exchange(
            request=f"{posting.method} {posting.path}",
            request_id=request_id,
            started_at=started_at,
            duration_ms=(self.clock.monotonic() - start) * 1_000,
            records=1,
            status=None if answer is None else answer.status,
            answer="" if answer is None else answer.excerpt,
        )
        if answer is None:
            return no_answer(failed or RuntimeError("no answer"), exchange, whose="the ERP"), exchange
        return answer, exchange

    async def _exchange(self, lane: Lane, posting: Posting, request_id: str) -> Answer:
        headers = {
            "Accept": "application/json",
            "User-Agent": f"am-connector/{__version__}",
            "X-Request-Id": request_id,
            **(posting.headers or {}),
        }
        if posting.body is not None:
            headers["Content-Type"] = posting.content_type
        elif posting.method == "POST":
            # Without it the web server answers 411.
            headers["Content-Length"] = "0"
        if lane.authorization:
            headers["Authorization"] = lane.authorization
        url = f"{self.address.origin}{posting.path}" + (f"?{posting.query}" if posting.query else "")
        async with lane.http.request(
            posting.method, URL(url, encoded=True), data=posting.body, headers=headers, allow_redirects=False
        ) as response:
            content, cut = await read_bounded(response.content, self._max_answer_bytes)
            if cut:
                # The connection still holds the rest: it cannot be used again.
                response.close()
            secrets = (*lane.secrets, *posting.secrets)
            return Answer(
                status=response.status,
                content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                body=mask_known_bytes(content, secrets) if secrets else content,
                cut=cut,
                location=response.headers.get("Location", ""),
                retry_after=response.headers.get("Retry-After", ""),
                date=read_date(response.headers.get("Date", "")),
            )


def wrong_form(exchange: Exchange, text: str) -> Refused:
    """Judge an answer of status 200 that is not what the call answers: never a success."""
    return Refused(error_class="target_error", text=f"HTTP 200, but {text}", status=exchange.status, exchange=exchange)


def is_success(answer: Answer) -> bool:
    """Whether the status says that it was done."""
    return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES


def to_json(document: object) -> bytes:
    """Write a body; Decimals as numbers, digit for digit."""
    return _ENCODER.encode(document)
