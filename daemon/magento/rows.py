"""Bulk calls that carry rows: sorted, within the store's input limit, each row remembering whose it is."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.magento.client import Answered, Call, MagentoClient, Reply
from queues.verdicts import Refused, Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One row of a bulk call.

    Attributes:
        position: index of its message in the batch.
        sku: as it stands in *document*.
        document: the JSON object.
    """

    position: int
    sku: str
    document: Mapping[str, Any]


def _document_of(row: Row) -> object:
    return row.document


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Rows that went out together, and what came back."""

    rows: Sequence[Row]
    reply: Reply


class InputLimits:
    """How many rows a store takes per call: learned from its refusals, or set; kept as long as the process lives."""

    def __init__(self, known: Mapping[str, int] | None = None) -> None:
        self._rows: dict[str, int] = dict(known or {})

    def limit(self, call: str) -> int | None:
        """Tell the most rows of *call* (`products/base-prices`), None if no limit is known."""
        return self._rows.get(call)

    def learn(self, call: str, rows: int) -> None:
        """Remember that *call* takes at most *rows*."""
        self._rows[call] = rows


class RowPoster:
    """
    Posts rows to one store.

    Two bulk calls over the same SKUs in different order deadlock in the store's database: rows are sorted by SKU here,
    and the engine keeps two requests with a record in common from running at once.
    """

    def __init__(self, client: MagentoClient, limits: InputLimits) -> None:
        self._client = client
        self._limits = limits

    async def post(
        self,
        segments: Sequence[str],
        member: str,
        rows: Sequence[Row],
        *,
        entry: Callable[[Row], object] = _document_of,
    ) -> Sequence[Posted]:
        """
        Post *rows* as the list *member*: one request, or as many as the store's input limit makes necessary.

        A limit met for the first time is learned, and the same rows go out again in smaller calls: still one attempt.
        After an answer that concerns the whole store the rest is not sent and shares its verdict. *entry* says what of
        a row stands in the list.
        """
        call = "/".join(segments)
        waiting = deque([sorted(rows, key=lambda row: row.sku)] if rows else [])
        posted: list[Posted] = []
        while waiting:
            chunk = waiting.popleft()
            limit = self._limits.limit(call)
            if limit is not None and len(chunk) > limit:
                waiting.extendleft(reversed([chunk[at : at + limit] for at in range(0, len(chunk), limit)]))
                continue
            reply = await self._client.call(
                Call(
                    method="POST",
                    segments=segments,
                    document={member: [entry(row) for row in chunk]},
                    records=len(chunk),
                )
            )
            learned = _input_limit(reply)
            if learned is not None and learned < len(chunk):
                self._limits.learn(call, learned)
                waiting.appendleft(chunk)
                continue
            posted.append(Posted(rows=chunk, reply=reply))
            if _concerns_the_store(reply):
                posted += [Posted(rows=rest, reply=reply) for rest in waiting]
                break
        return posted


def _input_limit(reply: Reply) -> int | None:
    if isinstance(reply, Answered) or reply.error is None:
        return None
    return reply.error.input_limit


def _concerns_the_store(reply: Reply) -> bool:
    if isinstance(reply, Answered):
        return False
    match reply.verdict:
        case Unreachable() | Refused(error_class="auth" | "rate_limit"):
            return True
        case _:
            return False
