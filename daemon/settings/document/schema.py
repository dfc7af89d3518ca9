"""`schema`: Schema Management: which fields of the ERP take part (R44 to R54, B62, B64)."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from daemon.settings.document.groups import Rows, needed, setting
from daemon.settings.document.kinds import Boolean, Text

SchemaEntity: TypeAlias = Literal["product", "category", "customer"]

SCHEMA_ENTITIES: Final[tuple[SchemaEntity, ...]] = get_args(SchemaEntity)

PRODUCT_TABS: Final = (
    "General Settings", "Price/Cost Information", "Attributes", "eCommerce", "Additional Features", "Packaging",
    "Cross Reference Details",
)  # fmt: skip
CATEGORY_TABS: Final = ("Category Info", "eCommerce")
CUSTOMER_TABS: Final = (
    "General Info", "Billing Settings", "Delivery Settings", "Payment Methods", "Salespersons", "Attributes",
    "Activities", "Mail Settings",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaField:
    """
    One field of the ERP.

    Attributes:
        tab: the group it is shown in; tabs are data, any name will do.
        schema: the ERP's name of it, `DimensionWeight`, `Attributes.COLOR`.
        name: Display Name.
        active: it takes part: its changes go out and its value is in the payload.
        is_missing: the last refresh did not find it any more; it keeps its tick and is not sent.
        api_path, api_name: customers only: API Reference Field Path and API Input Field Name, where the field is
            written in the ERP.
    """

    tab: str = needed(Text())
    schema: str = needed(Text())
    name: str = needed(Text())
    active: bool = setting(Boolean(), default=False)
    is_missing: bool = setting(Boolean(), default=False)
    api_path: str | None = setting(
        Text(optional=True, pattern="/([A-Za-z0-9_.]+/)*", expected="a path such as /root/ or /MainContact/"), None
    )
    api_name: str | None = setting(
        Text(optional=True, pattern="[A-Za-z][A-Za-z0-9_.]*", expected="a property name such as CustomerID"), None
    )


_PRODUCT: Final = (
    SchemaField(tab="General Settings", schema="InventoryID", name="Inventory ID", active=True),
    SchemaField(tab="General Settings", schema="Description", name="Description", active=True),
    SchemaField(tab="General Settings", schema="ItemClass", name="Item Class", active=True),
    SchemaField(tab="General Settings", schema="TaxCategory", name="Tax Category", active=True),
)
_CATEGORY: Final = (
    SchemaField(tab="Category Info", schema="Description", name="Description", active=True),
    SchemaField(tab="Category Info", schema="ParentCategoryID", name="Parent Category", active=True),
    SchemaField(tab="Category Info", schema="CategoryID", name="Category ID", active=True),
)
_CUSTOMER: Final = tuple(
    SchemaField(tab="General Info", schema=schema, name=name, active=True, api_path="/root/", api_name=schema)
    for schema, name in (
        ("CustomerID", "Customer ID"),
        ("CustomerName", "Customer Name"),
        ("CustomerClass", "Customer Class"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schemas:
    """The fields of every entity that has a schema; by default the ones preselected at installation."""

    product: tuple[SchemaField, ...] = setting(Rows(SchemaField, (("schema",),)), _PRODUCT)
    category: tuple[SchemaField, ...] = setting(Rows(SchemaField, (("schema",),)), _CATEGORY)
    customer: tuple[SchemaField, ...] = setting(Rows(SchemaField, (("schema",),)), _CUSTOMER)

    def of(self, entity: SchemaEntity) -> tuple[SchemaField, ...]:
        """Give the fields of *entity*."""
        rows: tuple[SchemaField, ...] = getattr(self, entity)
        return rows

    def active(self, entity: SchemaEntity) -> frozenset[str]:
        """Name the fields of *entity* that take part."""
        return frozenset(row.schema for row in self.of(entity) if row.active and not row.is_missing)
