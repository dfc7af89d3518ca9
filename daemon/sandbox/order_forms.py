"""Orders placed from outside: what a shopper would do at the shop window, which is not simulated."""

from decimal import Decimal, InvalidOperation

from daemon.sandbox.magento.ordering import OrderLine

_MEMBERS = frozenset({"sku", "quantity", "parent", "price"})


class OrderFormError(ValueError):
    """An order that cannot be read; names what is wrong."""


def read_order(given: object) -> tuple[list[OrderLine], str]:
    """
    Read `{"lines": [{"sku", "quantity", "parent", "price"}], "email"}`: the lines and the buyer's address.

    Raises:
        OrderFormError: a member is missing or no number.
    """
    if not isinstance(given, dict) or not isinstance(given.get("lines"), list) or not given["lines"]:
        raise OrderFormError('an object with "lines" expected')
    email = given.get("email", "olga@example.com")
    if not isinstance(email, str):
        raise OrderFormError('"email" must be a text')
    return [_line(row) for row in given["lines"]], email


def _line(row: object) -> OrderLine:
    if not isinstance(row, dict) or not isinstance(row.get("sku"), str) or not row.keys() <= _MEMBERS:
        raise OrderFormError(f"a line has a sku, and may have {', '.join(sorted(_MEMBERS - {'sku'}))}")
    parent = row.get("parent")
    if not isinstance(parent, str | None):
        raise OrderFormError('"parent" must be a SKU')
    price = row.get("price")
    return OrderLine(
        sku=row["sku"],
        quantity=_number("quantity", row.get("quantity", 1)),
        parent=parent,
        price=None if price is None else _number("price", price),
    )


def _number(name: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or number <= 0:
        raise OrderFormError(f"{name} must be a number above 0, got {value!r}")
    return number
