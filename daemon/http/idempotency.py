"""`Idempotency-Key`: a client that got no answer repeats its call, and it is not carried out twice."""

import hashlib
import re
from typing import Final

import structlog
from aiohttp import web

from daemon.http.answering import problems
from daemon.http.fields import read_body
from daemon.http.keys import DEPENDENCIES, PRINCIPAL, REQUEST_ID, ROUTE
from daemon.http.problems import Problem, invalid
from daemon.http.routes import Handler, Route, in_header
from queues.errors import DatabaseUnavailable
from queues.postgres.idempotent_calls import Begun, IdempotentCall, Interrupted, KeptAnswer, OtherCall, UnderWay

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
KEY_PARAMETER: Final = in_header(
    KEY_HEADER,
    "Made by the caller, another for each act, 1 to 255 printable characters: the same call with the same key is "
    "carried out once and gets the same answer for a day.",
)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_ASKED_BY: Final = ("Content-Type", "If-Match", "X-Reason")
"""Headers that say what is wanted, as the body does."""
_KEPT: Final = ("Content-Type", "ETag", "Location", "Retry-After", "Allow", "Accept")
_SERVER_ERROR: Final = 500

_log = structlog.stdlib.get_logger("daemon.http")


def takes_key(route: Route) -> bool:
    """Tell whether *route* looks at the key: acts do; events have their own ids, and pages the state they show."""
    return route.act is not None and not route.is_page and route.access != "publish"


@web.middleware
async def idempotency(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Carry a call with a key out once; answer its repeats as it was answered."""
    route = request.get(ROUTE)
    key = request.headers.get(KEY_HEADER)
    if key is None or route is None or not takes_key(route):
        return await handler(request)
    if not _KEY.fullmatch(key):
        raise invalid(KEY_HEADER, "must be 1 to 255 printable ASCII characters without blanks")
    call = IdempotentCall(
        holder=request[PRINCIPAL].name,
        key=key,
        digest=_digest(request, await read_body(request, route.body_limit)),
        request_id=request[REQUEST_ID],
    )
    match await request.app[DEPENDENCIES].idempotent_calls.begin(call):
        case Begun():
            return await _carry_out(request, handler, call, route)
        case KeptAnswer() as answer:
            return _again(answer)
        case UnderWay():
            text = "the call with this key is being carried out: repeat it in a moment"
            raise Problem(409, "idempotency_under_way", text, headers={"Retry-After": "1"})
        case OtherCall():
            raise Problem(422, "idempotency_key_reused", "this key came before with another call: make a new one")
        case Interrupted(request_id=request_id):
            text = f"the call with this key was carried out, and its answer was lost: see the audit log, {request_id}"
            raise Problem(409, "idempotency_answer_lost", text, members={"carried_out_by": request_id})


async def _carry_out(request: web.Request, handler: Handler, call: IdempotentCall, route: Route) -> web.StreamResponse:
    store = request.app[DEPENDENCIES].idempotent_calls
    response = await problems(request, handler)
    try:
        if response.status >= _SERVER_ERROR or not isinstance(response, web.Response):
            await store.give_up(call)
        else:
            headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
            body = response.body if isinstance(response.body, bytes) and route.keeps_answer else None
            await store.finish(call, KeptAnswer(status=response.status, headers=headers, body=body))
    except DatabaseUnavailable as error:
        # It is done all the same; a repeat finds its audit row.
        _log.warning("idempotency.not_kept", key_digest=call.digest.hex()[:16], reason=str(error))
    return response


def _again(answer: KeptAnswer) -> web.Response:
    if answer.body is None:
        text = "the call with this key was carried out; its answer held a secret, which is not kept: begin anew"
        raise Problem(409, "idempotency_answer_not_kept", text)
    return web.Response(status=answer.status, body=answer.body, headers={**answer.headers, REPLAYED_HEADER: "true"})


def _digest(request: web.Request, body: bytes) -> bytes:
    asked = [request.method, request.rel_url.raw_path_qs, *(request.headers.get(name, "") for name in _ASKED_BY)]
    return hashlib.sha256("\n".join(asked).encode("utf-8", "surrogateescape") + b"\n" + body).digest()
