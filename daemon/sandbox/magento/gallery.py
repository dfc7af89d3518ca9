"""Storing images of products: checked by their first bytes, kept under a name of their own."""

import base64
import binascii
import re

from daemon.sandbox.magento.attributes import IMAGE_CODES
from daemon.sandbox.magento.errors import PhpFault, Refusal
from daemon.sandbox.magento.product_parts import GalleryEntry
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES
from daemon.sandbox.magento.values import JsonObject, flag, integer, mapping, text, texts

_NOT_BASE64 = "The image content must be valid base64 encoded data."
_BAD_TYPE = "The image MIME type is not valid or not supported."
_EXTENSIONS = {"image/jpeg": "jpg", "image/jpg": "jpg", "image/png": "png", "image/gif": "gif"}
_FORBIDDEN_NAME = re.compile(r"[\\/:*?\"<>|]|\.\.")
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def new_entry(shop: Shop, gallery: list[GalleryEntry], given: JsonObject) -> GalleryEntry:
    """
    Make an entry of an upload.

    Raises:
        Refusal: the content is no image the shop takes.
        PhpFault: there is no content.
    """
    content = mapping(given, "content")
    if content is None:
        raise PhpFault
    encoded, declared = text(content, "base64_encoded_data") or "", (text(content, "type") or "").lower()
    _check_content(encoded, declared)
    name = text(content, "name") or ""
    if not name or _FORBIDDEN_NAME.search(name):
        raise Refusal("Provided image name contains forbidden characters.")
    return GalleryEntry(
        entry_id=shop.next_image_id(),
        file=_free_name(shop, name, _EXTENSIONS[declared]),
        content=encoded,
        mime_type=declared,
        media_type=text(given, "media_type") or "image",
        label=text(given, "label"),
        position=integer(given, "position") or len(gallery) + 1,
        is_disabled=flag(given, "disabled") or False,
    )


def _check_content(encoded: str, declared: str) -> None:
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        data = b""
    found = next((mime for magic, mime in _MAGIC if data.startswith(magic)), None)
    if found is None:
        raise Refusal(_NOT_BASE64)  # text in base64 is told the same way as no base64 at all
    if declared not in _EXTENSIONS or found != declared.replace("jpg", "jpeg"):
        raise Refusal(_BAD_TYPE)


def _free_name(shop: Shop, name: str, extension: str) -> str:
    stem = re.sub(r"[^a-zA-Z0-9_.-]+", "_", name.rpartition(".")[0] or name)
    folder = f"/{stem[0].lower()}/{stem[1:2].lower() or '_'}"
    file, number = f"{folder}/{stem}.{extension}", 0
    while file in shop.image_files:
        number += 1
        file = f"{folder}/{stem}_{number}.{extension}"
    shop.image_files.add(file)
    return file


def take_types(gallery: list[GalleryEntry], entry: GalleryEntry, types: list[str]) -> None:
    """Give the entry its types; each belongs to one entry only."""
    for other in gallery:
        if other is not entry:
            other.types = [each for each in other.types if each not in types]
    entry.types = [code for code in IMAGE_CODES if code in types]


def show_in_values(gallery: list[GalleryEntry], values: dict[str, dict[int, object]]) -> None:
    """Note the file of each type among the product's values; a type that lost its image has none selected."""
    for code in IMAGE_CODES:
        file = next((entry.file for entry in gallery if code in entry.types), None)
        if file is not None:
            values.setdefault(code, {})[ALL_STORES] = file
        elif code in values:
            values[code][ALL_STORES] = "no_selection"


def entry_view(entry: GalleryEntry, *, with_content: bool) -> JsonObject:
    """An entry as the shop shows it; within a product without its content."""
    view: JsonObject = {
        "id": entry.entry_id,
        "media_type": entry.media_type,
        "label": entry.label,
        "position": entry.position,
        "disabled": entry.is_disabled,
        "types": list(entry.types),
        "file": entry.file,
    }
    if with_content:
        name = entry.file.rpartition("/")[2]
        view["content"] = {"base64_encoded_data": entry.content, "type": entry.mime_type, "name": name}
    return view


def change_entry(gallery: list[GalleryEntry], entry: GalleryEntry, given: JsonObject) -> None:
    """Lay what was sent over an entry."""
    if "label" in given:
        entry.label = text(given, "label")
    position, is_disabled = integer(given, "position"), flag(given, "disabled")
    entry.position = entry.position if position is None else position
    entry.is_disabled = entry.is_disabled if is_disabled is None else is_disabled
    if "types" in given:
        take_types(gallery, entry, texts(given, "types"))
