"""Sales categories."""

from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from daemon.sync.records.values import ErpFields


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpCategory:
    """
    One sales category.

    Attributes:
        category_id: its number as text, `1042`.
        description: its name.
        parent_id: the category above; None: it stands at the top (the ERP says 0 or nothing).
        position: `SortOrder`; None: the ERP did not tell.
        is_enabled_for_sync: the box *Enabled for Magento Sync*; None: the site has no such box.
        shop_status: *Category Status on Magento*, as the ERP words it (`Active`, `Inactive`); None: nothing chosen.
        fields: every value that the schema can name, see `ErpFields`.
    """

    category_id: str
    description: str
    parent_id: str | None = None
    position: int | None = None
    is_enabled_for_sync: bool | None = None
    shop_status: str | None = None
    fields: ErpFields = field(default_factory=lambda: MappingProxyType({}))
    modified_at: datetime | None = None
