"""The calls about shipments and their parcels."""

from decimal import Decimal

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.decimals import number as json_number
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.inventory import DEFAULT_SOURCE
from daemon.sandbox.magento.order_calls import existing_order
from daemon.sandbox.magento.order_view import comment_view
from daemon.sandbox.magento.orders import Comment, Order, OrderItem, Shipment, Track
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.values import JsonObject, integer, mapping, number, rows, text

_HEADING = "Shipment Document Validation Error(s):"
_CLOSED = frozenset({"holded", "payment_review", "canceled", "closed"})


def ship_order(call: Call) -> str:
    """
    `POST order/:id/ship`: what is more than open is cut down, unknown lines are left out, without a word.

    A repeat ships again, as long as something is open.
    """
    order = existing_order(call, "orderId")
    lines = _lines(order, call.body)
    tracks = rows(call.body, "tracks")
    refuse_document(_HEADING, _complaints(order, lines, tracks))
    arguments = mapping(mapping(call.body, "arguments") or {}, "extension_attributes") or {}
    source = text(arguments, "source_code") or DEFAULT_SOURCE
    sales, now = call.shop.sales, call.shop.timestamp()
    shipment_id = sales.next("shipment")
    if not call.shop.inventory.has_source(source):
        raise Refusal("Could not save a shipment, see error log for details")
    shipment = Shipment(
        shipment_id=shipment_id,
        order_id=order.order_id,
        increment_id=f"{shipment_id:09}",
        created_at=now,
        updated_at=now,
        lines=[(sales.next("shipment_item"), item, quantity) for item, quantity in lines],
        source=source,
        tracks=[_track(call, row) for row in tracks],
    )
    said = mapping(call.body, "comment")
    if said is not None and text(said, "comment"):
        shipment.comments.append(document_comment(call, said, "shipment_comment"))
    sales.shipments[shipment_id] = shipment
    for item, quantity in lines:
        item.shipped += quantity
        item.updated_at = now
        _take_from_source(call, item.sku, source, quantity)
    order.settle()
    order.updated_at = now
    return str(shipment_id)


def _lines(order: Order, body: JsonObject) -> list[tuple[OrderItem, Decimal]]:
    if not rows(body, "items"):
        return [(item, item.to_ship) for item in order.items if item.to_ship > 0]
    wanted: dict[int, Decimal] = {}
    for row in rows(body, "items"):
        item = order.item(integer(row, "order_item_id"))
        if item is not None and item.is_shippable:
            wanted[item.item_id] = wanted.get(item.item_id, Decimal(0)) + (number(row, "qty") or Decimal(0))
    lines = [(item, min(wanted.get(item.item_id, Decimal(0)), item.to_ship)) for item in order.items]
    return [(item, quantity) for item, quantity in lines if quantity > 0]


def _complaints(order: Order, lines: list[tuple[OrderItem, Decimal]], tracks: list[JsonObject]) -> list[str]:
    complaints: list[str] = []
    if order.state in _CLOSED:
        complaints.append(f"A shipment cannot be created when an order has a status of {order.status}")
    elif order.is_shipped():
        complaints.append("The order does not allow a shipment to be created.")
    if not lines:
        complaints.append("You can't create a shipment without products.")
    if any(not text(row, "track_number") for row in tracks):
        complaints.append("Please enter a tracking number.")
    return complaints


def refuse_document(heading: str, complaints: list[str]) -> None:
    """
    Refuse a shipment or an invoice with everything that is wrong with it.

    Raises:
        Refusal: there are complaints.
    """
    if complaints:
        raise Refusal("\n".join([heading, *complaints]))


def document_comment(call: Call, given: JsonObject, kind: str) -> Comment:
    """The comment of a shipment or an invoice."""
    return Comment(
        comment_id=call.shop.sales.next(kind),
        text=text(given, "comment"),
        created_at=call.shop.timestamp(),
        is_notified=integer(given, "is_customer_notified") or 0,
        is_visible=integer(given, "is_visible_on_front") or 0,
    )


