"""Who acts and why, found in a request: what the audit row of every writing call says."""

import re
from typing import Any, Final

from aiohttp import web

from daemon.http.fields import identifier
from daemon.http.keys import PRINCIPAL, REQUEST_ID
from daemon.http.problems import Problem, invalid
from daemon.http.routes import in_header
from daemon.http.value_schemas import LONGEST_ACTOR, PRINTABLE
from queues.postgres.audit import Act

ACTOR_HEADER: Final = "X-Actor"
_PRINTABLE: Final = re.compile(PRINTABLE)

ACTOR_PARAMETER: Final = in_header(
    ACTOR_HEADER, "Who acts, for the audit log; without it the name of the token. At most 100 printable characters."
)


def act_of(request: web.Request, fields: dict[str, Any]) -> Act:
    """
    Tell who acts in *request*; *fields* is its body, read before, with an optional `reason`.

    Raises:
        Problem: 422 for a name that cannot be shown.
    """
    return act_by(request, actor=actor_of(request), reason=fields.get("reason", ""))


def actor_of(request: web.Request) -> str:
    """
    Read the person that *request* names as acting; empty where it names none.

    Raises:
        Problem: 422 for a name that cannot be shown.
    """
    actor = request.headers.get(ACTOR_HEADER, "").strip()
    if len(actor) > LONGEST_ACTOR or not _PRINTABLE.fullmatch(actor) or not _is_text(actor):
        raise invalid(ACTOR_HEADER, f"must be at most {LONGEST_ACTOR} printable characters")
    return actor


def _is_text(actor: str) -> bool:
    """Whether the header was UTF-8; bytes that are not arrive as lone surrogates."""
    return not any("\ud800" <= each <= "\udfff" for each in actor)


def act_by(request: web.Request, *, actor: str = "", reason: str = "") -> Act:
    """Make the act of *request*'s token; *actor* is the person it names, the token's own name if it names none."""
    token = request[PRINCIPAL].name
    return Act(
        actor=actor or token,
        reason=reason,
        request_id=request[REQUEST_ID],
        token=token,
        source=request.remote or "",
    )


def id_in_path(request: web.Request, *, thing: str = "dead letter") -> int:
    """
    Read the `{id}` of the path, of a *thing*.

    Raises:
        Problem: 404: what is no id is the id of nothing.
    """
    text = request.match_info["id"]
    try:
        return identifier(text)
    except ValueError as error:
        raise Problem(404, "not_found", f"there is no {thing} {text[:50]}") from error
