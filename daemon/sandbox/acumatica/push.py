"""Push notifications: what a change makes of each query, sent to the webhook at least once, at most five times."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import aiohttp
import msgspec

from daemon.sandbox.acumatica.filters import Condition, compile_filter
from daemon.sandbox.acumatica.inquiries import padded
from daemon.sandbox.acumatica.rows import AttachedFile, JsonObject, Row, Value, new_id
from daemon.sandbox.acumatica.site import Change, Site

MOST_TRIES: Final = 5
FILES: Final = "files"
_TICKS_A_SECOND: Final = 10_000_000
_YEAR_ONE: Final = datetime(1, 1, 1, tzinfo=UTC)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_WORKERS: Final = 4


class PushError(ValueError):
    """A destination or query that cannot be set as asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushQuery:
    """
    One query that feeds the destination.

    Attributes:
        columns: name in the message to field of the record.
        part: with a part: a row of the message for each row of it; columns may name fields of both, and of a contact's
            address. `files` are the attached files, with `FileID`, `FileName` and `FileDigest`.
        condition: which records it selects; None: all.
        tracked: a change of one of these fields is told; empty: of any column.
    """

    name: str
    entity: str
    columns: Mapping[str, str]
    part: str = ""
    condition: Condition | None = None
    tracked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The webhook, with the one header that identifies the site."""

    url: str
    header_name: str = ""
    header_value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreliability:
    """
    What goes wrong with pushes on purpose, as shares of 0 to 1.

    Attributes:
        lose: never sent at all, as when five tries fail.
        duplicate: sent twice.
        reorder: sent after pushes that came later.
        seed: of the draws.
    """

    lose: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    seed: int = 1


@dataclass(slots=True, kw_only=True)
class PushCounts:
    """What became of the notifications."""

    made: int = 0
    sent: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    failed: int = 0
    tries: int = 0
    failures: list[JsonObject] = field(default_factory=list)


class PushDesk:
    """
    Makes notifications of changes and sends them.

    Args:
        site: whose changes; the desk listens to it.
        company: tenant login name, in every message.
        pause_seconds: between two tries; the vendor does not say how long.
    """

    def __init__(self, site: Site, *, company: str, pause_seconds: float = 0.05) -> None:
        self._site = site
        self._company = company
        self._pause_seconds = pause_seconds
        self._queries: tuple[PushQuery, ...] = default_queries()
        self._destination: Destination | None = None
        self._unreliability = Unreliability()
        self._random = random.Random(1)  # noqa: S311 - draws of a simulation, repeatable by its seed
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._held: list[bytes] = []
        self.counts = PushCounts()
        self.is_on = True
        site.listeners.append(self._changed)

    def configure(
        self,
        *,
        destination: Destination | None,
        queries: Sequence[PushQuery] | None = None,
        unreliability: Unreliability | None = None,
    ) -> None:
        """Set the webhook (None: no pushes), and what else is given."""
        self._destination = destination
        if queries is not None:
            self._queries = tuple(queries)
        if unreliability is not None:
            self._unreliability = unreliability
            self._random = random.Random(unreliability.seed)  # noqa: S311 - as above

    def view(self) -> JsonObject:
        """The state as JSON; the header's value is left out."""
        counts = self.counts
        return {
            "url": None if self._destination is None else self._destination.url,
            "queries": [query.name for query in self._queries],
            "made": counts.made,
            "sent": counts.sent,
            "lost": counts.lost,
            "duplicated": counts.duplicated,
            "reordered": counts.reordered,
            "failed": counts.failed,
            "tries": counts.tries,
            "failures": counts.failures,
            "waiting": self._waiting.qsize() + len(self._held),
        }

    # --- making -------------------------------------------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
        if self._destination is None or not self.is_on:
            return
        transaction = new_id()
        for query in self._queries:
            if query.entity == change.entity:
                inserted, deleted = _difference(query, change)
                if inserted or deleted:
                    self._submit(self._message(query, transaction, inserted, deleted))

    def _message(
        self, query: PushQuery, transaction: str, inserted: list[JsonObject], deleted: list[JsonObject]
    ) -> bytes:
        now = self._site.now()
        since = now.astimezone(UTC) - _YEAR_ONE
        ticks = (since.days * 86_400 + since.seconds) * _TICKS_A_SECOND + since.microseconds * 10
        return _ENCODER.encode(
            {
                "Inserted": inserted,
                "Deleted": deleted,
                "Query": query.name,
                "CompanyId": self._company,
                "Id": transaction,
                "TimeStamp": ticks,
                "AdditionalInfo": {"PXPerformanceInfoStartTime": f"{now:%m/%d/%Y %H:%M:%S}"},
            }
        )

    def _submit(self, message: bytes) -> None:
        """Queue a message, or do with it what the switches say."""
        self.counts.made += 1
        draw, share = self._random.random(), self._unreliability
        if draw < share.lose:
            self.counts.lost += 1
            return
        if draw < share.lose + share.reorder:
            self.counts.reordered += 1
            self._held.append(message)
            return
        self._waiting.put_nowait(message)
        if draw < share.lose + share.reorder + share.duplicate:
            self.counts.duplicated += 1
            self._waiting.put_nowait(message)
        while self._held:
            self._waiting.put_nowait(self._held.pop())

    # --- sending ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send until cancelled."""
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            workers = [asyncio.create_task(self._work(session), name=f"push-{n}") for n in range(_WORKERS)]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    async def drained(self) -> None:
        """Return when nothing waits to be sent; what was held back for reordering goes out first."""
        while self._held:
            self._waiting.put_nowait(self._held.pop())
        await self._waiting.join()

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            message = await self._waiting.get()
            try:
                await self._send(session, message)
            finally:
                self._waiting.task_done()

    async def _send(self, session: aiohttp.ClientSession, message: bytes) -> None:
        status: int | None = None
        for attempt in range(MOST_TRIES):
            destination = self._destination
            if destination is None:
                return
            if attempt:
                await asyncio.sleep(self._pause_seconds)
            self.counts.tries += 1
            headers = {"Content-Type": "application/json"}
            if destination.header_name:
                headers[destination.header_name] = destination.header_value
            with suppress(aiohttp.ClientError, OSError):
                async with session.post(destination.url, data=message, headers=headers) as answer:
                    status = answer.status
                    if answer.ok:
                        self.counts.sent += 1
                        return
        self.counts.failed += 1
        self.counts.failures.append({"status": status, "body": message.decode()})


