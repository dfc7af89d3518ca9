"""
From an answer that is no success to a verdict (contracts: Acumatica, section 8).

The status alone does not say whether to try again: business rules come as 422 or as 500, bad credentials as 500.
"""

from datetime import datetime
from typing import Final

from daemon.acumatica.answers import Answer, ErrorBody, read_error, storable
from queues.verdicts import ErrorClass, Exchange, Refused, Undetermined, Unreachable

Failure = Refused | Unreachable | Undetermined

LICENCE_PAUSE_SECONDS: Final = 60.0
"""How long to make no request after a 429: limits are counted by the minute, and no `Retry-After` is documented."""

LOGIN_LIMIT: Final = "API Login Limit"
"""In the body of any failed sign-in, whatever its status: no session is free."""

_CREDENTIALS: Final = ("Invalid credentials", "locked out", "account is disabled", "account has been disabled")
_LOST_RACE: Final = ("Another process has added", "Another process has updated", "Another process has deleted")
_BUSY: Final = ("previous operation has not been completed",)
_FAULTS: Final = ("System.", "Microsoft.")


def classify(answer: Answer, exchange: Exchange, *, now: datetime) -> tuple[Failure, ErrorBody | None]:
    """
    Judge an answer that is no success.

    Args:
        answer: any status; 200 for an answer of the wrong form.
        exchange: the request it belongs to.
        now: for `Retry-After` dates.

    Returns:
        The verdict, and what the error body said when there was one.
    """
    error, why_not_json = _read(answer)
    text = error.text if error is not None else storable(why_not_json or answer.excerpt[:200])
    status = answer.status
    verdict: Failure
    if status in (502, 503, 504):
        page = "a page" if answer.is_page else text
        verdict = Unreachable(
            error_class="target_error",
            text=f"HTTP {status}: the ERP is not available ({page})",
            status=status,
            exchange=exchange,
        )
    else:
        error_class, told = _class_of(answer, error, text)
        wait = None
        if error_class == "rate_limit":
            told_wait = answer.retry_after_seconds(now)
            wait = LICENCE_PAUSE_SECONDS if told_wait is None else told_wait
        verdict = Refused(
            error_class=error_class, text=told, status=status, retry_after_seconds=wait, exchange=exchange
        )
    return verdict, error


def is_session_limit(failure: Failure | None) -> bool:
    """Whether a sign-in failed because no session is free."""
    return isinstance(failure, Refused) and failure.error_class == "rate_limit" and LOGIN_LIMIT in failure.text


def _read(answer: Answer) -> tuple[ErrorBody | None, str]:
    if not answer.body:
        return None, "no body"
    try:
        return read_error(answer.document()), ""
    except ValueError as error:
        return None, str(error)


_BY_STATUS: Final[dict[int, tuple[ErrorClass, str]]] = {
    400: ("validation", "the ERP cannot read the request"),
    401: ("auth", "no session, and signing in again did not give one"),
    403: ("auth", "the user has no right to this form, or the feature is off"),
    404: ("not_found", "no such record, entity or action"),
    405: ("target_error", "the ERP does not allow this call"),
    411: ("target_error", "the web server wants a length"),
    412: ("conflict", "the record is there already, or is not there any more"),
    413: ("too_large", "the request is too large for the ERP"),
    422: ("validation", "a field was refused"),
    429: ("rate_limit", "the licence allows no further request now"),
}


def _class_of(answer: Answer, error: ErrorBody | None, text: str) -> tuple[ErrorClass, str]:
    status = answer.status
    found: tuple[ErrorClass, str]
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of status codes are words of HTTP
        found = "target_error", f"HTTP {status}, but {text or 'not in the form that was due'}"
    elif 300 <= status < 400:  # noqa: PLR2004 - as above
        where = storable(answer.location[:200]) or "nowhere"
        found = "target_error", f"redirect to {where} not followed (an endpoint definition may be broken)"
    elif error is not None and LOGIN_LIMIT in error.text:
        found = "rate_limit", "no API session is free (API Login Limit): sign out others, or wait an hour"
    elif status in _BY_STATUS:
        error_class, meaning = _BY_STATUS[status]
        found = error_class, f"HTTP {status}: {meaning}" + (f": {text}" if error is not None else "")
    elif status >= 500 and error is not None:  # noqa: PLR2004 - as above
        found = _exception(error)
    else:
        page = "an error page" if answer.is_page else text
        found = "target_error", f"HTTP {status}: {page}"
    return found


def _exception(error: ErrorBody) -> tuple[ErrorClass, str]:
    """Tell bad credentials, lost races, business rules and faults of the ERP's code apart, all of them 500."""
    text = error.text
    found: tuple[ErrorClass, str] = "validation", text
    if error.is_kind("PXUndefinedCompanyException"):
        found = "auth", f"the ERP knows no such tenant: {text}"
    elif any(words in text for words in _CREDENTIALS):
        found = "auth", text
    elif error.is_kind("NoEntitySatisfiesTheConditionException"):
        found = "not_found", text
    elif any(words in text for words in (*_LOST_RACE, *_BUSY)):
        found = "conflict", text
    elif error.is_kind("CannotOptimizeException"):
        found = "target_error", f"the list cannot be read in one query: {text}"
    elif error.is_kind("PXSetupNotEnteredException"):
        found = "target_error", f"a setup form of the ERP is not filled in: {text}"
    elif error.kinds and error.kinds[-1].startswith(_FAULTS):
        found = "target_error", f"a fault of the ERP: {text}"
    return found
