"""Catalogues from outside: read from JSON or CSV, checked row by row, put into the shop."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from daemon.sandbox.magento.attributes import DEFAULT_SET
from daemon.sandbox.magento.decimals import as_price, as_quantity
from daemon.sandbox.magento.inventory import DEFAULT_SOURCE
from daemon.sandbox.magento.product import Product, StockItem
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES

_COLUMNS = ("sku", "name", "price", "type_id", "quantity", "weight", "url_key", "attribute_set_id", "sources")


class CatalogueError(ValueError):
    """A catalogue that cannot be read; names the row and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRow:
    """One product to be; without a price it has none, without a quantity it was never stocked."""

    sku: str
    name: str
    price: Decimal | None = None
    type_id: str = "simple"
    weight: Decimal | None = None
    url_key: str | None = None
    attribute_set_id: int = DEFAULT_SET
    quantities: Mapping[str, Decimal] = field(default_factory=dict)


def read_catalogue(body: bytes) -> list[CatalogueRow]:
    """
    Read a catalogue: JSON (`{"products": [...]}` or the list alone) or CSV with a header line, UTF-8.

    Raises:
        CatalogueError: it is neither, or a row is wrong.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogueError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    if text.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(text, parse_float=Decimal)
        except ValueError as error:
            raise CatalogueError(f"not JSON: {error}") from error
        rows = document.get("products") if isinstance(document, dict) else document
        if not isinstance(rows, list):
            raise CatalogueError('JSON needs a list of products, or an object with "products"')
    else:
        rows = list(csv.DictReader(io.StringIO(text)))
    return [_row(number, row) for number, row in enumerate(rows, start=1)]


def _row(number: int, given: object) -> CatalogueRow:
    if not isinstance(given, dict):
        raise CatalogueError(f"row {number}: an object expected, got {type(given).__name__}")
    unknown = [str(name) for name in given if name not in _COLUMNS]
    if unknown:
        raise CatalogueError(f"row {number}: unknown {', '.join(unknown)}; known are {', '.join(_COLUMNS)}")
    sku = str(given.get("sku") or "").strip()
    if not sku:
        raise CatalogueError(f"row {number}: sku is missing")
    sources = given.get("sources") or {}
    if not isinstance(sources, dict):
        raise CatalogueError(f"row {number}: sources must be an object of source code to quantity")
    quantities = {str(code): _decimal(number, "sources", value) for code, value in sources.items()}
    quantities[DEFAULT_SOURCE] = _decimal(number, "quantity", given.get("quantity"))
    attribute_set = _decimal(number, "attribute_set_id", given.get("attribute_set_id"))
    return CatalogueRow(
        sku=sku,
        name=str(given.get("name") or sku),
        price=_decimal(number, "price", given.get("price")),
        type_id=str(given.get("type_id") or "simple"),
        weight=_decimal(number, "weight", given.get("weight")),
        url_key=str(given["url_key"]) if given.get("url_key") else None,
        attribute_set_id=DEFAULT_SET if attribute_set is None else int(attribute_set),
        quantities={code: quantity for code, quantity in quantities.items() if quantity is not None},
    )


def _decimal(number: int, column: str, value: object) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        decimal = Decimal(str(value).strip())
    except InvalidOperation:
        decimal = Decimal("NaN")
    if isinstance(value, bool) or not decimal.is_finite():
        raise CatalogueError(f"row {number}: {column} must be a number, got {value!r}")
    return decimal


def fill_shop(shop: Shop, rows: Iterable[CatalogueRow]) -> int:
    """Put products into the shop, over what has the same SKU; return how many."""
    now = shop.timestamp()
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 - the count is the result
        known = shop.catalogue.get(row.sku)
        product = known or Product(
            entity_id=shop.catalogue.next_entity_id(),
            sku=row.sku,
            type_id=row.type_id,
            attribute_set_id=row.attribute_set_id,
            created_at=now,
            updated_at=now,
            stock=StockItem(item_id=shop.catalogue.next_item_id()),
        )
        _fill(product, row)
        shop.catalogue.put(product)
        for source, quantity in row.quantities.items():
            rounded = as_quantity(quantity)
            shop.inventory.store(sku=row.sku, source_code=source, quantity=rounded, status=int(rounded > 0))
            if source == DEFAULT_SOURCE:
                product.stock.quantity = rounded
                product.stock.is_in_stock = rounded > 0
    return count


def _fill(product: Product, row: CatalogueRow) -> None:
    values: dict[str, object] = {
        "name": row.name,
        "status": 1,
        "visibility": 4,
        "options_container": "container2",
        "url_key": row.url_key or row.sku.lower(),
        "msrp_display_actual_price_type": "0",
        "required_options": "0",
        "has_options": "0",
        "tax_class_id": "2",
        "price": None if row.price is None else as_price(row.price),
        "weight": None if row.weight is None else as_price(row.weight),
    }
    if row.type_id == "bundle":
        values["price_type"] = "0"
    for code, value in values.items():
        if value is not None:
            product.values[code] = {ALL_STORES: value}
