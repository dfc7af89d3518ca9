"""Forms: read from our own pages only, with the token that their session gave them."""

import hmac
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from multidict import MultiDict

from daemon.http.acting import act_by
from daemon.http.fields import read_body
from daemon.http.keys import SESSION
from daemon.http.pages.rendering import CSRF_FIELD
from daemon.http.problems import Problem
from queues.postgres.audit import Act

FORM_LIMIT: Final = 256 * 1024
MOST_FIELDS: Final = 2000
LONGEST_REASON: Final = 1000


async def read_form(request: web.Request) -> MultiDict[str]:
    """
    Read a form of a signed-in person.

    Raises:
        Problem: 403 when it was not sent by a page of ours, 415 when it is no form.
    """
    form = await read_open_form(request)
    session = request.get(SESSION)
    token = session.csrf_token() if session else ""
    if not token or not hmac.compare_digest(token.encode(), form.get(CSRF_FIELD, "").encode()):
        raise Problem(403, "forbidden", "this form is out of date: load the page again and repeat")
    return form


async def read_open_form(request: web.Request) -> MultiDict[str]:
    """
    Read a form of somebody who is not signed in yet; it must come from this site all the same.

    Raises:
        Problem: 403 when another site sent it, 415 when it is no form.
    """
    refuse_other_sites(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem(415, "unsupported_media_type", "a form must be application/x-www-form-urlencoded")
    body = await read_body(request, FORM_LIMIT)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Problem(422, "invalid", "the form cannot be read") from error
    return MultiDict((name, value.replace("\x00", "")) for name, value in pairs)


def refuse_other_sites(request: web.Request) -> None:
    """
    Compare `Origin`, which browsers send with every form and pages cannot forge, with our own host.

    Raises:
        Problem: 403 when it is another one, or none.
    """
    origin = request.headers.get("Origin", "")
    if not origin or urlsplit(origin).netloc.lower() != request.host.lower():
        raise Problem(403, "forbidden", "a form is accepted only from a page of this address")


def act_of_form(request: web.Request, form: MultiDict[str]) -> Act:
    """Tell who acts and why."""
    why = form.get("reason", "").strip()[:LONGEST_REASON]
    return act_by(request, reason=why)
