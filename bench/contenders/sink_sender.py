"""The engine's sender for the sink: what a sender must do, and nothing that only a real shop makes necessary."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import aiohttp

from bench.events import JSON_HEADERS, PATH, price_row, request_body
from queues.message import Message
from queues.verdicts import Delivered, Exchange, Refused, Verdict

_OK = 200


class SinkSender:
    """POSTs the rows and believes every 200; the shop's own questions and answers are no part of this comparison."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Send to *url*."""
        self._session = session
        self._url = url

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """Make one request."""
        rows = [price_row(message.key, message.event.data) for message in messages]
        started_at, began, request_id = datetime.now(UTC), time.monotonic(), str(uuid4())
        headers = {**JSON_HEADERS, "X-Request-Id": request_id}
        async with self._session.post(self._url, data=request_body(rows), headers=headers) as response:
            answer = await response.text()
        exchange = Exchange(
            request=f"POST {PATH}",
            request_id=request_id,
            started_at=started_at,
            duration_ms=(time.monotonic() - began) * 1000,
            records=len(rows),
            status=response.status,
            answer=answer,
        )
        if response.status == _OK:
            return [Delivered(exchange=exchange)] * len(messages)
        refused = Refused(error_class="target_error", text=answer, status=response.status, exchange=exchange)
        return [refused] * len(messages)

    async def probe(self) -> bool:
        """Answer that the target is there."""
        return True
