"""The source item calls: all rows or none."""

from decimal import Decimal

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.decimals import as_quantity
from daemon.sandbox.magento.decimals import number as json_number
from daemon.sandbox.magento.errors import Refusal, internal_error
from daemon.sandbox.magento.inventory import DEFAULT_SOURCE, SourceItem
from daemon.sandbox.magento.search import find, result, wanted_texts
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.values import JsonObject, integer, number, rows, text

_EMPTY = '"%field" can not be empty.'
_NUMERIC = '"%field" should be numeric.'
_SPACES = '"%field" can not contain leading or trailing spaces.'
_WHITESPACE = '"%field" can not contain whitespaces.'
_STATUS = '"%field" should a known status.'  # the shop's own words


def save_source_items(call: Call) -> list[JsonObject]:
    """`POST inventory/source-items`; an unknown SKU is accepted, a SKU sent twice keeps its last quantity."""
    given = rows(call.body, "sourceItems")
    if not given:
        raise Refusal("Input data is empty")
    errors = [error for row in given for error in _errors(row)]
    if errors:
        first = str(errors[0]["message"]).replace("%field", str(_field_of(errors[0])))
        raise Refusal(f"Validation Failed: {first}", errors=errors)
    if not all(call.shop.inventory.has_source(text(row, "source_code") or "") for row in given):
        raise Refusal("Could not save Source Item")  # the foreign key, for the whole call
    for row in given:
        refusal = call.shop.veto.record(text(row, "sku"))
        if refusal is not None:
            raise refusal
    for row in given:
        _save(call.shop, row)
    return []


def _field_of(error: JsonObject) -> object:
    parameters = error["parameters"]
    return parameters["field"] if isinstance(parameters, dict) else ""


def _errors(row: JsonObject) -> list[JsonObject]:
    errors: list[JsonObject] = []

    def error(message: str, field: str) -> None:
        errors.append({"message": message, "parameters": {"field": field}})

    sku, source, status = text(row, "sku") or "", text(row, "source_code") or "", integer(row, "status")
    if not sku.strip():
        error(_EMPTY, "sku")
    elif sku != sku.strip():
        error(_SPACES, "sku")
    if not source.strip():
        error(_EMPTY, "source_code")
    elif any(letter.isspace() for letter in source):
        error(_WHITESPACE, "source_code")
    if number(row, "quantity") is None:
        error(_NUMERIC, "quantity")
    if status is None:
        error(_NUMERIC, "status")
    elif status not in (0, 1):
        error(_STATUS, "status")
    return errors


def _save(shop: Shop, row: JsonObject) -> None:
    sku, source = text(row, "sku") or "", text(row, "source_code") or ""
    quantity, status = as_quantity(number(row, "quantity") or Decimal(0)), integer(row, "status") or 0
    shop.inventory.store(sku=sku, source_code=source, quantity=quantity, status=status)
    if source.lower() != DEFAULT_SOURCE:
        return
    product = shop.catalogue.get(sku)
    # The legacy item is found with regard to letter case, so another spelling leaves it as it was.
    if product is not None and product.sku == sku and product.carries_stock:
        product.stock.quantity = quantity
        product.stock.is_in_stock = status == 1 and quantity > 0


def delete_source_items(call: Call) -> list[JsonObject]:
    """`POST inventory/source-items-delete`; what is absent is no fault."""
    for row in rows(call.body, "sourceItems"):
        sku, source = text(row, "sku") or "", text(row, "source_code") or ""
        removed = call.shop.inventory.remove(sku, source)
        product = call.shop.catalogue.get(sku)
        if removed and source.lower() == DEFAULT_SOURCE and product is not None:
            product.stock.quantity = Decimal(0)
            product.stock.is_in_stock = False
    return []


def search_source_items(call: Call) -> JsonObject:
    """`GET inventory/source-items?searchCriteria…`."""
    criteria = call.criteria()
    skus = wanted_texts(criteria, "sku")
    inventory = call.shop.inventory
    items = inventory.all_items() if skus is None else [item for sku in skus for item in inventory.items_of(sku)]
    found, total = find(items, criteria, _field)
    return result([_view(item) for item in found], criteria, total)


def _field(item: SourceItem, field: str) -> object:
    if field not in ("sku", "source_code", "quantity", "status"):
        raise internal_error()
    return getattr(item, field)


def _view(item: SourceItem) -> JsonObject:
    return {
        "sku": item.sku,
        "source_code": item.source_code,
        "quantity": json_number(item.quantity),
        "status": item.status,
    }
