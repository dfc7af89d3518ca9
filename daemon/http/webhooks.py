"""`POST /webhooks/acumatica`: push notifications of the ERP, noted before they are answered."""

from typing import Final

import structlog
from aiohttp import web

from daemon.acumatica.push_notifications import LARGEST_BODY, read_push_notification
from daemon.http.cursors import json_response
from daemon.http.events import refuse_when_stopped
from daemon.http.fields import read_body, require_json
from daemon.http.keys import DEPENDENCIES
from daemon.http.routes import Operation, Route, answer
from queues.errors import InvalidMessage
from queues.postgres.changed_keys import ChangedKey, PushIdentity

_log = structlog.stdlib.get_logger("daemon.http")


async def take_push_notification(request: web.Request) -> web.Response:
    """Note the records a notification is about; what came before is answered the same way."""
    await refuse_when_stopped(request)
    require_json(request)
    body = await read_body(request, LARGEST_BODY)
    try:
        push = read_push_notification(body)
    except InvalidMessage as error:
        # The ERP tries five times and then keeps it for two days: somebody should look before.
        _log.warning("push.refused", reason=str(error))
        raise
    carried = {definition.event_type for definition in request.app[DEPENDENCIES].definitions}
    keys = [
        ChangedKey(event_type=event_type, key=each.key, changed=each.changed)
        for each in push.changes
        for event_type in push.query.concerned(each.changed)
        if event_type in carried
    ]
    identity = PushIdentity(
        company=push.company, query=push.query.name, transaction_id=push.transaction_id, digest=push.digest
    )
    noted = await request.app[DEPENDENCIES].changed_keys.note(keys, origin="push", push=identity)
    _log.info("push.noted", query=push.query.name, records=len(push.changes), repeat=not noted, at=push.at.isoformat())
    return json_response(
        {"records": len(push.changes), "noted": len(keys) if noted else 0, "repeat": not noted}, status=202
    )


ROUTES: Final = (
    Route(
        method="POST",
        path="/webhooks/acumatica",
        handler=take_push_notification,
        access="publish",
        act="push.noted",
        body_limit=LARGEST_BODY,
        operation=Operation(
            tag="events",
            summary="Take in a push notification of Acumatica",
            description=(
                "The address of a webhook destination on the ERP's Push Notifications form. As its header enter "
                "`Authorization` with `Bearer` and a token of the role `publisher`; while a token is rotated two are "
                "in force. Answers when the records are noted durably; they are looked at some seconds later, once for "
                "all notifications of that time. The same notification again is answered the same way and changes "
                "nothing."
            ),
            request={"application/json": {"schema": {"$ref": "#/components/schemas/PushNotification"}}},
            responses={202: answer("The records are noted", "PushAnswer")},
            problems=(400, 413, 415, 422, 503),
        ),
    ),
)
