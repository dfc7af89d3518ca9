"""`products`: where configurable products come from and how the boxes of the ERP are read (R35, R77 to R82)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Boolean, Choice, Texts

ConfigurableSource: TypeAlias = Literal["none", "product_configurator", "matrix_item"]
MissingBox: TypeAlias = Literal["skip", "pass"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPreferences:
    """
    How items become products.

    Attributes:
        configurable_source: which structure of the ERP makes configurable products; exclusive.
        when_box_is_missing: what happens on a site that has no box *Enabled for Magento Sync* on its item classes,
            items and categories: nothing passes, or everything does.
        websites: codes of the websites that offer the products; empty: left as they are.
        needs_category: a product without a category that is enabled for sync is kept back.
    """

    configurable_source: ConfigurableSource = setting(Choice(("none", "product_configurator", "matrix_item")), "none")
    when_box_is_missing: MissingBox = setting(Choice(("skip", "pass")), "skip")
    websites: tuple[str, ...] = setting(Texts(), ())
    needs_category: bool = setting(Boolean(), default=False)
