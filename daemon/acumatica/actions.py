"""Actions: begun, and asked about until they are done; the lane is held, for its session blocks the form meanwhile."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from daemon.acumatica.client import AcumaticaClient, Answered, Call, NotDone, Reply
from daemon.acumatica.wire import wrong_form
from daemon.acumatica.wrapped import wrap
from queues.verdicts import Unreachable

LONGEST: Final = timedelta(minutes=10)
_POLL_SECONDS: Final = 1.0


async def run_action(
    client: AcumaticaClient,
    entity: str,
    action: str,
    key: Mapping[str, str],
    parameters: Mapping[str, str] | None = None,
    *,
    longest: timedelta = LONGEST,
) -> Reply:
    """
    Run an action of a record to its end.

    Returns:
        Answered when it is done; NotDone when it was refused, failed, or was still running after *longest*.
    """
    document = {"entity": wrap(dict(key)), "parameters": wrap(dict(parameters or {}))}
    async with client.lane() as lane:
        reply = await client.call_on(lane, Call(method="POST", segments=(entity, action), document=document))
        if isinstance(reply, NotDone) or reply.status != HTTPStatus.ACCEPTED:
            return reply
        path = client.path_of(reply.location)
        if path is None:
            return NotDone(
                verdict=wrong_form(reply.exchange, f"the action's status is not at {reply.location[:100]!r}")
            )
        until = client.clock.monotonic() + longest.total_seconds()
        while isinstance(reply, Answered) and reply.status == HTTPStatus.ACCEPTED:
            if client.clock.monotonic() >= until:
                text = f"{action} still runs after {longest}; the outcome is unknown"
                return NotDone(verdict=Unreachable(error_class="timeout", text=text, exchange=reply.exchange))
            await client.clock.sleep(_POLL_SECONDS)
            reply = await client.call_on(lane, Call(method="GET", path=path))
        return reply
