"""The records a site starts with: made by rule, the same every time, fast enough for ten thousand items."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from daemon.sandbox.acumatica.rows import AttachedFile, Row, Value, stable_id
from daemon.sandbox.acumatica.site import PRICES, QUANTITY_STAMP, STOCK, Site

LOADED_AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""The stamp of everything that was loaded: one for all, as after an import."""

FIRST_NUMBER = 1_000
_ADJECTIVES = ("Steel", "Brass", "Oak", "Slate", "Copper", "Linen", "Nickel", "Walnut")
_NOUNS = ("Bracket", "Hinge", "Handle", "Shelf", "Hook", "Knob", "Rail", "Bolt", "Plate", "Latch")
_CLASSES = ("HARDWARE", "FURNITURE", "SERVICES")
_CATEGORIES = ((1, "Catalogue", None), (2, "Hardware", 1), (3, "Furniture", 1), (4, "Hinges", 2), (5, "Sale", None))
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf"
    "c000000301010018dd8db00000000049454e44ae426082"
)


def fill_default(site: Site, items: int) -> None:
    """Give the site its classes, categories, customers and *items* stock items; with 0 nothing at all."""
    if not items:
        return
    fill_lists(site)
    fill_items(site, items)
    fill_documents(site)


def fill_items(site: Site, count: int, *, first: int = FIRST_NUMBER) -> int:
    """Load *count* stock items with attributes, categories, stock in two warehouses and two prices each."""
    numbers = range(first, first + count)
    site.load("StockItem", map(_item, numbers), at=LOADED_AT)
    site.load(STOCK, (row for number in numbers for row in _stock(number)), at=LOADED_AT)
    site.load(PRICES, (row for number in numbers for row in _prices(number)), at=LOADED_AT)
    return count


def item_number(number: int) -> str:
    """The inventory id of an item made by rule."""
    return f"AC-{number}"


def item_price(number: int) -> Decimal:
    """Its default price."""
    return Decimal(500 + 37 * number % 9_500) / 100


def _row(entity: str, key: str, **values: Value) -> Row:
    return Row(id=stable_id(entity, key), values=values)


