"""`warehouse`: Warehouse Details (R85)."""

from dataclasses import dataclass

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseDetails:
    """The warehouse of lines and items that name none; None: not chosen."""

    default: str | None = setting(Text(optional=True), None)
