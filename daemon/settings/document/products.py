"""`products`: where configurable products come from and how the boxes of the ERP are read (R35, R77 to R82)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import CUSTOM_FIELD, Boolean, Choice, Texts

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
        item_class_box, item_box, category_box: the custom field of a customization that is the box *Enabled for Magento
            Sync* there; without one items have `ExportToExternal` of the e-commerce tab, classes and categories none.
        category_status: the custom field that is *Category Status on Magento*; without one nothing is hidden.
        visibility: the custom field that is *Visibility*; without one `Visibility` of the e-commerce tab is.
        variant_attributes: ids of the attributes by which the items of a template may differ; empty: those with a list
            of values by which they do.
    """

    configurable_source: ConfigurableSource = setting(Choice(("none", "product_configurator", "matrix_item")), "none")
    when_box_is_missing: MissingBox = setting(Choice(("skip", "pass")), "skip")
    websites: tuple[str, ...] = setting(Texts(), ())
    needs_category: bool = setting(Boolean(), default=False)
    item_class_box: str | None = setting(CUSTOM_FIELD, None)
    item_box: str | None = setting(CUSTOM_FIELD, None)
    category_box: str | None = setting(CUSTOM_FIELD, None)
    category_status: str | None = setting(CUSTOM_FIELD, None)
    visibility: str | None = setting(CUSTOM_FIELD, None)
    variant_attributes: tuple[str, ...] = setting(Texts(), ())
