"""The client of one instance: calls on lanes, signed in when needed, signed out always."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

import structlog

from daemon.acumatica.address import query_text
from daemon.acumatica.answers import Answer, ErrorBody
from daemon.acumatica.authentication import SignIn, close_lane
from daemon.acumatica.classification import Failure, classify, is_session_limit
from daemon.acumatica.endpoints import Endpoint, choose, read_versions
from daemon.acumatica.field_table import FieldTable, load_table
from daemon.acumatica.lanes import Lane, Lanes
from daemon.acumatica.wire import Method, Posting, Wire, is_success, to_json, wrong_form
from daemon.settings.document.routing import Address, Routing
from queues.ports import Clock
from queues.verdicts import Exchange, Refused

REFUSED_PAUSE_SECONDS: Final = 60.0
"""After refused credentials nobody signs in for so long: wrong passwords in a row lock the account."""
_SIGN_OUT_SECONDS: Final = 10.0

_log = structlog.stdlib.get_logger("daemon.acumatica")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One request to make.

    Attributes:
        segments: the path below the endpoint, not encoded; below the instance with *is_on_endpoint* false.
        query: names and values, not encoded.
        document: written as JSON, Decimals as numbers digit for digit; None: no body.
        path: an address the ERP gave, in the place of *segments*.
        is_json: whether an answer with content must be JSON; false for files.
        renews: whether a 401 means that the session has ended; false where the call signs itself.
        secrets: texts in it that must not be shown.
    """

    method: Method
    segments: Sequence[str] = ()
    query: Sequence[tuple[str, str]] = ()
    document: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    is_on_endpoint: bool = True
    is_json: bool = True
    renews: bool = True
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """
    The ERP answered 2xx; what it means is the caller's to read.

    Attributes:
        document: the JSON; None without content.
        content: the bytes, of a file.
        location: where an action's status is found.
        date: the server's clock.
    """

    status: int
    document: object
    exchange: Exchange
    content: bytes = b""
    location: str = ""
    date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """The ERP did not do it, or nobody can tell; *error* is what its error body said, if one came."""

    verdict: Failure
    error: ErrorBody | None = None


Reply = Answered | NotDone


