"""The images of a product as the shop is to hold them."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias

ImageRole: TypeAlias = Literal["image", "small_image", "thumbnail", "swatch_image"]

ALL_ROLES: Final[tuple[ImageRole, ...]] = ("image", "small_image", "thumbnail")
"""The roles of a product's first image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopImage:
    """
    One image.

    Attributes:
        content: the file.
        name: file name as the ERP has it, `front.jpg`; only its stem is kept.
        label: text for those who cannot see it.
        position: its place, 1 or more.
        roles: what it is used for; a role belongs to one image only.
        is_hidden: in the gallery but not shown.
    """

    content: bytes
    name: str
    label: str = ""
    position: int = 1
    roles: tuple[ImageRole, ...] = ()
    is_hidden: bool = False

    @property
    def digest(self) -> str:
        """The first 24 hexadecimal digits of the content's SHA-256: by it an image is recognised in the shop."""
        return sha256(self.content).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductImages:
    """
    The images of one product.

    Attributes:
        images: all that the ERP has, in the order shown. Images that the connector put there earlier and that are not
            among them are taken away; the merchant's own stay.
    """

    sku: str
    images: tuple[ShopImage, ...]
