"""Categories of the ERP as the shop is to hold them (R51, R82, R83)."""

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.mapping.codes import category_mark
from daemon.sync.mapping.fields import mapped_fields, plain_values
from daemon.sync.mapping.refusal import unmapped
from daemon.sync.records.category import ErpCategory
from daemon.sync.shop.category import ShopCategory
from queues.verdicts import Refused


def map_category(
    category: ErpCategory, settings: ConnectorSettings, *, is_new: bool | None = None
) -> ShopCategory | Refused:
    """Give the category; its name and the place in the tree are told always, the rest as the schema says."""
    name = category.description.strip()
    if not name:
        return unmapped(f"category {category.category_id} has no description, which is its name in the shop")
    active = settings.schema.active("category")
    mapped = mapped_fields(settings.mappings.category_fields, active, settings.syncs.category.direction, is_new=is_new)
    values = dict(plain_values(category.fields, mapped))
    for own in ("name", "parent_id", "position"):
        values.pop(own, None)
    is_at_top = category.parent_id is None or category.parent_id.strip() in {"", "0"}
    status = (category.shop_status or "").strip().casefold()
    has_position = "position" in mapped.values() and category.position is not None
    return ShopCategory(
        mark=category_mark(category.category_id),
        name=name,
        parent=None if is_at_top else category_mark(category.parent_id or ""),
        position=max(category.position or 0, 1) if has_position else None,
        is_active=status == "active" if status else None,
        values=values,
    )