def _take_from_source(call: Call, sku: str, source: str, quantity: Decimal) -> None:
    inventory = call.shop.inventory
    for stored in inventory.items_of(sku):
        if stored.source_code.lower() == source.lower():
            stored.quantity -= quantity
            product = call.shop.catalogue.get(sku)
            if product is not None and source.lower() == DEFAULT_SOURCE:
                product.stock.quantity = stored.quantity


def _track(call: Call, row: JsonObject) -> Track:
    return Track(
        track_id=call.shop.sales.next("track"),
        number=text(row, "track_number") or "",
        title=text(row, "title") or "",
        carrier=text(row, "carrier_code") or "",
        created_at=call.shop.timestamp(),
    )


def add_track(call: Call) -> JsonObject:
    """`POST shipment/track`: one more parcel of a shipment."""
    given = mapping(call.body, "entity") or {}
    shipment = call.shop.sales.shipments.get(integer(given, "parent_id") or 0)
    if shipment is None or shipment.order_id != integer(given, "order_id"):
        raise Refusal("Could not save the shipment tracking.")
    track = _track(call, given)
    shipment.tracks.append(track)
    return _track_view(shipment, track)


def get_shipment(call: Call) -> JsonObject:
    """`GET shipment/:id`."""
    return shipment_view(call, _existing(call))


def _existing(call: Call) -> Shipment:
    shipment = call.shop.sales.shipments.get(call.number("id"))
    if shipment is None:
        raise Refusal("The entity that was requested doesn't exist. Verify the entity and try again.", status=404)
    return shipment


def add_comment(call: Call) -> JsonObject:
    """`POST shipment/:id/comments`."""
    shipment = _existing(call)
    comment = document_comment(call, mapping(call.body, "entity") or {}, "shipment_comment")
    shipment.comments.append(comment)
    return comment_view(comment, shipment.shipment_id)


def search_shipments(call: Call) -> JsonObject:
    """`GET shipments?searchCriteria…`."""
    criteria = call.criteria()
    views = [shipment_view(call, shipment) for shipment in call.shop.sales.shipments.values()]
    found, total = find(views, criteria, lambda view, field: view.get(field))
    return result(found, criteria, total)


def shipment_view(call: Call, shipment: Shipment) -> JsonObject:
    """A shipment as the shop shows it."""
    order = call.shop.sales.orders[shipment.order_id]
    return {
        "billing_address_id": order.billing_address_id,
        "created_at": shipment.created_at,
        "entity_id": shipment.shipment_id,
        "increment_id": shipment.increment_id,
        "order_id": shipment.order_id,
        "packages": [],
        "shipping_address_id": order.shipping_address_id,
        "store_id": order.store_id,
        "total_qty": json_number(sum((quantity for _, _, quantity in shipment.lines), Decimal(0))),
        "updated_at": shipment.updated_at,
        "items": [
            {
                "entity_id": line_id,
                "name": item.name,
                "parent_id": shipment.shipment_id,
                "price": json_number(item.price),
                "product_id": item.product_id,
                "sku": item.sku,
                "weight": json_number(item.weight),
                "order_item_id": item.item_id,
                "qty": json_number(quantity),
            }
            for line_id, item, quantity in shipment.lines
        ],
        "tracks": [_track_view(shipment, track) for track in shipment.tracks],
        "comments": [comment_view(comment, shipment.shipment_id) for comment in shipment.comments],
        "extension_attributes": {"source_code": shipment.source},
    }


def _track_view(shipment: Shipment, track: Track) -> JsonObject:
    return {
        "order_id": shipment.order_id,
        "created_at": track.created_at,
        "entity_id": track.track_id,
        "parent_id": shipment.shipment_id,
        "updated_at": track.created_at,
        "weight": 0,
        "qty": 0,
        "description": "",
        "track_number": track.number,
        "title": track.title,
        "carrier_code": track.carrier,
    }
