"""A category as the shop is to hold it."""

from dataclasses import dataclass, field
from types import MappingProxyType

from daemon.sync.shop.values import ShopValues


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopCategory:
    """
    One category; a member that is None is not told and stays as it is in the shop.

    Attributes:
        mark: by what it is found again, since names repeat: lower case letters, digits and hyphens, 1 to 60
            characters, made from the ERP's key and never changing (`erp-1042`). The shop keeps it as the end of the
            URL key: `brackets-erp-1042`.
        name: 1 to 255 characters.
        parent: mark of the category above; None: it stands at the top of the menu.
        position: its place among its siblings, 1 or more, 1 first; it is moved only if it stands elsewhere.
        is_active: whether customers see it.
        in_menu: whether the menu shows it.
        values: `description`, `meta_title` and the like, as texts.
    """

    mark: str
    name: str
    parent: str | None = None
    position: int | None = None
    is_active: bool | None = None
    in_menu: bool | None = None
    values: ShopValues = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRemoval:
    """A category that the shop is not to hold any more, with all below it; absent already is as good."""

    mark: str
