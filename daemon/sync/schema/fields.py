"""A field as the ERP tells it, and the tab it is shown in (R46, R51, R52, B62)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from daemon.settings.document.schema import SchemaEntity


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpSchemaField:
    """
    One field that a record of the ERP has.

    Attributes:
        schema: the ERP's name: `DimensionWeight`, `Attributes.COLOR`, for custom fields `View.Field`.
        name: what people call it; None: told by *schema*.
    """

    schema: str
    name: str | None = None


_TABS: Final[Mapping[SchemaEntity, Mapping[str, tuple[str, ...]]]] = {
    "product": {
        "Price/Cost Information": (
            "DefaultPrice", "MSRP", "CurySpecificPrice", "CurySpecificMSRP", "PriceClass", "Markup", "MinMarkup",
            "LastCost", "AverageCost", "MinCost", "MaxCost", "CurrentStdCost", "PendingStdCost", "LastStdCost",
        ),
        "eCommerce": (
            "Content", "ExportToExternal", "Visibility", "Availability", "NotAvailable", "PageTitle", "MetaDescription",
            "MetaKeywords", "SearchKeywords", "CustomURL", "Categories", "FileURLs", "FileUrls", "ImageUrl",
        ),
        "Packaging": (
            "PackagingOption", "PackSeparately", "Boxes", "DimensionWeight", "WeightUOM", "DimensionVolume",
            "VolumeUOM", "Weight", "Volume",
        ),
        "Cross Reference Details": ("CrossReferences",),
    },
    "category": {"eCommerce": ("ExportToExternal", "SortOrder", "Members")},
    "customer": {
        "Billing Settings": ("BillingContact", "BillingContactOverride", "BillingAddressOverride"),
        "Delivery Settings": (
            "ShippingContact", "ShippingContactOverride", "ShippingAddressOverride", "ShipVia", "ShippingTerms",
            "ShippingRule", "ShippingZoneID", "ShippingBranch", "WarehouseID", "FOBPoint", "LeadTimedays",
            "OrderPriority", "ResidentialDelivery", "SaturdayDelivery",
        ),
        "Payment Methods": ("PaymentInstructions", "AutoApplyPayments"),
        "Salespersons": ("Salespersons",),
        "Activities": ("Activities",),
        "Mail Settings": (
            "SendInvoicesbyEmail", "SendStatementsbyEmail", "SendDunningLettersbyEmail", "PrintInvoices",
            "PrintStatements", "PrintDunningLetters", "Email",
        ),
    },
}  # fmt: skip
_FIRST_TAB: Final[Mapping[SchemaEntity, str]] = {
    "product": "General Settings",
    "category": "Category Info",
    "customer": "General Info",
}


def tab_of(entity: SchemaEntity, schema: str) -> str:
    """Name the tab of a field that is new: by what it belongs to, custom ones in a tab of their own, else the first."""
    head = schema.split(".", maxsplit=1)[0]
    if head == "Attributes":
        return "Attributes"
    tab = next((tab for tab, heads in _TABS[entity].items() if head in heads), None)
    if tab is None and "." in schema and entity == "product":
        return "Additional Features"
    return tab or _FIRST_TAB[entity]
