"""Image files: what they are by their bytes, whether they are whole, and the name that tells the store's copy."""

import re
from dataclasses import dataclass
from typing import Final

from daemon.magento.talk import refuse
from daemon.magento.url_keys import slug
from daemon.sync.shop.image import ShopImage

_LONGEST_STEM: Final = 40
_OURS: Final = re.compile(r"-([0-9a-f]{24})(?:_\d+)?\.(?:jpe?g|png|gif)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageKind:
    """One kind of file the store takes: how it begins, and what a whole one holds near its end."""

    mime_type: str
    ending: str
    start: bytes
    end: bytes


_KINDS: Final = (
    ImageKind(mime_type="image/png", ending="png", start=b"\x89PNG\r\n\x1a\n", end=b"IEND"),
    ImageKind(mime_type="image/jpeg", ending="jpg", start=b"\xff\xd8\xff", end=b"\xff\xd9"),
    ImageKind(mime_type="image/gif", ending="gif", start=b"GIF8", end=b"\x3b"),
)


def kind_of(image: ShopImage) -> ImageKind:
    """
    Tell what an image is; its name does not count.

    Raises:
        Halted: it is none that the store takes, or it is cut short, which the store would take.
    """
    kind = next((kind for kind in _KINDS if image.content.startswith(kind.start)), None)
    if kind is None:
        refuse("validation", f"the file {image.name!r} is no PNG, JPEG or GIF; attach another one in the ERP")
    if kind.end not in image.content[len(kind.start) :]:
        refuse("validation", f"the image {image.name!r} is cut short; attach it to the item anew")
    return kind


def file_name(image: ShopImage, kind: ImageKind) -> str:
    """Make the name under which the store keeps the image: it ends with the digest of the content."""
    stem = slug(image.name.rpartition(".")[0] or image.name)[:_LONGEST_STEM].strip("-") or "image"
    return f"{stem}-{image.digest}.{kind.ending}"


def digest_in(file: object) -> str | None:
    """Read the digest out of the name of a file in the store; None: the connector did not put it there."""
    found = _OURS.search(file) if isinstance(file, str) else None
    return found[1] if found else None