class AcumaticaClient:
    """
    Speaks to one instance.

    Args:
        wire: sends.
        lanes: the sessions there may be.
        sign_in: how they are opened.
        wanted: the configured endpoint; None: the best version of Default the site has.
        routing: where calls go now; None: where they go as shipped.
    """

    def __init__(
        self,
        wire: Wire,
        lanes: Lanes,
        sign_in: SignIn,
        *,
        wanted: Endpoint | None = None,
        routing: Routing | None = None,
    ) -> None:
        self._wire, self._lanes, self._sign_in, self._wanted = wire, lanes, sign_in, wanted
        self._routing = routing
        self.clock: Clock = wire.clock
        self._signing_in = asyncio.Lock()
        self._choosing = asyncio.Lock()
        self._endpoint: Endpoint | None = None
        self._refused: tuple[Failure, float] | None = None
        self._quiet_until = 0.0

    async def call(self, call: Call) -> Reply:
        """Make one request, once; raises nothing but CancelledError, whatever the ERP does."""
        async with self.lane() as lane:
            return await self.call_on(lane, call)

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """Hold a lane for calls that belong together: while an action runs, its form is blocked in its session."""
        while True:
            async with self._lanes.lane() as lane:
                if self._quiet_seconds() <= 0:
                    lane.failure = await self._ensure_open(lane)
                # Fewer sessions than lanes: those that are open do the work.
                lane.is_spare = is_session_limit(lane.failure) and self._lanes.others_open(lane)
                if not lane.is_spare:
                    yield lane
                    return

    async def call_on(self, lane: Lane, call: Call) -> Reply:
        """Make one request on a lane that is held; see `call`."""
        known = lane.take_failure()
        if known is not None:
            return NotDone(verdict=known)
        quiet = self._quiet_seconds()
        if quiet > 0:
            text = "the licence's limit was reached; no request is made until the pause is over"
            return NotDone(verdict=Refused(error_class="rate_limit", text=text, retry_after_seconds=quiet))
        failure = await self._ensure_open(lane)
        if failure is not None:
            return NotDone(verdict=failure)
        method, segments = call.method, tuple(call.segments)
        if call.is_on_endpoint and not call.path:
            endpoint = await self._endpoint_on(lane)
            if isinstance(endpoint, NotDone):
                return endpoint
            if self._routing is not None and call.method != "PATCH":
                routed = await self._routing.route(Address(call.method, segments), action=None)
                method, segments = routed.method, routed.segments
            segments = ("entity", endpoint.name, endpoint.version, *segments)
        try:
            posting = Posting(
                method=method,
                path=call.path or self._wire.address.path(segments),
                query=query_text(call.query),
                body=None if call.document is None else to_json(call.document),
                headers=call.headers,
                secrets=call.secrets,
            )
        except ValueError as error:
            # A segment that no address can hold, or a text that is no Unicode.
            return NotDone(verdict=Refused(error_class="validation", text=str(error)))
        return await self._send(lane, posting, call)

    async def _send(self, lane: Lane, posting: Posting, call: Call) -> Reply:
        answer, exchange = await self._wire.send(lane, posting)
        if isinstance(answer, Answer) and answer.status == HTTPStatus.UNAUTHORIZED and call.renews:
            # The session had ended: nothing was done, so the request is made once more in a new one.
            lane.is_open = False
            self._lanes.use_spare()
            failure = await self._ensure_open(lane)
            if failure is not None:
                return NotDone(verdict=failure)
            answer, exchange = await self._wire.send(lane, posting)
        if not isinstance(answer, Answer):
            return NotDone(verdict=answer)
        return self._judge(answer, exchange, call)

    def _judge(self, answer: Answer, exchange: Exchange, call: Call) -> Reply:
        if is_success(answer):
            document: object = None
            if answer.cut:
                return NotDone(verdict=wrong_form(exchange, f"the answer is larger than {len(answer.body)} bytes"))
            try:
                document = answer.document() if answer.body and call.is_json else None
            except ValueError as unreadable:
                return NotDone(verdict=wrong_form(exchange, str(unreadable)))
            return Answered(
                status=answer.status,
                document=document,
                exchange=exchange,
                content=b"" if call.is_json else answer.body,
                location=answer.location,
                date=answer.date,
            )
        verdict, error = classify(answer, exchange, now=self.clock.now())
        self._note_pause(verdict)
        return NotDone(verdict=verdict, error=error)

    def _quiet_seconds(self) -> float:
        return self._quiet_until - self.clock.monotonic()

    def _note_pause(self, verdict: Failure) -> None:
        """Hold the whole connection back after a licence limit, not the one message."""
        if isinstance(verdict, Refused) and verdict.error_class == "rate_limit":
            until = self.clock.monotonic() + (verdict.retry_after_seconds or 0.0)
            self._quiet_until = max(self._quiet_until, until)

    def path_of(self, location: str) -> str | None:
        """Give the path of an address that the ERP answered; None if it is not its own."""
        return self._wire.address.path_of(location)

    # --- sessions -----------------------------------------------------------------------------------------------------

    async def _ensure_open(self, lane: Lane) -> Failure | None:
        if lane.is_open and not self._sign_in.is_due(lane, self.clock.monotonic()):
            return None
        # One at a time: a wrong password is then tried once, not once for each lane.
        async with self._signing_in:
            now = self.clock.monotonic()
            if self._refused is not None:
                failure, until = self._refused
                if now < until:
                    return failure
            opened = await self._sign_in.open(self._wire, lane)
            self._refused = None
            if isinstance(opened, Refused) and opened.error_class == "auth":
                self._refused = (opened, now + REFUSED_PAUSE_SECONDS)
            if opened is None:
                _log.info("acumatica.signed_in", lane=lane.number)
                return None
            lane.is_open = False
            if not (is_session_limit(opened) and self._lanes.others_open(lane)):
                self._note_pause(opened)
            return opened

    def forget_refusal(self) -> None:
        """Let the next call try the credentials again at once: a person asks, who may have mended them."""
        self._refused = None
        self._quiet_until = 0.0

    async def close(self) -> None:
        """Sign every session out, within ten seconds in all."""
        try:
            async with asyncio.timeout(_SIGN_OUT_SECONDS):
                await asyncio.gather(*(close_lane(self._wire, lane) for lane in self._lanes.lanes))
        except TimeoutError:
            _log.warning("acumatica.not_signed_out", reason=f"no answer within {_SIGN_OUT_SECONDS:g} s")

    # --- endpoint -----------------------------------------------------------------------------------------------------

    async def endpoint(self) -> Endpoint | NotDone:
        """Tell the endpoint in use, chosen from what the site has."""
        if self._endpoint is not None:
            return self._endpoint
        async with self.lane() as lane:
            failure = lane.take_failure()
            return await self._endpoint_on(lane) if failure is None else NotDone(verdict=failure)

    async def table(self) -> FieldTable | NotDone:
        """Give the names the endpoint in use knows."""
        endpoint = await self.endpoint()
        return endpoint if isinstance(endpoint, NotDone) else load_table(endpoint.table_version)

    async def _endpoint_on(self, lane: Lane) -> Endpoint | NotDone:
        if self._endpoint is not None:
            return self._endpoint
        async with self._choosing:
            known = self._known_endpoint()
            if known is not None:
                return known
            call = Call(method="GET", segments=("entity",), is_on_endpoint=False)
            posting = Posting(method="GET", path=self._wire.address.path(call.segments))
            reply = await self._send(lane, posting, call)
            if isinstance(reply, NotDone):
                return reply
            versions = read_versions(reply.document)
            if versions is None:
                return NotDone(verdict=wrong_form(reply.exchange, "the service root does not list endpoints"))
            chosen = choose(versions, self._wanted)
            if isinstance(chosen, str):
                return NotDone(verdict=Refused(error_class="mapping", text=chosen, exchange=reply.exchange))
            self._endpoint = chosen
            _log.info("acumatica.endpoint_chosen", endpoint=str(chosen), build=versions.build)
            return chosen

    def _known_endpoint(self) -> Endpoint | None:
        return self._endpoint

    @property
    def tenants(self) -> frozenset[str]:
        """The tenants that signing in has landed on, as far as the site told."""
        return frozenset(lane.tenant for lane in self._lanes.lanes if lane.tenant)
