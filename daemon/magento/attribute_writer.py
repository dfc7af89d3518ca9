"""Attributes into the store: made when missing, with their options; one that is there only gets missing options."""

from daemon.magento.attributes import Attribute, Attributes, folded
from daemon.magento.client import Answered, MagentoClient
from daemon.magento.stores import StoreViews
from daemon.magento.talk import Document, Halted, applied, refuse, settled, tell
from daemon.sync.shop.attribute import ShopAttribute, ShopOption
from queues.verdicts import Delivered, Verdict

_ATTRIBUTES = ("products", "attributes")


class AttributeWriter:
    """
    Brings attributes to a store.

    A second option of the same label (letter case aside) is refused by newer stores and made by older ones: options are
    listed before. One that exists is never changed: a PUT of some of its members is refused, of all of them overwrites
    what the merchant set.
    """

    def __init__(self, client: MagentoClient, *, attributes: Attributes, stores: StoreViews) -> None:
        self._client = client
        self._attributes = attributes
        self._stores = stores

    async def write(self, record: ShopAttribute) -> Verdict:
        """Bring the store to hold the attribute and its options."""
        return await settled(self._write(record))

    async def _write(self, record: ShopAttribute) -> Verdict:
        self._attributes.forget(record.code)
        known = await self._attributes.find(record.code)
        if known is None:
            return applied(await self._create(record))
        if known.input != record.input:
            refuse(
                "conflict",
                f"the store has the attribute {record.code} as {known.input or 'something else'}, not as "
                f"{record.input}; give it another code in the field mapping, or delete it in the store",
            )
        done = Delivered()
        for option in _missing(known, record):
            segments = (*_ATTRIBUTES, record.code, "options")
            reply = await tell(self._client, "POST", segments, {"option": await self._option(option)})
            done = applied(reply)
        self._attributes.forget(record.code)
        return done

    async def _create(self, record: ShopAttribute) -> Answered:
        document: Document = {
            "attribute_code": record.code,
            "frontend_input": record.input,
            "default_frontend_label": record.label.strip() or record.code,
            "is_required": False,
            "scope": record.scope,
        }
        if record.options:
            document["options"] = [await self._option(option) for option in _distinct(record.options)]
        hint = "a code is lower case letters, digits and underscores, 60 at most, and belongs to one attribute"
        reply = await tell(self._client, "POST", _ATTRIBUTES, {"attribute": document}, hint=hint)
        self._attributes.forget(record.code)
        return reply

    async def _option(self, option: ShopOption) -> Document:
        document: Document = {"label": option.label.strip(), "sort_order": option.position}
        if not document["label"]:
            refuse("validation", "an option has no label; give the value a description in the ERP")
        if option.labels:
            ids = await self._stores.resolve(set(option.labels))
            labels: list[Document] = []
            for code, label in option.labels.items():
                store_id = ids[code]
                if not isinstance(store_id, int):
                    raise Halted(store_id)
                labels.append({"store_id": store_id, "label": label})
            document["store_labels"] = labels
        return document


def _missing(known: Attribute, record: ShopAttribute) -> list[ShopOption]:
    return [option for option in _distinct(record.options) if folded(option.label) not in known.options]


def _distinct(options: tuple[ShopOption, ...]) -> list[ShopOption]:
    """Leave out options that read like one before them."""
    first: dict[str, ShopOption] = {}
    for option in options:
        first.setdefault(folded(option.label), option)
    return list(first.values())
