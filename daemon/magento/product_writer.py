"""Products into the store: everything of a new one, of one that is there only what differs."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from daemon.magento.attribute_sets import AttributeSets
from daemon.magento.attribute_values import fits, same_value, written
from daemon.magento.attributes import Attributes
from daemon.magento.categories import Categories
from daemon.magento.client import Answered, Call, MagentoClient, NotDone
from daemon.magento.configurable_parts import PartsWriter
from daemon.magento.product_bodies import Resolved, changed_body, new_body, stale_categories
from daemon.magento.stored_products import StoredProduct, read_product
from daemon.magento.talk import Document, Halted, applied, custom_values, hinted, object_in, refuse, settled, tell
from daemon.magento.tax_classes import TaxClasses
from daemon.magento.websites import Websites
from daemon.sync.shop.product import ProductRemoval, ShopProduct
from daemon.sync.shop.values import ShopValue
from queues.verdicts import Delivered, Refused, Verdict

_LONGEST_SKU: Final = 64
_NO_TAX_CLASS: Final = "0"
_HINTS: Final = "mend the item in the ERP, or the product in the store"

OnMade: TypeAlias = Callable[[str], Awaitable[None]]


class ProductWriter:
    """
    Brings products to a store, always under `all`, to the SKU exactly as stored.

    The store takes much that is wrong without a word: option ids, categories and attributes that do not exist, a type
    that is none. Everything is therefore looked up before, and compared with the answer after.
    """

    def __init__(
        self,
        client: MagentoClient,
        *,
        attributes: Attributes,
        sets: AttributeSets,
        categories: Categories,
        tax_classes: TaxClasses,
        websites: Websites,
    ) -> None:
        self._client = client
        self._attributes = attributes
        self._sets = sets
        self._categories = categories
        self._tax_classes = tax_classes
        self._websites = websites
        self._parts = PartsWriter(client, attributes=attributes)
        self._on_made: OnMade | None = None

    def when_made(self, call: OnMade) -> None:
        """Have *call* called with the SKU of every product that is new in the store; it raises nothing."""
        self._on_made = call

    async def write(self, record: ShopProduct) -> Verdict:
        """Bring the store to hold the product."""
        return await settled(self._write(record))

    async def remove(self, record: ProductRemoval) -> Verdict:
        """Take the product out of the store."""
        return await settled(self._remove(record))

    async def _write(self, record: ShopProduct) -> Verdict:
        _check(record)
        stored = await read_product(self._client, record.sku)
        if stored is not None and stored.type_id != record.type:
            refuse(
                "conflict",
                f"the store has {record.sku} as a {stored.type_id} product, and it is to be {record.type}; a type "
                "never changes: delete the product in the store, or mend the item in the ERP",
            )
        resolved = await self._resolve(record, stored)
        done = await self._save(record, resolved, stored)
        for category_id in stale_categories(resolved, stored) if stored else ():
            done = await self._take_out(record.sku, category_id, done)
        if record.parts is not None:
            done = await self._parts.write(record.sku, record.parts, done)
        if stored is None and self._on_made is not None:
            await self._on_made(record.sku)
        return done

    async def _resolve(self, record: ShopProduct, stored: StoredProduct | None) -> Resolved:
        values: dict[str, str | None] = {}
        for code, value in record.values.items():
            values[code] = await self._value(code, value)
        set_id = await self._attribute_set(record, stored)
        if record.tax_class is not None:
            name = record.tax_class.strip()
            values["tax_class_id"] = str(await self._tax_classes.resolve(name, "product")) if name else _NO_TAX_CLASS
        websites = None if record.websites is None else await self._websites.resolve(record.websites)
        categories = None
        if record.categories is not None:
            ids = await self._categories.resolve([place.mark for place in record.categories])
            categories = {ids[place.mark]: place for place in record.categories}
        return Resolved(attribute_set_id=set_id, website_ids=websites, categories=categories, values=values)

    async def _value(self, code: str, value: ShopValue) -> str | None:
        attribute = await self._attributes.find(code)
        if attribute is not None and not fits(attribute, value):
            # What is remembered may be older than the option.
            self._attributes.forget(code)
            attribute = await self._attributes.find(code)
        if attribute is None:
            refuse("mapping", f"the store has no attribute {code} (it would ignore it); sync the attribute first")
        return written(attribute, value)

    async def _attribute_set(self, record: ShopProduct, stored: StoredProduct | None) -> int | None:
        """Give the id of the set; the attributes that the product has values of are in it, or it is refused."""
        if record.attribute_set is None:
            return None
        codes = tuple(code for code, value in record.values.items() if value is not None)
        known, _ = await self._sets.with_attributes(record.attribute_set, codes)
        if stored is not None and stored.attribute_set_id != known.set_id:
            return known.set_id  # never changed afterwards: what its own set lacks shows in the answer
        outside = sorted(set(codes) - known.codes)
        if outside:
            refuse(
                "mapping",
                f"the attribute set {known.name!r} of the store has no {', '.join(outside)} (values would be lost); "
                "put it into the set by hand, the connector does not adjust sets it did not make",
            )
        return known.set_id

    async def _save(self, record: ShopProduct, resolved: Resolved, stored: StoredProduct | None) -> Delivered:
        if stored is None:
            body = new_body(record, resolved)
            reply = await tell(self._client, "POST", ("products",), {"product": body}, hint=_HINTS)
        else:
            body = changed_body(record, resolved, stored)
            if not body:
                return Delivered()
            # With one top-level member the SKU of the path counts; it is the stored one, letter by letter.
            segments = ("products", record.sku)
            document = {"product": {"sku": record.sku, **body}}
            reply = await tell(self._client, "PUT", segments, document, hint=_HINTS)
        _check_applied(reply, record, body)
        return applied(reply)

    async def _take_out(self, sku: str, category_id: int, done: Delivered) -> Delivered:
        segments = ("categories", str(category_id), "products", sku)
        reply = await self._client.call(Call(method="DELETE", segments=segments))
        if isinstance(reply, Answered):
            return applied(reply)
        if reply.error is not None and reply.error.message.startswith("The category doesn't contain"):
            return done
        raise Halted(reply.verdict)

    async def _remove(self, record: ProductRemoval) -> Verdict:
        if await read_product(self._client, record.sku) is None:
            return Delivered()
        reply = await self._client.call(Call(method="DELETE", segments=("products", record.sku)))
        if isinstance(reply, NotDone):
            verdict = reply.verdict
            if isinstance(verdict, Refused) and verdict.error_class == "not_found":
                return Delivered(exchange=verdict.exchange)
            raise Halted(hinted(verdict, "delete it in the store"))
        return applied(reply)


def _check(record: ShopProduct) -> None:
    if not 0 < len(record.sku) <= _LONGEST_SKU:
        refuse("validation", f"a SKU has 1 to {_LONGEST_SKU} characters, {record.sku!r} has {len(record.sku)}")
    if record.sku != record.sku.strip():
        refuse("validation", f"the SKU {record.sku!r} begins or ends with a blank, which the store cuts off")
    if record.price is not None and record.price < 0:
        refuse("validation", f"the price of {record.sku} is {record.price:f}, below 0")
    if (record.parts is not None) != (record.type == "configurable") and record.parts is not None:
        refuse("validation", f"{record.sku} is {record.type} and cannot be made of other products")


def _check_applied(reply: Answered, record: ShopProduct, body: Document) -> None:
    """Compare the answer with what was sent: the store drops what it does not know, and answers 200."""
    shown = object_in(reply, "a product")
    for name in ("sku", "name", "status", "visibility", "type_id", "attribute_set_id"):
        if name in body and shown.get(name) not in (None, body[name]):
            _not_applied(name, shown.get(name), body[name], reply)
    stored = custom_values(shown)
    for row in body.get("custom_attributes", ()):
        code, wanted = row["attribute_code"], row["value"]
        if not same_value(stored.get(code), wanted) and code in record.values:
            _not_applied(code, stored.get(code), wanted, reply)


def _not_applied(name: str, shown: object, wanted: object, reply: Answered) -> None:
    refuse(
        "not_applied",
        f"the store answered 200, but {name} is {str(shown)[:200]!r} and not {wanted!r}; "
        "the attribute may not be in the product's attribute set",
        exchange=reply.exchange,
    )
