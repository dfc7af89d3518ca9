"""A problem document of the API as one clear message: what, what was expected, what came, the request id."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from daemon.cli.errors import ApiProblem
from daemon.cli.exit_codes import FAILED, NOT_REACHABLE, USAGE
from daemon.variables import ADMIN_TOKEN, TOKEN

_EXIT_CODES: Final[Mapping[str, int]] = {
    "unauthenticated": USAGE,
    "invalid": USAGE,
    "missing": USAGE,
    "invalid_settings": USAGE,
    "broker_unavailable": NOT_REACHABLE,
    "database_unavailable": NOT_REACHABLE,
}
"""What a code means for a script; every other one is 1, failed."""


def problem_of(document: Mapping[str, Any], *, status: int, url: str, token_given: bool) -> ApiProblem:
    """
    Make the error of a problem document.

    Args:
        document: as the daemon sent it.
        status: the HTTP status.
        url: where the daemon is.
        token_given: a token went along.
    """
    code = str(document.get("code", ""))
    is_stranger = status == HTTPStatus.UNAUTHORIZED
    text = _about_token(url, token_given=token_given) if is_stranger else _told(document, status=status)
    request_id = document.get("request_id")
    gap = "\n  " if "\n" in text else " "
    shown = f"{text}{gap}(request {request_id})" if request_id else text
    return ApiProblem(shown, status=status, document=document, exit_code=_EXIT_CODES.get(code, FAILED))


def _about_token(url: str, *, token_given: bool) -> str:
    own, admin = TOKEN.full_name, ADMIN_TOKEN.full_name
    if token_given:
        return (
            f"the daemon at {url} does not accept the token in {own} or {admin}: it is another one, or no longer in "
            f"force; set {own} or {admin}_FILE to one that is"
        )
    return f"the daemon at {url} asks for a token: set {own} or {admin}, or the name of a file in {admin}_FILE"


def _told(document: Mapping[str, Any], *, status: int) -> str:
    faults = [each for each in document.get("faults") or () if isinstance(each, Mapping)]
    if faults:
        lines = [f"  {each.get('field')} must be {each.get('expected')}, got {each.get('value')!r}" for each in faults]
        return "\n".join([f"{document.get('title') or 'refused'}:", *lines])
    detail = document.get("detail") or document.get("title") or f"the daemon answered {status}"
    state = document.get("state")
    return f"{detail} (it is {state})" if state and str(state) not in str(detail) else str(detail)
