"""Prices into the store: one bulk call for one record or many, every refused row brought home to its record."""

from collections.abc import Callable, Container, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from daemon.magento.classification import Failure
from daemon.magento.client import Answered, MagentoClient, NotDone, not_in_form
from daemon.magento.price_results import Complaint, read_refusals
from daemon.magento.price_scope import PriceScope
from daemon.magento.probe import answers_and_accepts
from daemon.magento.rows import InputLimits, Posted, Row, RowPoster
from daemon.magento.special_prices import withdraw
from daemon.magento.stores import StoreViews
from daemon.sync.pricing import PriceChange, read_price
from queues.errors import InvalidMessage
from queues.message import Message
from queues.verdicts import Delivered, Exchange, Refused, Undetermined, Verdict

BASE_PRICES: Final = ("products", "base-prices")
COST: Final = ("products", "cost")
SPECIAL_PRICE: Final = ("products", "special-price")

_MEMBER: Final = "prices"

RowDocument = dict[str, Any]


class PricingSender:
    """
    Brings price changes to a store, by `POST /rest/all/V1/products/base-prices`.

    Cost and special price are calls of their own, made within the same attempt for the records that carry them and
    whose base price was saved. SKUs are not looked up before: Magento names the ones it does not take.

    The price of one website goes out by the store view named, once the store has shown that it keeps prices by website.
    A special price that there is no more is looked up and taken out.

    Relies on the engine for two things: no two requests that share a record run at once, and no request carries a
    record twice.
    """

    def __init__(self, client: MagentoClient, *, stores: StoreViews, limits: InputLimits) -> None:
        self._client = client
        self._stores = stores
        self._scope = PriceScope(client)
        self._poster = RowPoster(client, limits)

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """Send the prices of *messages* and answer one verdict each, in order."""
        verdicts: dict[int, Verdict] = {}
        changes: dict[int, PriceChange] = {}
        for position, message in enumerate(messages):
            try:
                changes[position] = read_price(message.event)
            except InvalidMessage as error:
                verdicts[position] = Refused(error_class="validation", text=str(error))
        store_ids: dict[int, int] = {}
        resolved = await self._stores.resolve({change.storeview for change in changes.values()})
        not_by_website: Failure | None = None
        for position, change in changes.items():
            store = resolved[change.storeview]
            if isinstance(store, int) and change.website is not None:
                # Asked once for all of them, whatever comes of it.
                not_by_website = not_by_website or await self._scope.fault(store, change.sku)
                store = not_by_website or store
            if isinstance(store, int):
                store_ids[position] = store
            else:
                verdicts[position] = store
        await self._step(BASE_PRICES, changes, store_ids, _base_price, verdicts)
        await self._step(COST, changes, store_ids, _cost, verdicts)
        await self._step(SPECIAL_PRICE, changes, store_ids, _special_price, verdicts)
        await self._withdraw(changes, store_ids, verdicts)
        return [verdicts[position] for position in range(len(messages))]

    async def probe(self) -> bool:
        """Tell whether the store answers and accepts the credentials."""
        return await answers_and_accepts(self._client)

    async def _step(
        self,
        segments: tuple[str, ...],
        changes: dict[int, PriceChange],
        store_ids: dict[int, int],
        document: Callable[[PriceChange, int], RowDocument | None],
        verdicts: dict[int, Verdict],
    ) -> None:
        """Make one of the three calls for the records it concerns that have not failed yet."""
        rows = _rows(changes, store_ids, document, verdicts)
        for posted in await self._poster.post(segments, _MEMBER, rows):
            verdicts |= _judge(posted)

    async def _withdraw(
        self, changes: dict[int, PriceChange], store_ids: dict[int, int], verdicts: dict[int, Verdict]
    ) -> None:
        """Take special prices out, of the records that have none any more and have not failed yet."""
        rows = _rows(changes, store_ids, _no_special_price, verdicts)
        withdrawn, nothing = await withdraw(self._poster, rows, _MEMBER) if rows else ((), ())
        for posted in withdrawn:
            verdicts |= _judge(posted)
        for posted in nothing:
            # What was written of them before says more than that there was nothing to take out.
            verdicts |= {place: verdict for place, verdict in _judge(posted).items() if place not in verdicts}


_UNSAID: Final = Delivered()
"""Stands for a record of which nothing bad is known yet."""


def _rows(
    changes: dict[int, PriceChange],
    store_ids: dict[int, int],
    document: Callable[[PriceChange, int], RowDocument | None],
    verdicts: dict[int, Verdict],
) -> list[Row]:
    rows: list[Row] = []
    for position, store_id in store_ids.items():
        written = document(changes[position], store_id)
        if written is not None and isinstance(verdicts.get(position, _UNSAID), Delivered):
            rows.append(Row(position=position, sku=changes[position].sku, document=written))
    return rows


def _base_price(change: PriceChange, store_id: int) -> RowDocument | None:
    if change.price_inherited:
        return None
    return {"price": change.price, "store_id": store_id, "sku": change.sku}


def _cost(change: PriceChange, store_id: int) -> RowDocument | None:
    return None if change.cost is None else {"cost": change.cost, "store_id": store_id, "sku": change.sku}


def _special_price(change: PriceChange, store_id: int) -> RowDocument | None:
    if change.special_price is None:
        return None
    row: dict[str, int | str | Decimal] = {
        "price": change.special_price,
        "store_id": store_id,
        "sku": change.sku,
    }
    if change.special_from is not None:
        row["price_from"] = _written(change.special_from)
    if change.special_to is not None:
        row["price_to"] = _written(change.special_to)
    return row


def _no_special_price(change: PriceChange, store_id: int) -> RowDocument | None:
    return {"store_id": store_id, "sku": change.sku} if change.special_price_withdrawn else None


def _written(instant: datetime) -> str:
    """Write the one form that Magento reads; it refuses ISO dates."""
    return f"{instant:%Y-%m-%d %H:%M:%S}"


def _judge(posted: Posted) -> dict[int, Verdict]:
    reply = posted.reply
    if isinstance(reply, NotDone):
        return {row.position: reply.verdict for row in posted.rows}
    refusals = read_refusals(reply.document, posted.rows)
    if refusals is None:
        verdict = not_in_form(reply.exchange, "a list of refused rows").verdict
        return {row.position: verdict for row in posted.rows}
    verdicts: dict[int, Verdict] = {
        row.position: _refused(refusals.by_position[row.position], reply.exchange)
        if row.position in refusals.by_position
        else Delivered(exchange=reply.exchange)
        for row in posted.rows
    }
    if refusals.unclaimed:
        verdicts |= _unclaimed(posted.rows, refusals.by_position.keys(), refusals.unclaimed, reply)
    return verdicts


def _refused(complaints: Sequence[Complaint], exchange: Exchange) -> Refused:
    return Refused(
        error_class=complaints[0].error_class,
        text="; ".join(dict.fromkeys(complaint.text for complaint in complaints)),
        status=exchange.status,
        exchange=exchange,
    )


def _unclaimed(
    rows: Sequence[Row], named: Container[int], complaints: Sequence[Complaint], reply: Answered
) -> dict[int, Verdict]:
    """Judge the rows that are not named, when something was refused that names none: any of them may be meant."""
    unnamed = [row.position for row in rows if row.position not in named]
    refused = _refused(complaints, reply.exchange)
    if len(unnamed) == 1:
        return {unnamed[0]: refused}
    undetermined = Undetermined(
        text=refused.text, error_class=refused.error_class, status=refused.status, exchange=reply.exchange
    )
    return dict.fromkeys(unnamed, undetermined)
