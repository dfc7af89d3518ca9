"""Images: files of an item as the gallery of its product (R101, B23)."""

from collections.abc import Sequence
from typing import Final

from daemon.sync.mapping.refusal import unmapped
from daemon.sync.records.item import ErpFile, ErpItem
from daemon.sync.shop.image import ALL_ROLES, ProductImages, ShopImage
from queues.verdicts import Refused

_ENDINGS: Final = (".jpg", ".jpeg", ".png", ".gif")
_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
"""How the files begin that the shop takes."""


def image_files(item: ErpItem) -> tuple[ErpFile, ...]:
    """Give the files of an item that are images by their names, in the ERP's order, each once."""
    seen: dict[str, ErpFile] = {}
    for file in item.images:
        if file.name.lower().endswith(_ENDINGS):
            seen.setdefault(file.file_id, file)
    return tuple(seen.values())


def map_images(item: ErpItem, fetched: Sequence[tuple[ErpFile, bytes]]) -> ProductImages | Refused:
    """
    Give the gallery of a product; its first image has all roles.

    Args:
        item: whose images they are.
        fetched: `image_files` with what was read of them, in that order. Of equal contents the first one stays.

    Returns:
        A refusal for a file that is no image, whatever its name says: the shop takes some such files and shows nothing.
    """
    images: dict[str, ShopImage] = {}
    for file, content in fetched:
        if not content.startswith(_SIGNATURES):
            return unmapped(
                f"the file {file.name!r} of item {item.inventory_id} is no JPEG, PNG or GIF; attach it anew"
            )
        image = ShopImage(
            content=content,
            name=file.name,
            label=file.comment or item.description,
            position=len(images) + 1,
            roles=() if images else ALL_ROLES,
        )
        images.setdefault(image.digest, image)
    return ProductImages(sku=item.inventory_id.strip(), images=tuple(images.values()))
