"""The parts of a configurable product: its options first, then all children in one save."""

from collections.abc import Sequence
from typing import Final

from daemon.magento.attributes import Attribute, Attributes
from daemon.magento.client import MagentoClient
from daemon.magento.stored_products import StoredProduct, read_existing, read_products
from daemon.magento.talk import Document, applied, refuse, tell
from daemon.sync.shop.product import ConfigurableParts
from queues.verdicts import Delivered

_PARTS: Final = frozenset({"simple", "virtual", "downloadable"})


class PartsWriter:
    """
    Brings the options and children of configurables to a store.

    An option with an attribute id that does not exist is taken with 200 and breaks the product for good: attributes are
    looked up before. Parts that lack a value, or share all of them, are named by SKU; the store names only ids.
    """

    def __init__(self, client: MagentoClient, *, attributes: Attributes) -> None:
        self._client = client
        self._attributes = attributes

    async def write(self, sku: str, parts: ConfigurableParts, done: Delivered) -> Delivered:
        """
        Bring the parent to exactly these parts.

        Args:
            sku: of the parent, which the store has.
            parts: options and children.
            done: what was done last.

        Returns:
            What was done last now.

        Raises:
            Halted: a part or an attribute is not as it must be, or the store refused something.
        """
        attributes = [await self._attribute(code) for code in parts.options]
        if not attributes:
            refuse("validation", f"{sku} is configurable and no attribute is named that its parts differ by")
        children = await self._children(parts.children)
        _check_values(attributes, children)
        parent = await read_existing(self._client, sku)
        done = await self._write_options(parent, attributes, children, done)
        return await self._write_children(parent, children, done)

    async def _attribute(self, code: str) -> Attribute:
        attribute = await self._attributes.find(code)
        if attribute is None or not attribute.attribute_id:
            refuse("mapping", f"the store has no attribute {code} for the parts to differ by; sync the attribute first")
        if attribute.input != "select" or attribute.scope != "global":
            refuse(
                "mapping",
                f"the parts of a configurable differ by selects of global scope; {code} is a {attribute.input} of "
                f"scope {attribute.scope} in the store",
            )
        return attribute

    async def _children(self, skus: Sequence[str]) -> list[StoredProduct]:
        found = await read_products(self._client, skus)
        missing = [sku for sku in skus if sku not in found]
        if missing:
            refuse("not_found", f"the store lacks the parts {', '.join(missing)}; sync them before their configurable")
        wrong = [product.sku for product in found.values() if product.type_id not in _PARTS]
        if wrong:
            refuse("validation", f"{', '.join(wrong)} cannot be parts: they are made of other products themselves")
        return [found[sku] for sku in dict.fromkeys(skus)]

    async def _write_options(
        self, parent: StoredProduct, attributes: list[Attribute], children: list[StoredProduct], done: Delivered
    ) -> Delivered:
        stored = {str(row.get("attribute_id")): row for row in parent.extension("configurable_product_options")}
        wanted = {str(attribute.attribute_id) for attribute in attributes}
        segments = ("configurable-products", parent.sku, "options")
        for attribute_id, row in stored.items():
            if attribute_id not in wanted:
                done = applied(await tell(self._client, "DELETE", (*segments, str(row.get("id")))))
        for position, attribute in enumerate(attributes):
            if str(attribute.attribute_id) in stored or not children:
                continue
            values = sorted({int(child.values[attribute.code]) for child in children})
            option: Document = {
                "attribute_id": str(attribute.attribute_id),
                "label": attribute.code,
                "position": position,
                "values": [{"value_index": value} for value in values],
            }
            done = applied(await tell(self._client, "POST", segments, {"option": option}))
        return done

    async def _write_children(self, parent: StoredProduct, children: list[StoredProduct], done: Delivered) -> Delivered:
        wanted = [child.product_id for child in children]
        if sorted(parent.extension("configurable_product_links")) == sorted(wanted):
            return done
        document = {"product": {"sku": parent.sku, "extension_attributes": {"configurable_product_links": wanted}}}
        return applied(await tell(self._client, "PUT", ("products", parent.sku), document))


def _check_values(attributes: list[Attribute], children: list[StoredProduct]) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for child in children:
        for attribute in attributes:
            if not str(child.values.get(attribute.code) or "").isdigit():
                refuse("validation", f"the part {child.sku} has no value of {attribute.code}; give it one in the ERP")
        values = tuple(str(child.values[attribute.code]) for attribute in attributes)
        twin = seen.setdefault(values, child.sku)
        if twin != child.sku:
            codes = ", ".join(attribute.code for attribute in attributes)
            refuse("validation", f"the parts {twin} and {child.sku} have the same {codes}; they must differ")
