"""Problems: what an error looks like on the wire (RFC 9457), with a stable `code` for programs."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from queues.errors import (
    BrokerUnavailable,
    DatabaseUnavailable,
    InvalidMessage,
    InvalidSettings,
    NotFound,
    QueueError,
    StateConflict,
)

_UNREAD: Final = frozenset({"too_large", "body_too_slow", "body_cut_off"})
"""Problems that leave a part of the body unread: the connection cannot be used again, and the caller is told so."""
RETRY_AFTER_SECONDS: Final = 5
"""What a client is asked to wait for while broker or database are away: about one reconnect."""

TITLES: Final[Mapping[str, str]] = {
    "unauthenticated": "A token is needed",
    "forbidden": "This token may not do that",
    "too_many_failures": "Too many wrong tokens",
    "no_such_path": "There is nothing here",
    "method_not_allowed": "Not with this method",
    "not_found": "There is no such thing",
    "state_conflict": "Its state does not allow that",
    "sync_disabled": "This sync is not enabled",
    "wrong_direction": "This sync goes the other way",
    "individual_not_allowed": "Single records may not be synced",
    "nothing_carried": "This release carries nothing of it",
    "bulk_under_way": "Another act on many is under way",
    "count_differs": "The number has changed",
    "confirmation_needed": "The number must be confirmed",
    "too_many": "Too many at once",
    "idempotency_under_way": "It is under way",
    "idempotency_key_reused": "The key came with another call",
    "idempotency_answer_lost": "It was done, and its answer was lost",
    "idempotency_answer_not_kept": "It was done, and its answer was not kept",
    "precondition_failed": "It has changed meanwhile",
    "too_large": "Too large",
    "not_http": "Not HTTP",
    "not_json": "Not JSON",
    "not_utf8": "Not UTF-8",
    "body_cut_off": "The body broke off",
    "body_too_slow": "The body did not come in time",
    "unsupported_media_type": "This media type is not read here",
    "unsupported_version": "This version is not read here",
    "unknown_type": "There is no such event type",
    "missing": "Something is missing",
    "invalid": "The content is refused",
    "invalid_settings": "Settings out of range",
    "intake_stopped": "The intake is stopped",
    "all_refused": "Every event was refused",
    "erp_unavailable": "The ERP could not be read",
    "broker_unavailable": "The broker cannot be reached",
    "database_unavailable": "The database cannot be reached",
    "internal_error": "Something went wrong here",
}
"""Every code there is, with its title."""


class Problem(Exception):
    """
    A request that ends in an error.

    Args:
        status: the HTTP status.
        code: stable, for programs; one of `TITLES`.
        detail: for people: what was expected and what came.
        headers: to be sent along, such as `Retry-After` or `Allow`.
        members: further members of the document, such as `member`, `faults` or `state`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def to_document(self, request_id: str) -> dict[str, object]:
        """Give the members of the document; the request id joins it with the log."""
        return {
            "type": f"urn:am-connector:problem:{self.code}",
            "title": TITLES.get(self.code, "The content is refused"),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.members,
            "request_id": request_id,
        }


def invalid(member: str, detail: str, *, code: str = "invalid") -> Problem:
    """Make the problem of one *member* of a body or one parameter."""
    return Problem(422, code, f"{member} {detail}", members={"member": member})


def from_error(error: QueueError) -> Problem | None:  # noqa: PLR0911 - one answer for each error
    """Translate what the engine raises; None for what nobody outside can do anything about."""
    match error:
        case InvalidMessage(code=code, member=member):
            status = {"too_large": 413, "not_json": 400, "not_utf8": 400}.get(code, 422)
            return Problem(status, code, str(error), members={"member": member} if member else None)
        case InvalidSettings(faults=faults):
            shown = [{"field": each.field, "expected": each.expected, "value": each.value} for each in faults]
            return Problem(422, "invalid_settings", str(error), members={"faults": shown})
        case NotFound():
            return Problem(404, "not_found", str(error), members={"thing": error.thing, "name": error.name})
        case StateConflict(state=state):
            return Problem(409, "state_conflict", str(error), members={"state": state})
        case BrokerUnavailable():
            return _unavailable("broker_unavailable", "RabbitMQ did not answer; nothing was accepted, repeat later")
        case DatabaseUnavailable():
            return _unavailable("database_unavailable", "PostgreSQL did not answer; repeat later")
        case _:
            return None


def problem_response(problem: Problem, request_id: str) -> web.Response:
    """Answer *problem* as `application/problem+json`."""
    response = web.Response(
        status=problem.status,
        body=to_json(problem.to_document(request_id)),
        content_type="application/problem+json",
        headers=problem.headers,
    )
    if problem.code in _UNREAD:
        response.force_close()
    return response


def to_json(document: object) -> bytes:
    """Write JSON; decimals stay the numbers they are, times are ISO 8601 in UTC."""
    return _ENCODER.encode(document)


def _as_known(value: Any) -> object:  # noqa: ANN401 - the encoder hands over whatever it does not know
    return dict(value) if isinstance(value, Mapping) else str(value)


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=_as_known)


def _unavailable(code: str, detail: str) -> Problem:
    # The engine's own text may name hosts and users: it goes to the log, not to the caller.
    return Problem(503, code, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
