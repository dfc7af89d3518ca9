"""`mappings`: the tables that translate between the two systems (B17 to B19, B37 to B43, B61)."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from daemon.settings.document.groups import Rows, needed, setting
from daemon.settings.document.kinds import Boolean, Choice, OptionalChoice, Text

FieldDirection: TypeAlias = Literal["to_magento", "to_acumatica", "last_update_wins", "magento_wins", "acumatica_wins"]
UseIn: TypeAlias = Literal["create", "update", "both"]

ShopState: TypeAlias = Literal[
    "new", "pending_payment", "processing", "complete", "closed", "canceled", "holded", "payment_review"
]

_STATES: Final = ("new", "pending_payment", "processing", "complete", "closed", "canceled", "holded", "payment_review")
_DIRECTIONS: Final = ("to_magento", "to_acumatica", "last_update_wins", "magento_wins", "acumatica_wins")
_ATTRIBUTE_CODE: Final = Text(
    pattern="[a-z][a-z0-9_]{0,59}", expected="an attribute code: a-z, 0-9 and _, at most 60 characters"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """
    One field of the ERP and the attribute of the shop it goes with.

    Attributes:
        field: schema name in the ERP.
        attribute: attribute code in the shop.
        direction: B1's five; the direction of the sync limits it further (B2).
        use_in: sent when the record is new in the shop, when it is there, or both.
    """

    field: str = needed(Text())
    attribute: str = needed(_ATTRIBUTE_CODE)
    direction: FieldDirection = setting(Choice(_DIRECTIONS), "to_magento")
    use_in: UseIn = setting(Choice(("create", "update", "both")), "both")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMapping:
    """A customer group of the shop and the ERP's customer class and, optionally, customer price class (B39, B61)."""

    group: str = needed(Text(pattern=".{1,32}", expected="a customer group of 1 to 32 characters"))
    customer_class: str = needed(Text())
    price_class: str | None = setting(Text(optional=True), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMapping:
    """A payment method of the shop (with a card type, optionally) and the ERP's method and cash account (B40)."""

    method: str = needed(Text())
    card_type: str | None = setting(Text(optional=True), None)
    erp_method: str = needed(Text())
    cash_account: str | None = setting(Text(optional=True), None)
    plug_in: str | None = setting(Text(optional=True), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierMapping:
    """A ship-via of the ERP and the carrier of the shop it is told as (B41)."""

    ship_via: str = needed(Text())
    carrier: str = needed(Text(pattern="[a-z][a-z0-9_]*", expected="a carrier code such as ups or custom"))
    title: str = needed(Text())


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingMapping:
    """A shipping method of the shop and the ship-via of the ERP its orders get (B41)."""

    method: str = needed(Text())
    ship_via: str = needed(Text())


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseMapping:
    """An inventory source of the shop and a warehouse of the ERP; a source may have several warehouses (B42)."""

    source: str = needed(Text(pattern="[A-Za-z0-9_.-]+", expected="a source code without blanks"))
    warehouse: str = needed(Text())


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchMapping:
    """A branch of the ERP and a warehouse whose stock is its own; a branch may have several warehouses (R31)."""

    branch: str = needed(Text())
    warehouse: str = needed(Text())


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMapping:
    """
    A status of the ERP, typed exactly as there, and the status of the shop (B43).

    Attributes:
        state: the state a status of the merchant's own belongs to; None: a status of Magento's own.
    """

    erp_status: str = needed(Text())
    status: str = needed(Text(pattern="[a-z][a-z0-9_]{0,31}", expected="a status code such as processing"))
    state: ShopState | None = setting(OptionalChoice(_STATES), None)
    notify: bool = setting(Boolean(), default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxMapping:
    """A tax category of the ERP and the tax class of the shop, where their names differ (B7)."""

    tax_category: str = needed(Text())
    tax_class: str = needed(Text())


_PRODUCT_FIELDS: Final = tuple(
    FieldMapping(field=field, attribute=attribute)
    for field, attribute in (
        ("Description", "name"),
        ("Content", "description"),
        ("TaxCategory", "tax_class_id"),
        ("DimensionWeight", "weight"),
        ("CustomURL", "url_key"),
        ("PageTitle", "meta_title"),
        ("MetaDescription", "meta_description"),
        ("MetaKeywords", "meta_keyword"),
        ("Categories", "category_ids"),
    )
)
_CATEGORY_FIELDS: Final = (
    FieldMapping(field="Description", attribute="name"),
    FieldMapping(field="ParentCategoryID", attribute="parent_id"),
    FieldMapping(field="SortOrder", attribute="position"),
)
_CUSTOMER_FIELDS: Final = (
    FieldMapping(field="CustomerName", attribute="name"),
    FieldMapping(field="CustomerClass", attribute="group_id"),
    FieldMapping(field="TaxRegistrationID", attribute="taxvat"),
)
# The many statuses of the shop that become one of the ERP cannot be inverted (B18): of each the plainest one is taken.
_ORDER_STATUSES: Final = tuple(
    StatusMapping(erp_status=erp_status, status=status)
    for erp_status, status in (
        ("Open", "processing"),
        ("On Hold", "holded"),
        ("Credit Hold", "holded"),
        ("Pending Approval", "pending"),
        ("Back Order", "processing"),
        ("Shipping", "processing"),
        ("Invoiced", "processing"),
        ("Completed", "complete"),
        ("Canceled", "canceled"),
        ("Voided", "canceled"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappings:
    """All mapping tables; the field and status tables come with the recommended mappings."""

    product_fields: tuple[FieldMapping, ...] = setting(
        Rows(FieldMapping, (("field",), ("attribute",))), _PRODUCT_FIELDS
    )
    category_fields: tuple[FieldMapping, ...] = setting(
        Rows(FieldMapping, (("field",), ("attribute",))), _CATEGORY_FIELDS
    )
    customer_fields: tuple[FieldMapping, ...] = setting(
        Rows(FieldMapping, (("field",), ("attribute",))), _CUSTOMER_FIELDS
    )
    customer_groups: tuple[GroupMapping, ...] = setting(
        Rows(GroupMapping, (("group",), ("customer_class",), ("price_class",))), ()
    )
    payments: tuple[PaymentMapping, ...] = setting(Rows(PaymentMapping, (("method", "card_type"),)), ())
    carriers: tuple[CarrierMapping, ...] = setting(Rows(CarrierMapping, (("ship_via",),)), ())
    shipping: tuple[ShippingMapping, ...] = setting(Rows(ShippingMapping, (("method",),)), ())
    warehouses: tuple[WarehouseMapping, ...] = setting(Rows(WarehouseMapping, (("warehouse",),)), (), scope="website")
    branches: tuple[BranchMapping, ...] = setting(Rows(BranchMapping, (("warehouse",),)), ())
    order_statuses: tuple[StatusMapping, ...] = setting(Rows(StatusMapping, (("erp_status",),)), _ORDER_STATUSES)
    tax_classes: tuple[TaxMapping, ...] = setting(Rows(TaxMapping, (("tax_category",),)), ())
