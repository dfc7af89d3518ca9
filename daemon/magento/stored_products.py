"""Products as a store holds them now, found by SKU letter by letter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from daemon.magento.client import MagentoClient
from daemon.magento.talk import Condition, Document, custom_values, refuse, search

_FIELDS: Final = (
    "id,sku,name,attribute_set_id,price,status,visibility,type_id,weight,"
    "extension_attributes[website_ids,category_links,configurable_product_options,configurable_product_links],"
    "media_gallery_entries,product_links,custom_attributes[attribute_code,value]"
)
_SKUS_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProduct:
    """
    One product as stored, for all store views.

    Attributes:
        document: as the store shows it.
        values: its custom attributes by code.
        categories: category id to position.
    """

    product_id: int
    sku: str
    type_id: str
    attribute_set_id: int
    document: Document
    values: Mapping[str, Any]
    categories: Mapping[int, int]

    def extension(self, name: str) -> list[Any]:
        """Give a list among the extension attributes, empty if there is none."""
        extensions = self.document.get("extension_attributes")
        value = extensions.get(name) if isinstance(extensions, dict) else None
        return value if isinstance(value, list) else []

    def rows(self, name: str) -> list[Document]:
        """Give a list of objects, empty if there is none."""
        value = self.document.get(name)
        return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


async def read_product(client: MagentoClient, sku: str) -> StoredProduct | None:
    """
    Read the product of a SKU, None if there is none.

    The search keeps the SKU out of the path, where a slash may not get through. It ignores letter case, so that a
    product that another spelling would rename is found too.

    Raises:
        Halted: the store spells the SKU otherwise, or it could not be read.
    """
    rows = await search(
        client, ("products",), [Condition(field="sku", value=sku)], what=f"the product {sku}", fields=_FIELDS
    )
    for row in rows:
        if row.get("sku") == sku:
            return _read(row)
    for row in rows:
        if str(row.get("sku", "")).strip().casefold() == sku.strip().casefold():
            refuse(
                "validation",
                f"the store spells this SKU {row['sku']!r}, not {sku!r}; send it letter by letter as stored",
            )
    return None


async def read_existing(client: MagentoClient, sku: str) -> StoredProduct:
    """
    Read the product of a SKU.

    Raises:
        Halted: there is none, the store spells it otherwise, or it could not be read.
    """
    found = await read_product(client, sku)
    if found is None:
        refuse("not_found", f"the store has no product with the SKU {sku!r}; sync the product first")
    return found


async def read_products(client: MagentoClient, skus: Sequence[str]) -> dict[str, StoredProduct]:
    """
    Read the products of several SKUs; those that are absent, or spelled otherwise, are left out.

    Raises:
        Halted: they could not be read.
    """
    found: dict[str, StoredProduct] = {}
    listed = [sku for sku in dict.fromkeys(skus) if "," not in sku]  # `in` takes a list separated by commas
    for at in range(0, len(listed), _SKUS_AT_ONCE):
        condition = Condition(field="sku", value=",".join(listed[at : at + _SKUS_AT_ONCE]), kind="in")
        rows = await search(client, ("products",), [condition], what="the products", fields=_FIELDS)
        found |= {row["sku"]: _read(row) for row in rows if isinstance(row.get("sku"), str)}
    for sku in dict.fromkeys(skus):
        if "," in sku:
            rows = await search(
                client, ("products",), [Condition(field="sku", value=sku)], what="the products", fields=_FIELDS
            )
            found |= {row["sku"]: _read(row) for row in rows if isinstance(row.get("sku"), str)}
    return {sku: found[sku] for sku in skus if sku in found}


def _read(row: Document) -> StoredProduct:
    extensions = row.get("extension_attributes")
    links = extensions.get("category_links") if isinstance(extensions, dict) else None
    return StoredProduct(
        product_id=int(row.get("id") or 0),
        sku=str(row["sku"]),
        type_id=str(row.get("type_id", "")),
        attribute_set_id=int(row.get("attribute_set_id") or 0),
        document=row,
        values=custom_values(row),
        categories={
            int(link["category_id"]): int(link.get("position") or 0)
            for link in (links if isinstance(links, list) else [])
            if isinstance(link, dict) and str(link.get("category_id", "")).isdigit()
        },
    )
