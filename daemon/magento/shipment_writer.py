"""Shipments into the store: made once, recognised by the ERP's number in their comment."""

from decimal import Decimal

from daemon.magento.client import MagentoClient
from daemon.magento.order_lines import allotted
from daemon.magento.stored_orders import StoredOrder, quantity_in, read_order
from daemon.magento.talk import (
    Condition,
    Document,
    Halted,
    applied,
    ask_for,
    id_in,
    refuse,
    search,
    settled,
    tell,
)
from daemon.magento.turns import Turns
from daemon.remembering import Remembered
from daemon.sync.shop.order import ShopShipment, Track
from queues.verdicts import Delivered, Verdict

_FIELDS = "entity_id,order_id,items[order_item_id,qty],tracks[track_number],comments[comment]"


class ShipmentWriter:
    """
    Brings shipments to a store.

    Shipping is not repeatable: a repeat ships again. What the order's shipments say is read before; the ERP's number in
    a comment tells that it is done already.

    Args:
        client: the store.
        turns: by order: shipments, invoices and the status of one order each read it before they change it.
    """

    def __init__(self, client: MagentoClient, *, turns: Turns) -> None:
        self._client = client
        self._turns = turns
        self._sources: Remembered[str, str] = Remembered(client.clock)

    async def write(self, record: ShopShipment) -> Verdict:
        """Bring the store to hold the shipment and its parcels."""
        async with self._turns.of(record.order.strip()):
            return await settled(self._write(record))

    async def _write(self, record: ShopShipment) -> Verdict:
        mark = shipment_mark(record.key)
        if any(not track.number.strip() for track in record.tracks):
            refuse("validation", f"a parcel of shipment {record.key} has no tracking number; give it one in the ERP")
        order = await read_order(self._client, record.order)
        for known in await self._shipments(order):
            if _has_comment(known, mark):
                return await self._complete(order, known, record.tracks)
        items = allotted(order, record.lines, is_open=lambda line: line.to_ship, doing="ship")
        if record.source is not None:
            await self._check_source(record.source)
        document: Document = {
            "items": items,
            "notify": record.notify,
            "appendComment": False,
            "comment": {"comment": mark, "is_visible_on_front": 0},
        }
        if record.tracks:
            document["tracks"] = [_track(track) for track in _distinct(record.tracks)]
        if record.source is not None:
            document["arguments"] = {"extension_attributes": {"source_code": record.source}}
        reply = await tell(
            self._client,
            "POST",
            ("order", str(order.order_id), "ship"),
            document,
            hint=f"the order is {order.state} in the store",
        )
        await self._check_shipped(id_in(reply, "a shipment"), items)
        return applied(reply)

    async def _shipments(self, order: StoredOrder) -> list[Document]:
        condition = Condition(field="order_id", value=str(order.order_id))
        what = f"the shipments of order {order.number}"
        return await search(self._client, ("shipments",), [condition], what=what, fields=_FIELDS)

    async def _complete(self, order: StoredOrder, known: Document, tracks: tuple[Track, ...]) -> Delivered:
        """Add the parcels that a shipment does not have yet."""
        there = {str(row.get("track_number")) for row in known.get("tracks") or [] if isinstance(row, dict)}
        done = Delivered()
        for track in _distinct(tracks):
            if track.number.strip() in there:
                continue
            entity = {**_track(track), "order_id": order.order_id, "parent_id": int(known["entity_id"])}
            entity |= {"weight": 0, "qty": 0, "description": ""}
            done = applied(await tell(self._client, "POST", ("shipment", "track"), {"entity": entity}))
        return done

    async def _check_source(self, code: str) -> None:
        """Look the source up: an unknown one is refused as if it were something temporary."""
        if self._sources.get(code) is not None:
            return
        found = await ask_for(self._client, ("inventory", "sources", code), what=f"the source {code}")
        if found is None:
            refuse("mapping", f"the store has no source {code!r}; mend the mapping of warehouses to sources")
        self._sources.keep(code, code)

    async def _check_shipped(self, shipment_id: int, items: list[Document]) -> None:
        """Compare the shipment with what was sent: what was taken meanwhile is cut down without a word."""
        try:
            document = await ask_for(self._client, ("shipment", str(shipment_id)), what="the shipment")
        except Halted:
            return  # it is there; only the look at it failed
        rows = (document or {}).get("items")
        if not isinstance(rows, list):
            return
        shipped = {int(row["order_item_id"]): quantity_in(row, "qty") for row in rows if isinstance(row, dict)}
        short = [item for item in items if shipped.get(item["order_item_id"], Decimal(0)) < item["qty"]]
        if short:
            refuse(
                "not_applied",
                f"the store made shipment {shipment_id} with less than was sent; look at the order there before "
                "reprocessing, which adds nothing to it",
            )


def shipment_mark(key: str) -> str:
    """Write the comment by which a shipment of the ERP is recognised."""
    return f"ERP shipment {key.strip()}"


def _has_comment(document: Document, text: str) -> bool:
    rows = document.get("comments") or []
    return any(isinstance(row, dict) and row.get("comment") == text for row in rows)


def _track(track: Track) -> Document:
    return {"track_number": track.number.strip(), "title": track.title, "carrier_code": track.carrier}


def _distinct(tracks: tuple[Track, ...]) -> list[Track]:
    return list({track.number.strip(): track for track in tracks}.values())
