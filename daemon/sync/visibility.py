"""Where a product shows, as the ERP words it and as we do (R80)."""

from collections.abc import Mapping
from typing import Final

from daemon.sync.shop.product import Visibility

VISIBILITIES: Final[Mapping[str, Visibility]] = {
    "Not Visible Individually": "not_visible_individually",
    "Catalog": "catalog",
    "Search": "search",
    "Catalog, Search": "catalog_search",
}
"""The ERP's words, in the order of Magento's 1, 2, 3, 4."""

# The ERP's own e-commerce tab has other words for the same (Acumatica's `Visibility` field).
_OTHER_WORDS: Final[Mapping[str, Visibility]] = {
    "not visible": "not_visible_individually",
    "invisible": "not_visible_individually",
    "catalog and search": "catalog_search",
    "catalog,search": "catalog_search",
    "catalog/search": "catalog_search",
    "visible": "catalog_search",
    "featured": "catalog_search",
}
_BY_WORD: Final[Mapping[str, Visibility]] = {
    **{word.casefold(): visibility for word, visibility in VISIBILITIES.items()},
    **_OTHER_WORDS,
}


def read_visibility(word: str | None) -> Visibility | None:
    """Read the ERP's word, letter case and blanks around it aside; None: nothing or something unknown."""
    return None if word is None else _BY_WORD.get(word.strip().casefold())
