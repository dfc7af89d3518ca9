"""`/api/v1/tokens`: who has access, made and taken away by an admin without a restart."""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of, id_in_path
from daemon.http.cursors import cursor_of, json_response, list_response, position
from daemon.http.fields import instant, limit, one_of, read_fields, read_parameters, reason
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import invalid
from daemon.http.roles import PERMISSIONS
from daemon.http.routes import Operation, Route, answer, in_query, json_of
from daemon.http.tokens import BOOTSTRAP_NAME
from daemon.http.value_schemas import HOLDER
from queues.postgres.tokens import TokenRecord

DEFAULT_LIMIT: Final = 50
DEFAULT_LIFE: Final = timedelta(days=365)
LONGEST_LIFE: Final = timedelta(days=3650)
_NEWEST: Final = 2**63 - 1
_NAME: Final = re.compile(HOLDER)


async def list_tokens(request: web.Request) -> web.Response:
    """Show the tokens, newest first; what they open with is kept nowhere."""
    given = read_parameters(request, {"state": one_of("live", "all"), "limit": limit, "cursor": position})
    page_size = given.get("limit", DEFAULT_LIMIT)
    records = await request.app[DEPENDENCIES].tokens.records(
        only_live=given.get("state", "live") == "live", before=given.get("cursor", _NEWEST), limit=page_size + 1
    )
    more = cursor_of(records[page_size - 1].id) if len(records) > page_size else None
    return list_response([token_document(each) for each in records[:page_size]], more)


async def create_token(request: web.Request) -> web.Response:
    """Make a token and show it, this once."""
    fields = await read_fields(
        request, {"name": token_name, "role": one_of(*PERMISSIONS), "expires_at": expiry, "reason": reason}
    )
    for name in ("name", "role"):
        if name not in fields:
            raise invalid(name, "must be given", code="missing")
    given = request.app[DEPENDENCIES]
    now = given.clock.now()
    expires_at = fields.get("expires_at", now + DEFAULT_LIFE)
    if expires_at is not None and not now < expires_at <= now + LONGEST_LIFE:
        raise invalid("expires_at", f"must be in the future, at most {LONGEST_LIFE.days} days from now, or null")
    record, token = await given.tokens.create(
        name=fields["name"], role=fields["role"], expires_at=expires_at, act=act_of(request, fields)
    )
    return json_response({**token_document(record), "token": token.reveal()}, status=201)


async def revoke_token(request: web.Request) -> web.Response:
    """Take a token out of force for good."""
    fields = await read_fields(request, {"reason": reason})
    token_id = id_in_path(request, thing="token")
    record = await request.app[DEPENDENCIES].tokens.revoke(token_id, act_of(request, fields))
    return json_response(token_document(record))


def token_name(value: object) -> str:
    """Read the name of a holder; that of the environment's own token is taken."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or value.lower() == BOOTSTRAP_NAME:
        raise ValueError(
            f"1 to 64 letters, digits, blanks, . _ @ + -, beginning and ending with a letter or digit, "
            f"and not {BOOTSTRAP_NAME}"
        )
    return value


def expiry(value: object) -> datetime | None:
    """Read when a token ends; null for never."""
    return None if value is None else instant(value)


def token_document(record: TokenRecord) -> dict[str, Any]:
    """Give one token without anything it could be used by."""
    state = "revoked" if record.revoked_at is not None else "live" if record.is_live else "expired"
    return {
        "id": record.id,
        "name": record.name,
        "role": record.role,
        "state": state,
        "created_at": record.created_at,
        "created_by": record.created_by,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
        "revoked_by": record.revoked_by or None,
        "last_used_at": record.last_used_at,
        "last_used_from": record.last_used_from or None,
    }


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/tokens",
        handler=list_tokens,
        access="administer",
        operation=Operation(
            tag="tokens",
            summary="List tokens, newest first, with their last use",
            parameters=(
                in_query("state", "In force only, or all.", type="string", enum=["live", "all"], default="live"),
                in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
                in_query("cursor", "The `next_cursor` of the page before."),
            ),
            responses={200: answer("One page", "TokenList")},
            problems=(422, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/tokens",
        handler=create_token,
        access="administer",
        act="token.create",
        keeps_answer=False,
        operation=Operation(
            tag="tokens",
            summary="Make a token; it is shown in this answer and never again",
            description=(
                "In force at once here, within seconds on every replica. To change a token make another under the "
                "same name, hand it out, and revoke the older one. Without `expires_at` it ends after a year."
            ),
            parameters=(ACTOR_PARAMETER,),
            request=json_of("NewToken"),
            responses={201: answer("The token", "CreatedToken")},
            problems=(400, 409, 413, 415, 422, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/tokens/{id}/revoke",
        handler=revoke_token,
        access="administer",
        act="token.revoke",
        operation=Operation(
            tag="tokens",
            summary="Revoke a token for good, with the browser sessions that were opened with it",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("Reason"),
            responses={200: answer("The token as it is now", "Token")},
            problems=(400, 404, 409, 413, 415, 422, 503),
        ),
    ),
)
