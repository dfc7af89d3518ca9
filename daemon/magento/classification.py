"""
From an answer that is no success to a verdict (contracts: Magento REST, sections 2.2 and 2.4).

The one question: does it speak of the shop (every record fares the same), of one record (named or not), or of nobody
in particular. What does not name its record is Undetermined when several were sent; the engine then bisects.
"""

from datetime import datetime
from typing import Final

from daemon.magento.answers import Answer, ErrorBody, read_error, storable
from queues.verdicts import ErrorClass, Exchange, Refused, Undetermined, Unreachable

Failure = Refused | Unreachable | Undetermined

CODE_FAULT: Final = "An error has happened during application run"
"""How PHP type errors are told: as a rule our data broke the code, and will again."""

UNAUTHORISED_CAUSES: Final = (
    "the token is wrong or revoked, or integration tokens are not allowed as bearer tokens in this store, "
    "or the integration lacks the permission"
)

WRONG_STORE: Final = "Specified request cannot be processed."
"""How Magento answers an unknown store code, and a path that is not its own."""
_NO_ROUTE: Final = "Request does not match any route."

_TEMPORARY: Final = (
    "Database deadlock found when trying to get lock",
    "Database lock wait timeout exceeded",
    "Database connection error",
    "Could not save Prices.",
)
"""Texts of a 400 that speak of the store's database, not of the records."""


def classify(answer: Answer, exchange: Exchange, *, now: datetime) -> tuple[Failure, ErrorBody | None]:
    """
    Judge an answer that is no success.

    Args:
        answer: any status; 200 for an answer of the wrong form.
        exchange: the request it belongs to; its number of records decides between Refused and Undetermined.
        now: for `Retry-After` dates.

    Returns:
        The verdict for all records of the request, and Magento's error body when there was one.
    """
    error, why_not_json = _read(answer)
    verdicts = _Verdicts(exchange, error.text if error else storable(why_not_json or answer.excerpt[:200]))
    return _classify(answer, error, verdicts, now), error


class _Verdicts:
    """Writes the verdicts of one exchange."""

    def __init__(self, exchange: Exchange, text: str) -> None:
        self._exchange = exchange
        self.text = text
        self._status = exchange.status

    def shop(self, error_class: ErrorClass, text: str, *, retry_after: float | None = None) -> Refused:
        """All records fare the same."""
        return Refused(
            error_class=error_class,
            text=text,
            status=self._status,
            retry_after_seconds=retry_after,
            exchange=self._exchange,
        )

    def some_record(self, error_class: ErrorClass, text: str) -> Refused | Undetermined:
        """One of the records is at fault: it, if it was alone."""
        if self._exchange.records > 1:
            return Undetermined(error_class=error_class, text=text, status=self._status, exchange=self._exchange)
        return self.shop(error_class, text)

    def nobody(self, text: str) -> Undetermined:
        """No record is at fault, the next try may succeed."""
        return Undetermined(text=text, status=self._status, exchange=self._exchange)

    def away(self, text: str) -> Unreachable:
        """Only the doorman answered."""
        return Unreachable(error_class="target_error", text=text, status=self._status, exchange=self._exchange)


def _read(answer: Answer) -> tuple[ErrorBody | None, str]:
    try:
        return read_error(answer.document()), ""
    except ValueError as error:
        return None, str(error)


def _classify(answer: Answer, error: ErrorBody | None, to: _Verdicts, now: datetime) -> Failure:
    status = answer.status
    verdict: Failure
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of status codes are words of HTTP
        # Its fields may be what broke the form, but nothing says so.
        verdict = to.shop("target_error", f"HTTP {status}, but {to.text or 'not in the form that was due'}")
    elif 300 <= status < 400:  # noqa: PLR2004 - as above
        verdict = to.shop("target_error", f"redirect to {storable(answer.location[:200]) or 'nowhere'} not followed")
    elif status == 429 or (status == 503 and answer.retry_after_seconds(now) is not None):  # noqa: PLR2004 - as above
        wait = answer.retry_after_seconds(now)
        asks = "" if wait is None else f", asks to wait {wait:g} s"
        verdict = to.shop("rate_limit", f"HTTP {status}: the store refuses further requests{asks}", retry_after=wait)
    elif status >= 500:  # noqa: PLR2004 - as above
        verdict = _server_error(answer, error, to)
    else:
        verdict = _client_error(answer, error, to)
    return verdict


def _server_error(answer: Answer, error: ErrorBody | None, to: _Verdicts) -> Failure:
    match answer.status:
        case 503:
            page = "a maintenance page" if answer.is_page else to.text
            return to.away(f"HTTP 503: the store is closed for maintenance or overloaded ({page})")
        case 502 | 504:
            return to.shop("target_error", f"HTTP {answer.status}: the proxy got no answer from PHP; outcome unknown")
        case _:
            pass
    if error is None and answer.is_page:
        return to.shop("target_error", f"HTTP {answer.status}: an error page; the store or its database is down")
    if error is None and CODE_FAULT in answer.excerpt:
        return to.some_record("target_error", f"HTTP {answer.status}: {CODE_FAULT}; data that the store cannot digest")
    return to.shop("target_error", f"HTTP {answer.status}: {to.text}")


def _client_error(answer: Answer, error: ErrorBody | None, to: _Verdicts) -> Failure:
    verdict: Failure
    unexplained = f"HTTP {answer.status}, without a word why"
    match answer.status:
        case 401 | 403:
            verdict = to.shop("auth", f"HTTP {answer.status}: {to.text} (one of three: {UNAUTHORISED_CAUSES})")
        case 400 if error is not None and error.message == WRONG_STORE:
            verdict = to.shop("target_error", f"{WRONG_STORE} (unknown store code or wrong base path)")
        case 404 if error is None or error.message == _NO_ROUTE:
            verdict = to.shop("target_error", "HTTP 404: no such call (wrong base path or a module is missing)")
        case 404:
            verdict = to.some_record("not_found", to.text or unexplained)
        case 400 if error is not None and any(text in error.text for text in _TEMPORARY):
            verdict = to.nobody(f"{error.text} (trouble in the store's database)")
        case 400 | 422 if error is not None:
            verdict = to.some_record("validation", to.text or unexplained)
        case 409:
            verdict = to.some_record("conflict", f"HTTP 409: {to.text}")
        case 413 | 414:
            verdict = to.some_record("too_large", f"HTTP {answer.status}: the request is too large for the store")
        case _:
            verdict = to.shop("target_error", f"HTTP {answer.status}: {to.text}")
    return verdict
