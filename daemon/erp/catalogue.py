"""Readers of the catalogue: products with all that their mapping needs, images, attributes, sets, tax categories."""

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.files import fetch_file
from daemon.acumatica.records.lists import read_attribute, read_item_class, read_tax_category
from daemon.acumatica.records.making import is_missing
from daemon.erp.definitions import Definitions
from daemon.erp.items import Items
from daemon.erp.records import OneRecord, RecordOfSettings
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.entity_rules import ItemWithDefinitions, ItemWithImages
from daemon.sync.mapping.attribute import attribute_codes
from daemon.sync.mapping.image import image_files
from daemon.sync.records.attribute import ErpAttribute
from daemon.sync.records.item import ErpFile, ErpItem
from daemon.sync.records.item_class import ErpItemClass
from daemon.sync.records.tax_category import ErpTaxCategory
from queues.verdicts import Refused


def product_reader(client: AcumaticaClient, items: Items) -> RecordOfSettings[ItemWithDefinitions]:
    """Give the reader of products: an item with the definitions of the attributes that go to the shop."""
    definitions = Definitions(client)

    async def read(key: str, settings: ConnectorSettings) -> ItemWithDefinitions | NotDone:
        item = await items.read(key, settings)
        if isinstance(item, NotDone):
            return item
        codes = attribute_codes(settings)
        values = (*item.attributes, *(value for each in item.variants for value in each.attributes))
        known = await definitions.of([each for each in values if each.attribute_id in codes])
        return known if isinstance(known, NotDone) else ItemWithDefinitions(item=item, definitions=known)

    return RecordOfSettings(read)


def image_reader(client: AcumaticaClient, items: Items) -> RecordOfSettings[ItemWithImages]:
    """Give the reader of images: an item with the contents of its image files."""

    async def read(key: str, settings: ConnectorSettings) -> ItemWithImages | NotDone:
        item = await items.read(key, settings)
        if isinstance(item, NotDone):
            return item
        files: list[tuple[ErpFile, bytes]] = []
        for file in image_files(item):
            content = await fetch_file(client, file, service=settings.syncs.product_image.webservice_name)
            if isinstance(content, NotDone):
                return _without_file(item, file, content)
            files.append((file, content))
        return ItemWithImages(item=item, files=files)

    return RecordOfSettings(read)


def _without_file(item: ErpItem, file: ErpFile, answer: NotDone) -> NotDone:
    if not is_missing(answer):
        return answer
    text = f"the file {file.name!r} of item {item.inventory_id} cannot be read in the ERP; attach it anew"
    return NotDone(verdict=Refused(error_class="mapping", text=text))


def dependencies_reader(items: Items) -> RecordOfSettings[ErpItem]:
    """Give the reader of product dependencies: the contract has none, so that the item tells that nobody knows them."""
    return RecordOfSettings(items.read)


def attribute_reader(client: AcumaticaClient) -> OneRecord[ErpAttribute]:
    """Give the reader of the definitions of attributes."""
    return OneRecord(client, read_attribute)


def attribute_set_reader(client: AcumaticaClient) -> RecordOfSettings[ErpItemClass]:
    """Give the reader of item classes, which become attribute sets."""

    async def read(key: str, settings: ConnectorSettings) -> ErpItemClass | NotDone:
        return await read_item_class(client, key, box=settings.products.item_class_box)

    return RecordOfSettings(read)


def tax_category_reader(client: AcumaticaClient) -> OneRecord[ErpTaxCategory]:
    """Give the reader of tax categories."""
    return OneRecord(client, read_tax_category)
