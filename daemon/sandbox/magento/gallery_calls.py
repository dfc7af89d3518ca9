"""The calls about images of products."""

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, no_such_product
from daemon.sandbox.magento.gallery import change_entry, entry_view, new_entry, show_in_values, take_types
from daemon.sandbox.magento.product_parts import GalleryEntry
from daemon.sandbox.magento.values import JsonObject, mapping, texts

_NO_IMAGE = "No image with the provided ID was found. Verify the ID and try again."


def add_image(call: Call) -> str:
    """`POST products/:sku/media`; the same image once more is one more image, and takes the types of the first."""
    product = call.shop.catalogue.get(call.path["sku"])
    if product is None:
        raise no_such_product()
    given = mapping(call.body, "entry") or {}
    entry = new_entry(call.shop, product.gallery, given)
    product.gallery.insert(0, entry)
    take_types(product.gallery, entry, texts(given, "types"))
    show_in_values(product.gallery, product.values)
    product.updated_at = call.shop.timestamp()
    return str(entry.entry_id)


def _gallery(call: Call) -> list[GalleryEntry]:
    product = call.shop.catalogue.get(call.path["sku"])
    if product is None:
        raise no_such_product()
    return product.gallery


def _entry(call: Call) -> GalleryEntry:
    wanted = call.number("entryId")
    entry = next((each for each in _gallery(call) if each.entry_id == wanted), None)
    if entry is None:
        raise Refusal(_NO_IMAGE, status=404)
    return entry


def list_images(call: Call) -> list[JsonObject]:
    """`GET products/:sku/media`."""
    return [entry_view(entry, with_content=True) for entry in sorted(_gallery(call), key=lambda each: each.position)]


def get_image(call: Call) -> JsonObject:
    """`GET products/:sku/media/:id`."""
    return entry_view(_entry(call), with_content=True)


def update_image(call: Call) -> bool:
    """`PUT products/:sku/media/:id`; new content, if sent, replaces the file."""
    entry = _entry(call)
    given = mapping(call.body, "entry") or {}
    if mapping(given, "content") is not None:
        fresh = new_entry(call.shop, _gallery(call), given)
        entry.file, entry.content, entry.mime_type = fresh.file, fresh.content, fresh.mime_type
    change_entry(_gallery(call), entry, given)
    product = call.shop.catalogue.get(call.path["sku"])
    if product is not None:
        show_in_values(product.gallery, product.values)
        product.updated_at = call.shop.timestamp()
    return True


def delete_image(call: Call) -> bool:
    """`DELETE products/:sku/media/:id`."""
    entry = _entry(call)
    product = call.shop.catalogue.get(call.path["sku"])
    if product is not None:
        product.gallery.remove(entry)
        show_in_values(product.gallery, product.values)
    return True
