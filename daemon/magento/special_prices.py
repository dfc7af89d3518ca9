"""Special prices taken out of the store: what it holds of them is asked for, and those rows go, each as it stands."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from daemon.magento.client import Answered, not_in_form
from daemon.magento.rows import Posted, Row, RowPoster

INFORMATION: Final = ("products", "special-price-information")
DELETE: Final = ("products", "special-price-delete")

_MEMBERS: Final = ("price", "store_id", "sku", "price_from", "price_to")


async def withdraw(poster: RowPoster, rows: Sequence[Row], member: str) -> tuple[Sequence[Posted], Sequence[Posted]]:
    """
    Take the special prices out that the store has of *rows*.

    The store takes whole rows only, with their days on Adobe Commerce, and most products have none: so it is asked
    first, and products without one cost no write.

    Args:
        poster: of the store.
        rows: each a SKU and, in its document, a `store_id`.
        member: the list of the deleting call.

    Returns:
        Answers like those of the other price calls; and for rows of which nothing was stored, that nothing was refused.
    """
    posted: list[Posted] = []
    nothing: list[Posted] = []
    by_sku = {row.sku: row for row in rows}
    stored: list[Row] = []
    for asked in await poster.post(INFORMATION, "skus", list(by_sku.values()), entry=_sku_of):
        skus = {row.sku for row in asked.rows}
        concerned = [row for row in rows if row.sku in skus]
        if not isinstance(asked.reply, Answered):
            posted.append(Posted(rows=concerned, reply=asked.reply))
            continue
        held = _read(asked.reply.document)
        if held is None:
            posted.append(Posted(rows=concerned, reply=not_in_form(asked.reply.exchange, "a list of special prices")))
            continue
        here = [_held(row, held) for row in concerned]
        stored += [row for row in here if row is not None]
        absent = [row for row, found in zip(concerned, here, strict=True) if found is None]
        if absent:
            nothing.append(Posted(rows=absent, reply=Answered(document=[], exchange=asked.reply.exchange)))
    if stored:
        posted += await poster.post(DELETE, member, stored)
    return posted, nothing


def _sku_of(row: Row) -> object:
    return row.sku


def _read(document: object) -> Mapping[tuple[str, int], Mapping[str, Any]] | None:
    if not isinstance(document, list):
        return None
    held: dict[tuple[str, int], Mapping[str, Any]] = {}
    for each in document:
        if not isinstance(each, dict) or not isinstance(each.get("sku"), str) or type(each.get("store_id")) is not int:
            return None
        # As the store compares: without regard to letter case.
        held[each["sku"].casefold(), each["store_id"]] = each
    return held


def _held(row: Row, held: Mapping[tuple[str, int], Mapping[str, Any]]) -> Row | None:
    """Give *row* with the document of what is stored for it, None if nothing is."""
    found = held.get((row.sku.casefold(), row.document["store_id"]))
    if found is None:
        return None
    document = {name: found[name] for name in _MEMBERS if found.get(name) is not None}
    return Row(position=row.position, sku=row.sku, document={**document, "sku": row.sku})