def _item(number: int) -> Row:
    key = item_number(number)
    noun, adjective = _NOUNS[number % len(_NOUNS)], _ADJECTIVES[number // len(_NOUNS) % len(_ADJECTIVES)]
    row = _row(
        "StockItem",
        key,
        InventoryID=key,
        Description=f"{adjective} {noun} {number}",
        Content=f"<p>{adjective} {noun}, made by rule.</p>",
        ItemClass=_CLASSES[number % 2],
        ItemStatus="Active",
        ItemType="Finished Good",
        TaxCategory="TAXABLE",
        BaseUOM="EACH",
        SalesUOM="EACH",
        DefaultPrice=item_price(number),
        MSRP=item_price(number) + 5,
        DimensionWeight=Decimal(1 + number % 40) / 10,
        WeightUOM="KG",
        DefaultWarehouseID="MAIN",
        ExportToExternal=True,
        Visibility="Catalog and Search",
        Availability="Store Default",
        PageTitle=f"{adjective} {noun}",
        IsAKit=False,
    )
    row.parts["Attributes"] = [
        _row(
            "AttributeValue",
            f"{key}/COLOUR",
            AttributeID="COLOUR",
            AttributeDescription="Colour",
            Value=("RED", "BLUE", "GREEN")[number % 3],
            ValueDescription=("Red", "Blue", "Green")[number % 3],
            Required=False,
            IsActive=True,
        ),
        _row(
            "AttributeValue",
            f"{key}/MATERIAL",
            AttributeID="MATERIAL",
            AttributeDescription="Material",
            Value=adjective,
            ValueDescription=adjective,
            Required=False,
            IsActive=True,
        ),
    ]
    row.parts["Categories"] = [
        _row("CategoryStockItem", f"{key}/{category}", CategoryID=category) for category in (2 + number % 3,)
    ]
    row.parts["CrossReferences"] = [
        _row(
            "InventoryItemCrossReference",
            f"{key}/1",
            AlternateID=f"{4_000_000_000_000 + number}",
            AlternateType="Barcode",
            Description="EAN",
            UOM="EACH",
        ),
    ]
    row.parts["WarehouseDetails"] = [
        _row(
            "StockItemWarehouseDetail",
            f"{key}/{name}",
            WarehouseID=name,
            IsDefault=name == "MAIN",
            Status="Active",
            QtyOnHand=_on_hand(number, name),
        )
        for name in ("MAIN", "WEST")
    ]
    if number % 10 == 0:
        row.files.append(AttachedFile(id=stable_id("file", key), filename=f"{key}.png", content=_PIXEL))
        row.values["ImageUrl"] = f"Stock Items ({key})\\{key}.png"
    return row


def _on_hand(number: int, warehouse: str) -> Decimal:
    return Decimal(10 + 7 * number % 190) if warehouse == "MAIN" else Decimal(number % 25)


def _stock(number: int) -> Iterator[Row]:
    key = item_number(number)
    for warehouse in ("MAIN", "WEST"):
        quantity = _on_hand(number, warehouse)
        yield _row(
            STOCK,
            f"{key}/{warehouse}",
            InventoryID=key,
            WarehouseID=warehouse,
            QtyOnHand=quantity,
            QtyAvailable=max(quantity - 1, Decimal(0)),
            QtyAvailableforIssue=quantity,
            QtyHardAvailable=max(quantity - 2, Decimal(0)),
            **{QUANTITY_STAMP: LOADED_AT},
        )


def _prices(number: int) -> Iterator[Row]:
    key, price = item_number(number), item_price(number)
    for place, (kind, code, quantity, part) in enumerate(
        (("Base", None, Decimal(0), Decimal(1)), ("Customer Price Class", "WHOLESALE", Decimal(10), Decimal("0.8")))
    ):
        yield _row(
            PRICES,
            f"{key}/{place}",
            RecordID=number * 10 + place,
            InventoryID=key,
            PriceType=kind,
            PriceCode=code,
            BreakQty=quantity,
            Price=(price * part).quantize(Decimal("0.01")),
            CurrencyID="USD",
            UOM="EACH",
            EffectiveDate=LOADED_AT,
            ExpirationDate=None,
            Promotion=False,
            TaxCalculationMode="Undefined",
        )


def fill_lists(site: Site) -> None:
    """Load classes, categories, warehouses and whatever else items and documents refer to."""
    for name in _CLASSES:
        row = _row(
            "ItemClass",
            name,
            ClassID=name,
            Description=name.title(),
            StockItem=name != "SERVICES",
            TaxCategoryID="TAXABLE",
            BaseUOM="EACH",
            SalesUOM="EACH",
            ItemType="Finished Good",
        )
        row.parts["Attributes"] = [
            _row("ItemClassAtrribute", f"{name}/{attribute}", AttributeID=attribute, Required=False, SortOrder=place)
            for place, attribute in enumerate(("COLOUR", "MATERIAL"), start=1)
        ]
        site.load("ItemClass", [row], at=LOADED_AT)
    site.load("AttributeDefinition", _attributes(), at=LOADED_AT)
    site.load(
        "ItemSalesCategory",
        (
            _row(
                "ItemSalesCategory",
                str(number),
                CategoryID=site.next_number("ItemSalesCategory"),
                Description=name,
                ParentCategoryID=parent,
                Path=f"/{name}",
                SortOrder=number,
            )
            for number, name, parent in _CATEGORIES
        ),
        at=LOADED_AT,
    )
    site.load(
        "TaxCategory",
        (
            _row("TaxCategory", name, TaxCategoryID=name, Description=name.title(), Active=True)
            for name in ("TAXABLE", "EXEMPT")
        ),
        at=LOADED_AT,
    )
    site.load(
        "Warehouse",
        (
            _row("Warehouse", name, WarehouseID=name, Description=f"{name.title()} Warehouse", Active=True)
            for name in ("MAIN", "WEST")
        ),
        at=LOADED_AT,
    )
    site.load(
        "ShipVia",
        (
            _row("ShipVia", name, CarrierID=name, Description=name.title(), CalculationMethod="Flat Rate")
            for name in ("GROUND", "AIR", "DROPSHIP")
        ),
        at=LOADED_AT,
    )
    site.load(
        "CustomerClass",
        (
            _row(
                "CustomerClass",
                name,
                ClassID=name,
                Description=name.title(),
                Terms="30D",
                StatementCycleID="MONTHLY",
                CurrencyID="USD",
            )
            for name in ("WEB", "TRADE")
        ),
        at=LOADED_AT,
    )
    site.load(
        "CustomerPriceClass",
        [_row("CustomerPriceClass", "WHOLESALE", PriceClassID="WHOLESALE", Description="Wholesale")],
        at=LOADED_AT,
    )
    method = _row("PaymentMethod", "CARD", PaymentMethodID="CARD", Description="Card", Active=True, UseInAR=True)
    method.parts["AllowedCashAccounts"] = [
        _row(
            "PaymentMethodAllowedCashAccountDetail",
            "CARD/10250",
            CashAccount="10250",
            PaymentMethod="CARD",
            Branch="MAIN",
            UseInAR=True,
        )
    ]
    site.load("PaymentMethod", [method], at=LOADED_AT)


def _attributes() -> Iterator[Row]:
    for name, kind, values in (
        ("COLOUR", "Combo", (("RED", "Red"), ("BLUE", "Blue"), ("GREEN", "Green"))),
        ("MATERIAL", "Text", ()),
    ):
        row = _row("AttributeDefinition", name, AttributeID=name, Description=name.title(), ControlType=kind)
        row.parts["Values"] = [
            _row(
                "AttributeDefinitionValue",
                f"{name}/{code}",
                ValueID=code,
                Description=text,
                Disabled=False,
                SortOrder=place,
            )
            for place, (code, text) in enumerate(values, start=1)
        ]
        yield row


def fill_documents(site: Site) -> None:
    """Load a service, a template, customers, an order with its shipment and invoice."""
    service = _row(
        "NonStockItem",
        "ASSEMBLY",
        InventoryID="ASSEMBLY",
        Description="Assembly at home",
        ItemClass="SERVICES",
        ItemStatus="Active",
        ItemType="Service",
        TaxCategory="EXEMPT",
        BaseUnit="HOUR",
        SalesUnit="HOUR",
        DefaultPrice=Decimal(49),
        RequireShipment=False,
        ExportToExternal=True,
        Visibility="Catalog and Search",
    )
    site.load("NonStockItem", [service], at=LOADED_AT)
    template = _row(
        "TemplateItems",
        "SHELF",
        InventoryID="SHELF",
        Description="Shelf in three colours",
        ItemClass="FURNITURE",
        ItemStatus="Active",
        IsStockItem=True,
        TaxCategory="TAXABLE",
        DefaultPrice=Decimal(79),
        ExportToExternal=True,
        Visibility="Catalog and Search",
    )
    template.parts["Matrix"] = [
        _row(
            "MatrixItems",
            f"SHELF/{number}",
            InventoryID=item_number(number),
            Description=f"Shelf {number}",
            DefaultPrice=item_price(number),
            ItemStatus="Active",
            ExportToExternal=True,
        )
        for number in range(FIRST_NUMBER, FIRST_NUMBER + 3)
    ]
    site.load("TemplateItems", [template], at=LOADED_AT)
    site.load("Customer", map(_customer, range(1, 6)), at=LOADED_AT)
    _fill_order(site)


def _customer(number: int) -> Row:
    key = f"C{number:06d}"
    row = _row(
        "Customer",
        key,
        CustomerID=key,
        CustomerName=f"Customer {number}",
        CustomerClass="WEB",
        Status="Active",
        Email=f"customer{number}@example.test",
        CurrencyID="USD",
        Terms="30D",
        PriceClassID="WHOLESALE" if number % 2 else None,
        IsGuestCustomer=False,
    )
    contact = _row(
        "Contact",
        key,
        Email=f"customer{number}@example.test",
        FirstName="Ada",
        LastName=f"Byrd {number}",
        Phone1="0113 000 0000",
    )
    contact.parts["Address"] = _row(
        "Address", key, AddressLine1=f"{number} Wharf Rd", City="Leeds", PostalCode="LS1 1AA", Country="GB"
    )
    row.parts["MainContact"] = contact
    return row


def _fill_order(site: Site) -> None:
    item = item_number(FIRST_NUMBER)
    order = _row(
        "SalesOrder",
        "WO/W-000001",
        OrderType="WO",
        OrderNbr="W-000001",
        CustomerID="C000001",
        ExternalRef="000000731",
        CustomerOrder="000000731",
        Status="Completed",
        Hold=False,
        Date=LOADED_AT,
        CurrencyID="USD",
        ShipVia="GROUND",
        OrderedQty=Decimal(2),
        OrderTotal=Decimal(25),
    )
    order.parts["Details"] = [
        _row(
            "SalesOrderDetail",
            "WO/W-000001/1",
            LineNbr=1,
            InventoryID=item,
            OrderQty=Decimal(2),
            UnitPrice=Decimal("12.5"),
            UOM="EACH",
            WarehouseID="MAIN",
            ExternalRef="2211",
        )
    ]
    order.parts["Shipments"] = [
        _row(
            "SalesOrderShipment",
            "WO/W-000001/000001",
            ShipmentNbr="000001",
            ShipmentType="Shipment",
            Status="Confirmed",
            ShippedQty=Decimal(2),
            InvoiceType="Invoice",
            InvoiceNbr="AR000001",
        )
    ]
    shipment = _row(
        "Shipment",
        "000001",
        ShipmentNbr="000001",
        Type="Shipment",
        Status="Confirmed",
        CustomerID="C000001",
        ShipmentDate=LOADED_AT,
        ShipVia="GROUND",
        WarehouseID="MAIN",
        ShippedQty=Decimal(2),
    )
    shipment.parts["Details"] = [
        _row(
            "ShipmentDetail",
            "000001/1",
            LineNbr=1,
            InventoryID=item,
            ShippedQty=Decimal(2),
            UOM="EACH",
            OrderType="WO",
            OrderNbr="W-000001",
            OrderLineNbr=1,
        )
    ]
    shipment.parts["Packages"] = [
        _row("ShipmentPackage", "000001/1", TrackingNbr="1Z0000000000000000", BoxID="LARGE", Confirmed=True)
    ]
    shipment.parts["Orders"] = [
        _row(
            "ShipmentOrderDetail",
            "000001/1",
            OrderType="WO",
            OrderNbr="W-000001",
            ShipmentNbr="000001",
            InvoiceType="Invoice",
            InvoiceNbr="AR000001",
        )
    ]
    invoice = _row(
        "SalesInvoice",
        "Invoice/AR000001",
        Type="Invoice",
        ReferenceNbr="AR000001",
        Status="Open",
        CustomerID="C000001",
        Date=LOADED_AT,
        Amount=Decimal(25),
        Balance=Decimal(25),
        CustomerOrder="000000731",
        ExternalRef="000000731",
    )
    invoice.parts["Details"] = [
        _row(
            "SalesInvoiceDetail",
            "Invoice/AR000001/1",
            LineNbr=1,
            InventoryID=item,
            Qty=Decimal(2),
            UnitPrice=Decimal("12.5"),
            OrderType="WO",
            OrderNbr="W-000001",
            OrderLineNbr=1,
            ShipmentNbr="000001",
        )
    ]
    for entity, row in (("SalesOrder", order), ("Shipment", shipment), ("SalesInvoice", invoice)):
        site.load(entity, [row], at=LOADED_AT)
