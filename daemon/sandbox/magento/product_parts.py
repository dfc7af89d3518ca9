"""What products are made of besides values: images, options of configurables, links to other products."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class GalleryEntry:
    """One image of one product; calls change it in place, hence not frozen."""

    entry_id: int
    file: str
    content: str
    mime_type: str
    media_type: str = "image"
    label: str | None = None
    position: int = 0
    is_disabled: bool = False
    types: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ConfigurableOption:
    """One attribute the parts of a configurable differ by; a call may relabel it, hence not frozen."""

    option_id: int
    attribute_id: int
    label: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductLink:
    """One product another one points at."""

    link_type: str
    linked_sku: str
    position: int