def read_query(site: Site, given: object) -> PushQuery:
    """
    Read a query from JSON: `name`, `entity`, `columns` (a list of fields, or an object), `part`, `filter`, `tracked`.

    Raises:
        PushError: it has not that form.
    """
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise PushError('a query is an object with "name", "entity", "columns"')
    entity, columns = given.get("entity"), given.get("columns")
    if entity not in site.contract.forms:
        raise PushError(f"there is no entity {entity!r}")
    if isinstance(columns, list):
        columns = {str(name): str(name) for name in columns}
    if not isinstance(columns, dict) or not columns:
        raise PushError('"columns" must be a list of fields or an object of name to field')
    text = given.get("filter")
    return PushQuery(
        name=given["name"],
        entity=str(entity),
        columns={str(name): str(source) for name, source in columns.items()},
        part=str(given.get("part") or ""),
        condition=compile_filter(site.contract, site.contract.forms[str(entity)], text) if text else None,
        tracked=frozenset(map(str, given.get("tracked") or ())),
    )


def _difference(query: PushQuery, change: Change) -> tuple[list[JsonObject], list[JsonObject]]:
    """The rows that entered and left the result of a query."""
    before, after = list(_rows(query, change.before)), list(_rows(query, change.after))
    if query.part:
        return [row for row in after if row not in before], [row for row in before if row not in after]
    watched = [name for name, source in query.columns.items() if not query.tracked or source in query.tracked]
    if before and after and all(before[0][name] == after[0][name] for name in watched):
        return [], []
    return after, before


def _rows(query: PushQuery, row: Row | None) -> Iterator[JsonObject]:
    if row is None or (query.condition is not None and not query.condition(row)):
        return
    if not query.part:
        yield _shown(query, row.values)
        return
    for values in _below(row, query.part):
        yield _shown(query, {**row.values, **values})


def _below(row: Row, part: str) -> Iterator[Mapping[str, Value]]:
    if part == FILES:
        yield from map(_file_values, row.files)
        return
    rows = row.parts.get(part, [])
    for below in rows if isinstance(rows, list) else [rows]:
        # Of a contact the inquiry joins the address as well.
        address = below.one("Address")
        yield {**(address.values if address else {}), **below.values}


def _file_values(file: AttachedFile) -> Mapping[str, Value]:
    # A new revision of a file keeps its id; the inquiry tells it by the revision's own stamp, this one by the content.
    return {"FileID": file.id, "FileName": file.filename, "FileDigest": sha256(file.content).hexdigest()}


