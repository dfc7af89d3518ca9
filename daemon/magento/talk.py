"""
What a writer says to a store, step by step; the first step that fails ends the writing with its verdict.

`Halted` never leaves this package: `settled` turns it into the verdict it carries.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from daemon.magento.answers import storable
from daemon.magento.authentication import Method
from daemon.magento.classification import Failure
from daemon.magento.client import Answered, Call, MagentoClient, NotDone, not_in_form
from daemon.magento.look_ups import look_up_failed, page_limit
from queues.verdicts import Delivered, ErrorClass, Exchange, Refused, Verdict

Document = dict[str, Any]

_PAGE_SIZE: Final = 100


class Halted(Exception):
    """The writing of a record ends here."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One filter of a search; the conditions of a search must all hold."""

    field: str
    value: str
    kind: str = "eq"


async def settled(work: Awaitable[Verdict]) -> Verdict:
    """Await the writing of a record to its verdict, wherever it ended."""
    try:
        return await work
    except Halted as halted:
        return halted.verdict
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        # Members that every store has are read as they are; a proxy or a plug-in may leave anything in their place.
        text = f"the store answered 200, but not in the form that was due ({type(error).__name__}: {error})"
        return Refused(error_class="target_error", text=storable(text), status=200)


def refuse(error_class: ErrorClass, text: str, *, exchange: Exchange | None = None) -> NoReturn:
    """
    Refuse the record because of what it says or of what the store holds.

    Raises:
        Halted: always.
    """
    status = exchange.status if exchange else None
    raise Halted(Refused(error_class=error_class, text=text, status=status, exchange=exchange))


async def ask(
    client: MagentoClient, segments: Sequence[str], *, what: str, query: Sequence[tuple[str, str]] = ()
) -> Answered:
    """
    Read something of the store before writing.

    Args:
        client: the store.
        segments: the path below `V1`.
        what: as in `reading …`, for the text of a failure.
        query: names and values.

    Raises:
        Halted: it could not be read; that blames no record.
    """
    reply = await client.call(Call(method="GET", segments=segments, query=query))
    if isinstance(reply, NotDone):
        raise Halted(look_up_failed(reply.verdict, f"reading {what}"))
    return reply


async def ask_for(
    client: MagentoClient, segments: Sequence[str], *, what: str, query: Sequence[tuple[str, str]] = ()
) -> Document | None:
    """
    Read one thing that may be absent.

    Raises:
        Halted: it could not be read.
    """
    reply = await client.call(Call(method="GET", segments=segments, query=query))
    if isinstance(reply, NotDone):
        if reply.error is not None and _is_absent(reply.verdict):
            return None
        raise Halted(look_up_failed(reply.verdict, f"reading {what}"))
    if not isinstance(reply.document, dict):
        raise Halted(not_in_form(reply.exchange, what).verdict)
    return reply.document


def _is_absent(verdict: Failure) -> bool:
    return isinstance(verdict, Refused) and verdict.error_class == "not_found"


async def search(
    client: MagentoClient,
    segments: Sequence[str],
    conditions: Sequence[Condition],
    *,
    what: str,
    fields: str,
    sort: str = "entity_id",
) -> list[Document]:
    """
    Find everything that fulfils all *conditions*, page by page.

    Args:
        client: the store.
        segments: the path of the collection below `V1`.
        conditions: may be none.
        what: for the text of a failure.
        fields: what is wanted of each, `id,name`.
        sort: a field with a different value for each; paging relies on it.

    Raises:
        Halted: it could not be read, or is in another form.
    """
    found: list[Document] = []
    size, page = _PAGE_SIZE, 1
    while True:
        query = [*_criteria(conditions, sort, size, page), ("fields", f"items[{fields}],total_count")]
        reply = await client.call(Call(method="GET", segments=segments, query=query))
        if isinstance(reply, NotDone):
            smaller = page_limit(reply)
            if smaller is None or smaller >= size:
                raise Halted(look_up_failed(reply.verdict, f"reading {what}"))
            size, page, found = smaller, 1, []
            continue
        document = reply.document
        items = (document.get("items") or []) if isinstance(document, dict) else None
        total = document.get("total_count") if isinstance(document, dict) else None
        if not isinstance(items, list) or not isinstance(total, int) or not all(isinstance(i, dict) for i in items):
            raise Halted(not_in_form(reply.exchange, "a search result with items and total_count").verdict)
        found += items
        if page * size >= total or not items:
            return found
        page += 1


def _criteria(conditions: Sequence[Condition], sort: str, size: int, page: int) -> list[tuple[str, str]]:
    query: list[tuple[str, str]] = []
    for number, condition in enumerate(conditions):
        name = f"searchCriteria[filter_groups][{number}][filters][0]"
        query += [
            (f"{name}[field]", condition.field),
            (f"{name}[value]", condition.value),
            (f"{name}[condition_type]", condition.kind),
        ]
    return [
        *query,
        ("searchCriteria[sortOrders][0][field]", sort),
        # Undirected sorting is descending.
        ("searchCriteria[sortOrders][0][direction]", "ASC"),
        ("searchCriteria[pageSize]", str(size)),
        ("searchCriteria[currentPage]", str(page)),
    ]


async def tell(
    client: MagentoClient,
    method: Method,
    segments: Sequence[str],
    document: Document | None = None,
    *,
    query: Sequence[tuple[str, str]] = (),
    hint: str = "",
    action: str | None = None,
) -> Answered:
    """
    Write something to the store.

    Args:
        client: the store.
        method: POST, PUT or DELETE.
        segments: the path below `V1`.
        document: the body.
        query: names and values.
        hint: what to do about a refusal, for people.
        action: the row of the endpoint table, where several have this method and path.

    Raises:
        Halted: the store did not do it, or nobody can tell.
    """
    reply = await client.call(Call(method=method, segments=segments, document=document, query=query, action=action))
    if isinstance(reply, NotDone):
        raise Halted(hinted(reply.verdict, hint))
    return reply


def hinted(verdict: Failure, hint: str) -> Failure:
    """Add a hint to the refusal of a record; other failures are not the record's and stay as they are."""
    match verdict:
        case Refused(error_class="validation" | "not_found" | "conflict", text=text, status=status, exchange=exchange):
            said = f"{text} ({hint})" if hint else text
            return Refused(error_class=verdict.error_class, text=said, status=status, exchange=exchange)
        case _:
            return verdict


def applied(reply: Answered) -> Delivered:
    """Give the verdict of a record whose last step was *reply*."""
    return Delivered(exchange=reply.exchange)


def object_in(reply: Answered, what: str) -> Document:
    """
    Read the object of an answer.

    Raises:
        Halted: it is none.
    """
    if not isinstance(reply.document, dict):
        raise Halted(not_in_form(reply.exchange, what).verdict)
    return reply.document


def id_in(reply: Answered, what: str) -> int:
    """
    Read an id that stands alone, as a number or as a text.

    Raises:
        Halted: it is none.
    """
    value = reply.document
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.removeprefix("id_").isdigit():
        return int(value.removeprefix("id_"))
    raise Halted(not_in_form(reply.exchange, f"the id of {what}").verdict)


def custom_values(document: Document) -> dict[str, Any]:
    """Give the custom attributes of a product, category or customer by code."""
    rows = document.get("custom_attributes")
    if not isinstance(rows, list):
        return {}
    return {
        row["attribute_code"]: row.get("value") for row in rows if isinstance(row, dict) and "attribute_code" in row
    }
