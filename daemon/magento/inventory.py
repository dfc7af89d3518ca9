"""Stock into the store: source items, all or nothing, after the catalogue has said which SKUs can carry stock."""

from collections.abc import Sequence
from typing import Final

from daemon.magento.catalogue import WITHOUT_STOCK, Catalogue, Product
from daemon.magento.client import Answered, MagentoClient, NotDone, not_in_form
from daemon.magento.probe import answers_and_accepts
from daemon.magento.rows import InputLimits, Posted, Row, RowPoster
from daemon.sync.inventory import StockChange, read_stock
from queues.errors import InvalidMessage
from queues.message import Message
from queues.verdicts import Delivered, Refused, Undetermined, Verdict

SOURCE_ITEMS: Final = ("inventory", "source-items")

_MEMBER: Final = "sourceItems"
_COULD_NOT_SAVE: Final = "Could not save Source Item"
"""Magento says it of an unknown source, and of trouble in its database: the one is for good, the other is not."""

_IN_STOCK: Final = 1
_OUT_OF_STOCK: Final = 0


class InventorySender:
    """
    Brings stock changes to a store, by `POST /rest/all/V1/inventory/source-items`.

    Magento refuses the whole call for one bad row and names neither row nor SKU: such a refusal of several records is
    Undetermined, the engine bisects. What Magento would take in silence and must not get (unknown SKUs, other letter
    case, types without stock) is looked up before, in bulk and cached.
    """

    def __init__(self, client: MagentoClient, *, catalogue: Catalogue, limits: InputLimits) -> None:
        self._client = client
        self._catalogue = catalogue
        self._poster = RowPoster(client, limits)

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """Send the stock of *messages* and answer one verdict each, in order."""
        verdicts: dict[int, Verdict] = {}
        changes: dict[int, StockChange] = {}
        for position, message in enumerate(messages):
            try:
                changes[position] = read_stock(message.event)
            except InvalidMessage as error:
                verdicts[position] = Refused(error_class="validation", text=str(error))
        found = await self._catalogue.find([change.sku for change in changes.values()])
        rows: list[Row] = []
        for position, change in changes.items():
            product = found[change.sku]
            if not isinstance(product, Product):
                verdicts[position] = product
            elif product.type_id in WITHOUT_STOCK:
                text = f"{change.sku} is a {product.type_id} product: only its parts carry stock"
                verdicts[position] = Refused(error_class="validation", text=text)
            else:
                rows.append(_row(position, change))
        for posted in await self._poster.post(SOURCE_ITEMS, _MEMBER, rows):
            verdict = _judge(posted)
            verdicts |= {row.position: verdict for row in posted.rows}
        return [verdicts[position] for position in range(len(messages))]

    async def probe(self) -> bool:
        """Tell whether the store answers and accepts the credentials."""
        return await answers_and_accepts(self._client)


def _row(position: int, change: StockChange) -> Row:
    return Row(
        position=position,
        sku=change.sku,
        document={
            "sku": change.sku,
            "source_code": change.source_code,
            "quantity": change.quantity,
            # Both are needed, whatever the vendor's page says.
            "status": _IN_STOCK if change.in_stock else _OUT_OF_STOCK,
        },
    )


def _judge(posted: Posted) -> Verdict:
    reply = posted.reply
    if isinstance(reply, Answered):
        if reply.document != []:
            return not_in_form(reply.exchange, "an empty list").verdict
        return Delivered(exchange=reply.exchange)
    return _told_apart(reply)


def _told_apart(reply: NotDone) -> Verdict:
    """Give the one refusal its own class that may be the record's fault or the database's."""
    verdict = reply.verdict
    if reply.error is None or not reply.error.message.startswith(_COULD_NOT_SAVE):
        return verdict
    text = f"{verdict.text} (an unknown source code, or trouble in the store's database)"
    match verdict:
        case Undetermined(status=status, exchange=exchange):
            return Undetermined(text=text, status=status, exchange=exchange)
        case Refused(status=status, exchange=exchange):
            # Not `validation`: with `fail_fast` a deadlock would end the message for good.
            return Refused(error_class="target_error", text=text, status=status, exchange=exchange)
        case _:
            return verdict