def _shown(query: PushQuery, values: Mapping[str, Value]) -> JsonObject:
    fields = padded({source: values.get(source) for source in query.columns.values()})
    return {name: _plain(fields[source]) for name, source in query.columns.items()}


def _plain(value: Value) -> object:
    """A value as pushes show it: instants without an offset."""
    if isinstance(value, datetime):
        whole = value.astimezone(UTC)
        return f"{whole:%Y-%m-%dT%H:%M:%S}" + f".{whole.microsecond:06d}".rstrip("0").rstrip(".")
    return value


def default_queries() -> tuple[PushQuery, ...]:
    """The queries a customization package would bring."""
    return tuple(
        PushQuery(
            name=name,
            entity=entity,
            part=part,
            columns={alias: source for column in columns.split() for alias, _, source in [_column(column)]},
            condition=_of_templates if name == "SYNC-MatrixItems" else None,
        )
        for name, entity, part, columns in _DEFAULT
    )


def _of_templates(row: Row) -> bool:
    return bool(row.values.get("TemplateItemID"))


def _column(text: str) -> tuple[str, str, str]:
    alias, mark, source = text.partition("=")
    return alias, mark, source or alias


_ITEM = (
    "InventoryID ItemStatus ItemClass Description TaxCategory InventoryItem_lastModifiedDateTime=LastModifiedDateTime"
)
_CONTACT = (
    "CustomerID Email FirstName LastName Attention CompanyName Phone1 "
    "AddressLine1 AddressLine2 City State PostalCode Country"
)
_DEFAULT: tuple[tuple[str, str, str, str], ...] = (
    ("SYNC-StockItems", "StockItem", "", f"{_ITEM} DefaultPrice MSRP ImageUrl"),
    ("SYNC-NonStockItems", "NonStockItem", "", f"{_ITEM} DefaultPrice MSRP"),
    ("SYNC-TemplateItems", "TemplateItems", "", _ITEM),
    ("SYNC-MatrixItems", "StockItem", "", "InventoryID TemplateItemID ItemStatus ExportToExternal"),
    ("SYNC-ItemAttributes", "StockItem", "Attributes", "InventoryID AttributeID Value"),
    ("SYNC-ItemCategories", "StockItem", "Categories", "InventoryID CategoryID"),
    ("SYNC-ItemCrossReferences", "StockItem", "CrossReferences", "InventoryID AlternateID AlternateType"),
    ("SYNC-ItemFiles", "StockItem", FILES, "InventoryID FileID FileName FileDigest"),
    ("SYNC-Stock", "StorageDetail", "", "InventoryID WarehouseID QtyOnHand QtyAvailable QtyHardAvailable"),
    ("SYNC-Prices", "SalesPriceDetail", "", "RecordID InventoryID PriceType PriceCode BreakQty Price"),
    ("SYNC-ItemClasses", "ItemClass", "", "ClassID Description LastModifiedDateTime"),
    ("SYNC-ItemClassAttributes", "ItemClass", "Attributes", "ClassID AttributeID SortOrder"),
    ("SYNC-Attributes", "AttributeDefinition", "", "AttributeID Description LastModifiedDateTime"),
    ("SYNC-AttributeValues", "AttributeDefinition", "Values", "AttributeID ValueID Description Disabled SortOrder"),
    ("SYNC-Categories", "ItemSalesCategory", "", "CategoryID Description ParentCategoryID LastModifiedDateTime"),
    ("SYNC-TaxCategories", "TaxCategory", "", "TaxCategoryID Description Active LastModifiedDateTime"),
    ("SYNC-Customers", "Customer", "", "CustomerID CustomerName CustomerClass Status LastModifiedDateTime"),
    *(
        ("SYNC-CustomerContacts", "Customer", part, _CONTACT)
        for part in ("MainContact", "PrimaryContact", "BillingContact", "ShippingContact")
    ),
    ("SYNC-CustomerAttributes", "Customer", "Attributes", "CustomerID AttributeID Value"),
    ("SYNC-Orders", "SalesOrder", "", "OrderType OrderNbr Status ExternalRef LastModified"),
    ("SYNC-Shipments", "Shipment", "", "ShipmentNbr Type Status LastModifiedDateTime"),
    ("SYNC-Invoices", "SalesInvoice", "", "Type ReferenceNbr Status LastModifiedDateTime"),
)
